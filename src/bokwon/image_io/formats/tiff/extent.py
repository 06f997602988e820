"""How far the parts of a TIFF file reach: what lies behind them is lost when the file is written anew."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import BinaryIO, cast

from bokwon.image_io.formats.tiff import chain, directories, multipage
from bokwon.image_io.formats.tiff.directories import Directory

__all__ = ["bytes_behind"]


class _Watched(io.RawIOBase):
    """A file that remembers how far it was read.

    Args:
        stream: The file, seekable.

    Attributes:
        reach: The end of the furthest bytes that were read.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.reach = 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.reach = max(self.reach, self._stream.tell())
        return data


def bytes_behind(stream: BinaryIO, positions: Iterable[int]) -> int:
    """Return how many bytes lie behind everything that the pages point at, zeros at the end left out.

    Gaps between the parts are not counted: programs that change a tag leave the old one in the file.

    Args:
        stream: The file, seekable.
        positions: Where the directories of its pages lie.

    Returns:
        The number of bytes; 0 also where a page does not say how far it reaches.
    """
    watched = _Watched(stream)
    reading = cast(BinaryIO, watched)
    end = 0
    try:
        for position in positions:
            directory = directories.parse(reading, position)
            chain.next_position(reading, position)
            inner = [found for _, found in multipage.inner_directories(reading, directory)]
            end = max(end, *map(_end_of_samples, (directory, *inner)))
    except multipage.UNREADABLE:
        return 0
    stream.seek(max(end, watched.reach))
    return len(stream.read().rstrip(b"\0"))


def _end_of_samples(directory: Directory) -> int:
    """Return where the samples of a page end.

    Raises:
        ValueError: They lie where it does not say.
        KeyError: Likewise.
    """
    if multipage.is_scattered(directory):
        raise ValueError
    starts, lengths = (directories.numbers(directory[tag]) for tag in directories.blocks_of(directory))
    if 0 in lengths:
        raise ValueError
    return max(start + length for start, length in zip(starts, lengths, strict=True))
