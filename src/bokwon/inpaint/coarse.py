"""A page at low resolution, filled once: what lies too deep in a hole for the engine takes its light from it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bokwon.inpaint.colour import PLANES, Light, as_float, samples_to_light
from bokwon.inpaint.engines.base import Engine
from bokwon.inpaint.hole_depth import depth_in_hole
from bokwon.inpaint.tiling import Tile
from bokwon.types import Hole, Pixels

__all__ = ["CoarsePage", "fill_planes", "interpolate", "shrink"]

_MARGIN = 1.5
"""How much deeper than its holes the engine should reach on the shrunken page."""


def fill_planes(
    engine: Engine, light: Light, missing: Hole, mode: str, contrast: tuple[float, ...] = ()
) -> NDArray[np.float32]:
    """Fill every group of channels that belongs together.

    Args:
        engine: What fills.
        light: (H, W, C) samples, bright is large.
        missing: (H, W), True where pixels are missing.
        mode: Mode of the page, which says which channels belong together.
        contrast: The page's contrast in each group, for engines that take it; by default each image's own is taken.

    Returns:
        (H, W, C) in [0, 1].
    """
    groups = [np.ascontiguousarray(light[..., plane[0] : plane[-1] + 1]) for plane in PLANES[mode]]
    scales = contrast or (0.0,) * len(groups)
    planes = [engine.fill(group, missing, scale) for group, scale in zip(groups, scales, strict=True)]
    return planes[0] if len(planes) == 1 else np.concatenate(planes, axis=-1)


def shrink(pixels: Pixels, missing: Hole, mode: str, step: int) -> tuple[Light, Hole]:
    """Average the known samples of each cell of `step` by `step` pixels, a band of cells at a time.

    Args:
        pixels: Samples of the page.
        missing: (H, W), True where pixels are missing.
        mode: Mode of the samples.
        step: Side of a cell, pixels.

    Returns:
        Light (h, w, C), and where no pixel of a cell is known.
    """
    height, width = missing.shape
    columns = np.arange(0, width, step)
    bands, empty = [], []
    for top in range(0, height, step):
        light = samples_to_light(pixels[top : top + step], mode)
        known = ~missing[top : top + step]
        total = np.add.reduceat((light * known[..., None]).sum(axis=0, dtype=np.float64), columns, axis=0)
        count = np.add.reduceat(known.sum(axis=0), columns)
        bands.append(np.rint(total / np.maximum(count, 1)[:, None]).astype(light.dtype))
        empty.append(count == 0)
    return np.stack(bands), np.stack(empty)


class CoarsePage:
    """A page shrunk until the engine reaches into the middle of every hole, and filled there.

    Args:
        engine: What fills.
        pixels: Samples of the page.
        missing: (H, W), True where nothing is known; not everywhere.
        mode: Mode of the samples.
    """

    def __init__(self, engine: Engine, pixels: Pixels, missing: Hole, mode: str) -> None:
        step = -(-max(missing.shape) // engine.tile)
        light, empty = shrink(pixels, missing, mode, step)
        if engine.reach is not None and empty.any():
            deepest = float(
                depth_in_hole(empty, (slice(0, len(empty)), slice(0, empty.shape[1])), max(empty.shape)).max()
            )
            again = int(np.ceil(deepest * _MARGIN / engine.reach))
            if again > 1:
                step *= again
                light, empty = shrink(pixels, missing, mode, step)
        known = as_float(light)
        filled = fill_planes(engine, light, empty, mode) if empty.any() else known
        self._step = step
        self._light = np.where(empty[..., None], np.clip(filled, 0.0, 1.0), known)

    def at(self, tile: Tile) -> NDArray[np.float32]:
        """Return the page's light under a tile, (h, w, C), interpolated bilinearly."""
        return interpolate(self._light, tile, self._step)


def interpolate(light: NDArray[np.float32], tile: Tile, step: int) -> NDArray[np.float32]:
    """Return a shrunken page's light under a tile, interpolated bilinearly.

    Args:
        light: (h, w, C), one value a cell.
        tile: Where.
        step: Side of a cell, pixels.

    Returns:
        (H, W, C) of the tile's size.
    """
    rows, columns = tile.window
    down, across = _positions(rows, step, len(light)), _positions(columns, step, light.shape[1])
    upper, lower = np.floor(down).astype(np.intp), np.ceil(down).astype(np.intp)
    left, right = np.floor(across).astype(np.intp), np.ceil(across).astype(np.intp)
    fraction = (down - upper)[:, None, None]
    bands = light[upper] * (1 - fraction) + light[lower] * fraction
    fraction = (across - left)[None, :, None]
    return np.asarray(bands[:, left] * (1 - fraction) + bands[:, right] * fraction, np.float32)


def _positions(pixels: slice, step: int, length: int) -> NDArray[np.float32]:
    centres = (np.arange(pixels.start, pixels.stop, dtype=np.float32) + 0.5) / step - 0.5
    return np.asarray(np.clip(centres, 0, length - 1), np.float32)
