"""Files that are either whole or not there: written beside the target, then moved onto it."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from bokwon.errors import FileAccessError, OutputExistsError, accessing
from bokwon.utilities.time_limit import FAMILY

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

_OWN = f".bokwon-{FAMILY}-"
"""How the names of unfinished files of this process begin, and of its child's."""
_ANY_WRITE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
# Read once, while this module is loaded: the system tells the mask only to those who set it, and other threads that
# make files at that moment would be given the wrong rights.
_UMASK = os.umask(0o077)
os.umask(_UMASK)


def check_target(target: Path, *, overwrite: bool = True) -> None:
    """Check that a file can be written. Call it before the work.

    Args:
        target: The file to write.
        overwrite: Whether an existing file is replaced.

    Raises:
        FileAccessError: Its folder is missing or not writable, or the target is not a file.
        OutputExistsError: It exists and `overwrite` is False.
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
    with accessing(f"folder {folder} cannot be made: {{error}}", "check the path"):
        folder.mkdir(parents=True, exist_ok=True)


def part_beside(path: Path) -> Path:
    """Return a new name for an unfinished file beside a path. `is_part` recognises it."""
    return path.with_name(f"{_OWN}{os.urandom(6).hex()}.part")


def is_part(name: str) -> bool:
    """Return whether a name is that of an unfinished file or folder of a killed run."""
    return name.startswith(".bokwon-") and name.endswith(".part")


def remove_parts(folder: Path, *, keep: Callable[[Path], bool] = lambda path: False) -> None:
    """Remove the unfinished files of killed runs in a folder and its subfolders. No other run may use the folder.

    Args:
        folder: Where to look.
        keep: Called with an unfinished folder. Returns whether to keep it.
    """
    for parent, folders, names in os.walk(folder):
        for name in filter(is_part, names):
            with suppress(OSError):
                (Path(parent) / name).unlink()
        for path in (Path(parent) / name for name in folders if is_part(name)):
            if not keep(path):
                shutil.rmtree(path, ignore_errors=True)


def remove_own_parts(folder: Path) -> None:
    """Remove the unfinished files in a folder that this process and its children left. The children must have ended."""
    with suppress(OSError):
        for path in folder.glob(f"{_OWN}*.part"):
            path.unlink()


@contextmanager
def replacing(target: Path, *, overwrite: bool = True, sync: bool = True) -> Iterator[BinaryIO]:
    """Open a temporary file for writing, which replaces the target when the block ends without an error.

    After an error or an interruption, the target is as before, and the temporary file is removed. A symbolic link stays
    a link; its target is replaced. An existing file keeps its access rights. No other user can read the temporary file.

    Args:
        target: The file to write.
        overwrite: Whether an existing file is replaced.
        sync: Whether to wait until the data is on the disk. Use False for many files that can be made again: after a
            power cut the last of them may be empty.

    Yields:
        The open file. Its `name` is the path of the temporary file.

    Raises:
        FileAccessError: It cannot be written: the disk is full, or there is no permission.
        OutputExistsError: It exists and `overwrite` is False.
    """
    check_target(target, overwrite=overwrite)
    final = _resolved(target)
    temporary = part_beside(final)
    try:
        with accessing(f"cannot write {target}: {{error}}", "check the space and the rights of its folder"):
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
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_file(target: Path, content: bytes | str, *, sync: bool = True) -> None:
    """Write a file completely or not at all; see `replacing`.

    Args:
        target: The file. An existing file is replaced.
        content: Its content. Text is written as UTF-8; file names that are not UTF-8 keep their bytes.
        sync: Whether to wait until the data is on the disk.

    Raises:
        FileAccessError: It cannot be written.
    """
    with replacing(target, sync=sync) as stream:
        stream.write(content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content)


def _resolved(target: Path) -> Path:
    return Path(os.path.realpath(target))
