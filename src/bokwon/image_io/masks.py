"""Masks to holes: polarity, threshold, size and plausibility.

A hole array is bool (H, W), True where pixels are missing. In mask files white is hole unless the caller says
otherwise.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bokwon.errors import ArgumentError
from bokwon.image_io.modes import alpha, from_pillow, to_pillow
from bokwon.image_io.page import Page
from bokwon.image_io.reader import MAX_PIXELS, Source, read_page
from bokwon.types import Hole, Pixels

__all__ = [
    "INVERTED_ABOVE",
    "MOST_WIDENED",
    "as_hole",
    "check_hole",
    "hole_of_samples",
    "looks_inverted",
    "read_hole",
    "widen_hole",
]

INVERTED_ABOVE = 0.6
"""Share of the image above which a hole looks like a mask of the other polarity."""

MOST_WIDENED = 32
"""By how many pixels a hole may be widened."""

_THRESHOLD = 128


def hole_of_samples(pixels: Pixels, mode: str, *, white_is_hole: bool = True) -> tuple[Hole, tuple[str, ...]]:
    """Turn the samples of a mask picture into a hole: lightness of at least 128 of 255 is white.

    Args:
        pixels: Samples (H, W) or (H, W, C) of any mode. Transparent ones (alpha below 128) are no hole.
        mode: Their mode.
        white_is_hole: Which side of the threshold is hole.

    Returns:
        The hole, and notices on what had to be decided.
    """
    notices: list[str] = []
    light = _lightness(pixels, mode, notices)
    white = light >= _THRESHOLD
    undecided = int(np.count_nonzero(light) - np.count_nonzero(light == 255))
    if undecided:
        notices.append(
            f"the mask is not black and white ({undecided} gray pixels, as JPEG and smoothing make them): "
            f"pixels of at least {_THRESHOLD} count as white"
        )
    hole = white if white_is_hole else ~white
    opacity = alpha(pixels, mode)
    if opacity is not None:
        opaque = opacity >= (_THRESHOLD << 8 if opacity.dtype == np.uint16 else _THRESHOLD)
        if not opaque.all():
            hole = hole & opaque
            notices.append("the mask has transparent pixels: they are no hole")
    return hole, tuple(notices)


def _lightness(pixels: Pixels, mode: str, notices: list[str]) -> NDArray[np.uint8]:
    if mode == "1":
        return np.multiply(pixels, 255, dtype=np.uint8)
    # All ones in 16 bits is white; so is every value that rounds to it.
    samples = pixels if pixels.dtype == np.uint8 else np.asarray(pixels >> 8, np.uint8)
    if mode == "L":
        return samples.reshape(samples.shape[:2])
    if mode == "LA":
        return samples[..., 0]
    if mode == "CMYK":
        return np.array(to_pillow(samples, mode).convert("L"))
    colours = samples[..., :3]
    if np.any(np.ptp(colours, axis=-1) > 32):
        notices.append(f"the mask has colours: each pixel counts by its lightness, at least {_THRESHOLD} as white")
    return np.array(Image.fromarray(np.ascontiguousarray(colours)).convert("L"))


def as_hole(hole: NDArray[Any] | Image.Image) -> tuple[Hole, tuple[str, ...]]:
    """Take a hole from a Python caller.

    Args:
        hole: (H, W) array of bool, or of uint8 with only 0 and 1 or only 0 and 255, nonzero = hole; or a Pillow image,
            white = hole as in mask files.

    Returns:
        The hole as bool, and notices on what had to be decided.

    Raises:
        ArgumentError: Anything else.
    """
    if isinstance(hole, Image.Image):
        pixels, mode, _ = from_pillow(hole)
        return hole_of_samples(pixels, mode)
    if not isinstance(hole, np.ndarray):
        raise ArgumentError(f"hole is a {type(hole).__name__}", "pass a NumPy array or a Pillow image")
    if hole.ndim != 2:
        raise ArgumentError(f"hole has shape {hole.shape}", "pass (H, W): one value a pixel, True where missing")
    if hole.dtype == np.bool_:
        return hole, ()
    if hole.dtype == np.uint8:
        values = np.flatnonzero(np.bincount(hole.reshape(-1), minlength=256))
        if set(values.tolist()) <= {0, 1} or set(values.tolist()) <= {0, 255}:
            return hole != 0, ()
        raise ArgumentError("hole has gray values", "decide which are missing, for example hole >= 128")
    raise ArgumentError(f"hole has dtype {hole.dtype}", "pass bool, True where missing, for example hole > 0.5")


def read_hole(
    source: Source, *, white_is_hole: bool = True, max_pixels: int = MAX_PIXELS
) -> tuple[Hole, tuple[str, ...]]:
    """Read a mask file.

    Args:
        source: Where from; any image format that can be restored, in any mode.
        white_is_hole: Its polarity.
        max_pixels: Refuse larger masks, before decoding them.

    Returns:
        The hole, and notices that name the file.

    Raises:
        FileAccessError: The file cannot be opened.
        InputFileError: It is no image, or damaged.
    """
    page: Page = read_page(source, max_pixels=max_pixels)
    hole, notices = hole_of_samples(page.pixels, page.mode, white_is_hole=white_is_hole)
    return hole, tuple(f"{source.name}: {notice}" for notice in notices)


def check_hole(hole: Hole, size: tuple[int, int], *, orientation: int = 1, name: str = "the mask") -> None:
    """Make sure that a hole fits its image and leaves something to restore from.

    Args:
        hole: (H, W).
        size: Width and height of the image.
        orientation: The image's EXIF orientation, to explain a mask drawn on the rotated view.
        name: What messages call the mask.

    Raises:
        ArgumentError: It has another size, or covers everything.
    """
    height, width = hole.shape
    if (width, height) != size:
        sizes = f"{name} is {width}x{height} and the image {size[0]}x{size[1]} pixels"
        if (height, width) == size and orientation > 4:
            raise ArgumentError(
                f"{sizes}: it was drawn on the image turned by its EXIF orientation {orientation}",
                "masks follow the pixels as they are stored; turn the mask back by 90 degrees, "
                "or save the image upright first (PIL.ImageOps.exif_transpose)",
            )
        raise ArgumentError(
            sizes, "make it the same size, without smoothing (in Pillow: mask.resize(image.size, Image.NEAREST))"
        )
    if hole.all():
        raise ArgumentError(f"{name} covers everything, nothing is left to restore from", "invert or redraw the mask")


def widen_hole(hole: Hole, pixels: int) -> Hole:
    """Add to a hole all pixels whose centres lie within a distance of one of its own.

    Args:
        hole: (H, W).
        pixels: The distance, 0 to 32; with 0 the hole itself is returned.
    """
    if pixels == 0:
        return hole
    import cv2

    across = np.arange(-pixels, pixels + 1)
    disc = np.add.outer(across**2, across**2) <= pixels**2
    return np.asarray(cv2.dilate(hole.astype(np.uint8), disc.astype(np.uint8)), bool)


def looks_inverted(hole: Hole) -> bool:
    """Return whether so much is hole that the mask probably has the other polarity."""
    return bool(np.count_nonzero(hole) > INVERTED_ABOVE * hole.size)
