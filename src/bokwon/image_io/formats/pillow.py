"""What formats share whose samples Pillow decodes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

from PIL import (
    BmpImagePlugin,
    Image,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from bokwon.errors import InputFileError
from bokwon.image_io.exif import orientation_of, tiff_part
from bokwon.image_io.metadata import Metadata, plausible_dpi
from bokwon.image_io.modes import check_pixels, from_pillow
from bokwon.image_io.page import Page

__all__ = ["check_single", "load", "metadata_of", "opened", "page_of"]

_ORIENTATION = 274
# Called directly: `Image.open` knows one limit of pixels for all threads of the process, and hides what is wrong.
_OPEN: dict[str, Any] = {
    "PNG": PngImagePlugin.PngImageFile,
    "JPEG": JpegImagePlugin.JpegImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "JPEG2000": Jpeg2KImagePlugin.Jpeg2KImageFile,
}
_SPLIT = {
    "PNG": "split the animation first, for example with ffmpeg -i NAME.png NAME-%03d.png",
    "WEBP": "split the animation first, for example with anim_dump NAME.webp, or magick NAME.webp NAME-%03d.png",
    "AVIF": "split the sequence first, for example with ffmpeg -i NAME.avif NAME-%03d.png",
}


def check_single(name: str, pages: int, file_format: str = "") -> None:
    """Refuse a file of several pages.

    Args:
        name: Name in messages.
        pages: How many it has.
        file_format: Its format, to say how it is split.

    Raises:
        InputFileError: It has more than one.
    """
    if pages > 1:
        raise InputFileError(f"{name} holds {pages} pages", _SPLIT.get(file_format, "split it into one file a page"))


@contextmanager
def opened(name: str, stream: BinaryIO, file_format: str, max_pixels: int) -> Iterator[Image.Image]:
    """Open a file of one page.

    Args:
        name: Name in messages.
        stream: The file, seekable; it stays open.
        file_format: Pillow's name of its format.
        max_pixels: Refuse larger images.

    Yields:
        The image, not decoded yet.

    Raises:
        InputFileError: Several pages, or too large.
    """
    stream.seek(0)
    try:
        image = _OPEN[file_format](stream, "")
    except SyntaxError as error:
        raise UnidentifiedImageError(str(error)) from error
    with image:
        check_pixels(name, image.size, max_pixels)
        # Phones append depth maps and previews to JPEG files; those are no pages. Those of a TIFF are counted by its
        # reader: Pillow follows the way from one to the next out of the file.
        if file_format not in ("JPEG", "TIFF"):
            check_single(name, getattr(image, "n_frames", 1), file_format)
        yield image


def load(image: Image.Image) -> int:
    """Decode the samples of an opened image; return its EXIF orientation, which a TIFF loses on the way.

    Where the tag is not one of 1 to 8, the image is upright, as it is for viewers.
    """
    try:
        told = image.getexif().get(_ORIENTATION, 1)
    # What is wrong with the metadata does not matter to the samples.
    except Exception:
        told = 1
    image.load()
    return int(told) if told in range(1, 9) else 1


def metadata_of(image: Image.Image, orientation: int | None = None) -> Metadata:
    """Return what Pillow tells of a decoded image beside its samples.

    Args:
        image: The image.
        orientation: Its orientation; by default that of its EXIF block.
    """
    info = image.info
    xmp = info.get("xmp") or info.get("XML:com.adobe.xmp")
    exif = tiff_part(cast(bytes, info.get("exif") or b"")) or None
    return Metadata(
        icc=info.get("icc_profile"),
        exif=exif,
        xmp=xmp.encode() if isinstance(xmp, str) else xmp or None,
        dpi=_resolution(info.get("dpi")),
        orientation=orientation_of(exif) if orientation is None else orientation,
    )


def _resolution(dpi: Any) -> tuple[float, float] | None:
    if not isinstance(dpi, tuple) or len(dpi) != 2:
        return None
    return plausible_dpi(float(dpi[0]), float(dpi[1]))


def page_of(name: str, image: Image.Image, file_format: str) -> Page:
    """Decode an opened image.

    Args:
        name: What notices call it.
        image: The image.
        file_format: What the page is to call its format.
    """
    image.load()
    metadata = metadata_of(image)
    pixels, mode, changes = from_pillow(image)
    return Page(pixels, mode, file_format, metadata, tuple(f"{name}: {change}" for change in changes))
