"""TIFF files of several pages: each page taken out as a file of its own, and put behind the others again.

Tags and compressed samples are moved as they are, so a page that is not restored stays what it was.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from typing import BinaryIO

import numpy as np

from bokwon.errors import BokwonError
from bokwon.imaging import ifd
from bokwon.imaging.ifd import Directory, Entry

__all__ = ["SUBFILE_TYPE", "TiffWriter", "extract", "has_inner_images", "is_reduced", "must_be_decoded"]

SUBFILE_TYPE = 254
"""Tag that says whether a page is a page, a smaller copy or a transparency mask."""

_REDUCED = 1
_BITS_PER_SAMPLE, _SUB_DIRECTORIES = 258, 330
_STRIPS, _TILES = (273, 279), (324, 325)
_LARGEST_FILE = 2**32 - 2


def extract(stream: BinaryIO, position: int) -> bytes:
    """Return one page as a TIFF file of one page, in the byte order of its file.

    Args:
        stream: The file, seekable.
        position: Where the page's directory lies.

    Raises:
        ValueError: The page's samples are not where it says.
    """
    order = ifd.byte_order(stream)
    directory = ifd.parse(stream, position)
    # Directories within directories are not moved along.
    directory.pop(_SUB_DIRECTORIES, None)
    offsets, sizes = _STRIPS if _STRIPS[0] in directory else _TILES
    if offsets not in directory or sizes not in directory:
        raise ValueError("a page without samples, or of the old kind of JPEG compression")
    blocks = []
    for start, size in zip(ifd.numbers(directory[offsets]), ifd.numbers(directory[sizes]), strict=True):
        stream.seek(start)
        block = stream.read(size)
        if len(block) != size:
            raise ValueError("the file ends inside a page")
        blocks.append(block)
    out = io.BytesIO()
    out.write(ifd.file_header(0, order))
    places = []
    for block in blocks:
        places.append(out.tell())
        out.write(block + b"\0" * (len(block) % 2))
    directory[offsets] = Entry.longs(*places)
    directory[sizes] = Entry.longs(*map(len, blocks))
    end = out.tell()
    out.write(ifd.serialise(directory, end, order))
    out.seek(0)
    out.write(ifd.file_header(end, order))
    return out.getvalue()


def is_reduced(directory: Directory) -> bool:
    """Return whether a page is a smaller copy of another one, as image pyramids have them."""
    entry = directory.get(SUBFILE_TYPE)
    return entry is not None and bool(ifd.numbers(entry)[0] & _REDUCED)


def has_inner_images(directory: Directory) -> bool:
    """Return whether a page holds further images within itself, which `extract` leaves out."""
    return _SUB_DIRECTORIES in directory


def must_be_decoded(page: bytes) -> bool:
    """Return whether a page's samples would mean something else in a little-endian file.

    Args:
        page: A TIFF file of one page.
    """
    stream = io.BytesIO(page)
    if ifd.byte_order(stream) == "<":
        return False
    bits = ifd.parse(stream).get(_BITS_PER_SAMPLE)
    return bits is not None and max(ifd.numbers(bits)) > 8


class TiffWriter:
    """Writes a TIFF file page by page, little-endian.

    Args:
        stream: Where to; seekable.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._link = 4
        stream.write(ifd.file_header(0))

    def add(self, page: bytes, tags: Mapping[int, Entry] | None = None) -> None:
        """Put a page behind the others.

        Args:
            page: A TIFF file of one page whose samples mean the same in little-endian files.
            tags: Tags to add.

        Raises:
            BokwonError: The file would grow beyond what TIFF can hold.
        """
        directory = ifd.parse(io.BytesIO(page)) | dict(tags or {})
        offsets, sizes = _STRIPS if _STRIPS[0] in directory else _TILES
        starts, lengths = ifd.numbers(directory[offsets]), ifd.numbers(directory[sizes])
        position = self._stream.seek(0, io.SEEK_END)
        places = position + np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))
        end = int(places[-1] + places[-1] % 2)
        if end + len(page) - sum(lengths) > _LARGEST_FILE:
            raise BokwonError("the output would have more than 4 GiB, which TIFF cannot hold", "split the file")
        for start, length in zip(starts, lengths, strict=True):
            self._stream.write(page[start : start + length])
        self._stream.write(b"\0" * (end - int(places[-1])))
        directory[offsets] = Entry.longs(*places[:-1].tolist())
        self._stream.write(ifd.serialise(directory, end))
        self._stream.seek(self._link)
        self._stream.write(struct.pack("<I", end))
        # The next page's place is written behind this directory's entries.
        self._link = end + 2 + 12 * len(directory)
