"""What commands say on standard error, at the loudness asked for."""

from __future__ import annotations

import io
import sys

import pytest

from bokwon.cli.console import Console, print_line, progress_bars
from bokwon.errors import ArgumentError, FileAccessError

LEVELS = ("detail", "summary", "note", "warning", "error")


class Terminal(io.StringIO):
    """A terminal that keeps what is written."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("quiet", "verbose", "said"),
    [(False, False, LEVELS[1:]), (False, True, LEVELS), (True, False, LEVELS[3:])],
)
def test_what_matters_less_than_what_is_wanted_is_not_said(
    quiet: bool, verbose: bool, said: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    console = Console(quiet=quiet, verbose=verbose)
    for level in LEVELS:
        console.tell(level, f"it is a {level}")
    console.table(["a  table"])
    lines = capsys.readouterr().err.splitlines()
    assert [line.rpartition(" ")[2] for line in lines if line.startswith("bokwon: ")] == list(said)
    assert ("a  table" in lines) != quiet


def test_a_message_is_one_line_after_the_name_of_its_level(capsys: pytest.CaptureFixture[str]) -> None:
    Console(quiet=False, verbose=False).tell("warning", "two\n lines")
    assert capsys.readouterr().err == "bokwon: warning: two lines\n"


def test_quiet_and_verbose_contradict_each_other() -> None:
    with pytest.raises(ArgumentError, match="-q and -v contradict each other; use one of them"):
        Console(quiet=True, verbose=True)


def test_progress_is_shown_on_a_terminal_alone(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(quiet=False, verbose=False)
    console.tiles(1, 9)
    with progress_bars(True) as add:
        add("nothing")(1, 2)
    assert capsys.readouterr().err == ""


def test_messages_take_the_place_of_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    console = Console(quiet=False, verbose=False)
    # Three tiles are too few for a progress line.
    console.tiles(1, 3)
    assert terminal.getvalue() == ""
    console.tiles(1, 9)
    console.tell("summary", "wrote it")
    assert terminal.getvalue() == "\r\033[Kbokwon: tile 1 of 9\r\033[Kbokwon: wrote it\n"
    console.tiles(9, 9)
    assert terminal.getvalue().endswith("tile 9 of 9\n")


class Unwritable(io.StringIO):
    """A standard output that cannot be written."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def flush(self) -> None:
        raise self._error


@pytest.mark.parametrize("error", [BrokenPipeError(), FileAccessError("standard output is closed")])
def test_only_a_line_that_is_needed_must_be_printed(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    silenced: list[bool] = []
    monkeypatch.setattr("bokwon.cli.console.silence_output", lambda: silenced.append(True))
    monkeypatch.setattr(sys, "stdout", Unwritable(error))
    print_line("an address", needed=False)
    assert silenced == [True]
    with pytest.raises(type(error)):
        print_line("an address", needed=True)
    assert silenced == [True]


def test_a_line_is_printed_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    print_line("an address", needed=True)
    assert capsys.readouterr().out == "an address\n"
