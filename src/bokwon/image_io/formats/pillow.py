"""What formats share whose samples Pillow decodes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

from PIL import Image

from bokwon.errors import InputFileError
from bokwon.image_io.metadata import Metadata, plausible_dpi
from bokwon.image_io.modes import from_pillow, too_many_pixels
from bokwon.image_io.page import Page

__all__ = ["check_single", "load", "metadata_of", "opened", "page_of"]

_ORIENTATION = 274


def check_single(name: str, pages: int) -> None:
    """Refuse a file of several pages.

    Raises:
        InputFileError: It has more than one.
    """
    if pages > 1:
        raise InputFileError(f"{name} holds {pages} pages", "split it into one file a page")


@contextmanager
def opened(name: str, stream: BinaryIO, file_format: str, max_pixels: int) -> Iterator[Image.Image]:
    """Open a file of one page.

    Args:
        name: What messages call it.
        stream: The file, seekable; it stays open.
        file_format: Pillow's name of its format.
        max_pixels: Refuse larger images.

    Yields:
        The image, not decoded yet.

    Raises:
        InputFileError: Several pages, or too large.
    """
    stream.seek(0)
    with Image.open(stream, formats=(file_format,)) as image:
        if image.width * image.height > max_pixels:
            raise too_many_pixels(name, max_pixels)
        # Phones append depth maps and previews to JPEG files; those are no pages.
        if file_format != "JPEG":
            check_single(name, getattr(image, "n_frames", 1))
        yield image


def load(image: Image.Image) -> int:
    """Decode the samples of an opened image; return its EXIF orientation, which a TIFF loses on the way."""
    orientation = int(image.getexif().get(_ORIENTATION, 1))
    image.load()
    return orientation


def metadata_of(image: Image.Image, orientation: int) -> Metadata:
    """Return what Pillow tells of a decoded image beside its samples."""
    info = image.info
    xmp = info.get("xmp") or info.get("XML:com.adobe.xmp")
    return Metadata(
        icc=info.get("icc_profile"),
        exif=cast(bytes, info.get("exif") or b"").removeprefix(b"Exif\0\0") or None,
        xmp=xmp.encode() if isinstance(xmp, str) else xmp or None,
        dpi=_resolution(info.get("dpi")),
        orientation=orientation,
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
    metadata = metadata_of(image, load(image))
    pixels, mode, changes = from_pillow(image)
    return Page(pixels, mode, file_format, metadata, tuple(f"{name}: {change}" for change in changes))
