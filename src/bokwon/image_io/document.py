"""Files of one or more pages behind one interface: read a page when it is asked for, write the file with it changed."""

from __future__ import annotations

from contextlib import suppress
from typing import BinaryIO

from bokwon.image_io.formats.table import HEAD_BYTES, format_of_content
from bokwon.image_io.output_formats import encode_page
from bokwon.image_io.page import Page
from bokwon.image_io.protocols import Document, PageTransform, XmpTransform
from bokwon.image_io.reader import read_page
from bokwon.image_io.source import Source

__all__ = ["Document", "PageTransform", "SinglePage", "open_document"]


def open_document(source: Source, *, max_pixels: int) -> Document:
    """Open an image file.

    Args:
        source: Where from.
        max_pixels: Refuse larger pages, before decoding them.

    Raises:
        FileAccessError: It cannot be opened.
        InputFileError: It is damaged.
        MissingDependencyError: It needs a package that is not installed.
    """
    with source.open() as stream:
        found = format_of_content(stream.read(HEAD_BYTES))
    if found is None or found.open is None:
        return SinglePage(source, max_pixels)
    document = found.open(source, max_pixels)
    if document.format is not None:
        return document
    with document:
        return SinglePage(source, max_pixels, document.notices, document.warnings)


class SinglePage(Document):
    """A file of one page, which may become one of another format.

    Args:
        source: Where from.
        max_pixels: Refuse a larger page, before decoding it.
        notices: Notices for the user, one sentence each.
        warnings: Faults of the file that could be opened all the same, one sentence each.
    """

    pages = 1
    format = None

    def __init__(
        self, source: Source, max_pixels: int, notices: tuple[str, ...] = (), warnings: tuple[str, ...] = ()
    ) -> None:
        self._source = source
        self._max_pixels = max_pixels
        self.notices, self.warnings = notices, warnings

    def size(self, number: int) -> tuple[int, int] | None:
        """Return width and height as the file's headers say; see `Document.size`."""
        with self._source.open() as stream:
            found = format_of_content(stream.read(HEAD_BYTES))
            # What is damaged is told when the page is read.
            with suppress(Exception):
                return found.size(stream) if found else None
        return None

    def page(self, number: int) -> Page:
        """Read the page; see `Document.page`."""
        return read_page(self._source, max_pixels=self._max_pixels)

    def rewrite(
        self, stream: BinaryIO, file_format: str, transform: PageTransform, file_xmp: XmpTransform | None = None
    ) -> None:
        """Write the file, with some of its pages changed; see `Document.rewrite`."""
        found: list[Page] = []

        def read() -> Page:
            found[:] = found or [self.page(1)]
            return found[0]

        changed = transform(1, read)
        # Read in any case: what is no image is not passed on as one.
        page = read()
        if changed is None and file_format == page.format:
            self._source.copy_to(stream)
            return
        page = changed or page
        encode_page(stream, page.pixels, page.mode, file_format, page.metadata)

    def __exit__(self, *_: object) -> None:
        return None
