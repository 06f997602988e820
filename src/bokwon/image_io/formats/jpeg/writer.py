"""JPEG files on their way out: the input's own tables and subsampling; its marker segments byte for byte."""

from __future__ import annotations

import io
import struct
from typing import Any, BinaryIO

from bokwon.image_io.formats.jpeg import planes
from bokwon.image_io.formats.jpeg.segments import APP0, APP1, APP2, COMMENT, EXIF, ICC, JFIF, XMP, segment_of
from bokwon.image_io.formats.jpeg.xmp import EXTENSION, is_joined, packet_segments
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.modes import to_pillow
from bokwon.image_io.page import Page
from bokwon.types import Pixels

__all__ = ["QUALITY", "changes", "encode", "own_blocks", "too_long"]

QUALITY = 95
"""Quality of a JPEG file made from another format, with 4:4:4 chroma."""

_MOST_PAYLOAD = 65533


def own_blocks(metadata: Metadata) -> list[str]:
    """Return the names of the JPEG segments that no other format can hold."""
    if metadata.jpeg is None:
        return []
    translated = (EXIF, XMP, ICC, *([EXTENSION] if is_joined(metadata.jpeg.segments) else []))
    names = set()
    for segment in metadata.jpeg.segments:
        marker, payload = segment[1], segment[4:]
        if marker == COMMENT:
            names.add("comment")
        elif marker != APP0 and not payload.startswith(translated):
            names.add(f"APP{marker - APP0}")
    return sorted(names)


def too_long(metadata: Metadata) -> list[str]:
    """Return the names of those attributes of the metadata that are longer than a segment, and cannot be divided."""
    return ["exif"] if metadata.exif and len(EXIF + metadata.exif) > _MOST_PAYLOAD else []


def changes(page: Page) -> list[str]:
    """Return what changes when a page is written as JPEG, one sentence each."""
    stored = page.metadata.jpeg
    how = "at the input's quality" if stored and stored.tables else f"at quality {QUALITY}"
    anew = f"JPEG is encoded anew, {how}: pixels outside the holes may change slightly"
    return [anew, *(stored.changes if stored else ())]


def _segments_of(metadata: Metadata) -> tuple[bytes, ...]:
    segments: list[bytes] = []
    if metadata.exif and not too_long(metadata):
        segments.append(segment_of(APP1, EXIF + metadata.exif))
    if metadata.xmp:
        segments += packet_segments(metadata.xmp)
    if metadata.icc:
        room = _MOST_PAYLOAD - len(ICC) - 2
        parts = [metadata.icc[start : start + room] for start in range(0, len(metadata.icc), room)]
        segments += [segment_of(APP2, ICC + bytes((number, len(parts))) + part) for number, part in enumerate(parts, 1)]
    return tuple(segments)


def encode(stream: BinaryIO, pixels: Pixels, mode: str, metadata: Metadata) -> None:
    """Write a JPEG file, with the tables and subsampling of the JPEG that the page was read from.

    Args:
        stream: Where to.
        pixels: 8-bit samples.
        mode: L, RGB or CMYK.
        metadata: Metadata of the page.
    """
    image = to_pillow(pixels, mode)
    image.info.clear()
    encoded = io.BytesIO()
    if metadata.jpeg is not None and metadata.jpeg.layout and mode == "RGB":
        segments = metadata.jpeg.segments
        encoded.write(planes.encode(image, metadata.jpeg))
    elif metadata.jpeg is not None:
        segments = metadata.jpeg.segments
        tables = [list(table) for table in metadata.jpeg.tables]
        how: dict[str, Any] = {"qtables": tables} if tables else {"quality": QUALITY}
        image.save(
            encoded,
            "JPEG",
            **how,
            keep_rgb=metadata.jpeg.rgb and mode == "RGB",
            subsampling=metadata.jpeg.subsampling,
            progressive=metadata.jpeg.progressive,
        )
    else:
        segments = _segments_of(metadata)
        dpi = metadata.dpi or (0.0, 0.0)
        image.save(encoded, "JPEG", quality=QUALITY, subsampling=0, dpi=dpi)
    _splice(stream, encoded.getbuffer(), segments)


def _splice(stream: BinaryIO, encoded: memoryview, segments: tuple[bytes, ...]) -> None:
    has_jfif = any(segment[1] == APP0 and segment[4:9] == JFIF for segment in segments)
    stream.write(encoded[:2])
    start = 2
    if encoded[3] == APP0:
        (length,) = struct.unpack(">H", encoded[4:6])
        start = 4 + length
        if not has_jfif:
            stream.write(encoded[2:start])
    for segment in segments:
        stream.write(segment)
    stream.write(encoded[start:])
