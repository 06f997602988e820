"""What is inside an image file: samples as they are stored, and all that the file carries beside them."""

from __future__ import annotations

import struct
from contextlib import suppress
from dataclasses import replace
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bokwon.errors import ArgumentError, InputFileError
from bokwon.image_io.decoder_warnings import complaints_about
from bokwon.image_io.formats import bmp, jpeg2000, png
from bokwon.image_io.formats.jpeg import encode as jpeg
from bokwon.image_io.formats.tiff import decode as tiff_decode
from bokwon.image_io.formats.tiff import directories as ifd
from bokwon.image_io.formats.tiff import encode as tiff
from bokwon.image_io.formats.tiff.directories import Directory
from bokwon.image_io.metadata import Metadata, plausible_dpi
from bokwon.image_io.modes import from_pillow
from bokwon.image_io.page import Page, Storage
from bokwon.types import Pixels

__all__ = ["READABLE_TEXT", "decode"]

READABLE_TEXT = "PNG, JPEG, TIFF, WebP, BMP, JPEG 2000 and PDF"
_READABLE = ("PNG", "JPEG", "TIFF", "WEBP", "BMP")
# Pillow turns TIFF samples upright on loading; this turns them back to how they are stored.
_UNDO_ORIENTATION = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
_X_RESOLUTION = 282
_JFIF_UNITS = (1, 2)
_BIG_HIGH_FIRST = b"MM\0+"
"""What a big-endian BigTIFF begins with, which Pillow does not read."""
_BELOW_ZERO = 128
"""Pillow reads signed samples of 8 bits as if they were not: from here on they stand for numbers below zero."""
_DAMAGED_UNNOTICED = ("group3", "group4", "tiff_ccitt", "jpeg")
"""Compressions whose decoders go on behind damage."""
_OLD_NUMBERS = {"tiff_deflate": "tiff_adobe_deflate"}
"""The same compression by its number of old, in Pillow's names."""
_PNG_GRAY, _PNG_GRAY_ALPHA, _PNG_PALETTE = 0, 4, 3


def decode(name: str, stream: BinaryIO) -> Page:
    """Decode an image file that holds one page.

    Args:
        name: What messages call it.
        stream: The file, seekable.

    Raises:
        InputFileError: Several pages, or samples that could not be given back as they are.
        Exception: Whatever Pillow meets in a damaged file.
    """
    if jpeg2000.is_jpeg2000(stream.read(16)):
        stream.seek(0)
        pixels, mode, metadata = jpeg2000.decode(name, stream.read(), max_pixels=Image.MAX_IMAGE_PIXELS or 0)
        return Page(pixels, mode, "JPEG2000", metadata)
    if (uncommon := tiff_decode.decode_uncommon(name, stream)) is not None:
        return uncommon
    stream.seek(0)
    head = stream.read(4)
    if head == _BIG_HIGH_FIRST:
        stream = tiff_decode.as_tiff(name, stream)
    elif head in ifd.SIGNATURES:
        # What is damaged Pillow will say; but it opens all pages to count them, and does not know every kind.
        with suppress(ValueError, KeyError, struct.error, OverflowError):
            tiff_decode.check_single(name, ifd.positions(stream))
    stream.seek(0)
    with Image.open(stream, formats=_READABLE) as image:
        if image.width * image.height > (Image.MAX_IMAGE_PIXELS or 0):
            raise Image.DecompressionBombError
        # Phones append depth maps and previews to JPEG files; those are no pages.
        file_format = "JPEG" if image.format == "MPO" else str(image.format)
        pages = int(getattr(image, "n_frames", 1))
        if pages > 1 and file_format != "JPEG":
            raise InputFileError(f"{name} holds {pages} pages", "split it into one file a page")
        notices = [f"{name} holds {pages} pictures; only the first is kept"] if pages > 1 else []
        if file_format == "JPEG" and pages == 1 and (count := jpeg.bytes_behind(stream)):
            notices.append(f"{name}: {count} bytes behind its picture are not kept")
        tags = ifd.parse(stream) if file_format == "TIFF" else {}
        compression = str(image.info.get("compression", "raw"))
        storage = tiff_decode.storage_of(name, image, tags) if file_format == "TIFF" else Storage()
        if file_format == "PNG":
            storage = _png_storage(*png.header(stream))
        orientation = int(image.getexif().get(tiff_decode.ORIENTATION, 1))
        image.load()
        samples_changed = storage.small_gray or storage.turned or storage.luma or image.mode in ("P", "PA")
        chunks = None
        if file_format == "PNG":
            chunks, lost = png.read_chunks(stream, samples_changed=samples_changed)
            notices += [f"{name}: chunks that do not hold any more are not kept: {', '.join(lost)}"] if lost else []
        metadata = _metadata(image, stream, file_format, tags, orientation, chunks)
        if file_format == "TIFF":
            kept = tiff.descriptive(tags, samples_changed=samples_changed)
            big = head == _BIG_HIGH_FIRST or ifd.is_big(stream)
            metadata = replace(
                metadata,
                exif=tiff.exif_block(kept) or None,
                xmp=kept[tiff_decode.XMP].data if tiff_decode.XMP in kept else None,
                tiff=tiff_decode.settings_of(tags, kept, _OLD_NUMBERS.get(compression, compression), storage, big=big),
            )
        stored: Image.Image = image
        if file_format == "TIFF" and orientation in _UNDO_ORIENTATION:
            stored = image.transpose(_UNDO_ORIENTATION[orientation])
        try:
            pixels, mode, changes = from_pillow(stored)
        except ArgumentError as error:
            raise _below_zero(name) if tiff.has_signed(tags) else tiff_decode.unusual(name, image.mode) from error
    if tiff.has_signed(tags) and pixels.dtype == np.uint8 and pixels.max(initial=0) >= _BELOW_ZERO:
        raise _below_zero(name)
    if storage.sixteen_bit_colour:
        pixels = _decode_sixteen_bit_colour(name, stream, pixels)
    if storage.gray_with_alpha:
        # Both decoders make colour of it.
        pixels, mode = np.ascontiguousarray(pixels[..., [0, 3]]), "LA"
    if file_format == "TIFF":
        changes += tuple(tiff.changes_of(tags, samples_changed=samples_changed))
    notices += [f"{name}: {change}" for change in changes]
    if storage.white_is_zero:
        # Pillow inverts such files of 8 bits and less itself.
        pixels = np.asarray(65535 - pixels) if pixels.dtype == np.uint16 else pixels
    if storage.turned:
        notices.append(tiff_decode.white_is_turned(name))
    if storage.small_gray:
        notices.append(f"{name} has less than 8 bits of gray; it comes back with 8")
    warnings: tuple[str, ...] = ()
    if file_format == "JPEG" or (file_format == "TIFF" and compression in _DAMAGED_UNNOTICED):
        stream.seek(0)
        warnings = _damage(name, complaints_about(stream.read()))
    return Page(pixels, mode, file_format, metadata, tuple(notices), warnings)


