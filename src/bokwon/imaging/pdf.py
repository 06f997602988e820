"""PDF files: the picture of each scanned page is changed in its place, all else stays as it is.

A page's picture is its largest image. JPEG stays JPEG and JPEG 2000 stays that, every other picture comes back as
Flate, without loss.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np

from bokwon.errors import ArgumentError, BokwonError, InputFileError, MissingDependencyError
from bokwon.imaging import jpeg, jpeg2000
from bokwon.imaging.book import Visit
from bokwon.imaging.decode import Page
from bokwon.imaging.files import Source, read_page
from bokwon.imaging.metadata import Metadata
from bokwon.imaging.pixels import Pixels

__all__ = ["PdfBook"]

_PLAIN = {"/FlateDecode", "/LZWDecode", "/RunLengthDecode", "/ASCII85Decode", "/ASCIIHexDecode"}
_CHANNELS = {"/DeviceGray": "L", "/CalGray": "L", "/DeviceRGB": "RGB", "/CalRGB": "RGB", "/DeviceCMYK": "CMYK"}
_BY_COUNT = {1: "L", 3: "RGB", 4: "CMYK"}
_MODE_CHANNELS = {"1": 1, "L": 1, "RGB": 3, "CMYK": 4}
_DEEPEST_FORM = 4
_UNDAMAGED = "get an undamaged copy, or save it anew with a PDF program"


def _images(resources: Any, depth: int = 0) -> Iterator[Any]:
    """Yield the images that resources name, those within forms too; stencils are none."""
    for item in (resources.get("/XObject") or {}).values():
        kind = str(item.get("/Subtype"))
        if kind == "/Image" and not item.get("/ImageMask", False):
            yield item
        elif kind == "/Form" and "/Resources" in item and depth < _DEEPEST_FORM:
            yield from _images(item.Resources, depth + 1)


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
            raise InputFileError(f"{source.name} is damaged: {error}", _UNDAMAGED) from error
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
        picture = self._picture(number)
        if picture is None:
            raise InputFileError(f"{self._name(number)} has no image", "give a mask that is a picture")
        return self._read(number, picture)

    def rewrite(self, stream: BinaryIO, file_format: str, visit: Visit) -> None:
        """Write the file anew; see `Book.rewrite`."""
        if file_format != "PDF":
            raise ArgumentError(f"{self._source.name} is a PDF, which cannot become {file_format}", "write a .pdf file")
        seen: dict[tuple[int, int], int] = {}
        any_changed = False
        for number in range(1, self.pages + 1):
            picture = self._picture(number)
            if picture is None:
                visit(number, None)
                continue
            changed = visit(number, lambda number=number, picture=picture: self._read(number, picture))  # type: ignore[misc]
            if changed is None:
                continue
            if picture.objgen in seen and picture.objgen != (0, 0):
                raise InputFileError(
                    f"pages {seen[picture.objgen]} and {number} of {self._source.name} share one image",
                    "give a mask to one of them only (--pages)",
                )
            seen[picture.objgen] = number
            self._replace(picture, changed)
            any_changed = True
        if not any_changed:
            with self._source.open() as original:
                stream.write(original.read())
            return
        # The same input makes the same bytes: the identifier is made of the content.
        self._pdf.save(stream, deterministic_id=True)

    def _name(self, number: int) -> str:
        return f"{self._source.name}, page {number}"

    def _picture(self, number: int) -> Any:
        """Return the largest image of a page, or None."""
        try:
            images = list(_images(self._pdf.pages[number - 1].resources))
            return max(images, key=lambda image: int(image.Width) * int(image.Height), default=None)
        except Exception as error:
            raise InputFileError(f"{self._name(number)} is damaged: {error}", _UNDAMAGED) from error

    def _read(self, number: int, picture: Any) -> Page:
        name = self._name(number)
        width, height = int(picture.Width), int(picture.Height)
        if width * height > self._max_pixels:
            limit = f"{self._max_pixels / 1e6:g} megapixels"
            raise InputFileError(f"{name} has more than {limit}", "allow more (--max-mpixels)")
        try:
            return self._decode(name, picture, width, height)
        except BokwonError:
            raise
        except Exception as error:
            raise InputFileError(f"{name} is damaged: {error}", _UNDAMAGED) from error

    def _decode(self, name: str, picture: Any, width: int, height: int) -> Page:
        filters = self._filters(picture)
        if filters in (["/DCTDecode"], ["/JPXDecode"]):
            page = read_page(Source(name, data=picture.read_raw_bytes()), max_pixels=self._max_pixels)
            if page.size != (width, height):
                raise InputFileError(f"{name} calls its image {width}x{height} and it is another size", _UNDAMAGED)
            return page
        if "/Decode" in picture and [float(value) for value in picture.Decode] != self._default_decode(picture):
            raise InputFileError(f"{name} has an image of unusual sample values (Decode)", "save it anew as PDF")
        if set(filters) <= _PLAIN:
            pixels, mode = self._samples(name, picture, width, height)
        elif filters in (["/CCITTFaxDecode"], ["/JBIG2Decode"]):
            pixels, mode = self._bilevel(name, picture)
        else:
            raise InputFileError(f"{name} has an image of the kind {' '.join(filters)}", "save it anew as PDF")
        if pixels.shape[:2] != (height, width):
            raise InputFileError(f"{name} calls its image {width}x{height} and it is another size", _UNDAMAGED)
        return Page(pixels, mode, "PDF", Metadata())

    @staticmethod
    def _filters(picture: Any) -> list[str]:
        value = picture.get("/Filter")
        if value is None:
            return []
        return [str(item) for item in value] if not str(value).startswith("/") else [str(value)]

    def _default_decode(self, picture: Any) -> list[float]:
        mode = self._mode_of(picture.get("/ColorSpace"))
        return [0.0, 1.0] * _MODE_CHANNELS.get(mode or "", 0)

    def _mode_of(self, space: Any) -> str | None:
        if space is None:
            return None
        if isinstance(space, self._pikepdf.Name):
            return _CHANNELS.get(str(space))
        kind = str(space[0])
        return _BY_COUNT.get(int(space[1].N)) if kind == "/ICCBased" else _CHANNELS.get(kind)

    def _samples(self, name: str, picture: Any, width: int, height: int) -> tuple[Pixels, str]:
        mode = self._mode_of(picture.get("/ColorSpace"))
        bits = int(picture.get("/BitsPerComponent", 8))
        if mode is None or bits not in (1, 8, 16) or (bits == 1 and mode != "L"):
            kind = picture.get("/ColorSpace")
            raise InputFileError(
                f"{name} has an image of {bits} bits in the colour space {kind if mode is None else mode}",
                "convert it to gray, RGB or CMYK of 8 or 16 bits",
            )
        data = np.frombuffer(picture.read_bytes(), np.uint8)
        if bits == 1:
            rows = data[: height * ((width + 7) // 8)].reshape(height, -1)
            return np.unpackbits(rows, axis=1, count=width).astype(np.bool_), "1"
        shape = (height, width) if mode == "L" else (height, width, _MODE_CHANNELS[mode])
        count = int(np.prod(shape))
        if bits == 16:
            return data[: 2 * count].view(">u2").astype(np.uint16).reshape(shape), mode
        return data[:count].reshape(shape).copy(), mode

    def _bilevel(self, name: str, picture: Any) -> tuple[Pixels, str]:
        try:
            image = self._pikepdf.PdfImage(picture).as_pil_image()
        except self._pikepdf.DependencyError as error:
            fix = "install jbig2dec (apt install jbig2dec)"
            raise MissingDependencyError(f"{name} takes a decoder of JBIG2: {error}", fix) from error
        return np.array(image.convert("1")), "1"

    def _replace(self, picture: Any, page: Page) -> None:
        pdf = self._pikepdf
        if page.format == "JPEG":
            encoded = io.BytesIO()
            jpeg.encode(encoded, page.pixels, page.mode, page.metadata)
            picture.write(encoded.getvalue(), filter=pdf.Name.DCTDecode)
            return
        if page.format == "JPEG2000":
            encoded = io.BytesIO()
            jpeg2000.encode(encoded, page.pixels, page.mode, page.metadata)
            picture.write(encoded.getvalue(), filter=pdf.Name.JPXDecode)
            return
        if page.mode == "1":
            data = np.packbits(page.pixels, axis=1).tobytes()
        else:
            data = page.pixels.astype(">u2" if page.pixels.dtype == np.uint16 else np.uint8).tobytes()
        # Filters that qpdf does not know the parameters of are gone with the old samples.
        for key in ("/DecodeParms", "/Filter"):
            if key in picture:
                del picture[key]
        picture.write(data)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pdf.close()
        self._stream.close()
