"""The boxes of JPEG 2000 files: what is said beside the codestream."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from bokwon.image_io.metadata import Metadata, plausible_dpi
from bokwon.types import Pixels

__all__ = [
    "CMYK",
    "GRAY",
    "OF_HEADER",
    "SIGNATURE",
    "SRGB",
    "SYCC",
    "XMP",
    "box",
    "colour",
    "definitions",
    "file_of",
    "first_box",
    "new_boxes",
    "read_boxes",
    "read_file",
    "resolution",
]

SIGNATURE = b"\0\0\0\x0cjP  \r\n\x87\n"
_END_OF_CODESTREAM = b"\xff\xd9"
"""Marker EOC. Compressed data never contains these two bytes."""
_FILE_TYPE = b"jp2 \0\0\0\0jp2 "
XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
"""What a box with an XMP packet begins with."""
CMYK, SRGB, GRAY, SYCC = 12, 16, 17, 18
"""Numbers of colour spaces (ISO/IEC 15444-1, table I.10)."""
OF_HEADER = frozenset({b"pclr", b"cmap", b"cdef", b"colr"})
"""Boxes of the header that speak of colours."""
# Samples per metre, as two fractions and powers of ten: vertical first.
_RESOLUTION = struct.Struct(">HHHHbb")
_SPACES = {"CMYK": CMYK, "L": GRAY, "LA": GRAY}


def read_boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the kind and content of each box.

    Raises:
        ValueError: One is longer than what holds it.
    """
    yield from ((kind, content) for kind, content, _ in _walk(data))


def first_box(boxes: Iterable[tuple[bytes, bytes]], kind: bytes) -> bytes | None:
    """Return the content of the first box of a kind; None if there is none."""
    return next((content for found, content in boxes if found == kind), None)


def read_file(data: bytes) -> tuple[tuple[tuple[bytes, bytes], ...], int]:
    """Return the boxes of a file, and how many bytes lie behind the last one.

    Raises:
        ValueError: A box before the end of the codestream is longer than the file.
    """
    found: list[tuple[bytes, bytes]] = []
    end = 0
    try:
        for kind, content, stop in _walk(data):
            found.append((kind, content))
            end = stop
    except ValueError:
        if all(kind != b"jp2c" for kind, _ in found):
            raise
    return tuple(found), len(data) - end


def _walk(data: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    """Yield the kind and content of each box, and where it ends."""
    position = 0
    while position + 8 <= len(data):
        size, kind = struct.unpack(">I4s", data[position : position + 8])
        head = 8
        if size == 1:
            (size,) = struct.unpack(">Q", data[position + 8 : position + 16].ljust(8, b"\0"))
            head = 16
        end = len(data) if size == 0 else position + size
        if end > len(data) and kind == b"jp2c" and data.endswith(_END_OF_CODESTREAM):
            # The codestream is complete. Some programs write a length that also counts the boxes before it.
            end = len(data)
        if end < position + head or end > len(data):
            raise ValueError("its boxes do not fit into one another")
        yield kind, data[position + head : end], end
        position = end


def box(kind: bytes, content: bytes) -> bytes:
    """Return a box as it is stored."""
    size = len(content) + 8
    return (struct.pack(">I4s", size, kind) if size < 2**32 else struct.pack(">I4sQ", 1, kind, size + 8)) + content


def resolution(header: bytes, scale: tuple[int, int]) -> tuple[float, float] | None:
    """Return pixels per inch, horizontal and vertical: those to display it with, or else those it was captured with.

    Args:
        header: Content of the header.
        scale: Grid points per pixel, horizontal and vertical: the header gives the resolution of the grid.
    """
    try:
        inner = dict(read_boxes(dict(read_boxes(header)).get(b"res ", b"")))
    except ValueError:
        # The picture does not depend on it.
        return None
    content = inner.get(b"resd") or inner.get(b"resc") or b""
    if len(content) != _RESOLUTION.size:
        return None
    down, below_down, across, below_across, power_down, power_across = _RESOLUTION.unpack(content)
    if not all((down, below_down, across, below_across)):
        return None
    per_inch = 0.0254 * 10.0**power_across / scale[0], 0.0254 * 10.0**power_down / scale[1]
    return plausible_dpi(across / below_across * per_inch[0], down / below_down * per_inch[1])


def definitions(header: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the channel definitions (cdef): the number of a channel, its kind, and the colour that it is or is for."""
    entries = (first_box(read_boxes(header), b"cdef") or b"")[2:]
    yield from struct.iter_unpack(">HHH", entries[: len(entries) // 6 * 6])


def colour(header: bytes) -> tuple[bytes | None, int | None]:
    """Return the colour profile, and the number of the colour space; None for the one that is not told."""
    content = first_box(read_boxes(header), b"colr") or b""
    if content[:1] == b"\2":
        return content[3:], CMYK if content[19:23] == b"CMYK" else None
    return None, int.from_bytes(content[3:7], "big") if content[:1] == b"\1" and len(content) >= 7 else None


def new_boxes(pixels: Pixels, mode: str, metadata: Metadata) -> tuple[tuple[bytes, bytes], ...]:
    """Make the boxes of a page that was of another format."""
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    depth = (metadata.jpeg2000_bits or pixels.dtype.itemsize * 8) - 1
    parts = [(b"ihdr", struct.pack(">IIHBBBB", height, width, channels, depth, 7, 0, 0))]
    if metadata.icc:
        parts.append((b"colr", b"\2\0\0" + metadata.icc))
    else:
        parts.append((b"colr", struct.pack(">BBBI", 1, 0, 0, _SPACES.get(mode, SRGB))))
    if mode in ("LA", "RGBA"):
        # Which channel is which: colours in order, the last one opacity of the whole picture.
        entries = [(index, 0, index + 1) for index in range(channels - 1)] + [(channels - 1, 1, 0)]
        packed = b"".join(struct.pack(">HHH", *entry) for entry in entries)
        parts.append((b"cdef", struct.pack(">H", channels) + packed))
    if metadata.dpi:
        per_metre = [value / 0.0254 for value in metadata.dpi]
        # The least power of ten with which both fit into 16 bits.
        power = next(power for power in range(10) if max(per_metre) < 65535 * 10**power)
        across, down = (round(value / 10**power) for value in per_metre)
        inner = _RESOLUTION.pack(down, 1, across, 1, power, power)
        parts.append((b"res ", box(b"resc", inner)))
    header = b"".join(box(*part) for part in parts)
    boxes = [(b"jP  ", SIGNATURE[8:]), (b"ftyp", _FILE_TYPE), (b"jp2h", header)]
    if metadata.xmp:
        boxes.append((b"uuid", XMP + metadata.xmp))
    return (*boxes, (b"jp2c", b""))


def file_of(codestream: bytes, header: bytes, boxes: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """Return a file of a codestream, a header, and those parts of the header that some files have beside it."""
    beside = [(kind, content) for kind, content in boxes if kind in OF_HEADER]
    parts = ((b"ftyp", _FILE_TYPE), (b"jp2h", header), *beside, (b"jp2c", codestream))
    return SIGNATURE + b"".join(box(*part) for part in parts)
