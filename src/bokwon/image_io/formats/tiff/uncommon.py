"""What Pillow and OpenCV cannot do of TIFF, through tifffile: uncommon kinds of samples, and writing tiles."""

from __future__ import annotations

import io
import logging
import struct
from importlib.util import find_spec
from typing import Any, BinaryIO

import numpy as np

from bokwon.errors import InputFileError, importing
from bokwon.image_io.formats.jpeg2000 import CODESTREAM
from bokwon.image_io.formats.tiff import directories
from bokwon.image_io.formats.tiff.decisions import compression_name, number
from bokwon.image_io.formats.tiff.directories import Directory
from bokwon.image_io.modes import check_pixels, multiplied_alpha
from bokwon.types import Pixels

__all__ = [
    "NEWER",
    "can_encode",
    "check_alpha",
    "check_flat",
    "decode_samples",
    "encode_samples",
    "lacking",
    "mode_of_uncommon",
    "tile_of",
]

_WIDTH, _LENGTH, _BITS, _COMPRESSION, _PHOTOMETRIC, _CHANNELS, _PLANAR = 256, 257, 258, 259, 262, 277, 284
_ORIENTATION, _ROWS, _TILE_WIDTH, _TILE_LENGTH, _EXTRA, _FORMAT = 274, 278, 322, 323, 338, 339
_IMAGE_DEPTH = 32997
_UNSIGNED = 1
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _SEPARATED = 0, 1, 2, 5
_SEPARATE_PLANES, _ASSOCIATED, _UNASSOCIATED = 2, 1, 2
# Pillow's names, which TiffSettings holds, of what OpenCV reads as well; and of what one or neither of them reads.
_READ_BY_OPENCV = {1: "raw", 5: "tiff_lzw", 8: "tiff_adobe_deflate", 32773: "packbits", 32946: "tiff_adobe_deflate"}
_READ_BY_NONE = {34712: "jpeg2000", 50001: "webp", 34887: "lerc", 34934: "jpegxr", 50002: "jpegxl", 52546: "jpegxl"}
_NAMES = _READ_BY_OPENCV | _READ_BY_NONE | {7: "jpeg", 34925: "lzma", 50000: "zstd"}
_LIBRARIES = ("tifffile", "imagecodecs")
"""tifffile leaves every compression to imagecodecs."""

NEWER = ("lzma", "zstd")
"""Lossless compressions that only this module writes, by Pillow's names."""

_COMPRESSIONS = {
    "raw": None,
    "tiff_lzw": "lzw",
    "tiff_adobe_deflate": "zlib",
    "packbits": "packbits",
    "lzma": "lzma",
    "zstd": "zstd",
}
_PHOTOMETRICS = {"RGB": "rgb", "RGBA": "rgb", "CMYK": "separated"}

_STRIP_OFFSETS, _TILE_WIDTH = 273, 322


def mode_of_uncommon(tags: Directory, order: str, *, big: bool = False) -> str | None:
    """Return the mode of a page that only this module reads; None for all others.

    That is 8-bit gray with alpha in separate planes; 16-bit gray with alpha and CMYK; 16-bit colour in separate planes,
    turned, or compressed in a way that OpenCV does not know; 16-bit gray that stores white as zero and the high byte
    first; what is compressed as JPEG 2000 or WebP; tiles that are listed as strips; and big-endian BigTIFF.

    Args:
        tags: The page's directory.
        order: The file's byte order, `<` or `>`.
        big: Whether it is BigTIFF.
    """
    depths = set(directories.numbers(tags[_BITS])) if _BITS in tags else {1}
    mode = _mode(tags)
    if mode is None or depths not in ({8}, {16}) or number(tags, _FORMAT, _UNSIGNED) != _UNSIGNED:
        return None
    compression = number(tags, _COMPRESSION, 1)
    apart = number(tags, _PLANAR, 1) == _SEPARATE_PLANES
    # Pillow takes tiles for strips where their places are told as those of strips.
    misplaced = _TILE_WIDTH in tags and directories.STRIPS[0] in tags
    if compression in _READ_BY_NONE or misplaced or (mode == "LA" and apart) or (big and order == ">"):
        return mode
    if depths == {8}:
        return None
    uncommon_colour = apart or number(tags, _ORIENTATION, 1) != 1 or compression not in _READ_BY_OPENCV
    uncommon_gray = order == ">" and number(tags, _PHOTOMETRIC, _BLACK_IS_ZERO) == _WHITE_IS_ZERO
    uncommon = {"L": uncommon_gray, "RGB": uncommon_colour, "RGBA": uncommon_colour}.get(mode, True)
    return mode if uncommon else None


