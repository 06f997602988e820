"""JPEG files on their way in: samples by Pillow, and how they were encoded."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO, cast

from PIL import Image, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile, get_sampling

from bokwon.image_io.decoder_warnings import damage_warnings
from bokwon.image_io.exif import orientation_of
from bokwon.image_io.formats import pillow
from bokwon.image_io.formats.jpeg import planes
from bokwon.image_io.formats.jpeg.segments import exif_of, jfif_resolution, profile_of
from bokwon.image_io.formats.jpeg.structure import Structure, structure_of
from bokwon.image_io.formats.jpeg.uncommon import decode_uncommon
from bokwon.image_io.formats.jpeg.writer import QUALITY
from bokwon.image_io.formats.jpeg.xmp import joined_xmp
from bokwon.image_io.formats.tiff import directories
from bokwon.image_io.formats.tiff.writer import resolution
from bokwon.image_io.metadata import JpegSettings, Metadata
from bokwon.image_io.modes import check_pixels
from bokwon.image_io.page import Page
from bokwon.utilities.memory import is_out_of_memory

__all__ = ["decode", "settings_of", "size_of"]

_BEGIN = b"\xff\xd8"
_YCCK = 2


def decode(name: str, stream: BinaryIO, max_pixels: int) -> Page:
    """Read the first picture of a JPEG file; see `bokwon.image_io.formats.table.Format`."""
    stream.seek(0)
    data = stream.read()
    if not data.startswith(_BEGIN):
        raise UnidentifiedImageError
    found = structure_of(data)
    check_pixels(name, found.size, max_pixels)
    clean = io.BytesIO(found.clean)
    try:
        with pillow.opened(name, clean, "JPEG", max_pixels) as image:
            page = pillow.page_of(name, image, "JPEG")
            settings = settings_of(image, found)
    # Pillow says that what it does not know is broken.
    except Exception as error:
        if not found.coding or is_out_of_memory(error):
            raise
        pixels, mode, notices = decode_uncommon(name, data, found)
        page = Page(pixels, mode, "JPEG", Metadata(), notices)
        settings = JpegSettings((), 0, False, found.segments, changes=(_becomes_usual(found.coding),))
    segments = found.segments
    exif = exif_of(segments)
    metadata = replace(
        page.metadata,
        icc=profile_of(segments),
        exif=exif,
        xmp=joined_xmp(segments),
        dpi=jfif_resolution(segments) or _exif_resolution(exif),
        orientation=orientation_of(exif),
        jpeg=settings,
    )
    notices = (*_left_behind(name, found), *page.notices)
    return replace(page, metadata=metadata, notices=notices, warnings=damage_warnings(name, clean))


def size_of(stream: BinaryIO) -> tuple[int, int] | None:
    """Return the width and height from the frame header."""
    stream.seek(0)
    size = structure_of(stream.read()).size
    return size if all(size) else None


def _exif_resolution(exif: bytes | None) -> tuple[float, float] | None:
    try:
        return resolution(directories.parse(io.BytesIO(exif))) if exif else None
    except (ValueError, KeyError, struct.error):
        return None


def _left_behind(name: str, found: Structure) -> Iterator[str]:
    if found.pictures > 1 and found.behind:
        yield f"{name} holds {found.pictures} pictures; only the first is kept"
    elif found.behind:
        yield f"{name}: {found.behind} bytes behind its picture are not kept"
    if found.late:
        yield f"{name}: {found.late} segments that describe it behind its first scan are not kept"
    if found.stray:
        yield f"{name}: {found.stray} bytes between its segments are not kept"


def settings_of(image: Image.Image, found: Structure) -> JpegSettings:
    """Return how a JPEG file was encoded.

    Args:
        image: The file, opened by Pillow.
        found: What it is made of.
    """
    file = cast(JpegImageFile, image)
    tables = list(found.tables)
    sampling = get_sampling(image)
    changes = []
    layout: tuple[tuple[int, int, int], ...] = ()
    rgb = image.mode == "RGB" and (image.info.get("adobe_transform") == 0 or _is_named_rgb(file))
    if not tables or not all(tables):
        tables = []
        changes.append(_becomes_usual(found.coding or "JPEG without quantisation tables"))
    if rgb and sampling < 0:
        changes.append("its subsampling of red, green and blue becomes 4:4:4")
    elif image.mode == "CMYK" and image.info.get("adobe_transform") == _YCCK:
        changes.append("its inks, stored as luma, chroma and black, come back as cyan, magenta, yellow and black")
        # An ink is as fine as luma is: each carries the letters.
        tables = tables[:1]
    elif image.mode == "RGB" and sampling < 0:
        layout = tuple((name, across, down) for name, across, down, _ in file.layer)
        if not tables or not planes.can_encode(layout):
            layout = ()
            changes.append("its chroma subsampling becomes 4:4:4")
    return JpegSettings(
        tables=_shortest(tables),
        # Schemes that libjpeg's three presets do not cover lose nothing at full chroma.
        subsampling=max(sampling, 0),
        progressive=bool(image.info.get("progressive")),
        segments=found.segments,
        changes=tuple(changes),
        layout=layout,
        rgb=rgb,
    )


def _becomes_usual(coding: str) -> str:
    return f"it is a {coding}, and the output is a usual JPEG of quality {QUALITY}"


def _is_named_rgb(file: JpegImageFile) -> bool:
    """Return whether only the names of the components say that they are red, green and blue, as libjpeg goes by."""
    marked = "jfif" in file.info or "adobe" in file.info
    return not marked and [name for name, _, _, _ in file.layer] == [*b"RGB"]


def _shortest(tables: list[tuple[int, ...]]) -> tuple[tuple[int, ...], ...]:
    """Return tables by component without those that repeat the one before them to the end."""
    while len(tables) > 1 and tables[-1] == tables[-2]:
        tables = tables[:-1]
    return tuple(tables)
