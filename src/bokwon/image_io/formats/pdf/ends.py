"""Bytes before and behind a PDF file. They are lost when the file is rewritten, and may hide its end from readers."""

from __future__ import annotations

import io
from typing import Any, BinaryIO

__all__ = ["bytes_outside", "without_padding"]

_BEGINNING, _END = b"%PDF-", b"%%EOF"
_SEARCHED = 1 << 16
"""Bytes at either end of a file in which these are looked for. Readers of PDF look for them in some 1,000."""
_MOST_BEHIND = 1000
"""Bytes behind the end of a file that qpdf allows."""
_PADDING = b"\0\t\n\f\r \x1a"
"""White space of PDF, and the mark of the end of a file of old systems."""


def bytes_outside(stream: BinaryIO) -> tuple[int, int]:
    """Return how many bytes lie before the header of a PDF file, and behind its last end, without white space.

    Parts that later changes have put behind an earlier end belong to the file.

    Args:
        stream: The file, seekable.
    """
    stream.seek(0)
    before, beginning, _ = stream.read(_SEARCHED).partition(_BEGINNING)
    # A file without one of these marks may still be readable. Then nothing on that side counts as outside.
    return len(before.strip(_PADDING)) if beginning else 0, len(_behind_end(stream).strip(_PADDING))


def without_padding(stream: BinaryIO) -> BinaryIO:
    """Return a file without a long padding behind its end, such as zeros up to the next block of a disk or an archive.

    Anything else behind the end stays: it may be the rest of a later change whose own end was cut off.

    Args:
        stream: The file, seekable. It must stay open.
    """
    behind = _behind_end(stream)
    if len(behind) <= _MOST_BEHIND or behind.strip(_PADDING):
        return stream
    return io.BufferedReader(_Beginning(stream, stream.seek(0, io.SEEK_END) - len(behind)))


def _behind_end(stream: BinaryIO) -> bytes:
    """Return the bytes behind the last mark of an end; none if there is no such mark."""
    stream.seek(max(stream.seek(0, io.SEEK_END) - _SEARCHED, 0))
    _, end, behind = stream.read().rpartition(_END)
    return behind if end else b""


class _Beginning(io.RawIOBase):
    """The first bytes of a file."""

    def __init__(self, stream: BinaryIO, length: int) -> None:
        self._stream, self._length, self._place = stream, length, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._length}[whence]
        return self._place

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        self._stream.seek(self._place)
        data = self._stream.read(max(min(len(view), self._length - self._place), 0))
        view[: len(data)] = data
        self._place += len(data)
        return len(data)
