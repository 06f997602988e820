"""TIFF pages on their way in: how their samples are stored, and the kinds that Pillow does not read."""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

from PIL import Image

from bokwon.errors import InputFileError
from bokwon.image_io.formats.tiff import directories as ifd
from bokwon.image_io.formats.tiff import encode as tiff
from bokwon.image_io.formats.tiff import multipage as tiff_pages
from bokwon.image_io.formats.tiff import uncommon as tiff_archive
from bokwon.image_io.formats.tiff.directories import Directory
from bokwon.image_io.metadata import Metadata, TiffSettings
from bokwon.image_io.page import Page, Storage

__all__ = [
    "ICC",
    "ORIENTATION",
    "XMP",
    "as_tiff",
    "check_single",
    "decode_uncommon",
    "settings_of",
    "storage_of",
    "unusual",
    "white_is_turned",
]

ORIENTATION, XMP, ICC = 274, 700, 34675
_BITS_PER_SAMPLE, _PHOTOMETRIC = 258, 262
_LUMA_AND_CHROMA = 6
_KINDS = {"LAB": "CIE L*a*b*", "YCbCr": "luma and chroma", "F": "floating point", "I": "more than 16 bits"}
_COLOUR_DEPTHS = {"1": 1, "L": 1, "LA": 2, "P": 1, "PA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4, "I;16": 1, "I;16B": 1}


def decode_uncommon(name: str, stream: BinaryIO) -> Page | None:
    """Decode a TIFF of the kinds that Pillow does not read, or cuts down to 8 bits; None for all other files."""
    stream.seek(0)
    if stream.read(4) not in ifd.SIGNATURES:
        return None
    try:
        tags = ifd.parse(stream)
        tiff_archive.check_flat(name, tags)
        mode = tiff_archive.mode_of_uncommon(tags, ifd.byte_order(stream), big=ifd.is_big(stream))
    except (ValueError, KeyError, struct.error, OverflowError):
        # Pillow will say what is wrong with it.
        return None
    if mode is None:
        return None
    check_single(name, ifd.positions(stream))
    limit = Image.MAX_IMAGE_PIXELS or 0
    pixels, compression = tiff_archive.decode_samples(name, stream, tags, mode, max_pixels=limit)
    white_is_zero = _photometric(tags) == tiff.WHITE_IS_ZERO
    storage = Storage(white_is_zero=white_is_zero, negative=white_is_zero and mode in tiff.WITH_NEGATIVES)
    kept = tiff.descriptive(tags, samples_changed=storage.turned)
    metadata = Metadata(
        icc=kept[ICC].data if ICC in kept else None,
        exif=tiff.exif_block(kept) or None,
        xmp=kept[XMP].data if XMP in kept else None,
        dpi=tiff.resolution(tags),
        orientation=ifd.numbers(tags[ORIENTATION])[0] if ORIENTATION in tags else 1,
        tiff=settings_of(tags, kept, compression, storage, big=ifd.is_big(stream)),
    )
    notices = [f"{name}: {change}" for change in tiff.changes_of(tags, samples_changed=storage.turned)]
    notices += [white_is_turned(name)] if storage.turned else []
    return Page(pixels, mode, "TIFF", metadata, tuple(notices))


def settings_of(tags: Directory, kept: Directory, compression: str, storage: Storage, *, big: bool) -> TiffSettings:
    """Return how a page is to be written again.

    Args:
        tags: All its tags.
        kept: Those that describe it.
        compression: By Pillow's name.
        storage: How its samples are stored.
        big: Whether it lies in a BigTIFF.
    """
    differences = tiff.has_differences(tags)
    return TiffSettings(compression, kept, tiff_archive.tile_of(tags), big, storage.negative, differences)


def storage_of(name: str, image: Image.Image, tags: Directory) -> Storage:
    """Return how a TIFF that Pillow opened stores its samples.

    Raises:
        InputFileError: In a way that could not be given back as it is.
    """
    entry = tags.get(_BITS_PER_SAMPLE)
    bits = ifd.numbers(entry) if entry is not None else (1,)
    fix = "convert it to 8 or 16 bits of gray, RGB or CMYK"
    if len(set(bits)) > 1 or bits[0] not in (1, 2, 4, 8, 16):
        raise InputFileError(f"{name} has samples of {', '.join(map(str, bits))} bits", fix)
    if image.mode in _KINDS and image.mode != "I":
        raise unusual(name, image.mode)
    # Pillow's La is gray multiplied by its alpha.
    tiff_archive.check_alpha(name, tags, image.mode.upper())
    if len(bits) not in (1, _COLOUR_DEPTHS.get(image.mode)):
        raise InputFileError(f"{name} has {len(bits)} channels, of which {image.mode} would keep only some", fix)
    white_is_zero = _photometric(tags) == tiff.WHITE_IS_ZERO
    return Storage(
        sixteen_bit_colour=bits[0] == 16 and image.mode in ("RGB", "RGBA"),
        small_gray=bits[0] in (2, 4) and image.mode == "L",
        white_is_zero=white_is_zero,
        # Less than 8 bits come back as 8, and gray with alpha as what it looks like.
        negative=white_is_zero and bits in ((1,), (8,), (16,)),
        luma=_photometric(tags) == _LUMA_AND_CHROMA and image.mode == "RGB",
    )


def as_tiff(name: str, stream: BinaryIO) -> BinaryIO:
    """Return a BigTIFF of one page as a TIFF."""
    positions = ifd.positions(stream)
    check_single(name, positions)
    return io.BytesIO(tiff_pages.extract(stream, positions[0]))


def check_single(name: str, positions: list[int]) -> None:
    """Refuse a file of several pages."""
    if (pages := len(positions)) > 1:
        raise InputFileError(f"{name} holds {pages} pages", "split it into one file a page")


def _photometric(tags: Directory) -> int | None:
    return ifd.numbers(tags[_PHOTOMETRIC])[0] if _PHOTOMETRIC in tags else None


def white_is_turned(name: str) -> str:
    """Say that a negative does not come back as one."""
    return f"{name} stores white as zero; it comes back looking the same, with black as zero"


def unusual(name: str, mode: str) -> InputFileError:
    """Return the error for samples of a kind that nothing here works with."""
    kind = _KINDS.get(mode, f"the kind {mode}")
    return InputFileError(f"{name} has samples of {kind}", "convert it to gray, RGB or CMYK")
