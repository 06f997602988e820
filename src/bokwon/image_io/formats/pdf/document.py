"""PDF files. The picture of each scanned page is changed in place; everything else stays as it is."""

from __future__ import annotations

import io
import re
from contextlib import suppress
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any, BinaryIO, NoReturn, cast

from bokwon.errors import ArgumentError, InputFileError, importing
from bokwon.image_io.formats.pdf.content import ContentReader, Drawn, page_rotation
from bokwon.image_io.formats.pdf.ends import bytes_outside, without_padding
from bokwon.image_io.formats.pdf.filters import TooLongError
from bokwon.image_io.formats.pdf.image_object import UNDAMAGED, PdfPicture
from bokwon.image_io.formats.pdf.own_copy import give_own_copy
from bokwon.image_io.formats.pdf.page_images import find_picture
from bokwon.image_io.formats.pdf.strips import PdfStrips
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.orientation import Orientation
from bokwon.image_io.page import Page
from bokwon.image_io.protocols import Document, PageTransform, XmpTransform
from bokwon.image_io.source import Source, in_words
from bokwon.types import Pixels

__all__ = ["PdfDocument", "decode", "encode"]

_SPLIT = "take its scans out (pdfimages -all), or split off the pages to restore (qpdf IN.pdf --pages . 1-9 -- OUT.pdf)"
_MEND = "get an undamaged copy, or mend it first (qpdf IN.pdf MENDED.pdf) and compare the pages"
_STREAM = re.compile(r"^stream <[^>]*>:? *")


def decode(name: str, stream: BinaryIO, max_pixels: int) -> NoReturn:
    """Refuse to read a PDF as an image: it must be opened as a document.

    Raises:
        InputFileError: Always.
    """
    raise InputFileError(f"{name} is a PDF", "extract its page images first, for example with pdfimages")


def encode(stream: BinaryIO, pixels: Pixels, mode: str, metadata: Metadata) -> NoReturn:
    """Refuse to write an image as PDF: only pictures within a PDF can be replaced.

    Raises:
        ArgumentError: Always.
    """
    raise ArgumentError("only a PDF can be written as PDF", "write to a name that ends in .tif or .png")


def _what(said: object) -> str:
    """Return what qpdf says, without what it calls the file."""
    return _STREAM.sub("", str(said))


