"""BMP: every kind of header, masks of channels and alpha; run-length coded samples by Pillow."""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from bokwon.image_io.formats import pillow
from bokwon.image_io.formats.bmp_header import BITFIELDS, RUN_LENGTH, BmpHeader, read_header
from bokwon.image_io.metadata import Metadata, plausible_dpi
from bokwon.image_io.modes import check_pixels, from_pillow, to_pillow
from bokwon.image_io.page import Page
from bokwon.types import Pixels

__all__ = ["decode", "encode", "size_of"]

_FILE_HEADER, _USUAL = 14, 40
_NEWEST = 124
_EMBEDDED, _SRGB = b"DEBM", b"BGRs"
"""BITMAPV5HEADER's kind of colour space: the profile is in the file (`MBED`, little-endian), or sRGB."""
_SPACE_AT = 56
_GAMMA_AND_ENDPOINTS = 48
_INTENT_PICTURES = 4
_MASKS = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
_PADDING = b"\0"


def decode(name: str, stream: BinaryIO, max_pixels: int) -> Page:
    """Read a BMP file; see `bokwon.image_io.formats.table.Format`."""
    header = read_header(name, stream)
    check_pixels(name, header.size, max_pixels)
    if header.compression in RUN_LENGTH:
        with pillow.opened(name, stream, "BMP", max_pixels) as image:
            pixels, mode, changes = from_pillow(image)
    else:
        pixels, mode, changes = _samples(header, stream)
    notices = tuple(f"{name}: {change}" for change in changes)
    if behind := _bytes_behind(header, stream):
        notices += (f"{name}: {behind} bytes behind its picture are not kept",)
    metadata = Metadata(icc=_profile(header, stream), dpi=plausible_dpi(*header.dpi))
    return Page(pixels, mode, "BMP", metadata, notices)


def size_of(stream: BinaryIO) -> tuple[int, int] | None:
    """Return width and height, as the header says."""
    return read_header("", stream).size


