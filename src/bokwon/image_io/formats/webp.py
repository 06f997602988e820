"""WebP: samples by Pillow, written without loss."""

from __future__ import annotations

import io
import struct
from dataclasses import replace
from typing import BinaryIO

from bokwon.image_io.formats import pillow
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.modes import to_pillow
from bokwon.image_io.page import Page
from bokwon.types import Pixels

__all__ = ["decode", "encode", "size_of"]

# About samples and animation, or read by Pillow.
_KEPT = (b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP", b"EXIF", b"XMP ")
_ANY_SIZE = 1 << 62


def decode(name: str, stream: BinaryIO, max_pixels: int) -> Page:
    """Read a WebP file of one picture; see `bokwon.image_io.formats.table.Format`."""
    with pillow.opened(name, stream, "WEBP", max_pixels) as image:
        page = pillow.page_of(name, image, "WEBP")
    lost, behind = _left_behind(stream)
    notices = page.notices
    if lost:
        notices += (f"{name}: chunks that are not known are not kept: {', '.join(lost)}",)
    if behind:
        notices += (f"{name}: {behind} bytes behind its picture are not kept",)
    return replace(page, notices=notices)


def size_of(stream: BinaryIO) -> tuple[int, int] | None:
    """Return width and height, as the headers say."""
    with pillow.opened("", stream, "WEBP", _ANY_SIZE) as image:
        return image.size


def _left_behind(stream: BinaryIO) -> tuple[list[str], int]:
    """Return the names of chunks that nothing here keeps, and how many bytes lie behind the last one."""
    whole = stream.seek(0, io.SEEK_END)
    stream.seek(4)
    (size,) = struct.unpack("<I", stream.read(4))
    end, place = min(8 + size, whole), 12
    found = set()
    while place + 8 <= end:
        stream.seek(place)
        kind, length = struct.unpack("<4sI", stream.read(8))
        if kind not in _KEPT:
            found.add(kind.decode("latin-1").strip() if kind.isascii() and kind.decode().isprintable() else "unnamed")
        place += 8 + length + length % 2
    stream.seek(end)
    return sorted(found), len(stream.read().rstrip(b"\0"))


def encode(stream: BinaryIO, pixels: Pixels, mode: str, metadata: Metadata) -> None:
    """Write a WebP file.

    Args:
        stream: Where to.
        pixels: 8-bit samples.
        mode: RGB or RGBA.
        metadata: Metadata of the page.
    """
    # Lossless, and colours under transparency kept: outside the holes nothing changes.
    to_pillow(pixels, mode).save(
        stream,
        "WEBP",
        lossless=True,
        exact=True,
        icc_profile=metadata.icc or b"",
        exif=metadata.exif or b"",
        xmp=metadata.xmp or b"",
    )