class _Sink(io.RawIOBase):
    """Writes to a stream, and keeps what goes wrong to itself: an exception there would abort the process in qpdf."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.error: OSError | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if self.error is None:
            try:
                self._stream.write(data)
            except OSError as error:
                self.error = error
        return len(data)


class PdfDocument(Document):
    """A PDF file.

    Args:
        source: Where from.
        max_pixels: Refuse pictures of more pixels, before decoding them.

    Raises:
        InputFileError: It is damaged or needs a password.
        MissingDependencyError: pikepdf is not installed.
    """

    format = "PDF"

    def __init__(self, source: Source, max_pixels: int) -> None:
        with importing("PDF files take pikepdf, which cannot be imported: {error}", "pip install 'bokwon[archive]'"):
            import pikepdf
        self._pikepdf = pikepdf
        self._source = source
        self._max_pixels = max_pixels
        self._drawn: dict[int, list[Drawn]] = {}
        self._pages_of: dict[tuple[int, int], set[int]] = {}
        self._stream = source.open()
        try:
            # What qpdf mends on its own may have lost pages.
            self._pdf = pikepdf.open(without_padding(self._stream), attempt_recovery=False)
            self.pages = len(self._pdf.pages)
        except pikepdf.PasswordError as error:
            self._stream.close()
            fix = "save it without one first (qpdf --decrypt --password=PASSWORD IN.pdf OUT.pdf)"
            raise InputFileError(f"{source.name} takes a password", fix) from error
        # What qpdf meets in a damaged file comes as several kinds of exception.
        except Exception as error:
            self._stream.close()
            raise InputFileError(f"{source.name} is damaged: {_what(error)}", _MEND) from error
        self.notices = tuple(dict.fromkeys(f"{source.name}: {_what(warning)}" for warning in self._pdf.get_warnings()))
        before, behind = bytes_outside(self._stream)
        if before:
            self.notices += (f"{source.name}: {before} bytes before its beginning are not kept",)
        if behind:
            self.notices += (f"{source.name}: {behind} bytes behind its end are not kept",)
        self._contents = ContentReader(pikepdf)
        if self._pdf.is_encrypted:
            self.notices += (f"{source.name} is encrypted; the output is too, with the same permissions",)
        try:
            signed = self._is_signed()
        # A form that is damaged holds no signature that could be made void.
        except Exception:
            signed = False
        if signed:
            self.notices += (f"{source.name} is signed; a changed file makes the signature void",)

    def _is_signed(self) -> bool:
        """Return whether a field of the form, at whatever depth, holds a signature."""
        form = self._pdf.Root.get("/AcroForm")
        waiting = [(field, "") for field in form.get("/Fields", [])] if form is not None else []
        seen: set[tuple[int, int]] = set()
        while waiting:
            field, kind = waiting.pop()
            # Fields take their kind from the one above.
            kind = str(field.get("/FT", kind))
            if kind == "/Sig" and "/V" in field:
                return True
            if field.objgen not in seen:
                # Those that lie within another object have no number, and cannot lead round in a circle.
                seen |= {field.objgen} - {(0, 0)}
                waiting += [(kid, kind) for kid in field.get("/Kids", [])]
        return False

    def size(self, number: int) -> tuple[int, int] | None:
        """Return width and height of a page's picture; see `Document.size`."""
        # What is damaged is told when the page is read.
        with suppress(Exception):
            picture, others = self._picture(number)
            # Of several pictures, which one is meant is told before what does not fit it.
            return picture.size if picture and not others else None
        return None

    def page(self, number: int) -> Page:
        """Read the picture of a page; see `Document.page`."""
        picture = self._picture(number)[0]
        if picture is None:
            raise InputFileError(f"{self._name(number)} has no image", "give a mask that is a picture")
        return picture.read()

    def rewrite(
        self, stream: BinaryIO, file_format: str, transform: PageTransform, file_xmp: XmpTransform | None = None
    ) -> None:
        """Write the file, with some of its pages changed; see `Document.rewrite`."""
        if file_format != "PDF":
            raise ArgumentError(f"{self._source.name} is a PDF, which cannot become {file_format}", "write a .pdf file")
        any_changed = False
        for number in range(1, self.pages + 1):
            picture, others = self._picture(number)
            if picture is None:
                transform(number, None)
                continue
            changed = transform(number, partial(self._read, number, picture, others))
            if changed is None:
                continue
            changes = picture.changes(changed)
            if any(self._sharing(number, part) for part, _ in changes):
                self._give_own_copy(number)
                copied = self._picture(number)[0]
                if copied is None:
                    raise RuntimeError(f"page {number} has lost its picture")
                changes = copied.changes(changed)
            for part, page in changes:
                part.replace(page)
                any_changed = True
        if not any_changed:
            self._source.copy_to(stream)
            return
        if file_xmp is not None:
            self._change_xmp(file_xmp)
        # The same input makes the same bytes: the identifier is made of the content. Where it is encrypted the key is
        # made of the identifier.
        encrypted, sink = self._pdf.is_encrypted, _Sink(stream)
        try:
            self._pdf.save(
                cast(BinaryIO, sink),
                deterministic_id=not encrypted,
                # It would write the whole packet anew.
                fix_metadata_version=False,
                encryption=True if encrypted else None,
                linearize=self._pdf.is_linearized,
            )
        except self._pikepdf.PdfError as error:
            # Only now does it look at some parts of the file.
            raise InputFileError(f"{self._source.name} is damaged: {_what(error)}", _MEND) from error
        if sink.error is not None:
            raise sink.error

    def _change_xmp(self, change: XmpTransform) -> None:
        root: Any = self._pdf.Root
        found: Any = root.get("/Metadata")
        try:
            before = found.read_bytes() if isinstance(found, self._pikepdf.Stream) else None
        except self._pikepdf.PdfError as error:
            raise InputFileError(f"{self._source.name} is damaged: {_what(error)}", _MEND) from error
        after = change(before)
        if after == before:
            return
        if after is None:
            del root.Metadata
        elif found is None or before is None:
            root.Metadata = self._pdf.make_stream(
                after, Type=self._pikepdf.Name.Metadata, Subtype=self._pikepdf.Name.XML
            )
        else:
            found.write(after)

    def _name(self, number: int) -> str:
        return f"{self._source.name}, page {number}"

    def _images(self, number: int) -> list[Drawn]:
        """Return what a page draws; see `drawn_images`."""
        if number not in self._drawn:
            try:
                self._drawn[number] = self._contents.drawn_images(self._pdf.pages[number - 1])
            except TooLongError as error:
                raise InputFileError(f"{self._name(number)} draws too much: {error}", _SPLIT) from error
            except Exception as error:
                raise InputFileError(f"{self._name(number)} is damaged: {in_words(error)}", UNDAMAGED) from error
        return self._drawn[number]

    def _picture(self, number: int) -> tuple[PdfPicture | PdfStrips | None, int]:
        """Return the picture of a page, or None; and how many other images it draws."""
        drawn, name = self._images(number), self._name(number)
        try:
            found = find_picture(drawn)
            images = [item.image for item in found]
            upright = self._upright(number, found[0]) if found else Orientation.UPRIGHT
            # Drawn twice, it is still one image.
            own = {image.objgen for image in images}
            others = sum(item.image is None or item.image.objgen not in own for item in drawn)
        except Exception as error:
            raise InputFileError(f"{name} is damaged: {in_words(error)}", UNDAMAGED) from error
        pictures = [
            PdfPicture(self._pdf, image, name, max_pixels=self._max_pixels, upright=upright) for image in images
        ]
        if len(pictures) > 1:
            return PdfStrips(pictures, name, max_pixels=self._max_pixels), others
        return next(iter(pictures), None), others

    def _upright(self, number: int, drawn: Drawn) -> Orientation:
        """Return the rotation or mirroring of a picture to what viewers show on its page."""
        rotation = page_rotation(self._pdf.pages[number - 1])
        # A picture that stands aslant has no upright view: its pixels count as stored.
        return Orientation.UPRIGHT if drawn.orientation is None else drawn.orientation.then(rotation)

    def _sharing(self, number: int, picture: PdfPicture) -> list[int]:
        """Return the other pages that draw a picture."""
        if not self._pages_of:
            for page in range(1, self.pages + 1):
                for item in self._images(page):
                    if item.image is not None:
                        self._pages_of.setdefault(item.image.objgen, set()).add(page)
        return sorted(self._pages_of.get(picture.key, set()) - {number})

    def _give_own_copy(self, number: int) -> None:
        """Give a page its own copy of a picture that other pages draw too."""
        keys = {item.image.objgen for item in find_picture(self._images(number))}
        paths = [item.path for item in self._images(number) if item.image is not None and item.image.objgen in keys]
        give_own_copy(self._pdf, self._pdf.pages[number - 1], paths)
        for key in keys:
            self._pages_of[key].discard(number)
        del self._drawn[number]

    def _read(self, number: int, picture: PdfPicture | PdfStrips, others: int) -> Page:
        page = picture.read()
        if sharing := sorted({other for part in picture.parts for other in self._sharing(number, part)}):
            others_named = ", ".join(map(str, sharing[:3])) + (" …" if len(sharing) > 3 else "")
            notice = f"{self._name(number)} shares its picture with page {others_named}: it is given its own copy"
            page = replace(page, notices=(*page.notices, notice))
        if not others:
            return page
        more = "1 more image, left as it is" if others == 1 else f"{others} more images, left as they are"
        size = "{}x{}".format(*page.size)
        notice = f"{self._name(number)} draws {more}: its picture is the largest, {size}"
        return replace(page, notices=(*page.notices, notice))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pdf.close()
        self._stream.close()