def _samples(header: BmpHeader, stream: BinaryIO) -> tuple[Pixels, str, tuple[str, ...]]:
    """Read samples that are not compressed: the samples, their mode, and what changed, in words."""
    width, height = header.size
    stream.seek(header.samples_at)
    data = stream.read(height * header.row_bytes)
    if len(data) < height * header.row_bytes - (header.row_bytes - -(-width * header.depth // 8)):
        raise ValueError("the file ends inside its picture")
    rows = np.frombuffer(data.ljust(height * header.row_bytes, b"\0"), np.uint8).reshape(height, header.row_bytes)
    if not header.top_down:
        rows = rows[::-1]
    if header.depth <= 8:
        return _of_palette(header, rows)
    if header.depth == 24:
        return np.ascontiguousarray(rows[:, : 3 * width].reshape(height, width, 3)[..., ::-1]), "RGB", ()
    size = header.depth // 8
    values = np.ascontiguousarray(rows[:, : width * size]).view(f"<u{size}")
    return _of_masks(header, values)


def _of_palette(header: BmpHeader, rows: NDArray[np.uint8]) -> tuple[Pixels, str, tuple[str, ...]]:
    depth, width = header.depth, header.size[0]
    if depth == 8:
        indices = rows[:, :width]
    else:
        shifts = np.arange(8 - depth, -1, -depth, dtype=np.uint8)
        parts = (rows[..., None] >> shifts) & np.uint8((1 << depth) - 1)
        indices = parts.reshape(len(rows), -1)[:, :width]
    colours = np.array(header.palette, np.uint8)
    if depth == 1 and header.palette == ((0, 0, 0), (255, 255, 255)):
        return np.ascontiguousarray(indices.astype(bool)), "1", ()
    if depth == 8 and (colours == np.arange(256)[:, None]).all():
        return np.ascontiguousarray(indices), "L", ()
    change = "palette image: comes back as RGB, because a filled hole needs colours the palette lacks"
    return colours[indices], "RGB", (change,)


def _of_masks(header: BmpHeader, values: NDArray[np.unsignedinteger]) -> tuple[Pixels, str, tuple[str, ...]]:
    with_alpha = header.masks[3] != 0
    pixels = np.empty((*values.shape, 4 if with_alpha else 3), np.uint8)
    widest = 0
    for channel in range(pixels.shape[-1]):
        mask = header.masks[channel]
        low = (mask & -mask).bit_length() - 1 if mask else 0
        most = mask >> low
        widest = max(widest, most.bit_length())
        if not most or most & (most + 1):
            if most:
                raise ValueError("its masks of channels have gaps")
            pixels[..., channel] = 0
            continue
        part = (values & values.dtype.type(mask)) >> values.dtype.type(low)
        pixels[..., channel] = part if most == 255 else part.astype(np.uint64) * 255 // most
    changes = []
    if header.depth == 16:
        changes.append(f"its 16 bits a pixel come back as {32 if with_alpha else 24}")
    elif widest > 8:
        changes.append(f"its channels of up to {widest} bits come back with 8")
    elif not with_alpha and header.compression not in BITFIELDS and (values >> values.dtype.type(24)).any():
        changes.append("its fourth byte a pixel, which has no meaning in this kind of BMP, is not kept")
    return pixels, "RGBA" if with_alpha else "RGB", tuple(changes)


def _bytes_behind(header: BmpHeader, stream: BinaryIO) -> int:
    """Return how many bytes lie behind the picture and its profile, zeros at the end left out."""
    end = max(header.samples_end, sum(header.profile))
    stream.seek(end)
    return len(stream.read().rstrip(_PADDING))


def _profile(header: BmpHeader, stream: BinaryIO) -> bytes | None:
    place, size = header.profile
    if not size or place + size > stream.seek(0, io.SEEK_END):
        return None
    stream.seek(place)
    return stream.read(size)


def encode(stream: BinaryIO, pixels: Pixels, mode: str, metadata: Metadata) -> None:
    """Write a BMP file.

    Args:
        stream: Where to.
        pixels: Samples of 1 or 8 bits.
        mode: 1, L, RGB or RGBA.
        metadata: What the page carries; with a colour profile or alpha the file has the newest header, else the usual
            one.
    """
    encoded = io.BytesIO()
    image = to_pillow(pixels, mode)
    # Zero says that it is not known; Pillow would write 96.
    image.save(encoded, "BMP", dpi=metadata.dpi or (0, 0))
    written = encoded.getbuffer()
    if not metadata.icc and mode != "RGBA":
        stream.write(written)
        return
    (old,) = struct.unpack("<I", written[_FILE_HEADER : _FILE_HEADER + 4])
    icc = metadata.icc or b""
    size, samples_at = len(written) + _NEWEST - old, _NEWEST - old + struct.unpack("<I", written[10:14])[0]
    # Masks of channels, which only images of 16 and 32 bits a pixel use, come before the colour space.
    info = bytearray(written[_FILE_HEADER + 4 : _FILE_HEADER + _USUAL]) + bytes(_SPACE_AT - _USUAL)
    if mode == "RGBA":
        # Without masks most programs take the fourth byte for nothing.
        struct.pack_into("<I", info, 12, BITFIELDS[0])
        struct.pack_into("<IIII", info, _USUAL - 4, *_MASKS)
    profile_at = size - _FILE_HEADER if icc else 0
    tail = struct.pack("<IIII", _INTENT_PICTURES, profile_at, len(icc), 0)
    stream.write(b"BM" + struct.pack("<IHHI", size + len(icc), 0, 0, samples_at))
    stream.write(struct.pack("<I", _NEWEST) + info + (_EMBEDDED if icc else _SRGB))
    stream.write(bytes(_GAMMA_AND_ENDPOINTS) + tail)
    stream.write(written[_FILE_HEADER + old :])
    stream.write(icc)
