"""Chroma subsampling that libjpeg has no preset for (4:4:0, 4:1:1): planes encoded as gray, and their scans joined.

A scan of one component is coded as a gray file of its size is (ITU-T T.81, A.2.2), so only headers have to be written.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from PIL import Image

from bokwon.image_io.formats.jpeg.segments import APP0, END, SCAN, markers
from bokwon.image_io.metadata import JpegSettings

__all__ = ["can_encode", "encode"]

_FROM_RGB = np.array(
    [[0.299, 0.587, 0.114], [-0.168735892, -0.331264108, 0.5], [0.5, -0.418687589, -0.081312411]], np.float32
)
_ZERO = np.array([0, 128, 128], np.float32)
"""From RGB to luma and chroma: JFIF 1.02, page 3 (ITU-R BT.601)."""
_BAND = 256
"""Rows that are converted at a time: floats take four times the memory."""
_START, _HUFFMAN, _QUANTISATION = 0xD8, 0xC4, 0xDB
_FRAMES = (0xC0, 0xC1, 0xC2)


def can_encode(layout: Sequence[tuple[int, int, int]]) -> bool:
    """Return whether three components are luma and two of chroma that are shrunk by whole numbers.

    Args:
        layout: Name, and samples across and down in each block, of each component.
    """
    if len(layout) != 3 or len({name for name, _, _ in layout}) != 3:
        return False
    _, across, down = layout[0]
    return all(across % wide == 0 and down % tall == 0 for _, wide, tall in layout)


def encode(image: Image.Image, settings: JpegSettings) -> bytes:
    """Encode a picture.

    Args:
        image: RGB.
        settings: Tables, whether progressive, and a layout that can be encoded.

    Returns:
        A JPEG file with a JFIF segment and no other that describes it.
    """
    _, across, down = settings.layout[0]
    tables: list[bytes] = []
    scans: list[bytes] = []
    components: list[bytes] = []
    opening, frame = b"", 0
    for number, (plane, (name, wide, tall)) in enumerate(zip(_planes(image), settings.layout, strict=True)):
        which = min(number, len(settings.tables) - 1)
        gray = io.BytesIO()
        shrunken = plane.reduce((across // wide, down // tall))
        shrunken.save(gray, "JPEG", qtables=[list(settings.tables[which])], progressive=settings.progressive)
        components.append(bytes((name, wide << 4 | tall, which)))
        data = gray.getvalue()
        for (marker, start, _), (_, stop, _) in pairwise(markers(data)):
            part = data[start:stop]
            if marker == APP0:
                opening = part
            elif marker == _QUANTISATION and which == number:
                tables.append(part[:4] + bytes((part[4] & 0xF0 | which,)) + part[5:])
            elif marker in _FRAMES:
                frame = marker
            elif marker == _HUFFMAN:
                scans.append(part)
            elif marker == SCAN:
                scans.append(part[:5] + bytes((name,)) + part[6:])
    shape = struct.pack(">BHHB", 8, image.height, image.width, len(components)) + b"".join(components)
    header = struct.pack(">BBH", 0xFF, frame, len(shape) + 2) + shape
    return b"".join((bytes((0xFF, _START)), opening, *tables, header, *scans, bytes((0xFF, END))))


def _planes(image: Image.Image) -> list[Image.Image]:
    """Return luma and the two of chroma; Pillow's own conversion rounds down."""
    pixels = np.asarray(image)
    planes = np.empty((3, *pixels.shape[:2]), np.uint8)
    for top in range(0, len(pixels), _BAND):
        light = pixels[top : top + _BAND].astype(np.float32) @ _FROM_RGB.T + _ZERO
        planes[:, top : top + _BAND] = np.rint(light).clip(0, 255).transpose(2, 0, 1)
    return [Image.fromarray(plane) for plane in planes]
