"""BMP: samples by Pillow; the colour profile of its newest header, which Pillow leaves out, read and written here."""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

from bokwon.image_io.metadata import Metadata
from bokwon.image_io.modes import to_pillow
from bokwon.types import Pixels

__all__ = ["encode", "profile_of"]

_FILE_HEADER = 14
_NEWEST = 124
_EMBEDDED = b"DEBM"
"""BITMAPV5HEADER's kind of colour space where the profile is in the file: `MBED`, little-endian."""
_SPACE_AT, _PROFILE_AT = 56, 112
_GAMMA_AND_ENDPOINTS = 48
_INTENT_PICTURES = 4


def profile_of(stream: BinaryIO) -> bytes | None:
    """Return the ICC profile in a BMP file, or None where there is none.

    Args:
        stream: The file, seekable.
    """
    stream.seek(_FILE_HEADER)
    header = stream.read(_NEWEST)
    if len(header) < _NEWEST or struct.unpack("<I", header[:4])[0] != _NEWEST:
        return None
    if header[_SPACE_AT : _SPACE_AT + 4] != _EMBEDDED:
        return None
    place, size = struct.unpack("<II", header[_PROFILE_AT : _PROFILE_AT + 8])
    end = stream.seek(0, io.SEEK_END)
    if not size or _FILE_HEADER + place + size > end:
        return None
    stream.seek(_FILE_HEADER + place)
    return stream.read(size)


def encode(stream: BinaryIO, pixels: Pixels, mode: str, metadata: Metadata) -> None:
    """Write a BMP file.

    Args:
        stream: Where to.
        pixels: Samples of 1 or 8 bits.
        mode: 1, L or RGB.
        metadata: What the page carries; with a colour profile the file has the newest header, else the usual one.
    """
    encoded = io.BytesIO()
    image = to_pillow(pixels, mode)
    # Zero says that it is not known; Pillow would write 96.
    image.save(encoded, "BMP", dpi=metadata.dpi or (0, 0))
    written = encoded.getbuffer()
    if not metadata.icc:
        stream.write(written)
        return
    (old,) = struct.unpack("<I", written[_FILE_HEADER : _FILE_HEADER + 4])
    size, samples_at = len(written) + _NEWEST - old, _NEWEST - old + struct.unpack("<I", written[10:14])[0]
    # Masks of channels, which only images of 16 and 32 bits a pixel use, come before the colour space.
    masks = bytes(_SPACE_AT - old)
    profile_at = size - _FILE_HEADER
    tail = struct.pack("<IIII", _INTENT_PICTURES, profile_at, len(metadata.icc), 0)
    stream.write(b"BM" + struct.pack("<IHHI", size + len(metadata.icc), 0, 0, samples_at))
    stream.write(struct.pack("<I", _NEWEST) + written[_FILE_HEADER + 4 : _FILE_HEADER + old])
    stream.write(masks + _EMBEDDED + bytes(_GAMMA_AND_ENDPOINTS) + tail)
    stream.write(written[_FILE_HEADER + old :])
    stream.write(metadata.icc)
