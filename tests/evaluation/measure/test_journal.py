"""What a report keeps while it is made: its conditions, its lock, its journal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bokwon.errors import FileAccessError, InputFileError, OutputExistsError
from bokwon.evaluation.measure import journal as measured
from bokwon.evaluation.measure.journal import Journal, open_new_folder, open_report, write_text


def test_the_journal_survives_a_torn_line(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    journal.add({"key": "a", "l1": 1.0})
    journal.add({"key": "b", "l1": 2.0})
    data = (tmp_path / "j").read_bytes()
    (tmp_path / "j").write_bytes(data[:-5])
    again = Journal(tmp_path / "j")
    assert again.records == {"a": {"l1": 1.0}}
    again.add({"key": "c", "l1": 3.0})
    assert Journal(tmp_path / "j").records == again.records == {"a": {"l1": 1.0}, "c": {"l1": 3.0}}


def test_a_folder_with_files_is_left_alone(tmp_path: Path) -> None:
    for _ in range(2):
        open_new_folder(tmp_path / "new" / "below")
    with pytest.raises(OutputExistsError, match="holds files"):
        open_new_folder(tmp_path / "new")
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(FileAccessError, match="cannot write"):
            open_new_folder(path)


def test_a_report_is_made_only_where_nothing_else_is(tmp_path: Path) -> None:
    for _ in range(2):
        with open_report(tmp_path / "new"):
            assert json.loads((tmp_path / "new" / "versions.json").read_text()) == measured.conditions()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").touch()
    with pytest.raises(OutputExistsError, match="holds other files"), open_report(tmp_path / "other"):
        pass
    (tmp_path / "file").touch()
    with pytest.raises(FileAccessError, match="cannot write"), open_report(tmp_path / "file" / "report"):
        pass


@pytest.mark.parametrize(
    ("then", "now", "told"),
    [
        ({"torch": "2.13"}, {"torch": "2.14"}, "torch 2.13 then, 2.14 now"),
        ({}, {"torchvision": "0.19"}, "torchvision not installed then, 0.19 now"),
        ({"numpy": "2.1"}, {}, "numpy 2.1 then, not installed now"),
        ({"processor features": "avx2"}, {"processor features": "avx2 avx512f"}, "processor features avx2 then"),
    ],
)
def test_a_report_goes_on_only_under_the_conditions_it_was_begun_under(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: dict[str, str], now: dict[str, str], told: str
) -> None:
    monkeypatch.setattr(measured, "conditions", lambda: {"bokwon": "1", **then})
    with open_report(tmp_path):
        pass
    monkeypatch.setattr(measured, "conditions", lambda: {"bokwon": "1", **now})
    with pytest.raises(OutputExistsError, match=told) as caught, open_report(tmp_path):
        pass
    assert "bokwon" not in caught.value.message.removeprefix(str(tmp_path))
    assert "new folder" in caught.value.fix


def test_a_damaged_marker_is_refused(tmp_path: Path) -> None:
    (tmp_path / "versions.json").write_text("{")
    with pytest.raises(InputFileError, match="name a new folder for the report"), open_report(tmp_path):
        pass


def test_two_processes_do_not_write_one_report(tmp_path: Path) -> None:
    program = f"""
from pathlib import Path
from bokwon.evaluation.measure.journal import open_report
with open_report(Path({str(tmp_path / "report")!r})):
    print("in", flush=True)
    input()
"""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", program]
    first = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    assert first.stdin is not None
    assert first.stdout is not None
    with first:
        assert first.stdout.readline() == "in\n"
        with (
            pytest.raises(OutputExistsError, match="another evaluation is writing"),
            open_report(tmp_path / "report"),
        ):
            pass
        first.kill()
    # Who is killed holds nothing any more.
    with open_report(tmp_path / "report"):
        pass


def test_text_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "table.md"
    write_text(path, ["one", "two"])

    def broken():  # type: ignore[no-untyped-def]
        yield "three"
        raise RuntimeError("burst")

    with pytest.raises(RuntimeError):
        write_text(path, broken())
    assert path.read_text() == "onetwo"
    assert [file.name for file in tmp_path.iterdir()] == ["table.md"]
