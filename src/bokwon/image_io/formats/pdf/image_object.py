"""The picture of a PDF's page: an image object <-> samples.

JPEG stays JPEG and JPEG 2000 stays that, every other picture comes back as Flate, without loss: palettes as the colours
they stand for, gray of 2 and 4 bits with 8. A stencil is a picture of 1 bit, dark where it puts ink.
"""

from __future__ import annotations

import io
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import BokwonError, InputFileError, MissingDependencyError
from bokwon.image_io.formats import jpeg2000
from bokwon.image_io.formats.jpeg import encode as jpeg
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.modes import multiplied_alpha, too_many_pixels
from bokwon.image_io.page import Page
from bokwon.image_io.reader import Source, read_page
from bokwon.types import Pixels

__all__ = ["ANEW", "UNDAMAGED", "PdfPicture"]

ANEW = "save it anew as PDF"
"""What to do about a PDF that is sound, but not of the usual kind."""
_CONVERT = "convert it to gray, RGB or CMYK of 8 or 16 bits"
UNDAMAGED = "get an undamaged copy, or save it anew with a PDF program"
"""What to do about a damaged PDF."""

_PLAIN = {"/FlateDecode", "/LZWDecode", "/RunLengthDecode", "/ASCII85Decode", "/ASCIIHexDecode"}
_CHANNELS = {"/DeviceGray": "L", "/CalGray": "L", "/DeviceRGB": "RGB", "/CalRGB": "RGB", "/DeviceCMYK": "CMYK"}
_BY_COUNT = {1: "L", 3: "RGB", 4: "CMYK"}
_MODE_CHANNELS = {"1": 1, "L": 1, "RGB": 3, "CMYK": 4}


def _space_name(picture: Any) -> str:
    """Return what a PDF calls the colour space of an image, for a message."""
    space = picture.get("/ColorSpace")
    return "none" if space is None else str(space if str(space).startswith("/") else space[0]).removeprefix("/")


def _as_inks(page: Page, picture: Any) -> Page:
    """Turn the samples of a CMYK JPEG from what Pillow takes them for into inks, or back again.

    Pillow takes all of them for inverted, as in files of their own. In a PDF they are what Decode says.
    """
    if page.mode != "CMYK" or page.format != "JPEG":
        return page
    inverted = "/Decode" in picture and float(picture.Decode[0]) > float(picture.Decode[1])
    return page if inverted else replace(page, pixels=np.asarray(255 - page.pixels))


def _is_unusual_jpeg(page: Page, picture: Any, array: Any) -> bool:
    """Return whether a PDF says of a JPEG what the file that is written in its place would not keep.

    Args:
        page: The JPEG.
        picture: What the PDF says of it.
        array: The class of pikepdf's arrays, which have a dictionary's methods too.
    """
    decode = [float(value) for value in picture.get("/Decode", [])]
    if page.mode != "CMYK" and decode and decode != [0.0, 1.0] * _MODE_CHANNELS[page.mode]:
        return True
    parameters = picture.get("/DecodeParms", [])
    # One for each filter, or one for the only filter.
    found: list[Any] = list(parameters) if isinstance(parameters, (list, array)) else [parameters]
    told = [int(item.ColorTransform) for item in found if item is not None and "/ColorTransform" in item]
    # Of one channel there is nothing to turn.
    return page.mode != "L" and bool(told) and told[0] != (1 if page.mode == "RGB" else 0)


def _check_length(name: str, data: bytes, expected: int) -> None:
    """Refuse a Flate stream that inflates to far more than its image, before it is held in memory."""
    inflater = zlib.decompressobj()
    length = 0
    # A predictor has a byte a row; encoders pad.
    most = 2 * expected + (1 << 20)
    while data and length <= most:
        try:
            length += len(inflater.decompress(data, 1 << 22))
        except zlib.error:
            # Its reader says what is wrong.
            return
        data = inflater.unconsumed_tail
    if length > most:
        raise InputFileError(f"{name} has an image that inflates to more than its size", UNDAMAGED)


def _unpack(data: bytes, shape: tuple[int, int, int], bits: int) -> NDArray[Any]:
    """Return the samples of a plain image, (H, W, C) uint8 or uint16. Rows begin at bytes."""
    height, width, channels = shape
    stride = (width * channels * bits + 7) // 8
    rows = np.frombuffer(data, np.uint8, height * stride).reshape(height, stride)
    if bits == 16:
        return rows.view(">u2").astype(np.uint16).reshape(shape)
    if bits < 8:
        parts = np.unpackbits(rows, axis=1).reshape(height, -1, bits)
        weights = (1 << np.arange(bits)[::-1]).astype(np.uint8)
        rows = np.asarray((parts * weights).sum(axis=2, dtype=np.uint8))[:, : width * channels]
    return rows.reshape(shape).copy()


