"""Masks as PNG files of 1 bit, and the packed changes from one to the next."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bokwon.errors import ArgumentError, BokwonError
from bokwon.image_io.reader import Source, read_page
from bokwon.types import Hole
from bokwon.utilities.checksums import sha256_of

__all__ = [
    "Box",
    "Kind",
    "apply_change",
    "bounds",
    "decode_mask",
    "digest_of",
    "encode_box",
    "encode_mask",
    "encode_numbers",
    "pack_change",
    "read_patch",
]

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of the page as viewers show it; right and bottom exclusive."""

Kind = Literal["found", "drawn"]
"""Where a mask that the page wrote is from: the detector alone, or somebody's hand."""

_KEYWORD = "bokwon"
_FAST = 1


def digest_of(hole: Hole) -> str:
    """Return a digest of a mask, the same for the same pixels; empty if no pixel is missing.

    Args:
        hole: (H, W).
    """
    if not hole.any():
        return ""
    return sha256_of(f"{hole.shape}".encode("ascii") + np.packbits(hole).tobytes())[:32]


def encode_mask(hole: Hole, kind: Kind) -> bytes:
    """Return a mask as a PNG file of 1 bit, white where pixels are missing.

    Args:
        hole: (H, W).
        kind: Stored in the file; it marks the mask as written by bokwon.
    """
    return _png(np.packbits(hole, axis=1), hole.shape, 1, (b"tEXt", f"{_KEYWORD}\0{kind}".encode("latin-1")))


def _png(rows: NDArray[np.uint8], shape: tuple[int, ...], depth: int, *more: tuple[bytes, bytes]) -> bytes:
    """Return a gray PNG file. Pillow and OpenCV take ten times as long for the masks of large pages.

    Args:
        rows: (H, N) the bytes of each row.
        shape: Height and width in pixels.
        depth: Bits of a pixel.
        more: Further chunks: name and data.

    Source: PNG, third edition, sections 5, 7.2 and 11.2.
    """
    stored = np.zeros((shape[0], 1 + rows.shape[1]), np.uint8)
    # The byte before each row says that it is stored as it is.
    stored[:, 1:] = rows
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", shape[1], shape[0], depth, 0, 0, 0, 0)),
        *more,
        (b"IDAT", zlib.compress(stored.data, _FAST)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def decode_mask(data: bytes, name: str, max_pixels: int) -> tuple[Hole, Kind] | None:
    """Read a mask that `encode_mask` wrote; None for any other file.

    Args:
        data: The file.
        name: What messages call it.
        max_pixels: Larger ones are refused.

    Raises:
        InputFileError: It is damaged.
    """
    if f"{_KEYWORD}\0".encode("latin-1") not in data[:200]:
        return None
    page = read_page(Source(name, data=data), max_pixels=max_pixels)
    told = dict(chunk.split(b"\0", 1) for kind, chunk in page.metadata.png or () if kind == b"tEXt" and b"\0" in chunk)
    kind = told.get(_KEYWORD.encode("latin-1"), b"").decode("latin-1")
    if page.mode != "1" or kind not in ("found", "drawn"):
        return None
    return page.pixels, "found" if kind == "found" else "drawn"


def encode_box(part: NDArray[np.bool_]) -> bytes:
    """Return a part of a mask as a gray PNG file of 8 bits, 255 where it is hole."""
    return _png(part.astype(np.uint8) * np.uint8(255), part.shape, 8)


def encode_numbers(numbers: NDArray[np.uint16]) -> bytes:
    """Return numbers (H, W) as a gray PNG file of 16 bits."""
    return _png(numbers.astype(">u2").view(np.uint8), numbers.shape, 16)


def read_patch(data: bytes, largest: tuple[int, int]) -> Hole:
    """Read the new content of a box of a mask from a PNG file.

    Args:
        data: A gray or 1-bit picture; values of 128 and more are hole.
        largest: Width and height of the page.

    Raises:
        ArgumentError: It is not such a picture.
    """
    fix = "send a gray PNG of 8 bits, 255 where pixels are missing"
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            if image.width > largest[0] or image.height > largest[1]:
                raise ArgumentError(f"the patch is {image.width}x{image.height} and larger than the page", fix)
            if image.mode not in ("1", "L"):
                raise ArgumentError(f"the patch is a PNG of mode {image.mode}", fix)
            return np.asarray(np.array(image.convert("L")) >= 128)
    except BokwonError:
        raise
    # Pillow meets damage with exceptions of many classes.
    except Exception as error:
        raise ArgumentError(f"the patch cannot be read as a PNG: {error}", fix) from error


def bounds(marked: NDArray[np.bool_]) -> Box | None:
    """Return the smallest box around all marked pixels; None if no pixel is marked."""
    rows = np.flatnonzero(marked.any(axis=1))
    if not len(rows):
        return None
    columns = np.flatnonzero(marked[rows[0] : rows[-1] + 1].any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def pack_change(changed: NDArray[np.bool_]) -> bytes:
    """Return which pixels of a box changed, packed and compressed."""
    return zlib.compress(np.packbits(changed).tobytes(), _FAST)


def apply_change(hole: Hole, box: Box, change: bytes) -> None:
    """Flip the changed pixels of a mask in place; applying the same change twice restores it.

    Args:
        hole: (H, W).
        box: Where.
        change: From `pack_change`.
    """
    left, top, right, bottom = box
    size = (bottom - top) * (right - left)
    bits = np.unpackbits(np.frombuffer(zlib.decompress(change), np.uint8), count=size).astype(bool)
    hole[top:bottom, left:right] ^= bits.reshape(bottom - top, right - left)
