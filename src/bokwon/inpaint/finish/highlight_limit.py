"""An upper limit for the lightness of a fill: networks sometimes fill too light between tangled holes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from bokwon.inpaint.colour import Light, largest, samples_to_light
from bokwon.inpaint.finish.blocks import BLOCK, at_points, block_groups, block_maximum, blocks_near, whole_blocks
from bokwon.types import Hole, Pixels

__all__ = ["LightestKnown"]

_REACH = 2
"""Blocks on each side in which the lightest known place is sought: at least 64 pixels."""
_SPOT = 8
"""Side of the spots that are averaged, pixels. A fill has no grain, so it is compared with paper without grain."""
_LEAST_KNOWN = 0.6
"""Least share of a spot that must be known."""
_GRAIN = 0.12
"""Single pixels up to this much lighter than all spots count as grain. Lighter ones are strokes, as in a rubbing or a
blueprint, and then they are the bound."""


class LightestKnown:
    """The lightest known value around each place of a page, without grain.

    Args:
        pixels: Samples (H, W) or (H, W, C) of the page.
        mode: Their mode.
        missing: (H, W), True where pixels are missing.
        concurrency: Number of threads.
    """

    def __init__(self, pixels: Pixels, mode: str, missing: Hole, concurrency: int = 1) -> None:
        import cv2

        # One block more, because bounds are interpolated between blocks.
        wanted = blocks_near(missing, _REACH + 1)
        channels = samples_to_light(pixels[:1, :1], mode).shape[-1]
        spots, single = (np.full((*wanted.shape, channels), -1.0, np.float32) for _ in range(2))

        def measure(block: tuple[tuple[slice, slice], tuple[slice, slice]]) -> None:
            place, window = block
            spots[place], single[place] = _lightest(samples_to_light(pixels[window], mode), ~missing[window])

        with ThreadPoolExecutor(concurrency) as pool:
            list(pool.map(measure, block_groups(wanted)))
        near = np.ones((2 * _REACH + 1, 2 * _REACH + 1), np.uint8)
        spots, single = (cv2.dilate(grid, near).reshape(grid.shape) for grid in (spots, single))
        bound = np.where(single > spots + _GRAIN, single, spots)
        self._bound = np.asarray(np.where(bound < 0.0, 1.0, bound), np.float32)
        self._least = cv2.erode(self._bound, np.ones((3, 3), np.uint8)).reshape(bound.shape)

    def bound(self, light: NDArray[np.float32], window: tuple[slice, slice], missing: Hole) -> NDArray[np.float32]:
        """Return the light of a window with missing pixels no lighter than what is known around them.

        Pixels far from all known ones stay as they are.

        Args:
            light: (h, w, C), larger is brighter. Changed in place if the array is writeable.
            window: Its rows and columns.
            missing: (h, w), its part of the page's hole.
        """
        # np.nonzero on rows and columns would take five times as long.
        rows, columns = np.divmod(np.flatnonzero(np.ascontiguousarray(missing)), missing.shape[1])
        filled = light[rows, columns]
        # Few pixels are lighter than the least bound near them. Only those need the exact bound.
        down, across = rows + window[0].start, columns + window[1].start
        found = np.flatnonzero((filled > self._least[down // BLOCK, across // BLOCK]).any(axis=-1))
        if not len(found):
            return light
        bounded = light if light.flags.writeable else light.copy()
        bounds = at_points(self._bound, down[found], across[found])
        bounded[rows[found], columns[found]] = np.minimum(filled[found], bounds)
        return bounded


def _lightest(light: Light, known: Hole) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the lightest spot and the lightest pixel of each block, (h, w, C) in [0, 1]; below 0 if none is known."""
    import cv2

    light, known = whole_blocks(light, known)
    height, width, channels = light.shape
    white = np.float32(largest(light))
    # bitwise_and is twenty times as fast as a product.
    shown = cv2.bitwise_and(light, light, mask=known.view(np.uint8)).reshape(light.shape)
    size = width // _SPOT, height // _SPOT
    share = cv2.resize(known.astype(np.float32), size, interpolation=cv2.INTER_AREA)[..., None]
    total = cv2.resize(shown, size, interpolation=cv2.INTER_AREA).reshape(*share.shape[:2], channels)
    means = np.where(share >= _LEAST_KNOWN, total / (np.maximum(share, _LEAST_KNOWN) * white), -1.0)
    pixels = np.where(block_maximum(known[..., None], BLOCK), block_maximum(shown, BLOCK) / white, -1.0)
    return block_maximum(np.asarray(means, np.float32), BLOCK // _SPOT), np.asarray(pixels, np.float32)
