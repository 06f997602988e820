"""TIFF tag directories as raw entries: what a page carries is copied byte for byte, known tag or not.

EXIF blocks are TIFF directories too, so the same two functions read and write them.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

__all__ = [
    "BIG_ONLY",
    "SIGNATURES",
    "STRIPS",
    "Directory",
    "Entry",
    "Layout",
    "blocks_of",
    "byte_order",
    "entry_count",
    "file_header",
    "header_of",
    "is_big",
    "left_out",
    "next_offset_at",
    "numbers",
    "parse",
    "seek_within",
    "serialise",
]

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"II\0*", b"MM*\0")
"""What TIFF and BigTIFF files begin with, and some whose writer took the bytes of the number 42 the wrong way round."""

STRIPS = (273, 279)
"""Tags of the places and the sizes of a page's strips."""

_HEADER_BYTES = 8
_BIG = 43
# Bytes per value, and how many bytes are swapped together, by field type (TIFF 6.0, section 2; 16-18 are BigTIFF's).
_VALUE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_SWAP_BYTES = {**_VALUE_BYTES, 5: 4, 10: 4}
_SHORT, _LONG = 3, 4
_LONG8, _IFD8 = 16, 18
BIG_ONLY = frozenset({_LONG8, 17})
"""Types of values that only a BigTIFF has, and an EXIF block has not."""

# What points somewhere, by its type; see `_POINTERS`.
_POINTER_TYPES = frozenset({13, _IFD8})
# Offsets and sizes of strips and tiles, and places of images within pages.
_PLACES = frozenset({273, 279, 324, 325, 330})
# Exif, GPS and interoperability directories; nothing else that points somewhere survives a rewrite.
_POINTERS = frozenset({34665, 34853, 40965})
_DEEPEST = 2
_MOST_ENTRIES = 4096


@dataclass(frozen=True)
class Entry:
    """One tag's value.

    Attributes:
        type: TIFF field type.
        count: How many values of that type.
        data: The values, little-endian.
        directory: For the pointers to Exif, GPS and interoperability: the directory pointed at.
    """

    type: int
    count: int
    data: bytes
    directory: Mapping[int, Entry] | None = None

    @classmethod
    def shorts(cls, *values: int) -> Entry:
        """Return an entry of unsigned 16-bit numbers."""
        return cls(_SHORT, len(values), struct.pack(f"<{len(values)}H", *values))

    @classmethod
    def longs(cls, *values: int) -> Entry:
        """Return an entry of unsigned 32-bit numbers."""
        return cls(_LONG, len(values), struct.pack(f"<{len(values)}I", *values))

    @classmethod
    def offsets(cls, *values: int, big: bool) -> Entry:
        """Return an entry of offsets in a file: numbers of 64 bits in a BigTIFF, else of 32."""
        return cls(_LONG8, len(values), struct.pack(f"<{len(values)}Q", *values)) if big else cls.longs(*values)


Directory = dict[int, Entry]


class Layout:
    """How counts, offsets and entries are packed: the count of entries; an offset; tag, type, count and value."""

    def __init__(self, order: str, *, big: bool) -> None:
        code = "Q" if big else "I"
        self.order, self.big = order, big
        self.count = struct.Struct(order + ("Q" if big else "H"))
        self.offset = struct.Struct(order + code)
        self.entry = struct.Struct(f"{order}HH{code}{self.offset.size}s")


def parse(stream: BinaryIO, position: int | None = None) -> Directory:
    """Read a directory of a TIFF file or EXIF block.

    Entries that point outside the file, or whose type is unknown, are left out: damaged metadata must not keep a page
    from being restored.

    Args:
        stream: Seekable file whose first byte is the byte-order mark.
        position: Where the directory lies, bytes; by default the first one is read.

    Returns:
        Tag number to entry, values in little-endian order.

    Raises:
        ValueError: The header is not a TIFF header, or the directory is cut off.
    """
    layout, first = header_of(stream)
    return _parse_directory(stream, layout, first if position is None else position, _Budget.of(stream), depth=0)


