"""A page at low resolution, filled once: what a tile falls back to that lies wholly inside a hole."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bokwon.imaging.color import PLANES, Light, samples_to_light
from bokwon.imaging.holes import Hole
from bokwon.imaging.pixels import Pixels
from bokwon.imaging.tiles import Tile
from bokwon.restore.engines import Engine

__all__ = ["CoarsePage", "fill_planes", "shrink"]


def fill_planes(engine: Engine, light: Light, missing: Hole, mode: str) -> NDArray[np.float32]:
    """Fill every group of channels that belongs together.

    Args:
        engine: What fills.
        light: (H, W, C) samples, bright is large.
        missing: (H, W), True where nothing is known.
        mode: Mode of the page, which says which channels belong together.

    Returns:
        (H, W, C) in [0, 1].
    """
    planes = [engine.fill(np.ascontiguousarray(light[..., list(plane)]), missing) for plane in PLANES[mode]]
    return planes[0] if len(planes) == 1 else np.concatenate(planes, axis=-1)


def shrink(pixels: Pixels, missing: Hole, mode: str, step: int) -> tuple[Light, Hole]:
    """Average the known samples of each cell of `step` by `step` pixels, a band of cells at a time.

    Args:
        pixels: Samples of the page.
        missing: (H, W), True where nothing is known.
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
    """A page shrunk to one tile and filled there.

    Args:
        engine: What fills.
        pixels: Samples of the page.
        missing: (H, W), True where nothing is known; not everywhere.
        mode: Mode of the samples.
    """

    def __init__(self, engine: Engine, pixels: Pixels, missing: Hole, mode: str) -> None:
        self._step = -(-max(missing.shape) // engine.tile)
        light, empty = shrink(pixels, missing, mode, self._step)
        known = light.astype(np.float32) / np.float32(np.iinfo(light.dtype).max)
        filled = fill_planes(engine, light, empty, mode) if empty.any() else known
        self._light = np.where(empty[..., None], filled, known)

    def at(self, tile: Tile) -> NDArray[np.float32]:
        """Return the page's light under a tile, (h, w, C), interpolated bilinearly."""
        rows, columns = tile.window
        down, across = self._positions(rows, axis=0), self._positions(columns, axis=1)
        upper, lower = np.floor(down).astype(np.intp), np.ceil(down).astype(np.intp)
        left, right = np.floor(across).astype(np.intp), np.ceil(across).astype(np.intp)
        fraction = (down - upper)[:, None, None]
        bands = self._light[upper] * (1 - fraction) + self._light[lower] * fraction
        fraction = (across - left)[None, :, None]
        return np.asarray(bands[:, left] * (1 - fraction) + bands[:, right] * fraction, np.float32)

    def _positions(self, pixels: slice, axis: int) -> NDArray[np.float32]:
        centres = (np.arange(pixels.start, pixels.stop, dtype=np.float32) + 0.5) / self._step - 0.5
        return np.asarray(np.clip(centres, 0, self._light.shape[axis] - 1), np.float32)