def _below_zero(name: str) -> InputFileError:
    return InputFileError(f"{name} has samples of signed numbers, some below zero", "convert it to unsigned samples")


def _damage(name: str, complaints: tuple[str, ...]) -> tuple[str, ...]:
    if not complaints:
        return ()
    more = f" (and {len(complaints) - 1} more)" if len(complaints) > 1 else ""
    return (f"{name} is damaged, though it can be read: {complaints[0]}{more}; compare it with another copy",)


def _png_storage(depth: int, colour_type: int) -> Storage:
    return Storage(
        sixteen_bit_colour=depth == 16 and colour_type not in (_PNG_GRAY, _PNG_PALETTE),
        small_gray=depth in (2, 4) and colour_type == _PNG_GRAY,
        gray_with_alpha=depth == 16 and colour_type == _PNG_GRAY_ALPHA,
    )


def _metadata(
    image: Image.Image,
    stream: BinaryIO,
    file_format: str,
    tags: Directory,
    orientation: int,
    chunks: tuple[tuple[bytes, bytes], ...] | None,
) -> Metadata:
    info = image.info
    exif = cast(bytes, info.get("exif") or b"").removeprefix(b"Exif\0\0")
    settings = jpeg.settings_of(image, stream) if file_format == "JPEG" else None
    xmp = jpeg.xmp_of(settings) if settings else _as_bytes(info.get("xmp") or info.get("XML:com.adobe.xmp"))
    return Metadata(
        icc=info.get("icc_profile") or (bmp.profile_of(stream) if file_format == "BMP" else None),
        exif=exif or None,
        xmp=xmp,
        dpi=_resolution(info.get("dpi")) if _tells_resolution(image, file_format, tags) else None,
        orientation=orientation,
        png=chunks,
        jpeg=settings,
    )


def _as_bytes(text: Any) -> bytes | None:
    return text.encode() if isinstance(text, str) else text or None


def _tells_resolution(image: Image.Image, file_format: str, tags: Directory) -> bool:
    """Return whether a file has a resolution: where it has none, Pillow takes one for granted now and then."""
    if file_format == "TIFF":
        return _X_RESOLUTION in tags
    if file_format == "JPEG":
        return image.info.get("jfif_unit") in _JFIF_UNITS or _X_RESOLUTION in image.getexif()
    return True


def _resolution(dpi: Any) -> tuple[float, float] | None:
    if not isinstance(dpi, tuple) or len(dpi) != 2:
        return None
    return plausible_dpi(float(dpi[0]), float(dpi[1]))


def _decode_sixteen_bit_colour(name: str, stream: BinaryIO, high_bytes: Pixels) -> Pixels:
    """Decode through OpenCV what Pillow only gives the high bytes of, and hold the one against the other."""
    import cv2

    stream.seek(0)
    data = stream.read()
    if data.startswith(png.SIGNATURE):
        data = png.bare(data)
    # Where the switch is depends on OpenCV's release.
    log: Any = getattr(cv2.utils, "logging", cv2)
    level = log.getLogLevel()
    log.setLogLevel(0)
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    finally:
        log.setLogLevel(level)
    channels = high_bytes.shape[-1]
    if decoded is not None and decoded.ndim == 3 and decoded.shape[-1] >= channels and decoded.dtype == np.uint16:
        order = [2, 1, 0, 3][:channels]
        pixels: NDArray[np.uint16] = np.ascontiguousarray(decoded[..., order])
        if pixels.shape == high_bytes.shape and np.array_equal(pixels >> 8, high_bytes):
            return pixels
    raise InputFileError(
        f"{name} stores 16-bit colour in a way that Pillow and OpenCV read differently",
        "save it as a 16-bit RGB PNG, or as TIFF with contiguous channels and unassociated alpha",
    )
