"""Output formats: which one a name means, whether it can hold a page, and what is lost."""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from bokwon.errors import ArgumentError
from bokwon.image_io.formats.table import EXTENSIONS, FORMATS, Format
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.modes import bit_depth
from bokwon.image_io.page import Page
from bokwon.types import Pixels

__all__ = ["check_fits", "encode_page", "format_of", "is_encoded_anew", "lost_on_the_way", "png_of"]

_SUGGESTED = ("PNG", "TIFF", "JPEG", "WEBP", "BMP")
"""Formats that messages suggest, in this order; JPEG 2000 takes more than is installed everywhere."""
_NAMES = {"icc": "colour profile", "exif": "EXIF", "xmp": "XMP", "dpi": "resolution"}


def format_of(path: Path) -> str:
    """Return the format that belongs to a file's extension.

    Raises:
        ArgumentError: No format has that extension.
    """
    try:
        return EXTENSIONS[path.suffix.lower()]
    except KeyError:
        written = ", ".join(extension for extension, name in EXTENSIONS.items() if not FORMATS[name].is_read_only)
        raise ArgumentError(f"cannot tell the format of {path} by its extension", f"name it one of {written}") from None


def is_encoded_anew(page_format: str, file_format: str) -> bool:
    """Return whether writing a changed picture changes all its pixels slightly, as JPEG does, also within a PDF.

    Args:
        page_format: Format of the picture.
        file_format: Format of the file.
    """
    return file_format == "JPEG" or (page_format, file_format) == ("JPEG", "PDF")


def check_fits(pixels: Pixels, mode: str, file_format: str, *, named: bool = True) -> None:
    """Check that a format can hold samples of this mode, depth and size.

    Args:
        pixels: Samples.
        mode: Their mode.
        file_format: The format.
        named: Whether the name of the output chose the format, not an option. The message depends on it.

    Raises:
        ArgumentError: It cannot hold them.
    """
    target = FORMATS[file_format]
    if not target.modes:
        fix = "write to a name that ends in .tif or .png" if named else "add --format tiff"
        if target.is_read_only:
            raise ArgumentError(f"bokwon reads {file_format} and does not write it", fix)
        raise ArgumentError(f"only a {file_format} can be written as {file_format}", fix)
    if _fits(pixels, mode, target):
        return
    others = [FORMATS[name] for name in _SUGGESTED if _fits(pixels, mode, FORMATS[name])]
    if named:
        fix = f"write to a name that ends in {' or '.join(other.extensions[0] for other in others)}"
    else:
        fix = f"add {' or '.join(f'--format {other.name.lower()}' for other in others)}"
    what = f"a {bit_depth(pixels)}-bit image of mode {mode}" if _is_short(pixels, target) else ""
    raise ArgumentError(f"{file_format} cannot hold {what or f'more than {target.longest_side} pixels a side'}", fix)


def _fits(pixels: Pixels, mode: str, target: Format) -> bool:
    modes = target.deep_modes if pixels.dtype.itemsize == 2 else target.modes
    return mode in modes and _is_short(pixels, target)


def _is_short(pixels: Pixels, target: Format) -> bool:
    return target.longest_side is None or max(pixels.shape[:2]) <= target.longest_side


def lost_on_the_way(page: Page, file_format: str) -> tuple[str, ...]:
    """Return notices on what the output loses or changes, one sentence each."""
    target, metadata = FORMATS[file_format], page.metadata
    notices = []
    if page.format != file_format:
        present = {name for name in _NAMES if getattr(metadata, name)}
        lost = (present - target.metadata) | {*target.too_long(metadata)}
        own = [block for source in FORMATS.values() for block in source.own_blocks(metadata)]
        if kinds := [*(_NAMES[name] for name in sorted(lost)), *own]:
            notices.append(f"{file_format} has no place for this image's {', '.join(kinds)}; the output is without")
        if metadata.jpeg2000_bits:
            notices.append(f"samples of {metadata.jpeg2000_bits} bits become 16 bits, as bright as they were")
    return (*notices, *target.changes(page))


def png_of(samples: Pixels) -> bytes:
    """Return samples as a PNG file without metadata: a picture that bokwon draws."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(samples)).save(buffer, "PNG")
    return buffer.getvalue()


def encode_page(stream: BinaryIO, pixels: Pixels, mode: str, file_format: str, metadata: Metadata) -> None:
    """Write samples as an image file.

    Args:
        stream: Where to.
        pixels: Samples.
        mode: Their mode.
        file_format: Name of a format that can hold them (`check_fits`).
        metadata: Metadata of the page.
    """
    FORMATS[file_format].encode(stream, pixels, mode, metadata)
