"""Files of one or more pages behind one interface: read a page when it is asked for, write the file with it changed."""

from __future__ import annotations

import io
import shutil
import struct
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import BinaryIO, Protocol

from bokwon.errors import ArgumentError, InputFileError
from bokwon.image_io.formats.tiff import directories as ifd
from bokwon.image_io.formats.tiff import encode as tiff
from bokwon.image_io.formats.tiff import multipage as tiff_pages
from bokwon.image_io.output_formats import encode_page
from bokwon.image_io.page import Page
from bokwon.image_io.reader import Source, read_page

__all__ = ["Book", "Visit", "open_book"]

Visit = Callable[[int, Callable[[], Page] | None], Page | None]
"""Shown each page: its number from 1 and what reads it, or None for a page without an image. Returns the page to write
in its place, or None to leave it."""


class Book(Protocol):
    """An open image file.

    Attributes:
        pages: How many pages it has.
        format: The only format that holds it, if it cannot become one of another format.
        notices: What the reader should be told, one sentence each.
    """

    pages: int
    format: str | None
    notices: tuple[str, ...]

    def page(self, number: int) -> Page:
        """Read a page, counted from 1."""
        ...

    def rewrite(self, stream: BinaryIO, file_format: str, visit: Visit) -> None:
        """Write the file anew.

        Args:
            stream: Where to; seekable.
            file_format: The format to write.
            visit: Shown every page, in order.
        """
        ...


_IMAGES = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"\0\0\0\x0cjP  ", b"\xffO\xffQ", *ifd.SIGNATURES)
"""What files of images begin with."""


def open_book(source: Source, *, max_pixels: int) -> AbstractContextManager[Book]:
    """Open an image file.

    Args:
        source: Where from.
        max_pixels: Refuse larger pages, before decoding them.

    Raises:
        FileAccessError: It cannot be opened.
        InputFileError: It is damaged.
        MissingDependencyError: It takes a package that is not installed.
    """
    with source.open() as stream:
        head = stream.read(1024)
    # Anything may stand before a PDF, but no image: one may speak of PDF in its first lines.
    if b"%PDF-" in head and not head.startswith(_IMAGES):
        from bokwon.image_io.formats.pdf.document import PdfBook

        return PdfBook(source, max_pixels=max_pixels)
    if head.startswith(ifd.SIGNATURES):
        book = TiffBook(source, max_pixels=max_pixels)
        if book.chain > 1:
            return book
        book.close()
        return SinglePage(source, max_pixels=max_pixels, notices=book.notices)
    return SinglePage(source, max_pixels=max_pixels)


class SinglePage(AbstractContextManager["SinglePage"]):
    """A file of one page."""

    pages = 1
    format: str | None = None

    def __init__(self, source: Source, *, max_pixels: int, notices: tuple[str, ...] = ()) -> None:
        self._source = source
        self._max_pixels = max_pixels
        self.notices = notices

    def page(self, number: int) -> Page:
        """Read the page; see `Book.page`."""
        return read_page(self._source, max_pixels=self._max_pixels)

    def rewrite(self, stream: BinaryIO, file_format: str, visit: Visit) -> None:
        """Write the file anew; see `Book.rewrite`."""
        # Read in any case: what is no image is not passed on as one.
        page = self.page(1)
        changed = visit(1, lambda: page)
        if changed is None and file_format == page.format:
            _copy(self._source, stream)
            return
        page = changed or page
        encode_page(stream, page.pixels, page.mode, file_format, page.metadata)

    def __exit__(self, *_: object) -> None:
        return None