def _mode(tags: Directory) -> str | None:
    kind, channels = number(tags, _PHOTOMETRIC, _BLACK_IS_ZERO), number(tags, _CHANNELS, 1)
    if kind == _WHITE_IS_ZERO:
        kind = _BLACK_IS_ZERO
    if (kind, channels) == (_RGB, 4) and number(tags, _EXTRA, 0) not in (_ASSOCIATED, _UNASSOCIATED):
        return None
    modes = {(_BLACK_IS_ZERO, 1): "L", (_BLACK_IS_ZERO, 2): "LA", (_RGB, 3): "RGB", (_RGB, 4): "RGBA"}
    return (modes | {(_SEPARATED, 4): "CMYK"}).get((kind, channels))


def decode_samples(name: str, stream: BinaryIO, tags: Directory, mode: str, *, max_pixels: int) -> tuple[Pixels, str]:
    """Decode the samples of a one-page file.

    Args:
        name: Name in messages.
        stream: The file, seekable.
        tags: Its directory.
        mode: What `mode_of_uncommon` says of it.
        max_pixels: Refuse larger pages, before decoding them.

    Returns:
        (H, W) or (H, W, C), uint8 or uint16, and the name of the compression.

    Raises:
        InputFileError: Too large, damaged, or of premultiplied alpha.
        MissingDependencyError: tifffile or imagecodecs is not installed.
    """
    width, height = number(tags, _WIDTH, 0), number(tags, _LENGTH, 0)
    check_pixels(name, (width, height), max_pixels)
    check_alpha(name, tags, mode)
    method = number(tags, _COMPRESSION, 1)
    compression = _NAMES.get(method, f"number {method}")
    depth = number(tags, _BITS, 1)
    _check_blocks(name, stream, tags, max_pixels)
    stream.seek(0)
    tifffile = _tifffile(f"{depth}-bit {mode} of compression {compression} in TIFF")
    with tifffile.TiffFile(stream) as file:
        try:
            samples = np.asarray(file.pages[0].asarray())
        except ValueError as error:
            # So it is when imagecodecs was built without that compression.
            if "codec" not in str(error) and "compression" not in str(error).lower():
                raise
            raise lacking(name, tags) from error
    channels = len(mode)
    if channels > 1 and number(tags, _PLANAR, 1) == _SEPARATE_PLANES:
        samples = np.moveaxis(samples, 0, -1)
    dtype = np.dtype(f"uint{depth}")
    expected = (height, width, channels) if channels > 1 else (height, width)
    if samples.shape != expected or samples.dtype != dtype:
        raise InputFileError(f"{name} is damaged: it decodes to another size", "get an undamaged copy")
    pixels = np.array(samples, dtype, order="C")
    if number(tags, _PHOTOMETRIC, _BLACK_IS_ZERO) == _WHITE_IS_ZERO:
        gray = pixels[..., 0] if channels > 1 else pixels
        gray[...] = np.iinfo(dtype).max - gray
    return pixels, compression


def lacking(name: str, tags: Directory) -> InputFileError:
    """Return the error for a compression that no installed decoder knows."""
    return InputFileError(
        f"{name} is compressed with {compression_name(tags)}, which cannot be decoded here",
        "save it with LZW or Deflate compression in a program that reads it",
    )


def check_alpha(name: str, tags: Directory, mode: str) -> None:
    """Refuse a page whose colours are multiplied by its alpha.

    Raises:
        InputFileError: Its alpha is associated.
    """
    if mode in ("LA", "RGBA") and number(tags, _EXTRA, 0) == _ASSOCIATED:
        raise multiplied_alpha(name)


def check_flat(name: str, tags: Directory) -> None:
    """Refuse a page that holds several images in a row, because decoders return only the first.

    Raises:
        InputFileError: It has a depth.
    """
    if (images := number(tags, _IMAGE_DEPTH, 1)) > 1:
        raise InputFileError(f"{name} is a volume of {images} images (ImageDepth)", "split it into one page for each")


