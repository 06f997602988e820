"""JPEG files on their way in: samples by Pillow, and how they were encoded."""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO, cast

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile, get_sampling

from bokwon.image_io.decoder_warnings import damage_warnings
from bokwon.image_io.formats import pillow
from bokwon.image_io.formats.jpeg import planes
from bokwon.image_io.formats.jpeg.segments import bytes_behind, read_segments, xmp_of
from bokwon.image_io.metadata import JpegSettings
from bokwon.image_io.page import Page

__all__ = ["decode", "settings_of"]

_YCCK = 2
_JFIF_UNITS = (1, 2)
_X_RESOLUTION = 282


def decode(name: str, stream: BinaryIO, max_pixels: int) -> Page:
    """Read a JPEG file, of several pictures the first; see `bokwon.image_io.formats.table.Format`."""
    with pillow.opened(name, stream, "JPEG", max_pixels) as image:
        stream.seek(0)
        data = stream.read()
        notices = []
        if (pictures := getattr(image, "n_frames", 1)) > 1:
            notices.append(f"{name} holds {pictures} pictures; only the first is kept")
        elif count := bytes_behind(data):
            notices.append(f"{name}: {count} bytes behind its picture are not kept")
        page = pillow.page_of(name, image, "JPEG")
        settings = settings_of(image, read_segments(data))
        # Where a file has no resolution Pillow takes one for granted now and then.
        has_dpi = image.info.get("jfif_unit") in _JFIF_UNITS or _X_RESOLUTION in image.getexif()
    metadata = replace(
        page.metadata, xmp=xmp_of(settings.segments), dpi=page.metadata.dpi if has_dpi else None, jpeg=settings
    )
    return replace(page, metadata=metadata, notices=(*notices, *page.notices), warnings=damage_warnings(name, stream))


def settings_of(image: Image.Image, segments: tuple[bytes, ...]) -> JpegSettings:
    """Return how a JPEG file was encoded.

    Args:
        image: The file, opened by Pillow.
        segments: What describes it.
    """
    file = cast(JpegImageFile, image)
    # Components name their tables, which may have any number.
    tables = [tuple(file.quantization.get(number, ())) for _, _, _, number in file.layer]
    if not tables or not all(tables):
        tables = [tuple(file.quantization[number]) for number in sorted(file.quantization)]
    sampling = get_sampling(image)
    changes = []
    layout: tuple[tuple[int, int, int], ...] = ()
    if image.mode == "RGB" and (image.info.get("adobe_transform") == 0 or _is_named_rgb(file)):
        changes.append("its red, green and blue are stored as luma and chroma")
    elif image.mode == "CMYK" and image.info.get("adobe_transform") == _YCCK:
        changes.append("its inks, stored as luma, chroma and black, come back as cyan, magenta, yellow and black")
        # An ink is as fine as luma is: each carries the letters.
        tables = tables[:1]
    elif image.mode == "RGB" and sampling < 0:
        layout = tuple((name, across, down) for name, across, down, _ in file.layer)
        if not planes.can_encode(layout):
            layout = ()
            changes.append("its chroma subsampling becomes 4:4:4")
    return JpegSettings(
        tables=_shortest(tables),
        # Schemes that libjpeg's three presets do not cover lose nothing at full chroma.
        subsampling=max(sampling, 0),
        progressive=bool(image.info.get("progressive")),
        segments=segments,
        changes=tuple(changes),
        layout=layout,
    )


def _is_named_rgb(file: JpegImageFile) -> bool:
    """Return whether only the names of the components say that they are red, green and blue, as libjpeg goes by."""
    marked = "jfif" in file.info or "adobe" in file.info
    return not marked and [name for name, _, _, _ in file.layer] == [*b"RGB"]


def _shortest(tables: list[tuple[int, ...]]) -> tuple[tuple[int, ...], ...]:
    """Return tables by component without those that repeat the one before them to the end."""
    while len(tables) > 1 and tables[-1] == tables[-2]:
        tables = tables[:-1]
    return tuple(tables)
