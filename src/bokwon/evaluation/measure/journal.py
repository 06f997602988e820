"""The state of a report in progress: its conditions, its lock, and a journal of measurements."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from bokwon.errors import OutputExistsError, accessing
from bokwon.evaluation.measure.machine import conditions
from bokwon.utilities.atomic import replacing
from bokwon.utilities.json_files import read_object
from bokwon.utilities.locks import hold_lock

__all__ = ["Journal", "open_new_folder", "open_report", "write_text"]

_LOCK = "report.lock"


def open_new_folder(folder: Path) -> None:
    """Create a folder.

    Args:
        folder: A new or an empty folder.

    Raises:
        OutputExistsError: It holds files.
        FileAccessError: It cannot be written.
    """
    with _writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise OutputExistsError(f"{folder} holds files", "name a new folder")


@contextmanager
def open_report(folder: Path) -> Iterator[None]:
    """Create or continue the folder of a report, and lock it against other processes while the block runs.

    `versions.json` keeps what can change a figure: versions of libraries, and the instructions of the processor. So no
    table mixes them.

    Args:
        folder: The folder.

    Raises:
        OutputExistsError: It holds other files, or a report that was started under other conditions, or another process
            is writing to it.
        FileAccessError: It cannot be written.
    """
    marker = folder / "versions.json"
    with _writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if not marker.exists() and any(path.name != _LOCK for path in folder.iterdir()):
            raise OutputExistsError(f"{folder} holds other files", "name an empty or a new folder")
    with hold_lock(folder / _LOCK, "another evaluation"):
        if marker.exists():
            _check_conditions(folder, marker)
        else:
            write_text(marker, [json.dumps(conditions(), indent=1), "\n"])
        yield


def _writing_to(folder: Path) -> AbstractContextManager[None]:
    return accessing(f"cannot write to {folder}: {{error}}", "name a folder you may write to")


def _check_conditions(folder: Path, marker: Path) -> None:
    there = read_object(marker, "name a new folder for the report with --out")
    here = conditions()
    changed = [
        f"{name} {there.get(name, 'not installed')} then, {here.get(name, 'not installed')} now"
        for name in {**there, **here}
        if there.get(name) != here.get(name)
    ]
    if changed:
        raise OutputExistsError(
            f"{folder} was started under other conditions: {'; '.join(changed)}",
            "their figures cannot be mixed: name a new folder for the report with --out",
        )


class Journal:
    """The measurements, one line of JSON each, written as they are made.

    Args:
        path: The file. It is created with the first record.

    Attributes:
        records: Records by key, of this run and of earlier ones, without their `key`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.records: dict[str, dict[str, Any]] = {}
        if not path.exists():
            return
        kept = 0
        data = path.read_bytes()
        for line in data.splitlines(keepends=True):
            try:
                record = json.loads(line, object_pairs_hook=_interned)
                self.records[record.pop("key")] = record
            except (ValueError, KeyError, TypeError):
                break
            if not line.endswith(b"\n"):
                break
            kept += len(line)
        if kept < len(data):
            # An interrupted run left half a line; a record appended to it would be lost.
            with path.open("r+b") as stream:
                stream.truncate(kept)

    def add(self, record: dict[str, Any]) -> None:
        """Keep a record under its `key`."""
        self.records[record["key"]] = _interned((name, value) for name, value in record.items() if name != "key")
        with self._path.open("ab") as stream:
            stream.write(json.dumps(record).encode() + b"\n")


def _interned(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    # Tens of thousands of records with the same names: each name is held once.
    return {sys.intern(name): value for name, value in pairs}


def write_text(path: Path, parts: Iterable[str]) -> None:
    """Write a text file completely or not at all.

    Args:
        path: The file.
        parts: Its content, piece by piece.

    Raises:
        FileAccessError: It cannot be written.
    """
    with replacing(path) as stream:
        for part in parts:
            stream.write(part.encode())
