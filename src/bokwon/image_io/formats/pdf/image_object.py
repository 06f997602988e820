"""The picture of a PDF's page: an image object <-> samples.

JPEG stays JPEG and JPEG 2000 stays that, every other picture comes back as Flate, without loss: palettes as the colours
they stand for, gray of 2 and 4 bits with 8. A stencil is a picture of 1 bit, dark where it puts ink.
"""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bokwon.errors import BokwonError, InputFileError, MissingDependencyError
from bokwon.image_io.formats import jpeg, jpeg2000
from bokwon.image_io.formats.pdf.fax import UnsupportedFaxError, decode_fax
from bokwon.image_io.formats.pdf.filters import LOSSLESS, Filter, TooLongError, filters_of, undo_filters
from bokwon.image_io.formats.pdf.samples import keyed_samples, meaning_of, nearest_known, unpack
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.modes import check_pixels, multiplied_alpha
from bokwon.image_io.orientation import Orientation
from bokwon.image_io.page import Page
from bokwon.image_io.source import Source, decode_source, in_words

__all__ = ["ANEW", "UNDAMAGED", "PdfPicture"]

ANEW = "save it anew as PDF"
"""What to do about a PDF that is sound, but not of the usual kind."""
_CONVERT = "convert it to gray, RGB or CMYK of 8 or 16 bits"
UNDAMAGED = "get an undamaged copy, or save it anew with a PDF program"
"""What to do about a damaged PDF."""

_FAX, _JBIG2 = "/CCITTFaxDecode", "/JBIG2Decode"
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


def _is_unusual_jpeg(data: bytes, page: Page, picture: Any, parameters: Any) -> bool:
    """Return whether a PDF says of a JPEG what the file that is written in its place would not keep.

    Args:
        data: The JPEG.
        page: What it was decoded to.
        picture: What the PDF says of it.
        parameters: And of its filter; None for nothing.
    """
    decode = [float(value) for value in picture.get("/Decode", [])]
    if page.mode != "CMYK" and decode and decode != [0.0, 1.0] * _MODE_CHANNELS[page.mode]:
        return True
    told = None if parameters is None else parameters.get("/ColorTransform")
    # Of one channel there is nothing to turn, and Adobe's marker goes before what the PDF says.
    if told is None or page.mode == "L" or int(told) == (1 if page.mode == "RGB" else 0):
        return False
    return not _has_adobe_marker(data)


def _has_adobe_marker(data: bytes) -> bool:
    """Return whether a JPEG says itself how its colours are stored."""
    with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
        return "adobe" in image.info