def left_out(stream: BinaryIO, position: int | None = None) -> list[int]:
    """Return the tags of a directory that `parse` leaves out: damaged, of unknown types, or pointing somewhere.

    Args:
        stream: Seekable file whose first byte is the byte-order mark.
        position: Where the directory lies, bytes; by default the first one.

    Raises:
        ValueError: As for `parse`.
    """
    layout, first = header_of(stream)
    position = first if position is None else position
    seek_within(stream, position, stream.seek(0, io.SEEK_END))
    tags = {tag for tag, *_ in _entries(stream, layout)}
    return sorted(tags - _parse_directory(stream, layout, position, _Budget.of(stream), depth=0).keys())


def seek_within(stream: BinaryIO, position: int, whole: int) -> None:
    """Go to a place in a file; places outside it, which systems refuse each in their own way, are errors."""
    if not 0 <= position < whole:
        raise ValueError("it names a place that is not in the file")
    stream.seek(position)


def byte_order(stream: BinaryIO) -> str:
    """Return the byte order of a TIFF file, `<` or `>`."""
    return header_of(stream)[0].order


def is_big(stream: BinaryIO) -> bool:
    """Return whether a TIFF file is a BigTIFF, with places of 64 bits."""
    return header_of(stream)[0].big


def header_of(stream: BinaryIO) -> tuple[Layout, int]:
    """Return how a TIFF file or EXIF block is packed, and where its first directory lies.

    Raises:
        ValueError: It has no TIFF header.
    """
    stream.seek(0)
    head = stream.read(16)
    if head[:2] not in (b"II", b"MM") or len(head) < _HEADER_BYTES:
        raise ValueError("no TIFF byte-order mark")
    order = "<" if head[:2] == b"II" else ">"
    (magic,) = struct.unpack(order + "H", head[2:4])
    layout = Layout(order, big=magic == _BIG)
    (position,) = layout.offset.unpack(head[8:16] if layout.big else head[4:8])
    return layout, position


@dataclass
class _Budget:
    """Bytes that values may still take: at most the size of the file. Otherwise a small file could claim any size."""

    left: int
    whole: int

    @classmethod
    def of(cls, stream: BinaryIO) -> _Budget:
        whole = stream.seek(0, io.SEEK_END)
        return cls(whole, whole)


def _entries(stream: BinaryIO, layout: Layout) -> Iterator[tuple[int, int, int, bytes]]:
    return layout.entry.iter_unpack(_exactly(stream, entry_count(stream, layout) * layout.entry.size))


def _parse_directory(stream: BinaryIO, layout: Layout, position: int, budget: _Budget, depth: int) -> Directory:
    seek_within(stream, position, budget.whole)
    directory: Directory = {}
    for tag, kind, count, inline in _entries(stream, layout):
        entry = _parse_entry(stream, layout, (tag, kind, count), inline, budget, depth)
        if entry is not None:
            directory[tag] = entry
    return directory


def entry_count(stream: BinaryIO, layout: Layout) -> int:
    """Read how many entries the directory at this place has.

    Raises:
        ValueError: More than a directory can have, or the file ends.
    """
    count: int = layout.count.unpack(_exactly(stream, layout.count.size))[0]
    if count > _MOST_ENTRIES:
        raise ValueError(f"a directory of {count} entries")
    return count


