"""Every command with standard streams that are closed, full, or without a reader."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer

from bokwon.cli.main import app

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a device of Linux")

NOWHERE = "page.png/nowhere"
"""A path that cannot exist: its folder is a file."""
KINDS = ("as usual", "closed: 0 1 2", "full: 1 2", "gone: 1 2")
# Each run is a fork of one process, which has loaded all of bokwon, put the commands together and written a help, since
# these take most of the time of a run. A closed stream is set to None, as Python does it at its start.
RUN = """
import contextlib, importlib, io, json, os, pkgutil, sys
import bokwon
from bokwon.cli import main as command

for module in pkgutil.walk_packages(bokwon.__path__, "bokwon."):
    with contextlib.suppress(ImportError):
        importlib.import_module(module.name)
with contextlib.redirect_stdout(io.StringIO()):
    command._put_together("en").main(["restore", "--help"], standalone_mode=False)

def fork(arguments, kind):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        nowhere, gone = os.pipe()
        os.close(nowhere)
        for number, name in enumerate(("stdin", "stdout", "stderr")):
            os.dup2(writing if number == 2 else os.open(os.devnull, os.O_RDWR), number)
        for part in kind.split(", "):
            how, _, numbers = part.partition(": ")
            for number in map(int, numbers.split()):
                if how == "closed":
                    name = ("stdin", "stdout", "stderr")[number]
                    setattr(sys, name, None)
                    setattr(sys, f"__{name}__", None)
                    os.close(number)
                else:
                    os.dup2(os.open("/dev/full", os.O_RDWR) if how == "full" else gone, number)
        code = 99
        try:
            command.main(arguments)
        except SystemExit as leaving:
            code = leaving.code or 0
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, errors="replace") as stream:
        said = stream.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said

for line in sys.stdin:
    print(json.dumps(fork(*json.loads(line))), flush=True)
"""


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command of a group with the words that name it, and the groups themselves."""
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))


COMMANDS = dict(commands(typer.main.get_command(app)))


def needed(command: Any) -> list[str]:
    """Return arguments with which a command finds out that there is no such place, or no such choice."""
    found = []
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            found.append(NOWHERE)
        elif parameter.required:
            found += [parameter.opts[0], NOWHERE]
    return found


class Forks(NamedTuple):
    """A process that runs commands in forks of itself."""

    process: subprocess.Popen[str]

    def run(self, arguments: list[str], kind: str) -> tuple[int, str]:
        """Return the exit code and what was said on standard error."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([arguments, kind]) + "\n")
        self.process.stdin.flush()
        code, said = json.loads(self.process.stdout.readline())
        return code, said


@pytest.fixture(scope="module")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    folder = tmp_path_factory.mktemp("streams")
    (folder / "page.png").write_bytes(b"")
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", RUN]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=folder) as process:
        yield Forks(process)
        process.kill()


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_is_written_or_its_loss_is_told(forks: Forks, path: tuple[str, ...]) -> None:
    found = [forks.run([*path, "--help"], kind) for kind in KINDS]
    assert found == [(0, ""), (5, ""), (5, ""), (141, "")]


@pytest.mark.parametrize("path", [path for path, command in COMMANDS.items() if needed(command)], ids=" ".join)
def test_a_fault_keeps_its_exit_code(forks: Forks, path: tuple[str, ...]) -> None:
    arguments = [*path, *needed(COMMANDS[path])]
    code, said = forks.run(arguments, "as usual")
    assert code in (1, 2, 5), said
    assert said.splitlines()[-1].startswith("bokwon: error: "), said
    assert forks.run(arguments, "closed: 0 1 2") == (code, "")


@pytest.mark.parametrize(
    ("kind", "code", "said"),
    [
        ("closed: 0", 0, ""),
        ("closed: 1", 5, "bokwon: error: standard output is closed; name an output file\n"),
        ("closed: 2", 0, ""),
        ("closed: 2, gone: 1", 141, ""),
        ("full: 1", 5, "bokwon: error: cannot write to standard output: No space left on device; check the space "),
        ("full: 2", 0, ""),
        ("gone: 1", 141, ""),
        ("gone: 2", 0, ""),
    ],
)
def test_each_stream_alone(forks: Forks, kind: str, code: int, said: str) -> None:
    found = forks.run(["--version"], kind)
    assert found[0] == code
    assert found[1].startswith(said)
    assert bool(found[1]) is bool(said)
