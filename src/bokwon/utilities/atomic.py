"""Files that are either whole or not there: written beside the target, then moved onto it."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from bokwon.errors import BokwonError, FileAccessError, OutputExistsError

__all__ = [
    "check_target",
    "is_part",
    "make_folder",
    "part_beside",
    "remove_own_parts",
    "remove_parts",
    "replacing",
    "write_file",
]

_OWN = f".bokwon-{os.urandom(4).hex()}-"
"""How the names of unfinished files of this process begin, and of those that are forked from it."""
_ANY_WRITE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
# Read once, while this module is loaded: the system tells the mask only to those who set it, and other threads that
# make files at that moment would be given the wrong rights.
_UMASK = os.umask(0o077)
os.umask(_UMASK)


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


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, if it is not there.

    Raises:
        FileAccessError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileAccessError(f"folder {folder} cannot be made: {error.strerror}", "check the path") from error


def part_beside(path: Path) -> Path:
    """Return a new name beside a path for what is not finished, that `is_part` knows."""
    return path.with_name(f"{_OWN}{os.urandom(6).hex()}.part")


def is_part(name: str) -> bool:
    """Return whether a file or folder of this name is what a killed run has left unfinished."""
    return name.startswith(".bokwon-") and name.endswith(".part")


def remove_parts(folder: Path, *, keep: Callable[[Path], bool] = lambda path: False) -> None:
    """Remove what a killed run left unfinished in a folder and below it; nobody else may be at work there.

    Args:
        folder: Where to look.
        keep: Told an unfinished folder; whether it must stay.
    """
    for parent, folders, names in os.walk(folder):
        for name in filter(is_part, names):
            with suppress(OSError):
                (Path(parent) / name).unlink()
        for path in (Path(parent) / name for name in folders if is_part(name)):
            if not keep(path):
                shutil.rmtree(path, ignore_errors=True)


def remove_own_parts(folder: Path) -> None:
    """Remove the unfinished files in a folder of this process and of those forked from it; these must have ended."""
    with suppress(OSError):
        for path in folder.glob(f"{_OWN}*.part"):
            path.unlink()


@contextmanager
def replacing(target: Path, *, overwrite: bool = True, sync: bool = True) -> Iterator[BinaryIO]:
    """Open a file for writing that takes the target's place only when everything is written.

    The block's failure, or an interruption, leaves the target as it was and nothing beside it. A symbolic link stays a
    link; what it points at is replaced. An existing file keeps its access rights. Until the end nobody else may read
    what is written.

    Args:
        target: The file to write.
        overwrite: Whether it may be there already.
        sync: Whether to wait until the disk has it. False for files that are many and can be made again: a power cut
            may leave the last of them empty.

    Yields:
        The open file; its `name` is the path it has until the end.

    Raises:
        FileAccessError: It cannot be written: no space left, no permission.
        OutputExistsError: It is there and may not be overwritten.
    """
    check_target(target, overwrite=overwrite)
    final = _resolved(target)
    temporary = part_beside(final)
    try:
        # Within the block that removes it: an interruption may come the moment after it is made.
        with open(temporary, "x+b", opener=lambda path, flags: os.open(path, flags, 0o600)) as stream:
            yield stream
            stream.flush()
            if sync:
                os.fsync(stream.fileno())
        exists = final.exists()
        if exists and not overwrite:
            check_target(target, overwrite=False)
        temporary.chmod(stat.S_IMODE(final.stat().st_mode) if exists else 0o666 & ~_UMASK)
        temporary.replace(final)
    except BokwonError:
        raise
    except OSError as error:
        raise _cannot_write(target, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_file(target: Path, content: bytes | str, *, sync: bool = True) -> None:
    """Write a file completely or not at all; see `replacing`.

    Args:
        target: The file; it may be there already.
        content: Its content; text as UTF-8, where file names that are no UTF-8 keep their bytes.
        sync: Whether to wait until the disk has it.

    Raises:
        FileAccessError: It cannot be written.
    """
    with replacing(target, sync=sync) as stream:
        stream.write(content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content)


def _resolved(target: Path) -> Path:
    return Path(os.path.realpath(target))


def _cannot_write(target: Path, error: OSError) -> FileAccessError:
    reason = error.strerror or error
    return FileAccessError(f"cannot write {target}: {reason}", "check the space and the rights of its folder")
