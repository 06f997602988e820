"""TIFF files of several pages: each read when it is asked for, those that change encoded anew, the others moved."""

from __future__ import annotations

import io
import struct
from functools import partial
from types import TracebackType
from typing import BinaryIO

from bokwon.errors import ArgumentError, InputFileError
from bokwon.image_io.formats.tiff import chain, decisions, directories, extent, multipage, reader, writer
from bokwon.image_io.page import Page
from bokwon.image_io.protocols import Document, PageTransform, XmpTransform
from bokwon.image_io.source import Source, damaged, decode_source

__all__ = ["TiffDocument"]


class TiffDocument(Document):
    """A TIFF file.

    Args:
        source: Where from.
        max_pixels: Refuse larger pages, before decoding them.

    Attributes:
        pages: Number of pages, without smaller copies of them.
        format: `TIFF`; None for a file of a single page, which can be written in other formats.
        notices: Notices for the user, one sentence each.

    Raises:
        InputFileError: It is damaged, or has pages that would be lost.
    """

    def __init__(self, source: Source, max_pixels: int) -> None:
        self._source = source
        self._max_pixels = max_pixels
        self._stream = source.open()
        try:
            self._read_tags()
        except InputFileError:
            self._stream.close()
            raise
        except (ValueError, LookupError, OverflowError, struct.error, OSError) as error:
            self._stream.close()
            raise damaged(source.name, error) from error

    def _read_tags(self) -> None:
        """Read the tags of all pages, without decoding any."""
        name, stream = self._source.name, self._stream
        self._positions, broken = chain.chain(stream)
        decisions.check_developed(name, stream, self._positions)
        listed = len(self._positions)
        size = stream.seek(0, io.SEEK_END)
        self._reduced: list[bool] = []
        inner, masks, images = False, False, 0
        lost: set[int] = set()
        for position in self._positions:
            directory = directories.parse(stream, position)
            # What is alone is a page, whatever it says.
            self._reduced.append(listed > 1 and multipage.is_reduced(directory))
            masks |= listed > 1 and multipage.is_mask(directory)
            try:
                for place, _ in multipage.inner_directories(stream, directory):
                    lost |= {*directories.left_out(stream, place)}
            except multipage.UNREADABLE:
                inner = True
            if listed > 1 and multipage.is_scattered(directory):
                raise InputFileError(
                    f"{name}, page {len(self._reduced)} is an old kind of JPEG, "
                    "parts of which lie anywhere in the file",
                    "convert it first, for example with tiffcp -c zip",
                )
            images += multipage.stacked(directory, listed, size)
            lost |= {*directories.left_out(stream, position)}
        if images > listed:
            raise InputFileError(
                f"{name} holds {images} images, of which it lists {listed}: the others would be lost",
                "save it anew as a TIFF of one page for each, or as one file for each",
            )
        if all(self._reduced):
            self._reduced = [False] * listed
        self._order, self._big = directories.byte_order(stream), directories.is_big(stream)
        self._numbers = [place for place, small in enumerate(self._reduced) if not small]
        self.pages = len(self._numbers)
        self.format = "TIFF" if listed > 1 else None
        self.notices: tuple[str, ...] = ()
        if broken:
            self.warnings = (f"{name} is damaged, though it can be read: {broken}; compare it with another copy",)
        if any(self._reduced):
            what = "smaller copies of its pages" + (", or masks of what is transparent," if masks else "")
            self.notices += (f"{name} holds {what} which stay as they are and may show the damage",)
        if inner:
            self.notices += (
                f"{name} holds images within its pages (SubIFDs) that cannot be moved: a changed file is without them",
            )
        if lost:
            names = writer.tag_names(lost)
            self.notices += (f"{name} has tags that cannot be read: a changed file is without {names}",)
        if behind := extent.bytes_behind(stream, self._positions):
            self.notices += (f"{name}: {behind} bytes behind its last part are not kept",)

    def size(self, number: int) -> tuple[int, int] | None:
        """Return width and height of a page; see `Document.size`."""
        return reader.size_of(self._stream, self._positions[self._numbers[number - 1]])

    def page(self, number: int) -> Page:
        """Read a page; see `Document.page`."""
        return self._decode(number, self._extract(self._numbers[number - 1]))

    def _extract(self, place: int) -> bytes:
        try:
            return multipage.extract(self._stream, self._positions[place])
        except (ValueError, LookupError, OverflowError, struct.error, OSError) as error:
            raise damaged(self._source.name, error) from error

    def _decode(self, number: int, data: bytes) -> Page:
        source = Source(f"{self._source.name}, page {number}", data=data)
        return decode_source(source, reader.decode, max_pixels=self._max_pixels)

    def rewrite(
        self, stream: BinaryIO, file_format: str, transform: PageTransform, file_xmp: XmpTransform | None = None
    ) -> None:
        """Write the file, with some of its pages changed; see `Document.rewrite`."""
        if file_format != "TIFF":
            raise ArgumentError(
                f"{file_format} holds one page and {self._source.name} {self.pages}"
                + (", with smaller copies of it" if self.pages == 1 else ""),
                "write a .tif file (--format tiff)",
            )
        output = multipage.TiffWriter(stream, self._order, big=self._big)
        any_changed = False
        number = 0
        for place, reduced in enumerate(self._reduced):
            number += not reduced
            any_changed |= self._copy_page(place, number, output, None if reduced else transform)
        if not any_changed:
            stream.seek(0)
            stream.truncate()
            self._source.copy_to(stream)

    def _copy_page(
        self, place: int, number: int, output: multipage.TiffWriter, transform: PageTransform | None
    ) -> bool:
        """Write a page, changed by `transform` or as it is. Return whether it was changed."""
        data = self._extract(place)
        changed = transform(number, partial(self._decode, number, data)) if transform else None
        if changed is None:
            output.add_file(io.BytesIO(data))
            return False
        # Freed before the page is encoded: it may be a gigabyte.
        del data
        encoded = io.BytesIO()
        writer.encode(encoded, changed.pixels, changed.mode, changed.metadata, self._order)
        output.add_file(encoded)
        return True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()
