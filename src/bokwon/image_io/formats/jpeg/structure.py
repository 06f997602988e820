"""What a JPEG file is made of: frame, quantisation tables, descriptions, and what a decoder needs of it."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass

from PIL.JpegImagePlugin import zigzag_index

from bokwon.image_io.formats.jpeg.segments import (
    ADOBE,
    APP0,
    APP2,
    APP14,
    END,
    JFIF,
    LAST_APP,
    SCAN,
    is_described,
    markers,
)
from bokwon.image_io.formats.tiff import directories

__all__ = ["Structure", "structure_of"]

_QUANTISATION = 0xDB
_LOSSLESS = (0xC3, 0xC7, 0xCB, 0xCF)
_JPEG_LS = 0xF7
_NO_FRAMES = (0xC4, 0xC8, 0xCC)
_PICTURES_TAG = 0xB001
_MULTI_PICTURE = b"MPF\0"
_LEAST_JFIF, _LEAST_ADOBE = 18, 16
_PADDING = b"\0\xff\r\n "


@dataclass(frozen=True)
class Structure:
    """What a JPEG file is made of.

    Attributes:
        clean: The file with nothing but what samples are decoded from.
        segments: The segments before the first scan that describe it, marker and length included, byte for byte.
        late: How many such segments lie behind the first scan, where they are not kept.
        stray: How many bytes lie between segments.
        frame: Marker of its frame, which names the coding; 0 where there is none.
        bits: Bits a sample.
        size: Width and height.
        tables: Quantisation table of each component as it is at its first scan, in natural order; empty where it has
            none.
        pictures: How many pictures the file says that it holds.
        behind: How many bytes lie behind the picture.
    """

    clean: bytes
    segments: tuple[bytes, ...]
    late: int
    stray: int
    frame: int
    bits: int
    size: tuple[int, int]
    tables: tuple[tuple[int, ...], ...]
    pictures: int
    behind: int

    @property
    def lossless(self) -> bool:
        """Whether its samples are coded without loss."""
        return self.frame in _LOSSLESS

    @property
    def is_jpeg_ls(self) -> bool:
        """Whether it is coded by JPEG-LS (ITU-T T.87)."""
        return self.frame == _JPEG_LS

    @property
    def coding(self) -> str:
        """What is uncommon about the coding, in words; empty for what decoders commonly know."""
        if self.is_jpeg_ls:
            return "JPEG-LS"
        if self.bits not in (0, 8):
            return f"{'lossless ' if self.lossless else ''}JPEG of {self.bits} bits a sample"
        return "lossless JPEG" if self.lossless else ""


def structure_of(data: bytes) -> Structure:
    """Take a JPEG file apart.

    Args:
        data: The file.
    """
    clean: list[bytes] = [data[:2]]
    described: list[bytes] = []
    late = stray = frame = bits = 0
    size, pictures, behind = (0, 0), 1, 0
    components: dict[int, int] = {}
    current: dict[int, tuple[int, ...]] = {}
    tables: dict[int, tuple[int, ...]] = {}
    before, in_scan, seen = 2, False, set()
    for marker, start, end in markers(data):
        if in_scan:
            clean.append(data[before:start])
        else:
            stray += len(data[before:start].strip(b"\xff"))
        # As many 0xFF as one likes may stand before a marker.
        segment = b"\xff" + data[start:end].lstrip(b"\xff")
        body = segment[4:]
        if marker == APP2 and body.startswith(_MULTI_PICTURE):
            pictures = max(pictures, _pictures(body[len(_MULTI_PICTURE) :]))
        elif is_described(marker):
            if tables or in_scan:
                late += 1
            else:
                described.append(segment)
        is_jfif = marker == APP0 and body.startswith(JFIF) and len(segment) >= _LEAST_JFIF
        is_adobe = marker == APP14 and body.startswith(ADOBE) and len(segment) >= _LEAST_ADOBE
        if is_jfif and marker not in seen:
            # Its thumbnail is no part of what decoders go by.
            clean.append(segment[:2] + struct.pack(">H", 16) + body[:12] + b"\0\0")
        elif (is_adobe and marker not in seen) or not (is_described(marker) or APP0 <= marker <= LAST_APP):
            clean.append(segment)
        if is_jfif or is_adobe:
            seen.add(marker)
        if marker == _QUANTISATION:
            current |= _tables(body)
        elif not frame and (marker == _JPEG_LS or (0xC0 <= marker <= 0xCF and marker not in _NO_FRAMES)):
            frame = marker
            if len(body) >= 6:
                bits, height, width, count = struct.unpack(">BHHB", body[:6])
                size = width, height
                parts = [body[6 + 3 * at : 9 + 3 * at] for at in range(count)]
                components = {part[0]: part[2] for part in parts if len(part) == 3}
        elif marker == SCAN and body:
            for name in body[1 : 1 + 2 * body[0] : 2]:
                if name in components:
                    tables.setdefault(name, current.get(components[name], ()))
        in_scan = marker == SCAN or (in_scan and not is_described(marker))
        before = end
        if marker == END:
            behind = len(data[end:].rstrip(_PADDING))
    if in_scan:
        clean.append(data[before:])
    return Structure(
        b"".join(clean),
        tuple(described),
        late,
        stray,
        frame,
        bits,
        size,
        tuple(tables.get(name, ()) for name in components),
        pictures,
        behind,
    )


def _tables(body: bytes) -> dict[int, tuple[int, ...]]:
    found: dict[int, tuple[int, ...]] = {}
    place = 0
    while place < len(body):
        deep, number = body[place] >> 4, body[place] & 15
        length = 128 if deep else 64
        values = body[place + 1 : place + 1 + length]
        if len(values) < length:
            break
        zigzag = struct.unpack(">64H", values) if deep else tuple(values)
        found[number] = tuple(zigzag[at] for at in zigzag_index)
        place += 1 + length
    return found


def _pictures(block: bytes) -> int:
    """Return how many pictures the index of a multi-picture file names."""
    try:
        return int(directories.numbers(directories.parse(io.BytesIO(block))[_PICTURES_TAG])[0])
    except (ValueError, KeyError, IndexError, struct.error):
        return 2
