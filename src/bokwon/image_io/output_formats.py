"""Output formats: which there are, what each can hold without loss, and how a page is written in one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bokwon.errors import ArgumentError
from bokwon.image_io.formats import bmp, jpeg2000, png
from bokwon.image_io.formats.jpeg import encode as jpeg
from bokwon.image_io.formats.tiff import encode as tiff
from bokwon.image_io.formats.tiff import uncommon as tiff_archive
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.modes import to_pillow
from bokwon.image_io.page import Page
from bokwon.types import Pixels

__all__ = ["EXTENSIONS", "check_fits", "encode_page", "format_of", "lost_on_the_way"]

EXTENSIONS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
    ".bmp": "BMP",
    ".jp2": "JPEG2000",
    ".j2k": "JPEG2000",
    ".jpf": "JPEG2000",
    ".pdf": "PDF",
}
"""File name extension to format."""


@dataclass(frozen=True)
class _Abilities:
    """What a format can hold: modes of 1 and 8 bits, modes of 16 bits, and kinds of metadata."""

    modes: frozenset[str]
    deep_modes: frozenset[str] = frozenset()
    metadata: frozenset[str] = frozenset({"icc", "exif", "xmp", "dpi"})


_ABILITIES = {
    "PNG": _Abilities(frozenset({"1", "L", "LA", "RGB", "RGBA"}), frozenset({"L", "LA", "RGB", "RGBA"})),
    "TIFF": _Abilities(
        frozenset({"1", "L", "LA", "RGB", "RGBA", "CMYK"}), frozenset({"L", "LA", "RGB", "RGBA", "CMYK"})
    ),
    "JPEG": _Abilities(frozenset({"L", "RGB", "CMYK"})),
    "WEBP": _Abilities(frozenset({"RGB", "RGBA"}), metadata=frozenset({"icc", "exif", "xmp"})),
    "JPEG2000": _Abilities(
        frozenset({"L", "LA", "RGB", "RGBA", "CMYK"}),
        frozenset({"L", "LA", "RGB", "RGBA", "CMYK"}),
        metadata=frozenset({"icc", "xmp", "dpi"}),
    ),
    "BMP": _Abilities(frozenset({"1", "L", "RGB"}), metadata=frozenset({"dpi", "icc"})),
}
_LONGEST = {"JPEG": 65500, "WEBP": 16383}
"""Pixels a side that the encoders of a format can write; others have no limit that matters."""
_NAMES = {"icc": "colour profile", "exif": "EXIF", "xmp": "XMP", "dpi": "resolution"}


def format_of(path: Path) -> str:
    """Return the format that a file's extension asks for.

    Raises:
        ArgumentError: No format has that extension.
    """
    try:
        return EXTENSIONS[path.suffix.lower()]
    except KeyError:
        raise ArgumentError(
            f"cannot tell the format of {path} by its extension", f"name it one of {', '.join(EXTENSIONS)}"
        ) from None


def check_fits(pixels: Pixels, mode: str, file_format: str, *, named: bool = True) -> None:
    """Make sure that a format holds samples of this mode and depth, and as many of them.

    Args:
        pixels: Samples.
        mode: Their mode.
        file_format: The format.
        named: Whether the output's name chose the format, and not an option, to say what to do.

    Raises:
        ArgumentError: It does not, so they could not be written as they are.
    """
    if file_format == "PDF":
        fix = "write to a name that ends in .tif or .png" if named else "add --format tiff"
        raise ArgumentError("only a PDF can be written as PDF", fix)
    if _fits(pixels, mode, file_format):
        return
    depth = pixels.dtype.itemsize * 8 if mode != "1" else 1
    # JPEG 2000 takes more than is installed everywhere.
    others = [name for name in _ABILITIES if name != "JPEG2000" and _fits(pixels, mode, name)]
    usual = {name: extension for extension, name in reversed(EXTENSIONS.items())}
    if named:
        fix = f"write to a name that ends in {' or '.join(usual[name] for name in others)}"
    else:
        fix = f"add {' or '.join(f'--format {name.lower()}' for name in others)}"
    what = f"a {depth}-bit image of mode {mode}"
    if _is_short(pixels, file_format):
        raise ArgumentError(f"{file_format} cannot hold {what}", fix)
    raise ArgumentError(f"{file_format} cannot hold more than {_LONGEST[file_format]} pixels a side", fix)


def _fits(pixels: Pixels, mode: str, file_format: str) -> bool:
    abilities = _ABILITIES[file_format]
    modes = abilities.deep_modes if pixels.dtype.itemsize == 2 else abilities.modes
    return mode in modes and _is_short(pixels, file_format)


def _is_short(pixels: Pixels, file_format: str) -> bool:
    limit = _LONGEST.get(file_format)
    return limit is None or max(pixels.shape[:2]) <= limit


def lost_on_the_way(page: Page, file_format: str) -> tuple[str, ...]:
    """Return notices on what will not be in the output as it was in the input, one sentence each."""
    metadata = page.metadata
    present = {name for name in _NAMES if getattr(metadata, name)}
    notices = []
    if page.format != file_format:
        lost = present - _ABILITIES[file_format].metadata
        if file_format == "JPEG":
            lost |= set(jpeg.too_long(metadata))
        own = [block for kind in (png, jpeg, jpeg2000, tiff) for block in kind.own_blocks(metadata)]
        if kinds := [*(_NAMES[name] for name in sorted(lost)), *own]:
            notices.append(f"{file_format} has no place for this image's {', '.join(kinds)}; the output is without")
        if metadata.jpeg2000_bits:
            notices.append(f"samples of {metadata.jpeg2000_bits} bits become 16 bits, as bright as they were")
    if file_format == "JPEG":
        how = "at the input's quality" if page.format == "JPEG" else f"at quality {jpeg.QUALITY}"
        notices.append(f"JPEG is encoded anew, {how}: pixels outside the holes may change slightly")
        notices += metadata.jpeg.changes if metadata.jpeg else ()
    if metadata.tiff and file_format == "TIFF":
        stored = metadata.tiff.compression
        if tiff.encoding_for(stored, page.mode) != stored:
            how = " (pip install 'bokwon[archive]' keeps it)" if tiff_archive.would_keep(stored, page.mode) else ""
            notices.append(f"TIFF compression {stored} is not kept: the output is Deflate, without loss{how}")
    if metadata.tiff and metadata.tiff.tile and file_format == "TIFF" and not tiff_archive.can_encode(page.mode):
        how = "" if page.mode == "1" else " (pip install 'bokwon[archive]' keeps them)"
        notices.append(f"the tiles of this TIFF become strips{how}")
    return tuple(notices)


def encode_page(stream: BinaryIO, pixels: Pixels, mode: str, file_format: str, metadata: Metadata) -> None:
    """Write samples as an image file.

    Args:
        stream: Where to.
        pixels: Samples.
        mode: Their mode.
        file_format: One of `EXTENSIONS`' values that holds them (`check_fits`).
        metadata: What the page carries beside them.
    """
    if file_format == "PNG":
        png.encode(stream, pixels, mode, metadata)
    elif file_format == "TIFF":
        tiff.encode(stream, pixels, mode, metadata)
    elif file_format == "JPEG":
        jpeg.encode(stream, pixels, mode, metadata)
    elif file_format == "JPEG2000":
        jpeg2000.encode(stream, pixels, mode, metadata)
    elif file_format == "WEBP":
        image = to_pillow(pixels, mode)
        # Lossless, and colours under transparency kept: outside the holes nothing changes.
        image.save(
            stream,
            "WEBP",
            lossless=True,
            exact=True,
            icc_profile=metadata.icc or b"",
            exif=metadata.exif or b"",
            xmp=metadata.xmp or b"",
        )
    else:
        bmp.encode(stream, pixels, mode, metadata)
