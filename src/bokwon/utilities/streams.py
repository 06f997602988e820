"""The three standard streams of a command, whatever they are: closed, full, unbuffered or non-blocking.

Python gives a program `None` for a stream that is closed, ignores short writes where the stream is unbuffered, and lets
files that are opened later take the place of a closed one. Here each stream becomes one that can be relied on.
"""

from __future__ import annotations

import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal, TextIO, cast

from bokwon.errors import FileAccessError, accessing
from bokwon.utilities.atomic import replacing

__all__ = [
    "flush_output",
    "move_standard_error",
    "open_output",
    "prepare_standard_streams",
    "read_standard_input",
    "silence_output",
    "write_standard_output",
]

_INPUT, _OUTPUT, _ERROR = range(3)
_LONGEST_WRITE = 1 << 30
"""Bytes given to the system at once: Linux takes no more than 2 GiB."""

_Role = Literal["carried", "closed", "may be lost"]


class _Descriptor(io.RawIOBase):
    """A file descriptor that is read and written in full.

    Args:
        number: The descriptor. It stays open when this object goes.
        role: `carried`: every byte is written or an error is raised. `closed`: any use is an error. `may be lost`:
            what cannot be written is dropped, since nobody is left who could be told.
    """

    def __init__(self, number: int, role: _Role) -> None:
        self.number = number
        self._role = role

    def readable(self) -> bool:
        return self.number == _INPUT

    def writable(self) -> bool:
        return self.number != _INPUT

    def fileno(self) -> int:
        return self.number

    def isatty(self) -> bool:
        return self._role != "closed" and os.isatty(self.number)

    def readinto(self, buffer: Any) -> int:
        self._check("name a file for INPUT and MASK")
        while True:
            try:
                data = os.read(self.number, len(buffer))
            except BlockingIOError:
                select.select([self.number], [], [])
                continue
            buffer[: len(data)] = data
            return len(data)

    def write(self, data: Any) -> int:
        self._check("name an output file")
        view = memoryview(data).cast("B")
        done = 0
        while done < len(view):
            try:
                done += os.write(self.number, view[done : done + _LONGEST_WRITE])
            except BlockingIOError:
                select.select([], [self.number], [])
            except OSError as error:
                if self._role == "may be lost":
                    return len(view)
                if isinstance(error, BrokenPipeError):
                    raise
                message = f"cannot write to standard output: {error.strerror or error}"
                raise FileAccessError(message, "check the space where it goes") from error
        return done

    def _check(self, fix: str) -> None:
        if self._role == "closed":
            name = "input" if self.number == _INPUT else "output"
            raise FileAccessError(f"standard {name} is closed", fix)


def prepare_standard_streams() -> None:
    """Put streams that can be relied on in the place of this program's own; call it before anything is opened.

    Streams that a host program has put into `sys.stdin`, `sys.stdout` or `sys.stderr` stay as they are.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        original: TextIO | None = getattr(sys, f"__{name}__")
        if getattr(sys, name) is not original:
            continue
        closed = _occupy(number) or original is None
        role: _Role = "carried"
        if number == _ERROR:
            role = "may be lost"
        elif closed:
            role = "closed"
        setattr(sys, name, _text(_Descriptor(number, role), original))


def _occupy(number: int) -> bool:
    """Make sure that no file which is opened later gets a standard stream's descriptor; return whether one could."""
    with suppress(OSError):
        os.fstat(number)
        return False
    descriptor = os.open(os.devnull, os.O_RDONLY if number == _INPUT else os.O_WRONLY)
    if descriptor != number:
        os.dup2(descriptor, number)
        os.close(descriptor)
    return True


def _text(raw: _Descriptor, original: TextIO | None) -> TextIO:
    buffer: Any = io.BufferedReader(raw) if raw.readable() else io.BufferedWriter(raw)
    return io.TextIOWrapper(
        buffer,
        encoding=original.encoding if original is not None else "utf-8",
        errors="backslashreplace" if raw.number == _ERROR else (original.errors if original is not None else None),
        line_buffering=raw.number == _ERROR or raw.isatty(),
    )


def move_standard_error() -> bool:
    """Let `sys.stderr` write to a copy of descriptor 2, so that native libraries alone write to 2 itself.

    Returns:
        Whether it was moved: not where a host program has a standard error of its own.
    """
    raw = getattr(getattr(sys.stderr, "buffer", None), "raw", None)
    if not isinstance(raw, _Descriptor) or raw.number != _ERROR:
        return False
    sys.stderr.flush()
    with suppress(OSError):
        _occupy(_ERROR)
        raw.number = os.dup(_ERROR)
        return True
    return False


def read_standard_input() -> bytes:
    """Read standard input to its end.

    Raises:
        FileAccessError: It is closed, or cannot be read.
    """
    with accessing("cannot read standard input: {error}", "name a file"):
        return _binary(sys.stdin, "input", "name a file").read()


@contextmanager
def open_output(target: Path | None, *, overwrite: bool = True) -> Iterator[BinaryIO]:
    """Open a file for writing as `replacing` does, or standard output, which gets all at the end of the block.

    Args:
        target: The file; None for standard output.
        overwrite: Whether an existing file is replaced.

    Yields:
        The stream to write to. After an error in the block nothing is written.

    Raises:
        FileAccessError: It cannot be written.
        OutputExistsError: The file exists and `overwrite` is False.
    """
    if target is not None:
        with replacing(target, overwrite=overwrite) as stream:
            yield stream
        return
    buffer = io.BytesIO()
    yield buffer
    write_standard_output(buffer.getbuffer())


def write_standard_output(data: bytes | memoryview) -> None:
    """Write all of the data to standard output, and flush it.

    Raises:
        BrokenPipeError: Its reader has gone.
        FileAccessError: It is closed, or has no space left.
    """
    _binary(sys.stdout, "output", "name an output file").write(data)
    flush_output()


def flush_output() -> None:
    """Flush standard output.

    Raises:
        BrokenPipeError: Its reader has gone.
        FileAccessError: It is closed, or has no space left.
    """
    if sys.stdout is not None:
        sys.stdout.flush()


def silence_output() -> None:
    """Drop what standard output still holds: it cannot be written, and Python would complain once more at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _OUTPUT)
    os.close(nowhere)
    sys.stdout = _text(_Descriptor(_OUTPUT, "may be lost"), None)


def _binary(stream: IO[str] | None, name: str, fix: str) -> BinaryIO:
    if stream is None:
        raise FileAccessError(f"standard {name} is closed", fix)
    return cast(BinaryIO, cast(Any, stream).buffer)
