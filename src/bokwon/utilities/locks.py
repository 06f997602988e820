"""A folder that one process works in at a time."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bokwon.errors import ArgumentError, OutputExistsError, accessing

__all__ = ["hold_lock", "lock_folder", "lock_output_folder"]


@contextmanager
def hold_lock(path: Path, work: str) -> Iterator[None]:
    """Hold a lock file while a block runs. A process that ends, however it ends, holds it no longer.

    Args:
        path: The lock file; made where it is missing, and left there.
        work: What goes on in the folder, for the message, such as "an evaluation".

    Raises:
        OutputExistsError: Another process holds it.
        FileAccessError: It cannot be written.
    """
    with accessing(f"cannot write to {path.parent}: {{error}}", "name a folder you may write to"):
        stream = path.open("a+b")
    with stream:
        try:
            if sys.platform == "win32":
                import msvcrt

                msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise OutputExistsError(
                f"{work} is writing to {path.parent} already", "wait for it, or name another folder"
            ) from error
        yield


def lock_folder(folder: Path, *, shared: bool = False) -> int | None:
    """Lock a folder itself, and no file in it: a file may be removed or replaced, and its lock with it.

    Args:
        folder: The folder.
        shared: Others may have it too, if they share it as well.

    Returns:
        A descriptor that holds the lock until it is closed or this process ends; None where folders cannot be locked:
        on Windows, and on some network file systems.

    Raises:
        BlockingIOError: Another process has it, and does not share it.
        OSError: The folder cannot be opened.
    """
    if sys.platform == "win32":
        return None
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def lock_output_folder(folder: Path, *, shared: bool = False) -> int | None:
    """Lock a folder that a run writes to; see `lock_folder`.

    Raises:
        ArgumentError: Another run has it.
        FileAccessError: The folder cannot be opened.
    """
    with accessing(f"folder {folder} cannot be opened: {{error}}", "check its rights"):
        try:
            return lock_folder(folder, shared=shared)
        except BlockingIOError as error:
            raise ArgumentError(f"another run is writing to {folder}", "wait for it, or name another folder") from error