def _check_blocks(name: str, stream: BinaryIO, tags: Directory, max_pixels: int) -> None:
    """Check that all strips or tiles exist and do not unpack to more than their size. tifffile checks neither."""
    width, height = number(tags, _WIDTH, 0), number(tags, _LENGTH, 0)
    places, lengths = directories.blocks_of(tags)
    # A strip may say that it has more rows than the page; a tile has as many as it says.
    in_tiles = places != directories.STRIPS[0] or _TILE_WIDTH in tags
    down, across = _tile_sides(tags) if in_tiles else (min(number(tags, _ROWS, height), height), width)
    if not down or not across or down * across > max_pixels:
        fix = "get an undamaged copy, or allow more (--max-mpixels)"
        raise InputFileError(f"the blocks of {name} are of {across}x{down} pixels", fix)
    planes = number(tags, _CHANNELS, 1) if number(tags, _PLANAR, 1) == _SEPARATE_PLANES else 1
    expected = -(-height // down) * -(-width // across) * planes
    starts, sizes = (directories.numbers(tags[tag]) if tag in tags else () for tag in (places, lengths))
    whole = len(starts) == len(sizes) == expected and all(starts) and all(sizes)
    if whole and _READ_BY_NONE.get(number(tags, _COMPRESSION, 1)) == "jpeg2000":
        whole = all(_fits(stream, start, across, down) for start in starts)
    if not whole:
        raise InputFileError(f"{name} is damaged: parts of it are missing", "get an undamaged copy")


def _fits(stream: BinaryIO, start: int, width: int, height: int) -> bool:
    """Return whether a JPEG 2000 codestream says that it is no larger than the block it is in."""
    stream.seek(start)
    head = stream.read(4096)
    place = head.find(CODESTREAM)
    if place < 0 or len(head) < place + 24:
        return False
    right, bottom, left, top = struct.unpack(">IIII", head[place + 8 : place + 24])
    return bool(0 < right - left <= width and 0 < bottom - top <= height)


def _tile_sides(tags: Directory) -> tuple[int, int]:
    return number(tags, _TILE_LENGTH, 0), number(tags, _TILE_WIDTH, 0)


def tile_of(tags: Directory) -> tuple[int, int] | None:
    """Return height and width of a page's tiles, or None for a page in strips."""
    sides = _tile_sides(tags)
    return sides if all(side > 0 and side % 16 == 0 for side in sides) else None


def can_encode(mode: str) -> bool:
    """Return whether pages of this mode can be written in tiles here, or with one of `NEWER`."""
    return mode != "1" and all(find_spec(library) for library in _LIBRARIES)


def encode_samples(
    pixels: Pixels, mode: str, compression: str, tile: tuple[int, int] | None, *, differences: bool = False
) -> io.BytesIO:
    """Write samples as a bare TIFF file.

    Args:
        pixels: Samples of 8 or 16 bits.
        mode: Their mode.
        compression: A lossless one, by Pillow's name.
        tile: Height and width of its tiles; None for strips.
        differences: Whether to store differences of neighbours.

    Raises:
        MissingDependencyError: tifffile or imagecodecs is not installed.
    """
    tifffile = _tifffile(f"TIFF of mode {mode}")
    encoded = io.BytesIO()
    # Strips as Pillow's: 64 KiB before compression.
    rows = max(1, 65536 // max(int(pixels[0].nbytes), 1))
    settings: dict[str, Any] = {"tile": tile} if tile else {"rowsperstrip": rows}
    tifffile.imwrite(
        encoded,
        np.ascontiguousarray(pixels),
        photometric=_PHOTOMETRICS.get(mode, "minisblack"),
        planarconfig="contig" if pixels.ndim == 3 else None,
        extrasamples=["unassalpha"] if mode in ("LA", "RGBA") else None,
        compression=_COMPRESSIONS[compression],
        predictor=differences,
        metadata=None,
        software=False,
        **settings,
    )
    return encoded


def _tifffile(what: str) -> Any:
    with importing(
        f"{what} takes tifffile and imagecodecs, which cannot be imported: {{error}}", "pip install 'bokwon[archive]'"
    ):
        import imagecodecs  # noqa: F401
        import tifffile
    # What is wrong with a file comes as an exception or does not matter.
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    return tifffile
