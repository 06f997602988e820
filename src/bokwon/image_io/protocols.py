"""What every open document offers, whatever its format."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol

from bokwon.image_io.page import Page

__all__ = ["Document", "PageTransform", "XmpTransform"]

PageTransform = Callable[[int, Callable[[], Page] | None], Page | None]
"""Called with each page: its number from 1 and what reads it, or None for a page without an image. Returns the page to
write in its place, or None to leave it."""

XmpTransform = Callable[[bytes | None], bytes | None]
"""Called with the XMP packet of a file, None for none; returns the one to write in its place."""


class Document(AbstractContextManager["Document"], Protocol):
    """An open image file. It is closed at the end of a `with` block.

    Attributes:
        pages: Number of pages.
        format: The only format that can hold the file; None if any format can.
        notices: Notices for the user, one sentence each.
        warnings: Faults of the file that could be opened all the same, one sentence each.
    """

    pages: int
    format: str | None
    notices: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    def size(self, number: int) -> tuple[int, int] | None:
        """Return the width and height of a page, counted from 1, without decoding it; None if that is not possible."""
        return None

    def page(self, number: int) -> Page:
        """Read a page, counted from 1.

        Raises:
            InputFileError: It is damaged, too large, or has no image.
            MissingDependencyError: It needs a package that is not installed.
        """

    def rewrite(
        self, stream: BinaryIO, file_format: str, transform: PageTransform, file_xmp: XmpTransform | None = None
    ) -> None:
        """Write the file, with some of its pages changed.

        Args:
            stream: Where to; seekable.
            file_format: The format to write.
            transform: Called with every page, in order.
            file_xmp: Called once some page has changed, where the format has XMP of the whole file: a PDF.

        Raises:
            ArgumentError: The format cannot hold this file.
            InputFileError: A page that is read is damaged.
        """