class TiffBook(AbstractContextManager["TiffBook"]):
    """A TIFF file of several pages."""

    format: str | None = "TIFF"
    notices: tuple[str, ...]

    def __init__(self, source: Source, *, max_pixels: int) -> None:
        self._source = source
        self._max_pixels = max_pixels
        self._stream = source.open()
        try:
            self._positions = ifd.positions(self._stream)
            reduced, inner, images = [], False, 0
            size = self._stream.seek(0, io.SEEK_END)
            lost: set[int] = set()
            for position in self._positions:
                directory = ifd.parse(self._stream, position)
                # What is alone is a page, whatever it says.
                reduced.append(len(self._positions) > 1 and tiff_pages.is_reduced(directory))
                inner |= tiff_pages.has_inner_images(directory)
                if len(self._positions) > 1 and tiff_pages.is_scattered(directory):
                    raise _scattered(source, len(reduced))
                images += tiff_pages.stacked(directory, len(self._positions), size)
                lost |= {*ifd.left_out(self._stream, position)}
            order, big = ifd.byte_order(self._stream), ifd.is_big(self._stream)
        except InputFileError:
            self._stream.close()
            raise
        except (ValueError, KeyError, OverflowError, struct.error) as error:
            self._stream.close()
            raise _damaged(source, error) from error
        if images > len(self._positions):
            self._stream.close()
            listed = len(self._positions)
            raise InputFileError(
                f"{source.name} holds {images} images, of which it lists {listed}: the others would be lost",
                "save it anew as a TIFF of one page for each, or as one file for each",
            )
        self._order, self._big = order, big
        self._reduced = reduced
        self._numbers = [place for place, small in enumerate(reduced) if not small]
        self.pages = len(self._numbers)
        self.notices = ()
        if any(reduced):
            self.notices = (f"{source.name} holds smaller copies of its pages, which stay as they are",)
        if inner:
            self.notices += (f"{source.name} holds images within its pages (SubIFDs): a changed file is without them",)
        if lost:
            names = tiff.tag_names(lost)
            self.notices += (f"{source.name} has tags that cannot be read: a changed file is without {names}",)

    @property
    def chain(self) -> int:
        """How many pages it has, smaller copies of them included."""
        return len(self._positions)

    def page(self, number: int) -> Page:
        """Read a page; see `Book.page`."""
        return self._decode(number, self._extract(self._numbers[number - 1]))

    def _extract(self, place: int) -> bytes:
        try:
            return tiff_pages.extract(self._stream, self._positions[place])
        except (ValueError, KeyError, OverflowError, struct.error) as error:
            raise _damaged(self._source, error) from error

    def _decode(self, number: int, data: bytes) -> Page:
        return read_page(Source(f"{self._source.name}, page {number}", data=data), max_pixels=self._max_pixels)

    def rewrite(self, stream: BinaryIO, file_format: str, visit: Visit) -> None:
        """Write the file anew; see `Book.rewrite`."""
        if file_format != "TIFF":
            raise ArgumentError(
                f"{file_format} holds one page and {self._source.name} {self.pages}"
                + (", with smaller copies of it" if self.pages == 1 else ""),
                "write a .tif file (--format tiff)",
            )
        writer = tiff_pages.TiffWriter(stream, self._order, big=self._big)
        any_changed = False
        number = 0
        for place, reduced in enumerate(self._reduced):
            number += not reduced
            any_changed |= self._copy_page(place, number, writer, None if reduced else visit)
        if not any_changed:
            stream.seek(0)
            stream.truncate()
            _copy(self._source, stream)

    def _copy_page(self, place: int, number: int, writer: tiff_pages.TiffWriter, visit: Visit | None) -> bool:
        """Write a page, as `visit` restores it, if it does; return whether it did."""
        data = self._extract(place)
        changed = visit(number, _Later(self._decode, number, data)) if visit else None
        if changed is None:
            writer.add(data)
            return False
        # Freed before the page is encoded: it may be a gigabyte.
        del data
        encoded = io.BytesIO()
        tiff.encode(encoded, changed.pixels, changed.mode, changed.metadata, self._order)
        writer.add(encoded.getvalue())
        return True

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Later:
    """What decodes a page when it is called."""

    def __init__(self, decode: Callable[[int, bytes], Page], number: int, data: bytes) -> None:
        self._decode = decode
        self._number = number
        self._data = data

    def __call__(self) -> Page:
        return self._decode(self._number, self._data)


def _scattered(source: Source, number: int) -> InputFileError:
    return InputFileError(
        f"{source.name}, page {number} is an old kind of JPEG, parts of which lie anywhere in the file",
        "convert it first, for example with tiffcp -c zip",
    )


def _damaged(source: Source, error: Exception) -> InputFileError:
    fix = "get an undamaged copy, or open it in an image editor and save it anew"
    return InputFileError(f"{source.name} is damaged: {error}", fix)


def _copy(source: Source, stream: BinaryIO) -> None:
    with source.open() as original:
        shutil.copyfileobj(original, stream)
