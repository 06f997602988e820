"""Putting a record into its place, and finishing that where a killed run has begun it.

A record is prepared in a hidden folder within the record's own. It is complete there before the output is replaced. So
whenever a run is killed, either the output is what it was, or all that takes it back lies in one of the two.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from bokwon.errors import FileAccessError
from bokwon.provenance.record import OF_A_PAGE, RECORD_FILE, free_folder, read_json, record_folder
from bokwon.utilities.atomic import is_part, write_file
from bokwon.utilities.checksums import sha256_of_file
from bokwon.utilities.locks import lock_folder

__all__ = ["finish_unfinished", "install", "is_prepared"]

_KEPT = "kept.json"
"""In a prepared record: which folder the earlier record of a file that is restored over itself goes to."""
_NEEDED = ("evidence", "hole", "original")


def is_prepared(part: Path) -> bool:
    """Return whether an unfinished folder holds a complete record, which nobody may throw away unseen."""
    return (part / RECORD_FILE).is_file()


def install(part: Path, target: Path, *, over_itself: bool) -> Path | None:
    """Put a prepared record into its place beside its output. May be called again after it was interrupted anywhere.

    Args:
        part: The folder where it was prepared.
        target: The output.
        over_itself: Whether the output took the place of its input: then an earlier record is kept.

    Returns:
        Where the earlier record is kept now; None if there was none, or it is replaced.

    Raises:
        OSError: A file cannot be moved. What is missing by then can be done by a second call.
    """
    folder = record_folder(target)
    waiting = {path.name for path in part.iterdir() if not is_part(path.name)} - {_KEPT}
    # Once the first file was moved, the record in place is the new one.
    asked = RECORD_FILE in waiting or (part / _KEPT).exists()
    kept = _kept_folder(part, target, over_itself=over_itself) if asked else None
    if not _has_begun(part, waiting):
        earlier = [path for path in folder.iterdir() if path.name == RECORD_FILE or OF_A_PAGE.fullmatch(path.name)]
        # A record without its first file does not count. So this file is removed first and written last.
        for old in sorted(earlier, key=lambda path: path.name != RECORD_FILE):
            if kept is None:
                old.unlink()
            else:
                old.replace(kept / old.name)
    # The overlay, which not every record has, after those that `_has_begun` looks for.
    for name in sorted(waiting, key=lambda name: (name == RECORD_FILE, name)):
        (part / name).replace(folder / name)
    return kept


def _kept_folder(part: Path, target: Path, *, over_itself: bool) -> Path | None:
    marker = part / _KEPT
    if not marker.exists():
        if not over_itself or not (record_folder(target) / RECORD_FILE).is_file():
            return None
        write_file(marker, json.dumps(free_folder(target).name))
    kept = target.with_name(read_json(marker))
    kept.mkdir(exist_ok=True)
    return kept


def _has_begun(part: Path, waiting: set[str]) -> bool:
    """Return whether some files of a prepared record were moved already; the earlier record is gone by then."""
    if RECORD_FILE not in waiting:
        return True
    pages = read_json(part / RECORD_FILE)["pages"]
    needed = (f"{kind}_p{page['page']:03}." for page in pages for kind in _NEEDED)
    return not all(any(name.startswith(stem) for name in waiting) for stem in needed)


def finish_unfinished(target: Path) -> None:
    """Finish the record of an output whose run was killed in the middle of that.

    What a killed run has prepared for an output that it did not replace any more is removed.

    Args:
        target: The output.

    Raises:
        FileAccessError: A file cannot be moved or removed.
    """
    folder = record_folder(target)
    try:
        _finish_parts(folder, target)
    except OSError as error:
        fix = "check the space and the rights there, then do the same again"
        message = f"record {folder} was left unfinished and cannot be finished: {error.strerror or error}"
        raise FileAccessError(message, fix) from error


def _finish_parts(folder: Path, target: Path) -> None:
    for part in list(_parts(folder)):
        try:
            lock = lock_folder(part)
        except BlockingIOError:
            # It belongs to a run that is still going on.
            continue
        try:
            record = _read(part)
            if record is not None and _is_wanted(record, target):
                install(part, target, over_itself=record.get("over_itself", True))
            shutil.rmtree(part)
        finally:
            if lock is not None:
                os.close(lock)
    with suppress(OSError):
        # Only if nothing is in it.
        folder.rmdir()


def _parts(folder: Path) -> Iterator[Path]:
    try:
        yield from (path for path in folder.iterdir() if is_part(path.name) and path.is_dir())
    except OSError:
        return


def _read(part: Path) -> dict[str, Any] | None:
    """Return what a prepared record says; None for one that was not complete, whose output was never replaced."""
    try:
        record = read_json(part / RECORD_FILE)
        record["output"]["sha256"], record["input"]["sha256"], record["pages"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return dict(record)


def _is_wanted(record: dict[str, Any], target: Path) -> bool:
    if not target.is_file():
        return False
    found = sha256_of_file(target)
    if found == record["output"]["sha256"]:
        return True
    # The file is neither the output nor its source: it was changed since, and only the record has the original pixels.
    return bool(record.get("over_itself", True)) and found != record["input"]["sha256"]
