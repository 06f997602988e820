"""HEIF (HEIC) and AVIF. They are read but never written: restored pages become PNG."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Any, BinaryIO, NoReturn

import numpy as np
from PIL import UnidentifiedImageError

from bokwon.errors import ArgumentError, InputFileError, MissingDependencyError, importing
from bokwon.image_io.exif import orientation_of, tiff_part, upright
from bokwon.image_io.formats import pillow
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.modes import check_pixels, from_pillow, multiplied_alpha
from bokwon.image_io.page import Page
from bokwon.types import Pixels

__all__ = ["decode_avif", "decode_heif", "encode", "is_avif", "is_heif"]

_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")
_AVIF_BRANDS = (b"avif", b"avis")
_MODES = {"L": "L", "LA": "LA", "RGB": "RGB", "RGBA": "RGBA"}
_DEEP = ";16"
_CONFIGURATION, _DEEP_FLAG = b"av1C", 0x40


def is_avif(head: bytes) -> bool:
    """Return whether a file begins like an AVIF.

    Args:
        head: Its beginning.
    """
    return any(brand in _AVIF_BRANDS for brand in _brands(head))


def is_heif(head: bytes) -> bool:
    """Return whether a file begins like a HEIF that is no AVIF.

    Args:
        head: Its beginning.
    """
    return not is_avif(head) and any(brand in _HEIF_BRANDS for brand in _brands(head))


def _brands(head: bytes) -> list[bytes]:
    if head[4:8] != b"ftyp":
        return []
    (size,) = struct.unpack(">I", head[:4])
    brands = head[8:12] + head[16 : min(size, len(head))]
    return [brands[at : at + 4] for at in range(0, len(brands), 4)]


def decode_heif(name: str, stream: BinaryIO, max_pixels: int) -> Page:
    """Read the main picture of a HEIF file, turned upright; see `bokwon.image_io.formats.table.Format`.

    Raises:
        InputFileError: Damaged, too large, or with colours multiplied by its alpha.
        MissingDependencyError: pi-heif is not installed.
    """
    with importing("HEIF takes pi-heif, which cannot be imported: {error}", "pip install 'bokwon[heif]'"):
        import pi_heif
    file = pi_heif.open_heif(stream, convert_hdr_to_8bit=False)
    check_pixels(name, file.size, max_pixels)
    stored = file.mode
    if "a" in stored:
        raise multiplied_alpha(name)
    mode = _MODES.get(stored.removesuffix(_DEEP))
    if mode is None:
        raise InputFileError(f"{name} has samples of the kind {stored}", "convert it to PNG")
    pixels = np.array(np.asarray(file), np.uint16 if stored.endswith(_DEEP) else np.uint8)
    exif = tiff_part(file.info.get("exif") or b"") or None
    metadata = Metadata(
        icc=file.info.get("icc_profile"),
        # The picture is turned already, whatever the block says.
        exif=upright(exif) if exif else None,
        xmp=file.info.get("xmp") or None,
    )
    notices = (f"{name} holds {len(file)} pictures; only the main one is read",) if len(file) > 1 else ()
    return Page(pixels, mode, "HEIF", metadata, notices)


def decode_avif(name: str, stream: BinaryIO, max_pixels: int) -> Page:
    """Read an AVIF file of one picture; see `bokwon.image_io.formats.table.Format`.

    Raises:
        InputFileError: Damaged, too large, or of several pictures.
        MissingDependencyError: Pillow is too old, or was built without AVIF.
    """
    plugin = _avif_plugin()
    stream.seek(0)
    data = stream.read()
    stream.seek(0)
    try:
        image = plugin.AvifImageFile(stream, "")
    except SyntaxError as error:
        raise UnidentifiedImageError(str(error)) from error
    with image:
        check_pixels(name, image.size, max_pixels)
        pillow.check_single(name, getattr(image, "n_frames", 1), "AVIF")
        image.load()
        metadata = pillow.metadata_of(image)
        pixels, mode, _ = from_pillow(image)
    notices = (f"{name} has samples of more than 8 bits; they come back with 8",) if _is_deep(data) else ()
    return Page(pixels, mode, "AVIF", replace(metadata, orientation=orientation_of(metadata.exif)), notices)


def _avif_plugin() -> Any:
    with importing("AVIF takes Pillow 11.3 or newer: {error}", "pip install 'pillow>=11.3'"):
        from PIL import AvifImagePlugin, features
    if not features.check("avif"):
        raise MissingDependencyError("this Pillow was built without AVIF", "pip install 'pillow>=11.3'")
    return AvifImagePlugin


def _is_deep(data: bytes) -> bool:
    """Return whether the configuration of the coded picture says more than 8 bits a sample."""
    at = data.find(_CONFIGURATION)
    return at >= 0 and len(data) > at + 6 and bool(data[at + 6] & _DEEP_FLAG)


def encode(stream: BinaryIO, pixels: Pixels, mode: str, metadata: Metadata) -> NoReturn:
    """Refuse to write.

    Raises:
        ArgumentError: Always.
    """
    raise ArgumentError("HEIF and AVIF are read and not written", "write to a name that ends in .png or .tif")
