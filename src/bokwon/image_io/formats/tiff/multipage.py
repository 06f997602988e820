"""TIFF files of several pages: each page taken out as a file of its own, and put behind the others again.

Tags and compressed samples are moved as they are, in the byte order of their file, so a page that is not restored stays
what it was.
"""

from __future__ import annotations

import io
import math
import re
import struct
from contextlib import suppress
from typing import BinaryIO

import numpy as np

from bokwon.errors import BokwonError
from bokwon.image_io.formats.tiff import chain, directories
from bokwon.image_io.formats.tiff.decisions import number
from bokwon.image_io.formats.tiff.directories import Directory, Entry

__all__ = [
    "UNREADABLE",
    "TiffWriter",
    "extract",
    "inner_directories",
    "inner_file",
    "is_mask",
    "is_reduced",
    "is_scattered",
    "stacked",
]

# Whether a page is a page, a smaller copy or a transparency mask.
_SUBFILE_TYPE = 254
_REDUCED, _MASK = 1, 4
_OLD_SUBFILE_TYPE, _OLD_REDUCED = 255, 2
_BITS_PER_SAMPLE, _SUB_DIRECTORIES = 258, 330
_LARGEST_FILE = 2**32 - 2
_MOST_INNER = 256
"""Images within a page. Damaged files claim more, and would unfold to any size."""
_COMPRESSION, _DESCRIPTION = 259, 270
UNREADABLE = (ValueError, LookupError, OverflowError, struct.error)
"""What parsing damaged directories raises."""
_UNCOMPRESSED, _OLD_JPEG = 1, 6
# How ImageJ and tifffile say that further images lie behind the first one, without a directory of their own.
_IMAGEJ, _TIFFFILE = b"ImageJ=", b'{"shape": ['
_IMAGEJ_IMAGES = re.compile(rb"^images=(\d{1,9})", re.MULTILINE)
_TIFFFILE_SHAPE = re.compile(rb'\{"shape": \[(\d{1,9}(?:, \d{1,9}){0,9})\].*"truncated": true')


def extract(stream: BinaryIO, position: int) -> bytes:
    """Return one page as a TIFF file of one page, in the byte order of its file.

    Args:
        stream: The file, seekable.
        position: Where the page's directory lies.

    Raises:
        ValueError: The page's samples are not where it says.
    """
    directory = directories.parse(stream, position)
    out = io.BytesIO()
    inner = b""
    # Those that cannot be moved are announced when the file is opened.
    with suppress(*UNREADABLE):
        inner = inner_file(stream, directory)
    TiffWriter(out, directories.byte_order(stream)).add(_movable(stream, directory), stream, inner)
    return out.getvalue()


def inner_directories(stream: BinaryIO, directory: Directory) -> list[tuple[int, Directory]]:
    """Return the places and the tags of the images within a page (SubIFDs).

    Args:
        stream: The file, seekable.
        directory: The page's.

    Raises:
        ValueError: They cannot be moved: one is damaged, holds images itself, or leads to one that is not listed.
        KeyError: The tag's type holds no offsets.
    """
    places = directories.numbers(directory[_SUB_DIRECTORIES]) if _SUB_DIRECTORIES in directory else ()
    if len(places) > _MOST_INNER:
        raise ValueError(f"a page with {len(places)} images within it")
    found = []
    for place in places:
        inner = directories.parse(stream, place)
        # Some writers also chain the images that the tag lists.
        chained = chain.next_position(stream, place) not in (0, *places)
        if chained or _SUB_DIRECTORIES in inner or is_scattered(inner):
            raise ValueError("images within images")
        found.append((place, _movable(stream, inner)))
    return found


def inner_file(stream: BinaryIO, directory: Directory) -> bytes:
    """Return the images within a page (SubIFDs) as a TIFF file with one page for each.

    Args:
        stream: The file, seekable.
        directory: The page's.

    Returns:
        The file, in the byte order of `stream`; empty where the page has no such images.

    Raises:
        ValueError: As for `inner_directories`.
        KeyError: As for `inner_directories`.
    """
    found = inner_directories(stream, directory)
    if not found:
        return b""
    out = io.BytesIO()
    output = TiffWriter(out, directories.byte_order(stream))
    for _, inner in found:
        output.add(inner, stream)
    return out.getvalue()


def _movable(stream: BinaryIO, directory: Directory) -> Directory:
    """Return the tags of a page without its SubIFDs, with the sizes of its strips as 32-bit numbers.

    Raises:
        ValueError: The page's samples are not where it says.
    """
    directory = {tag: entry for tag, entry in directory.items() if tag != _SUB_DIRECTORIES}
    offsets, sizes = directories.blocks_of(directory)
    if offsets not in directory or sizes not in directory:
        raise ValueError("a page without samples, or of the old kind of JPEG compression")
    lengths, starts = directories.numbers(directory[sizes]), directories.numbers(directory[offsets])
    whole = stream.seek(0, io.SEEK_END)
    # Before reading: memory is taken for as many bytes as are asked for.
    if any(start + size > whole for start, size in zip(starts, lengths, strict=True)):
        raise ValueError("the file ends inside a page")
    if sum(lengths) > _LARGEST_FILE:
        raise ValueError("a page of more than 4 GiB")
    return directory | {sizes: Entry.longs(*lengths)}


