"""Square holes: one at a random place, or one in the middle."""

from __future__ import annotations

import math

import numpy as np

from bokwon.types import Hole

__all__ = ["centred_square", "square_mask"]


def square_mask(rng: np.random.Generator, shape: tuple[int, int], least: int, most: int, target: int) -> Hole:
    """Draw one square at a random place.

    A `MaskGenerator`; arguments and result are described there. Where no square has an area within the limits, or none
    fits, the hole is a rectangle whose last row may be shorter.

    Source: the regular holes of Pathak et al., "Context Encoders", CVPR 2016, section 4.
    """
    hole = np.zeros(shape, bool)
    patch = _patch(shape, least, most, target)
    top, left = (int(rng.integers(side - length + 1)) for side, length in zip(shape, patch.shape, strict=True))
    hole[top : top + patch.shape[0], left : left + patch.shape[1]] = patch
    return hole


def centred_square(shape: tuple[int, int], share: float) -> Hole:
    """Return a square hole in the middle of an image.

    Args:
        shape: (H, W), pixels.
        share: Its share of the image, above 0 and up to 1. The side is rounded to whole pixels, at least 1 and at most
            the shorter side of the image.

    Returns:
        bool (H, W), True = hole.

    Example:
        >>> int(centred_square((64, 64), 0.25).sum())
        1024
    """
    side = min(max(1, round(math.sqrt(share * shape[0] * shape[1]))), *shape)
    hole = np.zeros(shape, bool)
    top, left = ((length - side) // 2 for length in shape)
    hole[top : top + side, left : left + side] = True
    return hole


def _patch(shape: tuple[int, int], least: int, most: int, target: int) -> Hole:
    """Return a hole of the wanted area without any frame around it."""
    side = min(round(math.sqrt(target)), *shape)
    for length in (side, side - 1, side + 1):
        if length <= min(shape) and least <= length**2 <= most:
            return np.ones((length, length), bool)
    # As wide as a square would be, or wider where the image is too low for it.
    width = min(max(math.isqrt(target), math.ceil(target / shape[0])), shape[1])
    patch = np.zeros((math.ceil(target / width), width), bool)
    patch.ravel()[:target] = True
    return patch
