"""What Pillow cannot do of TIFF, through tifffile: 16-bit CMYK, 16-bit gray with alpha, and tiles."""

from __future__ import annotations

import io
import logging
from importlib.util import find_spec
from typing import Any, BinaryIO

import numpy as np

from bokwon.errors import InputFileError, MissingDependencyError
from bokwon.imaging import ifd
from bokwon.imaging.ifd import Directory
from bokwon.imaging.pixels import Pixels

__all__ = ["decode_samples", "deep_mode", "encode_samples", "keeps_tiles", "tile_of"]

_WIDTH, _LENGTH, _BITS, _COMPRESSION, _PHOTOMETRIC, _CHANNELS, _PLANAR = 256, 257, 258, 259, 262, 277, 284
_TILE_WIDTH, _TILE_LENGTH, _EXTRA = 322, 323, 338
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _SEPARATED = 0, 1, 5
_SEPARATE_PLANES, _ASSOCIATED = 2, 1
# Pillow's names, which TiffSettings holds.
_NAMES = {1: "raw", 5: "tiff_lzw", 7: "jpeg", 8: "tiff_adobe_deflate", 32773: "packbits", 32946: "tiff_deflate"}
_LIBRARIES = ("tifffile", "imagecodecs")
"""tifffile leaves every compression to imagecodecs."""

_COMPRESSIONS = {"raw": None, "tiff_lzw": "lzw", "tiff_adobe_deflate": "zlib", "packbits": "packbits"}
_PHOTOMETRICS = {"RGB": "rgb", "RGBA": "rgb", "CMYK": "separated"}


def deep_mode(tags: Directory) -> str | None:
    """Return the mode of a page that only this module reads, LA or CMYK; None for all others."""
    if _BITS not in tags or set(ifd.numbers(tags[_BITS])) != {16}:
        return None
    kind, channels = _number(tags, _PHOTOMETRIC, _BLACK_IS_ZERO), _number(tags, _CHANNELS, 1)
    if kind in (_WHITE_IS_ZERO, _BLACK_IS_ZERO) and channels == 2:
        return "LA"
    return "CMYK" if kind == _SEPARATED and channels == 4 else None


def decode_samples(name: str, stream: BinaryIO, tags: Directory, mode: str, *, max_pixels: int) -> tuple[Pixels, str]:
    """Decode the samples of a one-page file.

    Args:
        name: What messages call it.
        stream: The file, seekable.
        tags: Its directory.
        mode: What `deep_mode` says of it.
        max_pixels: Refuse larger pages, before decoding them.

    Returns:
        (H, W, C) uint16, and the name of the compression.

    Raises:
        InputFileError: Too large, damaged, or of premultiplied alpha.
        MissingDependencyError: tifffile or imagecodecs is not installed.
    """
    width, height = _number(tags, _WIDTH, 0), _number(tags, _LENGTH, 0)
    if width * height > max_pixels:
        fix = "split it into smaller images, or allow more (--max-mpixels)"
        raise InputFileError(f"{name} has more than {max_pixels / 1e6:g} megapixels", fix)
    if mode == "LA" and _number(tags, _EXTRA, 0) == _ASSOCIATED:
        raise InputFileError(f"{name} has colours multiplied by its alpha", "save it with unassociated alpha")
    stream.seek(0)
    tifffile = _tifffile(f"16-bit {mode}")
    with tifffile.TiffFile(stream) as file:
        samples = np.asarray(file.pages[0].asarray())
    if _number(tags, _PLANAR, 1) == _SEPARATE_PLANES:
        samples = np.moveaxis(samples, 0, -1)
    channels = {"LA": 2, "CMYK": 4}[mode]
    if samples.shape != (height, width, channels) or samples.dtype != np.uint16:
        raise InputFileError(f"{name} is damaged: it decodes to another size", "get an undamaged copy")
    pixels = np.array(samples, np.uint16, order="C")
    if _number(tags, _PHOTOMETRIC, _BLACK_IS_ZERO) == _WHITE_IS_ZERO:
        pixels[..., 0] = 65535 - pixels[..., 0]
    return pixels, _NAMES.get(_number(tags, _COMPRESSION, 1), "another")


def tile_of(tags: Directory) -> tuple[int, int] | None:
    """Return height and width of a page's tiles, or None for a page in strips."""
    sides = _number(tags, _TILE_LENGTH, 0), _number(tags, _TILE_WIDTH, 0)
    return sides if all(side > 0 and side % 16 == 0 for side in sides) else None


def keeps_tiles(mode: str) -> bool:
    """Return whether pages of this mode can be written in tiles here."""
    return mode != "1" and all(find_spec(library) for library in _LIBRARIES)


def encode_samples(pixels: Pixels, mode: str, compression: str, tile: tuple[int, int] | None) -> io.BytesIO:
    """Write samples as a bare TIFF file.

    Args:
        pixels: Samples of 8 or 16 bits.
        mode: Their mode.
        compression: A lossless one, by Pillow's name.
        tile: Height and width of its tiles; None for strips.

    Raises:
        MissingDependencyError: tifffile or imagecodecs is not installed.
    """
    tifffile = _tifffile(f"TIFF of mode {mode}")
    encoded = io.BytesIO()
    settings: dict[str, Any] = {"tile": tile} if tile else {"rowsperstrip": _rows_of_a_strip(pixels)}
    tifffile.imwrite(
        encoded,
        np.ascontiguousarray(pixels),
        photometric=_PHOTOMETRICS.get(mode, "minisblack"),
        planarconfig="contig" if pixels.ndim == 3 else None,
        extrasamples=["unassalpha"] if mode in ("LA", "RGBA") else None,
        compression=_COMPRESSIONS[compression],
        metadata=None,
        software=False,
        **settings,
    )
    return encoded


def _rows_of_a_strip(pixels: Pixels) -> int:
    # As Pillow's: 64 KiB before compression.
    return max(1, 65536 // max(int(pixels[0].nbytes), 1))


def _number(tags: Directory, tag: int, default: int) -> int:
    return int(next(iter(ifd.numbers(tags[tag])), default)) if tag in tags else default


def _tifffile(what: str) -> Any:
    try:
        import imagecodecs  # noqa: F401
        import tifffile
    except ImportError as error:
        message = f"{what} takes tifffile and imagecodecs, which cannot be imported: {error}"
        raise MissingDependencyError(message, "pip install 'bokwon[archive]'") from error
    # What is wrong with a file comes as an exception or does not matter.
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    return tifffile