def is_reduced(directory: Directory) -> bool:
    """Return whether a page is a smaller copy of another one, as image pyramids have them, or its transparency mask."""
    old = number(directory, _OLD_SUBFILE_TYPE, 0) == _OLD_REDUCED
    return old or bool(number(directory, _SUBFILE_TYPE, 0) & (_REDUCED | _MASK))


def is_mask(directory: Directory) -> bool:
    """Return whether a page says where another one is transparent."""
    return bool(number(directory, _SUBFILE_TYPE, 0) & _MASK)


def is_scattered(directory: Directory) -> bool:
    """Return whether a page is old-style JPEG (TIFF 6.0), which has parts outside its strips."""
    return number(directory, _COMPRESSION, _UNCOMPRESSED) == _OLD_JPEG


def stacked(directory: Directory, count: int, size: int) -> int:
    """Return how many images a page stands for: more than one where those behind it have no directory of their own.

    Args:
        directory: The page's.
        count: How many directories its file has.
        size: Size of that file, bytes: an image taken out of a stack may still carry its description.
    """
    offsets, lengths = directories.STRIPS
    text = directory[_DESCRIPTION].data if _DESCRIPTION in directory else b""
    if not text.startswith((_IMAGEJ, _TIFFFILE)) or not {offsets, lengths} <= directory.keys():
        return 1
    if _COMPRESSION in directory and directories.numbers(directory[_COMPRESSION])[0] != _UNCOMPRESSED:
        return 1
    image = sum(directories.numbers(directory[lengths]))
    images = 1
    if found := _IMAGEJ_IMAGES.search(text):
        images = int(found[1]) if int(found[1]) > count else 1
    elif found := _TIFFFILE_SHAPE.match(text):
        bits = directories.numbers(directory[_BITS_PER_SAMPLE])[0] if _BITS_PER_SAMPLE in directory else 1
        samples = math.prod(int(side) for side in found[1].split(b","))
        images = max(samples * bits // 8 // max(image, 1), 1)
    return images if min(directories.numbers(directory[offsets])) + images * image <= size else 1


class TiffWriter:
    """Writes a TIFF file page by page.

    Args:
        stream: Where to; seekable.
        order: Its byte order, `<` or `>`.
        big: Whether to write a BigTIFF, which may have more than 4 GiB.
    """

    def __init__(self, stream: BinaryIO, order: str = "<", *, big: bool = False) -> None:
        self._stream = stream
        self._order = order
        self._big = big
        self._offset = struct.Struct(order + ("Q" if big else "I"))
        header = directories.file_header(0, order, big=big)
        stream.write(header)
        # The header ends with the offset of the first directory.
        self._next_offset_at = len(header) - self._offset.size

    def add_file(self, page: BinaryIO) -> None:
        """Put a TIFF file of one page, in the byte order of this one, behind the others; see `add`."""
        directory = directories.parse(page)
        inner = inner_file(page, directory)
        self.add({tag: entry for tag, entry in directory.items() if tag != _SUB_DIRECTORIES}, page, inner)

    def add(self, directory: Directory, source: BinaryIO, inner: bytes = b"") -> None:
        """Put a page behind the others.

        Args:
            directory: All of the page's tags but SubIFDs.
            source: The file of this byte order that holds its samples where the tags say; seekable.
            inner: The images within the page, from `inner_file`.

        Raises:
            BokwonError: The file would grow beyond what TIFF can hold.
        """
        if inner:
            stream = io.BytesIO(inner)
            places = [self._put(directories.parse(stream, place), stream) for place in chain.positions(stream)]
            directory = directory | {_SUB_DIRECTORIES: Entry.offsets(*places, big=self._big)}
        end = self._put(directory, source)
        self._stream.seek(self._next_offset_at)
        self._stream.write(self._offset.pack(end))
        self._next_offset_at = directories.next_offset_at(directory, end, big=self._big)

    def _put(self, directory: Directory, source: BinaryIO) -> int:
        """Write samples and their directory at the end; return where the directory lies."""
        offsets, sizes = directories.blocks_of(directory)
        starts, lengths = directories.numbers(directory[offsets]), directories.numbers(directory[sizes])
        position = self._stream.seek(0, io.SEEK_END)
        places = position + np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))
        end = int(places[-1] + places[-1] % 2)
        if not self._big and end + len(directories.serialise(directory, 0)) > _LARGEST_FILE:
            fix = "split the file, or turn it into a BigTIFF first"
            raise BokwonError("the output would have more than 4 GiB, which TIFF cannot hold", fix)
        for start, length in zip(starts, lengths, strict=True):
            source.seek(start)
            self._stream.write(source.read(length))
        directory = directory | {offsets: Entry.offsets(*places[:-1].tolist(), big=self._big)}
        self._stream.write(b"\0" * (end - int(places[-1])))
        self._stream.write(directories.serialise(directory, end, self._order, big=self._big))
        return end