def _samples(
    name: str, stored: NDArray[Any], mode: str, palette: NDArray[np.uint8] | None, bits: int
) -> tuple[Pixels, str, tuple[str, ...]]:
    """Return what stored numbers stand for, its mode, and notices on what changes."""
    if palette is not None:
        notice = f"{name} has a palette: it comes back as {mode}, because a filled hole needs colours the palette lacks"
        return palette[np.minimum(stored[..., 0], len(palette) - 1)], mode, (notice,)
    if mode != "L":
        return stored, mode, ()
    gray = stored[..., 0]
    if bits == 1:
        return gray > 0, "1", ()
    if bits >= 8:
        return gray, "L", ()
    notice = f"{name} has less than 8 bits of gray; it comes back with 8"
    return np.asarray(gray * (255 // (2**bits - 1)), np.uint8), "L", (notice,)


class PdfPicture:
    """An image object of a PDF.

    Args:
        pikepdf: The library that opened the PDF.
        image: The object.
        name: What messages call it.
        max_pixels: Refuse more pixels, before decoding them.
    """

    def __init__(self, pikepdf: Any, image: Any, name: str, *, max_pixels: int) -> None:
        self._pikepdf = pikepdf
        self._image = image
        self._name = name
        self._max_pixels = max_pixels

    @property
    def size(self) -> tuple[int, int]:
        """Width, height."""
        return int(self._image.Width), int(self._image.Height)

    @property
    def key(self) -> tuple[int, int]:
        """What tells its image object from all others of the file."""
        number, generation = self._image.objgen
        return number, generation

    def changes(self, page: Page) -> list[tuple[PdfPicture, Page]]:
        """Return what a changed page changes: this picture."""
        return [(self, page)]

    def read(self) -> Page:
        """Decode it.

        Raises:
            InputFileError: It is damaged, too large, or of a kind that cannot be given back as it was.
            MissingDependencyError: It takes a decoder that is not installed.
        """
        name = self._name
        width, height = self.size
        if width * height > self._max_pixels:
            raise too_many_pixels(name, self._max_pixels)
        try:
            return self._decode(width, height)
        except BokwonError:
            raise
        except Exception as error:
            raise InputFileError(f"{name} is damaged: {error}", UNDAMAGED) from error

    def _decode(self, width: int, height: int) -> Page:
        name, picture = self._name, self._image
        if "/Matte" in picture.get("/SMask", {}):
            raise multiplied_alpha(name)
        filters = self._filters()
        if filters[-1:] in (["/DCTDecode"], ["/JPXDecode"]) and set(filters[:-1]) <= _PLAIN:
            page = read_page(Source(name, data=self._without(filters[:-1])), max_pixels=self._max_pixels)
            if page.size != (width, height):
                raise InputFileError(f"{name} calls its image {width}x{height} and it is another size", UNDAMAGED)
            self._check_colours(page)
            return _as_inks(page, picture)
        stencil = bool(picture.get("/ImageMask", False))
        mode, palette = ("L", None) if stencil else self._colours(picture.get("/ColorSpace"))
        space = f"the colour space {_space_name(picture)}"
        if mode is None:
            raise InputFileError(f"{name} has an image in {space}", _CONVERT)
        bilevel = stencil or filters in (["/CCITTFaxDecode"], ["/JBIG2Decode"])
        bits = 1 if bilevel else int(picture.get("/BitsPerComponent", 8))
        negative = self._is_negative(mode, palette, bits)
        keyed = palette is not None or 1 < bits < 8 or negative
        if keyed and isinstance(picture.get("/Mask"), self._pikepdf.Array):
            raise InputFileError(f"{name} has an image with transparent colours (Mask)", "save it anew without them")
        if set(filters) <= _PLAIN:
            if bits not in (1, 2, 4, 8, 16) or (bits < 8 and mode != "L" and palette is None):
                raise InputFileError(f"{name} has an image of {bits} bits in {space}", _CONVERT)
            shape = height, width, _MODE_CHANNELS[mode] if palette is None else 1
            if filters[:1] == ["/FlateDecode"]:
                _check_length(name, picture.read_raw_bytes(), height * width * shape[2] * max(bits, 8) // 8)
            pixels, mode, notices = _samples(name, _unpack(picture.read_bytes(), shape, bits), mode, palette, bits)
            if negative:
                pixels = ~pixels
        elif bits == 1 and len(filters) == 1 and mode == "L" and palette is None:
            pixels, mode, notices = self._bilevel(), "1", ()
        else:
            kind = f"the kind {' '.join(filters)}, {bits} bits in {space}"
            raise InputFileError(f"{name} has an image of {kind}", ANEW)
        if pixels.shape[:2] != (height, width):
            raise InputFileError(f"{name} calls its image {width}x{height} and it is another size", UNDAMAGED)
        return Page(pixels, mode, "PDF", Metadata(), notices)

    def _is_negative(self, mode: str | None, palette: NDArray[np.uint8] | None, bits: int) -> bool:
        """Return whether gray samples mean the opposite of what they are, as those of many stencils do.

        Raises:
            InputFileError: They mean something else again.
        """
        decode = [float(value) for value in self._image.get("/Decode", [])]
        usual = [0.0, 1.0] * _MODE_CHANNELS.get(mode or "", 0) if palette is None else [0.0, float(2**bits - 1)]
        if not decode or decode == usual:
            return False
        if mode != "L" or palette is not None or decode != [1.0, 0.0]:
            raise InputFileError(f"{self._name} has an image of unusual sample values (Decode)", ANEW)
        return True

    def _check_colours(self, page: Page) -> None:
        """Refuse colours that the PDF tells otherwise than the picture itself: its word counts."""
        name, picture = self._name, self._image
        if page.format == "JPEG" and _is_unusual_jpeg(page, picture, self._pikepdf.Array):
            raise InputFileError(f"{name} has a JPEG image of unusual colours (Decode, DecodeParms)", ANEW)
        mode, palette = self._colours(picture.get("/ColorSpace"))
        other = mode is not None and (mode == "CMYK") != (page.mode == "CMYK")
        if page.format == "JPEG2000" and (other or palette is not None):
            space = _space_name(picture)
            raise InputFileError(f"{name} has a JPEG 2000 image of mode {page.mode} in the colour space {space}", ANEW)

    def _filters(self) -> list[str]:
        value = self._image.get("/Filter")
        if value is None:
            return []
        return [str(item) for item in value] if not str(value).startswith("/") else [str(value)]

    def _without(self, filters: list[str]) -> bytes:
        """Return the data once the filters are undone that its own compression is wrapped in."""
        data = bytes(self._image.read_raw_bytes())
        with self._pikepdf.new() as pdf:
            for name in filters:
                if name == "/FlateDecode":
                    # No JPEG or JPEG 2000 is larger than its samples by much.
                    _check_length(self._name, data, 8 * self.size[0] * self.size[1])
                data = bytes(self._pikepdf.Stream(pdf, data, Filter=self._pikepdf.Name(name)).read_bytes())
        return data

    def _colours(self, space: Any) -> tuple[str | None, NDArray[np.uint8] | None]:
        """Return the mode of a colour space, and the colours (N,) or (N, C) of a palette; None for any other space."""
        if space is None or isinstance(space, self._pikepdf.Name) or str(space[0]) not in ("/Indexed", "/I"):
            return self._mode_of(space), None
        mode = self._mode_of(space[1])
        if mode is None:
            return None, None
        table = space[3].read_bytes() if isinstance(space[3], self._pikepdf.Stream) else bytes(space[3])
        channels = _MODE_CHANNELS[mode]
        count = min(int(space[2]) + 1, len(table) // channels)
        if count < 1:
            raise ValueError("its palette is empty")
        colours = np.frombuffer(table, np.uint8, count * channels).reshape(count, channels)
        return mode, colours[:, 0] if channels == 1 else colours

    def _mode_of(self, space: Any) -> str | None:
        if space is None:
            return None
        if isinstance(space, self._pikepdf.Name):
            return _CHANNELS.get(str(space))
        kind = str(space[0])
        return _BY_COUNT.get(int(space[1].N)) if kind == "/ICCBased" else _CHANNELS.get(kind)

    def _bilevel(self) -> Pixels:
        try:
            image = self._pikepdf.PdfImage(self._image).as_pil_image()
        except self._pikepdf.DependencyError as error:
            fix = "install jbig2dec (apt install jbig2dec)"
            raise MissingDependencyError(f"{self._name} takes a decoder of JBIG2: {error}", fix) from error
        return np.array(image.convert("1"))

    def replace(self, page: Page) -> None:
        """Put other samples in its place, of the size and format that were read."""
        picture, pdf = self._image, self._pikepdf
        if page.format == "JPEG":
            encoded = io.BytesIO()
            page = _as_inks(page, picture)
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
            self._set_colours(page)
        # These belong to the old samples; qpdf does not know the parameters of every filter.
        for key in ("/DecodeParms", "/Filter", "/Decode"):
            if key in picture:
                del picture[key]
        picture.write(data)

    def _set_colours(self, page: Page) -> None:
        """Say what samples these are now, where they were numbers of a palette or fewer than 8 bits."""
        picture = self._image
        space = picture.ColorSpace
        if self._colours(space)[1] is not None:
            picture.ColorSpace = space[1]
        picture.BitsPerComponent = 8 * page.pixels.dtype.itemsize
