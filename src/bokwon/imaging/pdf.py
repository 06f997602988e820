"""PDF files: the picture of each scanned page is changed in its place, all else stays as it is.

A page's picture is the largest image that it draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any, BinaryIO

from bokwon.errors import ArgumentError, InputFileError, MissingDependencyError
from bokwon.imaging.book import Visit
from bokwon.imaging.decode import Page
from bokwon.imaging.files import Source
from bokwon.imaging.pdf_picture import UNDAMAGED, PdfPicture

__all__ = ["PdfBook"]

_DEEPEST_FORM = 4


def _drawn(parse: Callable[[Any], Any], content: Any, resources: Any, depth: int = 0) -> Iterator[Any]:
    """Yield the images that a page's content draws, those of forms too; None for one that lies within the content.

    What resources name beside them is drawn by other pages that share them, or by none.
    """
    named = resources.get("/XObject") or {}
    for instruction in parse(content):
        if str(instruction.operator) == "INLINE IMAGE":
            yield None
        if str(instruction.operator) != "Do" or str(instruction.operands[0]) not in named:
            continue
        item = named[str(instruction.operands[0])]
        kind = str(item.get("/Subtype"))
        if kind == "/Image":
            yield item
        elif kind == "/Form" and depth < _DEEPEST_FORM:
            yield from _drawn(parse, item, item.get("/Resources", resources), depth + 1)


class PdfBook(AbstractContextManager["PdfBook"]):
    """A PDF file.

    Args:
        source: Where from.
        max_pixels: Refuse pictures of more pixels, before decoding them.

    Raises:
        InputFileError: It is damaged or takes a password.
        MissingDependencyError: pikepdf is not installed.
    """

    format: str | None = "PDF"

    def __init__(self, source: Source, *, max_pixels: int) -> None:
        try:
            import pikepdf
        except ImportError as error:
            message = f"PDF files take pikepdf, which cannot be imported: {error}"
            raise MissingDependencyError(message, "pip install 'bokwon[archive]'") from error
        self._pikepdf = pikepdf
        self._source = source
        self._max_pixels = max_pixels
        self._drawn: dict[int, list[Any]] = {}
        self._stream = source.open()
        try:
            self._pdf = pikepdf.open(self._stream)
            self.pages = len(self._pdf.pages)
        except pikepdf.PasswordError as error:
            self._stream.close()
            raise InputFileError(f"{source.name} takes a password", "save it without one first") from error
        # What qpdf meets in a damaged file comes as several kinds of exception.
        except Exception as error:
            self._stream.close()
            raise InputFileError(f"{source.name} is damaged: {error}", UNDAMAGED) from error
        self.notices: tuple[str, ...] = ()
        if self._pdf.is_encrypted:
            self.notices = (f"{source.name} is encrypted; the output is not",)
        if any("/Sig" in str(field.get("/FT", "")) for field in self._fields()):
            self.notices += (f"{source.name} is signed; a changed file makes the signature void",)

    def _fields(self) -> list[Any]:
        form = self._pdf.Root.get("/AcroForm")
        return list(form.get("/Fields", [])) if form is not None else []

    def page(self, number: int) -> Page:
        """Read the picture of a page; see `Book.page`."""
        picture = self._picture(number)[0]
        if picture is None:
            raise InputFileError(f"{self._name(number)} has no image", "give a mask that is a picture")
        return picture.read()

    def rewrite(self, stream: BinaryIO, file_format: str, visit: Visit) -> None:
        """Write the file anew; see `Book.rewrite`."""
        if file_format != "PDF":
            raise ArgumentError(f"{self._source.name} is a PDF, which cannot become {file_format}", "write a .pdf file")
        any_changed = False
        for number in range(1, self.pages + 1):
            picture, others = self._picture(number)
            if picture is None:
                visit(number, None)
                continue
            changed = visit(number, partial(self._read, number, picture, others))
            if changed is None:
                continue
            self._check_alone(number, picture)
            picture.replace(changed)
            any_changed = True
        if not any_changed:
            with self._source.open() as original:
                stream.write(original.read())
            return
        # The same input makes the same bytes: the identifier is made of the content.
        self._pdf.save(stream, deterministic_id=True)

    def _name(self, number: int) -> str:
        return f"{self._source.name}, page {number}"

    def _images(self, number: int) -> list[Any]:
        """Return what a page draws; see `_drawn`."""
        if number not in self._drawn:
            try:
                page = self._pdf.pages[number - 1]
                self._drawn[number] = list(_drawn(self._pikepdf.parse_content_stream, page, page.resources))
            except Exception as error:
                raise InputFileError(f"{self._name(number)} is damaged: {error}", UNDAMAGED) from error
        return self._drawn[number]

    def _picture(self, number: int) -> tuple[PdfPicture | None, int]:
        """Return the largest image that a page draws, or None; and how many others it draws, stencils among them."""
        drawn, name = self._images(number), self._name(number)
        try:
            images = [image for image in drawn if image is not None and not image.get("/ImageMask", False)]
            largest = max(images, key=lambda image: int(image.Width) * int(image.Height), default=None)
        except Exception as error:
            raise InputFileError(f"{name} is damaged: {error}", UNDAMAGED) from error
        if largest is None:
            return None, len(drawn)
        # Drawn twice, it is still one image.
        same = sum(image.objgen == largest.objgen for image in images)
        return PdfPicture(self._pikepdf, largest, name, max_pixels=self._max_pixels), len(drawn) - same

    def _check_alone(self, number: int, picture: PdfPicture) -> None:
        """Make sure that no other page draws a picture that is about to change."""
        for other in range(1, self.pages + 1):
            if other != number and any(image is not None and picture.is_image(image) for image in self._images(other)):
                raise InputFileError(
                    f"pages {min(number, other)} and {max(number, other)} of {self._source.name} share one image",
                    "save it anew with an image for each page",
                )

    def _read(self, number: int, picture: PdfPicture, others: int) -> Page:
        page = picture.read()
        if not others:
            return page
        notice = f"{self._name(number)} draws {others} more image{'s' * (others > 1)}: only the largest is restored"
        return replace(page, notices=(*page.notices, notice))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pdf.close()
        self._stream.close()
