"""Grids of known pixels with holes between them: super-resolution as inpainting."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bokwon.synthesis.random_fields import level_set
from bokwon.types import Hole

__all__ = ["LARGEST_FACTOR", "grid_hole", "grid_mask"]

LARGEST_FACTOR = 10
"""Largest distance between known pixels that `grid_mask` draws: 99 % of the image are hole."""


def grid_hole(shape: tuple[int, int], factor: int, offset: int | None = None) -> Hole:
    """Return the hole around the pixels of a smaller image that lie in a larger one.

    Args:
        shape: (H, W) of the larger image, pixels.
        factor: How many times as large it is, at least 1.
        offset: Row and column of the first known pixel, from 0 to below `factor`; factor // 2, as in the paper, by
            default.

    Returns:
        bool (H, W), True = hole; known are the pixels (factor i + offset, factor j + offset).

    Source: Liu et al. 2018, section 5.2 (extension to image super-resolution).

    Example:
        >>> hole = grid_hole((8, 8), 4)
        >>> float(hole.mean()), [index.tolist() for index in (~hole).nonzero()]
        (0.9375, [[2, 2, 6, 6], [2, 6, 2, 6]])
    """
    offset = factor // 2 if offset is None else offset
    hole = np.ones(shape, bool)
    hole[offset::factor, offset::factor] = False
    return hole


def grid_mask(rng: np.random.Generator, shape: tuple[int, int], least: int, most: int, target: int) -> Hole:
    """Draw a grid of known pixels, as near to square as the limits allow, at a random offset.

    A `MaskGenerator`; arguments and result are described there. All square grids within the limits are equally likely,
    whatever the target: a network meets every factor as often. Where no grid has an area within the limits, a part of
    the image is left known, or a part of the grid is hole.

    Source: Liu et al. 2018, section 5.2 (extension to image super-resolution).
    """
    share = rng.random(2)
    pitches: dict[int, list[tuple[int, int]]] = {}
    for down in range(1, LARGEST_FACTOR + 1):
        for across in range(1, LARGEST_FACTOR + 1):
            rows = len(range(int(share[0] * down), shape[0], down))
            columns = len(range(int(share[1] * across), shape[1], across))
            if least <= shape[0] * shape[1] - rows * columns <= most:
                pitches.setdefault(abs(down - across), []).append((down, across))
    if pitches:
        best = pitches[min(pitches)]
        return _grid(shape, best[int(rng.integers(len(best)))], share)
    factor = min(max(2, round((1 - target / (shape[0] * shape[1]) + 1e-9) ** -0.5)), LARGEST_FACTOR)
    field = 1 - _grid(shape, (factor, factor), share).astype(np.float32)
    return level_set(field, least, most, target)


def _grid(shape: tuple[int, int], pitch: tuple[int, int], share: npt.NDArray[np.float64]) -> Hole:
    down, across = pitch
    hole = np.ones(shape, bool)
    hole[int(share[0] * down) :: down, int(share[1] * across) :: across] = False
    return hole
