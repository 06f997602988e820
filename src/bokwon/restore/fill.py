"""The heart of the runtime: a page's samples, its hole and an engine in; the samples with the hole filled out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bokwon.imaging.color import samples_to_light
from bokwon.imaging.holes import Hole
from bokwon.imaging.pixels import Pixels, alpha
from bokwon.imaging.tiles import Feather, Tiling
from bokwon.restore.coarse import CoarsePage, fill_planes
from bokwon.restore.engines import Engine

__all__ = ["Progress", "fill_hole"]

Progress = Callable[[int, int], None]
"""Told after each tile: how many are done, and of how many."""


def fill_hole(
    pixels: Pixels,
    mode: str,
    hole: Hole,
    engine: Engine,
    *,
    tiling: Tiling | None = None,
    progress: Progress | None = None,
) -> int:
    """Fill a hole in place.

    Only tiles that touch the hole are run, so time and memory beyond the samples grow with the damage and the tile.
    A tile without a single known pixel takes its light from the whole page, shrunk to one tile and filled there.

    Args:
        pixels: Samples (H, W) or (H, W, C); those inside the hole are written, no other is.
        mode: Their mode.
        hole: (H, W), not everywhere True.
        engine: What fills.
        tiling: How to cut the page; by default in the engine's tiles.
        progress: Told after each tile.

    Returns:
        How many tiles were run.
    """
    missing = _missing(pixels, mode, hole)
    tiles = (tiling or Tiling(engine.tile)).plan(hole)
    feather = Feather(pixels, mode, hole)
    coarse: CoarsePage | None = None
    for done, tile in enumerate(tiles, 1):
        unknown = missing[tile.window]
        if unknown.all():
            coarse = coarse or CoarsePage(engine, pixels, missing, mode)
            feather.add(tile, coarse.at(tile))
        else:
            light = samples_to_light(pixels[tile.window], mode)
            feather.add(tile, fill_planes(engine, light, unknown, mode))
        if progress is not None:
            progress(done, len(tiles))
    return len(tiles)


def _missing(pixels: Pixels, mode: str, hole: Hole) -> Hole:
    """Return where nothing is known: the hole, and what is fully transparent, since colour means nothing there."""
    opacity = alpha(pixels, mode)
    if opacity is None:
        return hole
    missing = np.asarray(hole | (opacity == 0))
    return hole if missing.all() else missing
