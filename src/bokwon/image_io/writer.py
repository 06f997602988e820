"""Files that are either whole or not there: written beside the target, then moved onto it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from bokwon.errors import BokwonError, FileAccessError, OutputExistsError

__all__ = ["check_target", "is_part", "part_beside", "replacing"]

_ANY_WRITE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def check_target(target: Path, *, overwrite: bool = True) -> None:
    """Make sure that a file may be written, before any work is done for it.

    Args:
        target: The file to write.
        overwrite: Whether it may be there already.

    Raises:
        FileAccessError: Its folder is missing or not writable, or the target is something else than a file.
        OutputExistsError: It is there and may not be overwritten.
    """
    resolved = _resolved(target)
    folder = resolved.parent
    try:
        if resolved.is_symlink():
            raise FileAccessError(f"output {target} is a link that leads round in a circle", "remove the link")
        if not folder.is_dir():
            raise FileAccessError(f"output folder {folder} does not exist", "create it first (mkdir -p)")
        if target.is_dir():
            raise FileAccessError(f"output {target} is a folder", "name a file in it")
        exists = target.exists()
        if exists and not target.is_file():
            raise FileAccessError(f"output {target} is not a regular file", "name one, or use - for standard output")
    except (OSError, ValueError) as error:
        raise FileAccessError(f"cannot write {target}: {error}", "check the path and its permissions") from error
    if exists and not overwrite:
        raise OutputExistsError(f"output {target} exists", "name another one, or leave out --no-overwrite")
    if exists and not resolved.stat().st_mode & _ANY_WRITE:
        raise FileAccessError(f"output {target} is write-protected", "name another one, or allow writing (chmod u+w)")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise FileAccessError(f"output folder {folder} is not writable", "choose another folder or change its rights")


def part_beside(path: Path) -> Path:
    """Return a new name beside a path for what is not finished, that `is_part` knows."""
    return path.with_name(f".bokwon-{os.urandom(6).hex()}.part")


def is_part(name: str) -> bool:
    """Return whether a file or folder of this name is what a killed run has left unfinished."""
    return name.startswith(".bokwon-") and name.endswith(".part")


@contextmanager
def replacing(target: Path, *, overwrite: bool = True) -> Iterator[BinaryIO]:
    """Open a file for writing that takes the target's place only when everything is written.

    The block's failure, or an interruption, leaves the target as it was and nothing beside it. A symbolic link stays a
    link; what it points at is replaced. An existing file keeps its access rights.

    Args:
        target: The file to write.
        overwrite: Whether it may be there already.

    Yields:
        The open file.

    Raises:
        FileAccessError: It cannot be written: no space left, no permission.
        OutputExistsError: It is there and may not be overwritten.
    """
    check_target(target, overwrite=overwrite)
    final = _resolved(target)
    temporary = part_beside(final)
    try:
        # Not tempfile: its files are private, and an output has the rights any new file has.
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    except OSError as error:
        raise _cannot_write(target, error) from error
    try:
        with os.fdopen(descriptor, "w+b") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        if final.exists():
            if not overwrite:
                check_target(target, overwrite=False)
            temporary.chmod(stat.S_IMODE(final.stat().st_mode))
        temporary.replace(final)
    except BokwonError:
        raise
    except OSError as error:
        raise _cannot_write(target, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _resolved(target: Path) -> Path:
    return Path(os.path.realpath(target))


def _cannot_write(target: Path, error: OSError) -> FileAccessError:
    reason = error.strerror or error
    return FileAccessError(f"cannot write {target}: {reason}", "check the space and the rights of its folder")
