"""The way through the directories of a TIFF file, one a page, and a page's file with other tags."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import BinaryIO

from bokwon.image_io.formats.tiff import directories
from bokwon.image_io.formats.tiff.directories import Entry

__all__ = ["chain", "next_position", "positions", "with_directory"]

_MOST_PAGES = 65535


def positions(stream: BinaryIO) -> list[int]:
    """Return where the directories of a TIFF file lie, one a page, in order; see `chain`.

    Args:
        stream: Seekable file whose first byte is the byte-order mark.

    Raises:
        ValueError: It is no TIFF file, or its first directory is not there.
    """
    return chain(stream)[0]


def chain(stream: BinaryIO) -> tuple[list[int], str]:
    """Return the places of the directories of a TIFF file, and in words what is wrong with their chain.

    The chain ends where the place of the next directory is missing, outside the file, or was already visited, as in
    libtiff.

    Args:
        stream: Seekable file whose first byte is the byte-order mark.

    Raises:
        ValueError: It is no TIFF file, its first directory is not there, or there are more than 65,535.
    """
    layout, position = directories.header_of(stream)
    whole = stream.seek(0, io.SEEK_END)
    found: dict[int, None] = {}
    while position:
        try:
            if position in found:
                return list(found), "its pages run in a circle"
            directories.seek_within(stream, position, whole)
            entries = directories.entry_count(stream, layout)
            end = position + layout.count.size + entries * layout.entry.size
            if not entries:
                raise ValueError("it has a page without tags")
            if end > whole:
                raise ValueError("the file ends inside its tags")
        except ValueError:
            if not found:
                raise
            return list(found), "it says that another page follows, which is not in the file"
        found[position] = None
        if len(found) > _MOST_PAGES:
            raise ValueError("it has more pages than any TIFF")
        stream.seek(end)
        following = stream.read(layout.offset.size)
        if len(following) < layout.offset.size:
            return list(found), "it ends before it says whether another page follows"
        (position,) = layout.offset.unpack(following)
    if not found:
        raise ValueError("it has no page")
    return list(found), ""


def next_position(stream: BinaryIO, position: int) -> int:
    """Return where the directory behind another one lies; 0 where there is none.

    Args:
        stream: Seekable file whose first byte is the byte-order mark.
        position: Where the other one lies.

    Raises:
        ValueError: The file ends before it says so.
    """
    layout, _ = directories.header_of(stream)
    directories.seek_within(stream, position, stream.seek(0, io.SEEK_END))
    entries = directories.entry_count(stream, layout)
    stream.seek(position + layout.count.size + entries * layout.entry.size)
    following = stream.read(layout.offset.size)
    if len(following) < layout.offset.size:
        raise ValueError("the file ends inside its tags")
    return int(layout.offset.unpack(following)[0])


def with_directory(stream: BinaryIO, directory: Mapping[int, Entry]) -> BinaryIO:
    """Return a TIFF file of one page with other tags: its samples stay where they are, the tags lie behind them.

    Args:
        stream: The file, seekable.
        directory: All tags of its page.
    """
    order, big = directories.byte_order(stream), directories.is_big(stream)
    stream.seek(0)
    data = stream.read()
    data += b"\0" * (len(data) % 2)
    header = directories.file_header(len(data), order, big=big)
    return io.BytesIO(header + data[len(header) :] + directories.serialise(directory, len(data), order, big=big))
