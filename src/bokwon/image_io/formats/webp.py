"""WebP: samples by Pillow, written without loss."""

from __future__ import annotations

from typing import BinaryIO

from bokwon.image_io.formats import pillow
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.modes import to_pillow
from bokwon.image_io.page import Page
from bokwon.types import Pixels

__all__ = ["decode", "encode"]


def decode(name: str, stream: BinaryIO, max_pixels: int) -> Page:
    """Read a WebP file of one picture; see `bokwon.image_io.formats.table.Format`."""
    with pillow.opened(name, stream, "WEBP", max_pixels) as image:
        return pillow.page_of(name, image, "WEBP")


def encode(stream: BinaryIO, pixels: Pixels, mode: str, metadata: Metadata) -> None:
    """Write a WebP file.

    Args:
        stream: Where to.
        pixels: 8-bit samples.
        mode: RGB or RGBA.
        metadata: What the page carries.
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
