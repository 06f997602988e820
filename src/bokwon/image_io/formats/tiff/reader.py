"""TIFF pages on their way in: how their samples are stored, and the kinds that Pillow does not read."""

from __future__ import annotations

import io
import struct
from contextlib import suppress
from dataclasses import replace
from typing import BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from bokwon.errors import ArgumentError, InputFileError
from bokwon.image_io.decoder_warnings import damage_warnings
from bokwon.image_io.formats import opencv, pillow
from bokwon.image_io.formats.tiff import chain, decisions, directories, multipage, uncommon, writer
from bokwon.image_io.formats.tiff.directories import Directory
from bokwon.image_io.metadata import Metadata, TiffSettings
from bokwon.image_io.modes import check_pixels, from_pillow
from bokwon.image_io.page import Page
from bokwon.utilities.memory import is_out_of_memory

__all__ = ["decode", "size_of"]

_WIDTH, _LENGTH, _BITS_PER_SAMPLE, _COMPRESSION, _PHOTOMETRIC, _X_RESOLUTION = 256, 257, 258, 259, 262, 282
_SAMPLES, _FORMAT = 277, 339
_ORIENTATION, _XMP, _ICC = 274, 700, 34675
# Pillow turns samples upright on loading; this turns them back to how they are stored.
_UNDO_ORIENTATION = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
_BIG_HIGH_FIRST = b"MM\0+"
"""What a big-endian BigTIFF begins with, which Pillow does not read."""
_BELOW_ZERO = 128
"""Pillow reads signed samples of 8 bits as if they were not: from here on they stand for numbers below zero."""
_DAMAGED_UNNOTICED = ("group3", "group4", "tiff_ccitt", "jpeg")
"""Compressions whose decoders go on behind damage."""
_OLD_NUMBERS = {"tiff_deflate": "tiff_adobe_deflate"}
"""The same compression by its number of old, in Pillow's names."""
_LUMA_AND_CHROMA = 6
_LUMA_COMPRESSIONS = {1: "raw", 5: "tiff_lzw", 8: "tiff_adobe_deflate", 32773: "packbits", 32946: "tiff_adobe_deflate"}
"""Compressions of luma and chroma that hold samples and no JPEG, by Pillow's names."""
_JPEG = 7
_NOT_EVERYWHERE = (6, 9, 10, 32766, 32809, 34676, 34677, 34887, 34892, 34925, 50000, 50001, 50002)
"""Compressions that many builds of libtiff lack."""
_PHOTOMETRICS = {0: "gray", 1: "gray", 2: "RGB", 3: "palette", 4: "a transparency mask", 5: "inks"}
_PHOTOMETRICS |= {6: "luma and chroma", 8: "CIE L*a*b*", 9: "ICC L*a*b*", 10: "ITU L*a*b*"}
_KINDS = {"LAB": "CIE L*a*b*", "YCbCr": "luma and chroma", "F": "floating point", "I": "more than 16 bits"}
_COLOUR_DEPTHS = {"1": 1, "L": 1, "LA": 2, "P": 1, "PA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4, "I;16": 1, "I;16B": 1}


def decode(name: str, stream: BinaryIO, max_pixels: int) -> Page:
    """Read a TIFF file of one page; see `bokwon.image_io.formats.table.Format`."""
    try:
        tags = directories.parse(stream)
        positions = chain.positions(stream)
    except (ValueError, OverflowError, struct.error) as error:
        raise InputFileError(f"{name} is damaged: {error}", "get an undamaged copy") from error
    decisions.check_developed(name, stream, positions)
    method = decisions.number(tags, _COMPRESSION, 1)
    try:
        return _with_inner(_decode(name, stream, max_pixels), stream, tags)
    except UnidentifiedImageError as unidentified:
        if method not in decisions.COMPRESSIONS or method in _NOT_EVERYWHERE:
            raise uncommon.lacking(name, tags) from unidentified
        fix = "convert it to 8 or 16 bits of gray, RGB or CMYK"
        message = f"{name} is a kind of TIFF that bokwon does not read: {_kind(tags)}"
        raise InputFileError(message, fix) from unidentified
    except OSError as error:
        deep_jpeg = method == _JPEG and max(_bits(tags)) > 8
        if (method in _NOT_EVERYWHERE or deep_jpeg) and not is_out_of_memory(error):
            raise uncommon.lacking(name, tags) from error
        raise


def _with_inner(page: Page, stream: BinaryIO, tags: Directory) -> Page:
    """Give a page the images within it, if they can be moved."""
    if page.metadata.tiff is None:
        return page
    inner = b""
    with suppress(*multipage.UNREADABLE):
        inner = multipage.inner_file(stream, tags)
    return replace(page, metadata=replace(page.metadata, tiff=replace(page.metadata.tiff, inner=inner)))


def _bits(tags: Directory) -> tuple[int, ...]:
    return tuple(directories.numbers(tags[_BITS_PER_SAMPLE])) if _BITS_PER_SAMPLE in tags else (1,)


def _kind(tags: Directory) -> str:
    """Return in words how samples are stored."""
    bits = _bits(tags)
    kind = decisions.number(tags, _PHOTOMETRIC, 1)
    channels, form = decisions.number(tags, _SAMPLES, 1), decisions.number(tags, _FORMAT, 1)
    of = {2: "signed ", 3: "floating-point "}.get(form, "")
    what = _PHOTOMETRICS.get(kind, f"PhotometricInterpretation {kind}")
    return f"{channels} channels of {of}samples of {', '.join(map(str, dict.fromkeys(bits)))} bits, {what}"


def size_of(stream: BinaryIO, position: int | None = None) -> tuple[int, int] | None:
    """Return the width and height of a page from its tags."""
    try:
        tags = directories.parse(stream, position)
    except (ValueError, struct.error):
        return None
    size = decisions.number(tags, _WIDTH, 0), decisions.number(tags, _LENGTH, 0)
    return size if all(size) else None


def _decode(name: str, stream: BinaryIO, max_pixels: int) -> Page:
    decision = decisions.decide(directories.parse(stream))
    if decision.changed:
        pillow.check_single(name, len(chain.positions(stream)))
        stream = chain.with_directory(stream, decision.tags)
    page = _decode_luma(name, stream, decision.tags, max_pixels) or _decode_decided(name, stream, max_pixels)
    stored = page.metadata.tiff
    if stored is None:
        return page
    pixels, mode, notices = page.pixels, page.mode, [f"{name}: {notice}" for notice in decision.notices]
    if decision.colours:
        colours = np.array(decision.colours, np.uint16).reshape(3, -1).T
        pixels, mode = colours[pixels], "RGB"
        change = "palette image: comes back as RGB, because a filled hole needs colours the palette lacks"
        notices.append(f"{name}: {change}")
    if decision.extra and mode == "RGBA":
        stored = replace(stored, extra=pixels[..., 3].copy())
        pixels, mode = np.ascontiguousarray(pixels[..., :3]), "RGB"
    metadata = replace(page.metadata, tiff=stored)
    return replace(page, pixels=pixels, mode=mode, metadata=metadata, notices=(*notices, *page.notices))


def _decode_luma(name: str, stream: BinaryIO, tags: Directory, max_pixels: int) -> Page | None:
    """Decode luma and chroma that are not within a JPEG, as libtiff does; None for all other files."""
    method = decisions.number(tags, _COMPRESSION, 1)
    if _photometric(tags) != _LUMA_AND_CHROMA or method not in _LUMA_COMPRESSIONS:
        return None
    size = decisions.number(tags, _WIDTH, 0), decisions.number(tags, _LENGTH, 0)
    check_pixels(name, size, max_pixels)
    pillow.check_single(name, len(chain.positions(stream)))
    upright = chain.with_directory(stream, {tag: entry for tag, entry in tags.items() if tag != _ORIENTATION})
    pixels = opencv.decode_eight_bits(upright.read())
    if pixels is None or pixels.shape != (size[1], size[0], 3):
        fix = "convert it to RGB with a program that reads it"
        raise InputFileError(f"{name} has luma and chroma stored in a way that bokwon does not read", fix)
    kept = writer.descriptive(tags, samples_changed=True)
    metadata = _metadata_of(stream, tags, kept, _LUMA_COMPRESSIONS[method])
    notices = [f"{name}: {change}" for change in writer.changes_of(tags, samples_changed=True)]
    notices.append(f"{name}: its luma and chroma come back as red, green and blue")
    return Page(pixels, "RGB", "TIFF", metadata, tuple(notices))


def _decode_decided(name: str, stream: BinaryIO, max_pixels: int) -> Page:
    if (page := _decode_uncommon(name, stream, max_pixels)) is not None:
        return page
    order = directories.byte_order(stream)
    stream.seek(0)
    if high_first := stream.read(4) == _BIG_HIGH_FIRST:
        stream = _as_tiff(name, stream)
    else:
        # What is damaged Pillow will say; but it opens all pages to count them, and does not know every kind.
        with suppress(ValueError, KeyError, struct.error, OverflowError):
            pillow.check_single(name, len(chain.positions(stream)))
    with pillow.opened(name, stream, "TIFF", max_pixels) as image:
        tags = directories.parse(stream)
        compression = str(image.info.get("compression", "raw"))
        bits = _bits_of(name, image, tags)
        white_is_zero = _photometric(tags) == writer.WHITE_IS_ZERO
        # Less than 8 bits come back as 8, and gray with alpha as what it looks like.
        negative = white_is_zero and bits in ((1,), (8,), (16,))
        small_gray = bits[0] in (2, 4) and image.mode == "L"
        luma = _photometric(tags) == _LUMA_AND_CHROMA and image.mode == "RGB"
        orientation = pillow.load(image)
        samples_changed = small_gray or (white_is_zero and not negative) or luma or image.mode in ("P", "PA")
        metadata = pillow.metadata_of(image, orientation)
        kept = writer.descriptive(tags, samples_changed=samples_changed)
        big = high_first or directories.is_big(stream)
        metadata = replace(
            metadata,
            exif=writer.exif_block(kept) or None,
            xmp=kept[_XMP].data if _XMP in kept else None,
            # Where a file has no resolution Pillow takes one for granted now and then.
            dpi=metadata.dpi if _X_RESOLUTION in tags else None,
            tiff=_settings_of(
                tags, kept, _OLD_NUMBERS.get(compression, compression), negative=negative, big=big, order=order
            ),
        )
        turned = _UNDO_ORIENTATION.get(orientation)
        try:
            pixels, mode, changes = from_pillow(image if turned is None else image.transpose(turned))
        except ArgumentError as error:
            raise _below_zero(name) if writer.has_signed(tags) else _unusual(name, image.mode) from error
    if writer.has_signed(tags) and pixels.dtype == np.uint8 and pixels.max(initial=0) >= _BELOW_ZERO:
        raise _below_zero(name)
    if bits[0] == 16 and image.mode in ("RGB", "RGBA"):
        stream.seek(0)
        pixels = opencv.decode_sixteen_bits(name, stream.read(), pixels)
    changes += tuple(writer.changes_of(tags, samples_changed=samples_changed))
    notices = [f"{name}: {change}" for change in changes]
    if white_is_zero and pixels.dtype == np.uint16:
        # Pillow inverts such files of 8 bits and less itself.
        pixels = np.asarray(65535 - pixels)
    if white_is_zero and not negative:
        notices.append(_white_is_turned(name))
    if small_gray:
        notices.append(f"{name} has less than 8 bits of gray; it comes back with 8")
    warnings = damage_warnings(name, stream) if compression in _DAMAGED_UNNOTICED else ()
    return Page(pixels, mode, "TIFF", metadata, tuple(notices), warnings)


def _below_zero(name: str) -> InputFileError:
    return InputFileError(f"{name} has samples of signed numbers, some below zero", "convert it to unsigned samples")


def _decode_uncommon(name: str, stream: BinaryIO, max_pixels: int) -> Page | None:
    """Decode a TIFF of the kinds that Pillow does not read, or cuts down to 8 bits; None for all other files."""
    try:
        tags = directories.parse(stream)
        uncommon.check_flat(name, tags)
        mode = uncommon.mode_of_uncommon(tags, directories.byte_order(stream), big=directories.is_big(stream))
    except (ValueError, KeyError, struct.error, OverflowError):
        # Pillow will say what is wrong with it.
        return None
    if mode is None:
        return None
    pillow.check_single(name, len(chain.positions(stream)))
    pixels, compression = uncommon.decode_samples(name, stream, tags, mode, max_pixels=max_pixels)
    negative = _photometric(tags) == writer.WHITE_IS_ZERO and mode in writer.WITH_NEGATIVES
    turned = _photometric(tags) == writer.WHITE_IS_ZERO and not negative
    kept = writer.descriptive(tags, samples_changed=turned)
    metadata = _metadata_of(stream, tags, kept, compression, negative=negative)
    notices = [f"{name}: {change}" for change in writer.changes_of(tags, samples_changed=turned)]
    notices += [_white_is_turned(name)] if turned else []
    return Page(pixels, mode, "TIFF", metadata, tuple(notices))


def _metadata_of(
    stream: BinaryIO, tags: Directory, kept: Directory, compression: str, *, negative: bool = False
) -> Metadata:
    """Return the metadata of a page that Pillow has not decoded, from all of its tags and its descriptive ones."""
    orientation = decisions.number(tags, _ORIENTATION, 1)
    order, big = directories.byte_order(stream), directories.is_big(stream)
    return Metadata(
        icc=kept[_ICC].data if _ICC in kept else None,
        exif=writer.exif_block(kept) or None,
        xmp=kept[_XMP].data if _XMP in kept else None,
        dpi=writer.resolution(tags),
        orientation=orientation if orientation in _UNDO_ORIENTATION else 1,
        tiff=_settings_of(tags, kept, compression, negative=negative, big=big, order=order),
    )


def _settings_of(
    tags: Directory, kept: Directory, compression: str, *, negative: bool, big: bool, order: str
) -> TiffSettings:
    """Return the settings for writing a page again, from all of its tags and its descriptive ones."""
    differences = writer.has_differences(tags)
    return TiffSettings(compression, kept, uncommon.tile_of(tags), big, negative, differences, order)


def _bits_of(name: str, image: Image.Image, tags: Directory) -> tuple[int, ...]:
    """Return the bits of each channel of a TIFF that Pillow opened.

    Raises:
        InputFileError: Its samples are stored in a way that could not be given back as it is.
    """
    entry = tags.get(_BITS_PER_SAMPLE)
    bits = directories.numbers(entry) if entry is not None else (1,)
    fix = "convert it to 8 or 16 bits of gray, RGB or CMYK"
    if len(set(bits)) > 1 or bits[0] not in (1, 2, 4, 8, 16):
        raise InputFileError(f"{name} has samples of {', '.join(map(str, bits))} bits", fix)
    if image.mode in _KINDS and image.mode != "I":
        raise _unusual(name, image.mode)
    # Pillow's La is gray multiplied by its alpha.
    uncommon.check_alpha(name, tags, image.mode.upper())
    if len(bits) not in (1, _COLOUR_DEPTHS.get(image.mode)):
        raise InputFileError(f"{name} has {len(bits)} channels, of which {image.mode} would keep only some", fix)
    return bits


def _as_tiff(name: str, stream: BinaryIO) -> BinaryIO:
    """Return a BigTIFF of one page as a TIFF."""
    positions = chain.positions(stream)
    pillow.check_single(name, len(positions))
    return io.BytesIO(multipage.extract(stream, positions[0]))


def _photometric(tags: Directory) -> int:
    return decisions.number(tags, _PHOTOMETRIC, -1)


def _white_is_turned(name: str) -> str:
    """Say that a negative does not come back as one."""
    return f"{name} stores white as zero; it comes back looking the same, with black as zero"


def _unusual(name: str, mode: str) -> InputFileError:
    """Return the error for samples of a kind that nothing here works with."""
    kind = _KINDS.get(mode, f"the kind {mode}")
    return InputFileError(f"{name} has samples of {kind}", "convert it to gray, RGB or CMYK")
