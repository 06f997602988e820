"""JPEG: re-encoded with the input's own tables and subsampling; its marker segments are copied byte for byte."""

from __future__ import annotations

import io
import re
import struct
from typing import TYPE_CHECKING, BinaryIO, cast

from PIL import Image

from bokwon.image_io.formats.jpeg import planes as jpeg_planes
from bokwon.image_io.metadata import JpegSettings, Metadata
from bokwon.image_io.modes import to_pillow
from bokwon.types import Pixels

if TYPE_CHECKING:
    from PIL.JpegImagePlugin import JpegImageFile

__all__ = ["bytes_behind", "encode", "own_blocks", "settings_of", "too_long", "xmp_of"]

QUALITY = 95
"""Quality of a JPEG file made from another format, with 4:4:4 chroma."""

_APP0, _APP1, _APP2, _APP14, _APP15, _COMMENT, _SCAN = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF, 0xFE, 0xDA
_YCCK = 2
_END, _ALONE = 0xD9, 0x01
# In coded samples 0xFF is followed by zero, or by a number that counts restarts.
_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
_PADDING = b"\0\xff\r\n "
_MOST_PAYLOAD = 65533
_ICC, _XMP, _EXIF = b"ICC_PROFILE\0", b"http://ns.adobe.com/xap/1.0/\0", b"Exif\0\0"


def settings_of(image: Image.Image, stream: BinaryIO) -> JpegSettings:
    """Return how a JPEG file was encoded, and its segments.

    Args:
        image: The file, opened by Pillow.
        stream: The same file, seekable.
    """
    from PIL.JpegImagePlugin import get_sampling

    file = cast("JpegImageFile", image)
    # Components name their tables, which may have any number.
    tables = [tuple(file.quantization.get(number, ())) for _, _, _, number in file.layer]
    if not tables or not all(tables):
        tables = [tuple(file.quantization[number]) for number in sorted(file.quantization)]
    sampling = get_sampling(image)
    changes = []
    layout: tuple[tuple[int, int, int], ...] = ()
    if image.mode == "RGB" and (image.info.get("adobe_transform") == 0 or _is_named_rgb(file)):
        changes.append("its red, green and blue are stored as luma and chroma")
    elif image.mode == "CMYK" and image.info.get("adobe_transform") == _YCCK:
        changes.append("its inks, stored as luma, chroma and black, come back as cyan, magenta, yellow and black")
        # An ink is as fine as luma is: each carries the letters.
        tables = tables[:1]
    elif image.mode == "RGB" and sampling < 0:
        layout = tuple((name, across, down) for name, across, down, _ in file.layer)
        if not jpeg_planes.can_encode(layout):
            layout = ()
            changes.append("its chroma subsampling becomes 4:4:4")
    return JpegSettings(
        tables=_shortest(tables),
        # Schemes that libjpeg's three presets do not cover lose nothing at full chroma.
        subsampling=max(sampling, 0),
        progressive=bool(image.info.get("progressive")),
        segments=_read_segments(stream),
        changes=tuple(changes),
        layout=layout,
    )


def _is_named_rgb(file: JpegImageFile) -> bool:
    """Return whether only the names of the components say that they are red, green and blue, as libjpeg goes by."""
    marked = "jfif" in file.info or "adobe" in file.info
    return not marked and [name for name, _, _, _ in file.layer] == [*b"RGB"]


def _shortest(tables: list[tuple[int, ...]]) -> tuple[tuple[int, ...], ...]:
    """Return tables by component without those that repeat the one before them to the end."""
    while len(tables) > 1 and tables[-1] == tables[-2]:
        tables = tables[:-1]
    return tuple(tables)


def _read_segments(stream: BinaryIO) -> tuple[bytes, ...]:
    stream.seek(2)
    kept: list[bytes] = []
    while stream.read(1) == b"\xff":
        code = stream.read(1)
        while code == b"\xff":
            # As many of them as one likes may stand before a marker.
            code = stream.read(1)
        head = b"\xff" + code + stream.read(2)
        if len(head) < 4:
            break
        marker, length = struct.unpack(">xBH", head)
        if marker == _SCAN or length < 2:
            break
        payload = stream.read(length - 2)
        described = marker == _COMMENT or (_APP0 <= marker <= _APP15 and marker != _APP14)
        # The index of a multi-picture file points into bytes that are gone.
        if described and not (marker == _APP2 and payload.startswith(b"MPF\0")):
            kept.append(head + payload)
    return tuple(kept)


