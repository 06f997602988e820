"""Image files of one page, of any format."""

from __future__ import annotations

from typing import BinaryIO

from PIL import UnidentifiedImageError

from bokwon.image_io.formats.table import HEAD_BYTES, format_of_content
from bokwon.image_io.page import Page
from bokwon.image_io.source import MAX_PIXELS, Source, decode_source

__all__ = ["MAX_PIXELS", "Source", "read_page"]


def read_page(source: Source, *, max_pixels: int = MAX_PIXELS) -> Page:
    """Read an image file that holds one page.

    Args:
        source: Where from.
        max_pixels: Refuse larger images, before decoding them.

    Raises:
        FileAccessError: The file cannot be opened.
        InputFileError: The file is not an image, is damaged or too large, has several pages, or is of a kind that
            cannot be written back.
    """
    return decode_source(source, _decode, max_pixels=max_pixels)


def _decode(name: str, stream: BinaryIO, max_pixels: int) -> Page:
    found = format_of_content(stream.read(HEAD_BYTES))
    if found is None:
        raise UnidentifiedImageError
    stream.seek(0)
    return found.decode(name, stream, max_pixels)