def _parse_entry(
    stream: BinaryIO, layout: Layout, head: tuple[int, int, int], inline: bytes, budget: _Budget, depth: int
) -> Entry | None:
    tag, kind, count = head
    size = _VALUE_BYTES.get(kind, 0) * count
    if size == 0 or size > budget.left:
        return None
    try:
        if tag in _POINTERS:
            if depth == _DEEPEST or count != 1:
                return None
            target = int.from_bytes(inline[: _VALUE_BYTES[kind]], "little" if layout.order == "<" else "big")
            return Entry(_LONG, 1, b"", _parse_directory(stream, layout, target, budget, depth + 1))
        if kind in _POINTER_TYPES and tag not in _PLACES:
            return None
        if size <= len(inline):
            data = inline[:size]
        else:
            seek_within(stream, layout.offset.unpack(inline)[0], budget.whole)
            data = _exactly(stream, size)
            budget.left -= size
    except (ValueError, struct.error, OverflowError):
        return None
    unit = _SWAP_BYTES[kind]
    if layout.order == ">" and unit > 1:
        data = np.frombuffer(data, f">u{unit}").astype(f"<u{unit}").tobytes()
    # Where samples or inner images lie in a BigTIFF are numbers like others.
    return Entry(_LONG8 if kind == _IFD8 else kind, count, data)


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise ValueError("the file ends inside its tags")
    return data


def numbers(entry: Entry) -> tuple[int, ...]:
    """Return the values of an entry of unsigned numbers."""
    code = {1: "B", _SHORT: "H", _LONG: "I", 13: "I", _LONG8: "Q", _IFD8: "Q"}[entry.type]
    return struct.unpack(f"<{entry.count}{code}", entry.data)


def blocks_of(directory: Mapping[int, Entry]) -> tuple[int, int]:
    """Return the tags that hold the places and the sizes of a page's strips, or of its tiles."""
    return STRIPS if STRIPS[0] in directory else (324, 325)


def file_header(directory_offset: int, order: str = "<", *, big: bool = False) -> bytes:
    """Return what a TIFF file begins with: 8 bytes, of a BigTIFF 16.

    Args:
        directory_offset: Where the first directory lies in the file.
        order: Byte order, `<` or `>`.
        big: Whether it is a BigTIFF.
    """
    mark = b"II" if order == "<" else b"MM"
    if big:
        return struct.pack(order + "2sHHHQ", mark, _BIG, 8, 0, directory_offset)
    return struct.pack(order + "2sHI", mark, 42, directory_offset)


def next_offset_at(directory: Mapping[int, Entry], offset: int, *, big: bool = False) -> int:
    """Return where in a file the offset of the next directory is written: behind the entries of the one before it.

    Args:
        directory: The directory before it.
        offset: Where in the file that directory lies.
        big: Whether it is a BigTIFF.
    """
    layout = Layout("<", big=big)
    return offset + layout.count.size + layout.entry.size * len(directory)


def serialise(directory: Mapping[int, Entry], offset: int, order: str = "<", *, big: bool = False) -> bytes:
    """Write a directory, the last of its file, with everything it points at behind it.

    Args:
        directory: Tag number to entry.
        offset: Where in the file the directory will lie, bytes.
        order: Byte order, `<` or `>`.
        big: Whether the file is a BigTIFF.
    """
    layout = Layout(order, big=big)
    table = bytearray()
    values = bytearray()
    behind = next_offset_at(directory, offset, big=big) + layout.offset.size
    for tag in sorted(directory):
        entry = directory[tag]
        kind = entry.type
        if entry.directory is not None:
            kind = _IFD8 if big else _LONG
            inline = layout.offset.pack(behind + len(values))
            values += serialise(entry.directory, behind + len(values), order, big=big)
        elif len(entry.data) <= layout.offset.size:
            inline = _ordered(entry, order)
        else:
            inline = layout.offset.pack(behind + len(values))
            values += _ordered(entry, order)
        if len(values) % 2:
            values += b"\0"
        table += layout.entry.pack(tag, kind, entry.count, inline)
    return layout.count.pack(len(directory)) + bytes(table) + layout.offset.pack(0) + bytes(values)


def _ordered(entry: Entry, order: str) -> bytes:
    unit = _SWAP_BYTES[entry.type]
    if order == "<" or unit == 1:
        return entry.data
    return np.frombuffer(entry.data, f"<u{unit}").astype(f">u{unit}").tobytes()
