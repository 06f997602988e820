"""Holes: reading one from Python, checking its size and area, growing it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bokwon.errors import ArgumentError
from bokwon.image_io.masks.readings import Scan, read_samples
from bokwon.image_io.modes import from_pillow
from bokwon.types import Hole

__all__ = ["LARGE_ABOVE", "as_hole", "check_hole", "check_share", "grow_hole", "is_large"]

LARGE_ABOVE = 0.6
"""Share of the image above which a hole looks like a mask of the other polarity."""


def as_hole(hole: NDArray[Any] | Image.Image, scan: Scan | None = None) -> tuple[Hole, tuple[str, ...]]:
    """Read a hole that was passed in Python.

    Args:
        hole: (H, W) array of bool, or of uint8 with only 0 and 1 or only 0 and 255, nonzero = hole; or a Pillow image,
            which is read as a mask file is.
        scan: The damaged image, to detect whether a Pillow image is a painted copy of it.

    Returns:
        The hole as bool, and notices on how it was read.

    Raises:
        ArgumentError: The hole is anything else, or could mean two things.
    """
    if isinstance(hole, Image.Image):
        pixels, mode, _ = from_pillow(hole)
        try:
            reading = read_samples(pixels, mode, scan=scan, name="the hole")
        except ArgumentError as error:
            fix = "pass an array that says which pixels are missing, for example np.array(mask.convert('L')) >= 128"
            raise ArgumentError(error.message, fix) from error
        return reading.hole, () if reading.plain else (f"the hole is read as: {reading.said}",)
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


def check_hole(hole: Hole, size: tuple[int, int], *, name: str = "the mask") -> None:
    """Check that a hole has the size of its image and does not cover everything.

    Args:
        hole: (H, W).
        size: Width and height of the image.
        name: What messages call the mask.

    Raises:
        ArgumentError: It has another size, or covers everything.
    """
    height, width = hole.shape
    if (width, height) != size:
        raise ArgumentError(
            f"{name} is {width}x{height} and the image {size[0]}x{size[1]} pixels",
            "make it the same size, without smoothing (in Pillow: mask.resize(image.size, Image.NEAREST))",
        )
    if hole.all():
        raise ArgumentError(f"{name} covers everything, nothing is left to restore from", "invert or redraw the mask")


def check_share(hole: Hole, *, name: str, fix: str) -> None:
    """Refuse a hole that is so large that the mask is probably inverted.

    Args:
        hole: (H, W).
        name: What the message calls it.
        fix: How to invert the mask, and how to allow it.

    Raises:
        ArgumentError: More than 60 % of the image is hole.
    """
    if is_large(hole):
        raise ArgumentError(f"{name} calls {np.count_nonzero(hole) / hole.size:.0%} of the image hole", fix)


def grow_hole(hole: Hole, pixels: int) -> Hole:
    """Grow a hole by all pixels whose centres lie within a distance of one of its pixels.

    Args:
        hole: (H, W).
        pixels: The distance; with 0 the hole itself is returned.
    """
    if pixels == 0:
        return hole
    import cv2

    across = np.arange(-pixels, pixels + 1)
    disc = np.add.outer(across**2, across**2) <= pixels**2
    return np.asarray(cv2.dilate(hole.astype(np.uint8), disc.astype(np.uint8)), bool)


def is_large(hole: Hole) -> bool:
    """Return whether the hole is so large that the mask is probably inverted."""
    return bool(np.count_nonzero(hole) > LARGE_ABOVE * hole.size)