class PdfPicture:
    """An image object of a PDF.

    Args:
        pdf: The open PDF.
        image: The object.
        name: Name in messages.
        max_pixels: Refuse more pixels, before decoding them.
        upright: What turns it as viewers show it on its page.
    """

    def __init__(
        self, pdf: Any, image: Any, name: str, *, max_pixels: int, upright: Orientation = Orientation.UPRIGHT
    ) -> None:
        import pikepdf

        self._pikepdf = pikepdf
        self._owner = pdf
        self._image = image
        self._upright = upright
        self._transparent: NDArray[np.bool_] | None = None
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

    @property
    def parts(self) -> list[PdfPicture]:
        """The image objects that it is made of."""
        return [self]

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
        check_pixels(name, self.size, self._max_pixels)
        try:
            return replace(self._decode(*self.size), shown=self._upright)
        except BokwonError:
            raise
        except Exception as error:
            raise InputFileError(f"{name} is damaged: {in_words(error)}", UNDAMAGED) from error

    def _decode(self, width: int, height: int) -> Page:
        name, picture = self._name, self._image
        if "/Matte" in picture.get("/SMask", {}):
            raise multiplied_alpha(name)
        filters = filters_of(self._pikepdf, picture)
        names = [name for name, _ in filters]
        # Whatever a picture is compressed with, other filters may be wrapped around it.
        outer, last, parameters = filters, "", None
        if filters and names[-1] not in LOSSLESS:
            outer, (last, parameters) = filters[:-1], filters[-1]
        if not set(names[: len(outer)]) <= LOSSLESS or last not in ("", "/DCTDecode", "/JPXDecode", _FAX, _JBIG2):
            raise self._unsupported(names)
        if last in ("/DCTDecode", "/JPXDecode"):
            # No JPEG or JPEG 2000 is larger than its samples by much.
            data = self._undone(outer, 8 * width * height)
            # By what it is: producers mix the two up.
            is_jpeg2000 = data.startswith((jpeg2000.SIGNATURE, jpeg2000.CODESTREAM))
            decode = jpeg2000.decode if is_jpeg2000 else jpeg.decode
            page = decode_source(Source(name, data=data), decode, max_pixels=self._max_pixels)
            if page.size != (width, height):
                raise InputFileError(f"{name} calls its image {width}x{height} and it is another size", UNDAMAGED)
            if page.format == "JPEG" and page.pixels.dtype != np.uint8:
                raise self._unsupported(names, "JPEG of more than 8 bits a sample")
            self._check_colours(data, page, parameters)
            page = _as_inks(page, picture)
            # What the key is about are the samples as the file has them.
            self._transparent = keyed_samples(self._color_key, page.pixels.reshape(height, width, -1))
            return page
        stencil = bool(picture.get("/ImageMask", False))
        mode, palette = ("L", None) if stencil else self._colours(picture.get("/ColorSpace"))
        space = f"the colour space {_space_name(picture)}"
        if mode is None:
            raise InputFileError(f"{name} has an image in {space}", _CONVERT)
        bits = 1 if stencil or last in (_FAX, _JBIG2) else int(picture.get("/BitsPerComponent", 8))
        negative = self._is_negative(mode, palette, bits)
        channels = _MODE_CHANNELS[mode] if palette is None else 1
        if bits not in (1, 2, 4, 8, 16) or (bits < 8 and mode != "L" and palette is None):
            raise InputFileError(f"{name} has an image of {bits} bits in {space}", _CONVERT)
        if last:
            if channels != 1:
                raise self._unsupported(names)
            stored = self._bilevel(outer, last, parameters)[..., None].astype(np.uint8)
        else:
            # A predictor has a byte a row; encoders pad.
            most = 2 * (height * width * channels * max(bits, 8) // 8) + (1 << 20)
            stored = unpack(self._undone(outer, most), (height, width, channels), bits)
        if stored.shape[:2] != (height, width):
            raise InputFileError(f"{name} calls its image {width}x{height} and it is another size", UNDAMAGED)
        self._transparent = keyed_samples(self._color_key, stored)
        pixels, mode, notices = meaning_of(name, stored, mode, palette, bits)
        if negative:
            pixels = ~pixels
        return Page(pixels, mode, "PDF", Metadata(), notices)

    def _unsupported(self, filters: list[str], why: object = "") -> InputFileError:
        reason = f": {why}" if why else ""
        return InputFileError(
            f"{self._name} has an image of the kind {' '.join(filters)}, which is not supported{reason}", ANEW
        )

    def _undone(self, filters: list[Filter], most: int) -> bytes:
        """Return the data once lossless filters are undone."""
        try:
            return undo_filters(self._pikepdf, bytes(self._image.read_raw_bytes()), filters, most)
        except TooLongError as error:
            raise InputFileError(f"{self._name} has an image that inflates to more than its size", UNDAMAGED) from error

    @property
    def _color_key(self) -> list[int] | None:
        """The least and the greatest value of each channel that make a sample transparent."""
        key = self._image.get("/Mask")
        return [int(value) for value in key] if isinstance(key, self._pikepdf.Array) else None

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

    def _check_colours(self, data: bytes, page: Page, parameters: Any) -> None:
        """Refuse colours that the PDF tells otherwise than the picture itself: its word counts."""
        name, picture = self._name, self._image
        if page.format == "JPEG" and _is_unusual_jpeg(data, page, picture, parameters):
            raise InputFileError(f"{name} has a JPEG image of unusual colours (Decode, DecodeParms)", ANEW)
        mode, palette = self._colours(picture.get("/ColorSpace"))
        other = mode is not None and (mode == "CMYK") != (page.mode == "CMYK")
        if page.format == "JPEG2000" and (other or palette is not None):
            space = _space_name(picture)
            raise InputFileError(f"{name} has a JPEG 2000 image of mode {page.mode} in the colour space {space}", ANEW)

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

    def _bilevel(self, outer: list[Filter], kind: str, parameters: Any) -> NDArray[np.bool_]:
        """Return the bits of a fax or JBIG2 picture, before its Decode."""
        # Both may be larger than the bits that they stand for, never by much.
        data = self._undone(outer, 8 * self.size[0] * self.size[1] + (1 << 20))
        if kind == _FAX:
            try:
                return decode_fax(data, parameters, self.size)
            except UnsupportedFaxError as error:
                raise self._unsupported([kind], error) from error
        with self._pikepdf.new() as pdf:
            # Without its Decode and its colours, which pikepdf would follow.
            picture: Any = pdf.copy_foreign(self._image)
            own = filters_of(self._pikepdf, picture)[-1][1]
            picture.write(data, filter=self._pikepdf.Name(kind), decode_parms=own)
            for key in ("/Decode", "/ImageMask", "/Mask", "/SMask"):
                if key in picture:
                    del picture[key]
            picture.ColorSpace = self._pikepdf.Name.DeviceGray
            try:
                image = self._pikepdf.PdfImage(picture).as_pil_image()
            except self._pikepdf.DependencyError as error:
                fix = "install jbig2dec (apt install jbig2dec)"
                raise MissingDependencyError(f"{self._name} takes a decoder of JBIG2: {error}", fix) from error
            return np.array(image.convert("1"))

    def replace(self, page: Page) -> None:
        """Put other samples in its place, of the size and format that were read."""
        picture, pdf = self._image, self._pikepdf
        self._fix_transparency(page)
        if page.format in ("JPEG", "JPEG2000"):
            encoded = io.BytesIO()
            page = _as_inks(page, picture)
            encode, kind = (jpeg.encode, "/DCTDecode") if page.format == "JPEG" else (jpeg2000.encode, "/JPXDecode")
            encode(encoded, page.pixels, page.mode, page.metadata)
            picture.write(encoded.getvalue(), filter=pdf.Name(kind))
            # Its entry ColorTransform was about the old data.
            if "/DecodeParms" in picture:
                del picture["/DecodeParms"]
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

    def _fix_transparency(self, page: Page) -> None:
        """Return whether each pixel is transparent, if the PDF treats certain values as transparent.

        Filled pixels would have such a value, or miss it, by accident. Each is as its nearest known pixel is.
        """
        if self._color_key is None:
            return
        before = self.read().pixels
        if self._transparent is None:
            raise RuntimeError("an image with a colour key was read without it")
        changed = before != page.pixels
        transparent = nearest_known(self._transparent, changed if changed.ndim == 2 else changed.any(axis=2))
        mask = self._owner.make_stream(np.packbits(transparent, axis=1).tobytes())
        self._image.Mask = mask
        mask.Type, mask.Subtype = self._pikepdf.Name.XObject, self._pikepdf.Name.Image
        mask.Width, mask.Height = self.size
        mask.ImageMask, mask.BitsPerComponent = True, 1

    def _set_colours(self, page: Page) -> None:
        """Say what samples these are now, where they were numbers of a palette or fewer than 8 bits."""
        picture = self._image
        space = picture.ColorSpace
        if self._colours(space)[1] is not None:
            picture.ColorSpace = space[1]
        picture.BitsPerComponent = 8 * page.pixels.dtype.itemsize
