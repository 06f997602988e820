"""The headers of a BMP file, of all its generations: how samples are stored, and where (Microsoft; OS/2 1 and 2)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from bokwon.errors import InputFileError

__all__ = ["BITFIELDS", "PLAIN", "RUN_LENGTH", "BmpHeader", "read_header"]

PLAIN, RUN_LENGTH, BITFIELDS = 0, (1, 2), (3, 6)
"""What the header says of compression: none, run-length, and channels that masks tell apart."""

_FILE_HEADER = 14
_OLDEST, _USUAL, _WITH_MASKS, _WITH_ALPHA, _NEWEST = 12, 40, 52, 56, 124
_OS2 = range(16, 65)
_DEPTHS = (1, 2, 4, 8, 16, 24, 32)
_DEEP = 64
"""Bits a pixel of linear light, which Windows writes."""
_MASKS_OF_16 = (0x7C00, 0x3E0, 0x1F, 0)
_KINDS = {
    3: "is compressed as a fax (Huffman 1D)",
    4: "holds a JPEG or run-length coded colour",
    5: "holds a PNG",
    11: "is of CMYK inks",
    12: "is of CMYK inks",
    13: "is of CMYK inks",
}
_PER_METRE = 39.3701


@dataclass(frozen=True)
class BmpHeader:
    """How a BMP file stores its picture.

    Attributes:
        size: Width and height.
        top_down: Whether the first row is the top one.
        depth: Bits a pixel.
        compression: 0 for none, 1 and 2 for run-length, 3 and 6 for channels by masks.
        masks: Bits of red, green, blue and alpha, where the depth is 16 or 32.
        palette: Colours (red, green, blue), where the depth is at most 8.
        samples_at: Where the samples begin, bytes.
        samples_end: Where they end.
        dpi: Pixels per inch, horizontal and vertical, as they stand there.
        profile: Where the colour profile lies: beginning and length, bytes; zeros where there is none.
    """

    size: tuple[int, int]
    top_down: bool
    depth: int
    compression: int
    masks: tuple[int, int, int, int]
    palette: tuple[tuple[int, int, int], ...]
    samples_at: int
    samples_end: int
    dpi: tuple[float, float]
    profile: tuple[int, int] = (0, 0)

    @property
    def row_bytes(self) -> int:
        """Bytes of a row, padding included."""
        return (self.size[0] * self.depth + 31) // 32 * 4


def read_header(name: str, stream: BinaryIO) -> BmpHeader:
    """Read the headers.

    Args:
        name: What messages call the file.
        stream: The file, seekable.

    Raises:
        InputFileError: Of a kind that is not read.
        ValueError: Damaged.
    """
    stream.seek(0)
    head = stream.read(_FILE_HEADER + 4)
    if len(head) < _FILE_HEADER + 4:
        raise ValueError("its header is cut off")
    samples_at, length = struct.unpack("<I", head[10:14])[0], struct.unpack("<I", head[14:18])[0]
    info = head[14:18] + stream.read(min(length, _NEWEST) - 4 if length >= _OLDEST else 0)
    if length == _OLDEST and len(info) == _OLDEST:
        width, height, _, depth = struct.unpack("<HHHH", info[4:12])
        rest = bytes(24)
    elif (length in _OS2 or length in (108, _NEWEST)) and len(info) == length:
        width, height, _, depth = struct.unpack("<iiHH", info[4:16])
        rest = info[16:].ljust(24, b"\0")
    else:
        raise ValueError("its header is of no known size")
    compression, stored, across, down, used, _ = struct.unpack("<IIiiII", rest[:24])
    os2 = length not in (_OLDEST, _USUAL, _WITH_MASKS, _WITH_ALPHA, 108, _NEWEST)
    if (os2 and compression in (3, 4)) or compression not in (PLAIN, *RUN_LENGTH, *BITFIELDS):
        raise _unread(name, _KINDS.get(compression, f"is compressed in a way of its own ({compression})"))
    if depth == _DEEP:
        raise _unread(name, f"has {depth} bits a pixel")
    if depth not in _DEPTHS or width <= 0 or height == 0:
        raise ValueError(f"it is of {width}x{height} pixels of {depth} bits")
    palette_at = _FILE_HEADER + length
    masks = _MASKS_OF_16 if depth == 16 else (0xFF0000, 0xFF00, 0xFF, 0)
    if compression in BITFIELDS:
        if depth not in (16, 32):
            raise ValueError(f"it has masks of channels for {depth} bits a pixel")
        if length == _USUAL:
            count = 4 if compression == BITFIELDS[1] else 3
            stream.seek(palette_at)
            info += stream.read(4 * count)
        # The fourth mask is there from the third generation of headers on.
        fields = info[_USUAL : _USUAL + 16].ljust(16, b"\0")
        masks = struct.unpack("<IIII", fields)
    palette = _palette(stream, palette_at, samples_at, used, depth, 3 if length == _OLDEST else 4)
    rows = abs(height) * ((width * depth + 31) // 32 * 4)
    profile = (0, 0)
    if length == _NEWEST and info[56:60] == b"DEBM":
        place, size = struct.unpack("<II", info[112:120])
        profile = (_FILE_HEADER + place, size)
    return BmpHeader(
        (width, abs(height)),
        height < 0,
        depth,
        compression,
        masks,
        palette,
        samples_at,
        samples_at + (stored if compression in RUN_LENGTH else rows),
        (across / _PER_METRE, down / _PER_METRE),
        profile,
    )


def _unread(name: str, what: str) -> InputFileError:
    return InputFileError(f"{name} is a BMP that {what}, which bokwon does not read", "convert it to PNG")


def _palette(
    stream: BinaryIO, place: int, samples_at: int, used: int, depth: int, entry: int
) -> tuple[tuple[int, int, int], ...]:
    if depth > 8:
        return ()
    if used and samples_at <= place:
        raise ValueError("its samples begin where its palette is")
    # Some say that they have more colours than indices, and some have fewer than they say.
    count = min(used or 1 << depth, 1 << depth, max(samples_at - place, 0) // entry)
    stream.seek(place)
    data = stream.read(count * entry)
    colours = [(data[at + 2], data[at + 1], data[at]) for at in range(0, len(data) - 2, entry)]
    return tuple(colours + [(0, 0, 0)] * ((1 << depth) - len(colours)))
