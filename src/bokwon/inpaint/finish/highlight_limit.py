"""The lightest paper around a hole, beyond which a network goes now and then where holes tangle."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from bokwon.inpaint.color import Light, largest, samples_to_light
from bokwon.inpaint.finish.blocks import CELL, at_points, blocks, most, squares_near, whole_squares
from bokwon.types import Hole, Pixels

__all__ = ["LightestKnown"]

_REACH = 2
"""How many squares around its own the lightest is looked for in: at least 64 pixels."""
_SPOT = 8
"""Side of the spots whose mean is taken, pixels: a fill has no grain, and is held against paper without it."""
_LEAST_KNOWN = 0.6
"""What share of a spot has to be known."""
_GRAIN = 0.12
"""How much lighter than all spots single pixels may be and still be grain. Beyond it there are light strokes, of a
rubbing or a blueprint, and they are the bound."""


class LightestKnown:
    """The lightest that is known around each place of a page, without its grain.

    Args:
        pixels: Samples (H, W) or (H, W, C) of the page.
        mode: Their mode.
        missing: (H, W), True where nothing is known.
        lanes: How many blocks are looked at at the same time.
    """

    def __init__(self, pixels: Pixels, mode: str, missing: Hole, lanes: int = 1) -> None:
        import cv2

        # A square more, as bounds are interpolated between squares.
        wanted = squares_near(missing, _REACH + 1)
        channels = samples_to_light(pixels[:1, :1], mode).shape[-1]
        spots, single = (np.full((*wanted.shape, channels), -1.0, np.float32) for _ in range(2))

        def look(block: tuple[tuple[slice, slice], tuple[slice, slice]]) -> None:
            place, window = block
            spots[place], single[place] = _lightest(samples_to_light(pixels[window], mode), ~missing[window])

        with ThreadPoolExecutor(lanes) as pool:
            list(pool.map(look, blocks(wanted)))
        near = np.ones((2 * _REACH + 1, 2 * _REACH + 1), np.uint8)
        spots, single = (cv2.dilate(grid, near).reshape(grid.shape) for grid in (spots, single))
        bound = np.where(single > spots + _GRAIN, single, spots)
        self._bound = np.asarray(np.where(bound < 0.0, 1.0, bound), np.float32)
        self._least = cv2.erode(self._bound, np.ones((3, 3), np.uint8)).reshape(bound.shape)

    def bound(self, light: NDArray[np.float32], window: tuple[slice, slice], missing: Hole) -> NDArray[np.float32]:
        """Return the light of a window of the page, no lighter where it is missing than what is known around.

        Far from all that is known it stays.

        Args:
            light: (h, w, C), bright is large; written to if it may be.
            window: Its rows and columns.
            missing: (h, w), its part of the page's hole.
        """
        # Found by rows they would take five times as long.
        rows, columns = np.divmod(np.flatnonzero(np.ascontiguousarray(missing)), missing.shape[1])
        filled = light[rows, columns]
        # Few are lighter than even the least bound near them, and only those need theirs exactly.
        down, across = rows + window[0].start, columns + window[1].start
        found = np.flatnonzero((filled > self._least[down // CELL, across // CELL]).any(axis=-1))
        if not len(found):
            return light
        bounded = light if light.flags.writeable else light.copy()
        bounds = at_points(self._bound, down[found], across[found])
        bounded[rows[found], columns[found]] = np.minimum(filled[found], bounds)
        return bounded


def _lightest(light: Light, known: Hole) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the lightest spot and pixel of each square, (h, w, C) in [0, 1]; below 0 where none is known."""
    import cv2

    light, known = whole_squares(light, known)
    height, width, channels = light.shape
    white = np.float32(largest(light))
    # Twenty times as fast as a product.
    shown = cv2.bitwise_and(light, light, mask=known.view(np.uint8)).reshape(light.shape)
    size = width // _SPOT, height // _SPOT
    share = cv2.resize(known.astype(np.float32), size, interpolation=cv2.INTER_AREA)[..., None]
    total = cv2.resize(shown, size, interpolation=cv2.INTER_AREA).reshape(*share.shape[:2], channels)
    means = np.where(share >= _LEAST_KNOWN, total / (np.maximum(share, _LEAST_KNOWN) * white), -1.0)
    pixels = np.where(most(known[..., None], CELL), most(shown, CELL) / white, -1.0)
    return most(np.asarray(means, np.float32), CELL // _SPOT), np.asarray(pixels, np.float32)