def bytes_behind(stream: BinaryIO) -> int:
    """Return how many bytes follow the end of a JPEG file's picture, such as the film of a phone's moving photograph.

    Args:
        stream: The file, seekable.
    """
    stream.seek(0)
    data = stream.read()
    position = 2
    while (found := _MARKER.search(data, position)) is not None:
        marker, position = found[1][0], found.end()
        if marker == _END:
            return len(data[position:].rstrip(_PADDING))
        if marker != _ALONE:
            position += int.from_bytes(data[position : position + 2], "big")
    return 0


def xmp_of(settings: JpegSettings) -> bytes | None:
    """Return the XMP packet among a file's segments, if there is one."""
    start = 4 + len(_XMP)
    packets = (segment[start:] for segment in settings.segments if segment[1] == _APP1 and segment[4:start] == _XMP)
    return next(packets, None)


def own_blocks(metadata: Metadata) -> list[str]:
    """Return the names of a JPEG's segments that no other format takes over."""
    if metadata.jpeg is None:
        return []
    names = set()
    for segment in metadata.jpeg.segments:
        marker, payload = segment[1], segment[4:]
        if marker == _COMMENT:
            names.add("comment")
        elif marker != _APP0 and not payload.startswith((_EXIF, _XMP, _ICC)):
            names.add(f"APP{marker - _APP0}")
    return sorted(names)


def too_long(metadata: Metadata) -> list[str]:
    """Return the names of those attributes of the metadata that are longer than a segment."""
    parts = {"exif": (_EXIF, metadata.exif), "xmp": (_XMP, metadata.xmp)}
    return [name for name, (head, block) in parts.items() if block and len(head + block) > _MOST_PAYLOAD]


def _segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def _segments_of(metadata: Metadata) -> tuple[bytes, ...]:
    segments: list[bytes] = []
    left_out = too_long(metadata)
    if metadata.exif and "exif" not in left_out:
        segments.append(_segment(_APP1, _EXIF + metadata.exif))
    if metadata.xmp and "xmp" not in left_out:
        segments.append(_segment(_APP1, _XMP + metadata.xmp))
    if metadata.icc:
        room = _MOST_PAYLOAD - len(_ICC) - 2
        parts = [metadata.icc[start : start + room] for start in range(0, len(metadata.icc), room)]
        segments += [_segment(_APP2, _ICC + bytes((number, len(parts))) + part) for number, part in enumerate(parts, 1)]
    return tuple(segments)


def encode(stream: BinaryIO, pixels: Pixels, mode: str, metadata: Metadata) -> None:
    """Write a JPEG file, with the tables and subsampling of the JPEG file the page came from.

    Args:
        stream: Where to.
        pixels: 8-bit samples.
        mode: L, RGB or CMYK.
        metadata: What the page carries.
    """
    image = to_pillow(pixels, mode)
    image.info.clear()
    encoded = io.BytesIO()
    if metadata.jpeg is not None and metadata.jpeg.layout and mode == "RGB":
        segments = metadata.jpeg.segments
        encoded.write(jpeg_planes.encode(image, metadata.jpeg))
    elif metadata.jpeg is not None:
        segments = metadata.jpeg.segments
        image.save(
            encoded,
            "JPEG",
            qtables=[list(table) for table in metadata.jpeg.tables],
            subsampling=metadata.jpeg.subsampling,
            progressive=metadata.jpeg.progressive,
        )
    else:
        segments = _segments_of(metadata)
        dpi = metadata.dpi or (0.0, 0.0)
        image.save(encoded, "JPEG", quality=QUALITY, subsampling=0, dpi=dpi)
    _splice(stream, encoded.getbuffer(), segments)


def _splice(stream: BinaryIO, encoded: memoryview, segments: tuple[bytes, ...]) -> None:
    has_jfif = any(segment[1] == _APP0 for segment in segments)
    stream.write(encoded[:2])
    start = 2
    if encoded[3] == _APP0:
        (length,) = struct.unpack(">H", encoded[4:6])
        start = 4 + length
        if not has_jfif:
            stream.write(encoded[2:start])
    for segment in segments:
        stream.write(segment)
    stream.write(encoded[start:])
