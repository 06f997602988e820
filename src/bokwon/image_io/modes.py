"""Arrays and Pillow images: which modes there are, and the way from one to the other without loss."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bokwon.errors import ArgumentError, InputFileError
from bokwon.types import Pixels

__all__ = [
    "MODES",
    "alpha",
    "bit_depth",
    "check_pixels",
    "from_pillow",
    "is_deep",
    "like_pillow",
    "missing_pixels",
    "mode_of_array",
    "multiplied_alpha",
    "to_pillow",
]

MODES = {"1": 1, "L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}
"""Pillow's mode names, with the number of channels. Depth is the array's dtype, not part of the mode."""

_BAND = 1024
_LARGEST_PART = 64_000_000
"""Pixels that are converted at a time at most."""
_SIXTEEN_BIT_GRAY = ("I;16", "I;16L", "I;16B", "I;16N")


def mode_of_array(array: NDArray[Any]) -> str:
    """Return the mode of an array image by its dtype and channels: 1, L, LA, RGB or RGBA.

    Raises:
        ArgumentError: Not an image array.
    """
    if array.dtype == np.bool_ and array.ndim == 2 and array.size:
        return "1"
    if array.dtype not in (np.uint8, np.uint16):
        raise ArgumentError(
            f"image has dtype {array.dtype}",
            "pass uint8 or uint16 samples (floats in [0, 1]: np.rint(image * 255).astype(np.uint8))",
        )
    channels = 1 if array.ndim == 2 else array.shape[-1] if array.ndim == 3 else 0
    if channels not in (1, 2, 3, 4) or not array.size:
        raise ArgumentError(
            f"image has shape {array.shape}",
            "pass (H, W) or (H, W, C) with gray, gray and alpha, RGB or RGBA channels, not empty",
        )
    return {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[channels]


def from_pillow(image: Image.Image) -> tuple[Pixels, str, tuple[str, ...]]:
    """Turn a Pillow image into samples.

    Returns:
        The samples, their mode (a key of `MODES`), and notices on what changed: a palette image becomes RGB or RGBA.

    Raises:
        ArgumentError: Images of this mode cannot be restored.
    """
    if image.mode in ("P", "PA"):
        mode = "RGBA" if image.mode == "PA" or "transparency" in image.info else "RGB"
        notice = f"palette image: comes back as {mode}, because a filled hole needs colours the palette lacks"
        return _samples(image.convert(mode)), mode, (notice,)
    if image.mode in MODES:
        return _samples(image), image.mode, ()
    if image.mode in _SIXTEEN_BIT_GRAY:
        return _samples(image), "L", ()
    if image.mode == "I":
        samples = np.array(image)
        if samples.min(initial=0) >= 0 and samples.max(initial=0) <= 65535:
            return samples.astype(np.uint16), "L", ()
    raise ArgumentError(
        f"image has Pillow mode {image.mode}",
        "convert it to 1, L, LA, P, RGB, RGBA, CMYK or I;16 first, for example image.convert('RGB')",
    )


def _samples(image: Image.Image) -> Pixels:
    """Copy an image's samples band by band: at once, Pillow makes a copy of all of them before NumPy makes its own."""
    image.load()
    # Pillow warns of parts that are larger.
    band = max(1, min(_BAND, _LARGEST_PART // image.width))
    if image.height <= band:
        samples = np.array(image)
        return samples.astype(np.uint16) if image.mode in _SIXTEEN_BIT_GRAY else samples
    first = _samples(image.crop((0, 0, image.width, band)))
    samples = np.empty((image.height, *first.shape[1:]), first.dtype)
    samples[:band] = first
    for top in range(band, image.height, band):
        bottom = min(top + band, image.height)
        samples[top:bottom] = np.asarray(image.crop((0, top, image.width, bottom)))
    return samples


def to_pillow(pixels: Pixels, mode: str, like: str | None = None) -> Image.Image:
    """Turn samples into a Pillow image.

    Args:
        pixels: 1-bit, 8-bit, or 16-bit gray samples. Pillow has no 16-bit colour.
        mode: A key of `MODES`.
        like: Pillow mode of the original image. 16-bit gray is returned in this mode.
    """
    deep = pixels.dtype == np.uint16
    if deep and like == "I":
        return Image.fromarray(pixels.astype(np.int32))
    if deep and like == "I;16B":
        return Image.frombytes("I;16B", (pixels.shape[1], pixels.shape[0]), pixels.astype(">u2").tobytes())
    if mode == "CMYK" and not deep:
        return Image.frombytes("CMYK", (pixels.shape[1], pixels.shape[0]), np.ascontiguousarray(pixels).tobytes())
    return Image.fromarray(np.ascontiguousarray(pixels))


def like_pillow(image: Image.Image, pixels: Pixels, mode: str) -> Image.Image:
    """Return samples as an image like another one: in its mode, with the entries of its `info` that still hold.

    Args:
        image: The other image.
        pixels: The samples.
        mode: Their mode.
    """
    made = to_pillow(pixels, mode, like=image.mode)
    made.info = {key: value for key, value in image.info.items() if image.mode == mode or key != "transparency"}
    return made


def bit_depth(pixels: Pixels) -> int:
    """Return how many bits a sample has: 1, 8 or 16."""
    return 1 if pixels.dtype == np.bool_ else 8 * pixels.dtype.itemsize


def is_deep(pixels: Pixels) -> bool:
    """Return whether these are 16-bit samples of more than one channel, which Pillow has no mode for."""
    return pixels.dtype == np.uint16 and pixels.ndim == 3


def alpha(pixels: Pixels, mode: str) -> Pixels | None:
    """Return the alpha channel (H, W), or None for a mode without one."""
    return pixels[..., -1] if mode in ("LA", "RGBA") else None


def missing_pixels(pixels: Pixels, mode: str, hole: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return where pixels are missing: in the hole, and where the page is fully transparent and colour means nothing.

    Args:
        pixels: Samples (H, W) or (H, W, C).
        mode: Their mode.
        hole: (H, W).

    Returns:
        (H, W); the hole alone if nothing else would be known.
    """
    opacity = alpha(pixels, mode)
    if opacity is None:
        return hole
    missing = np.asarray(hole | (opacity == 0))
    return hole if missing.all() else missing


def multiplied_alpha(name: str) -> InputFileError:
    """Return the error for colours that are multiplied by their alpha.

    Dividing and multiplying again does not give them back.

    Args:
        name: What the message calls the image.
    """
    return InputFileError(f"{name} has colours multiplied by its alpha", "save it with unassociated alpha")


def check_pixels(name: str, size: tuple[int, int], most: int) -> None:
    """Refuse an image that is larger than allowed.

    Args:
        name: What the message calls it.
        size: Its sides, pixels.
        most: How many pixels are allowed.

    Raises:
        InputFileError: It has more.
    """
    if size[0] * size[1] > most:
        fix = "split it into smaller images, or allow more (--max-mpixels)"
        raise InputFileError(f"{name} has more than {most / 1e6:g} megapixels", fix)
