"""The heart of the runtime: a page's samples, its hole and an engine in; the samples with the hole filled out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from threading import Lock, Semaphore

import numpy as np
from numpy.typing import NDArray

from bokwon.image_io.modes import missing_pixels
from bokwon.inpaint.coarse import CoarsePage, fill_planes
from bokwon.inpaint.colour import Light, samples_to_light
from bokwon.inpaint.engines.base import Engine
from bokwon.inpaint.finish.background import Background
from bokwon.inpaint.finish.highlight_limit import LightestKnown
from bokwon.inpaint.hole_depth import depth_in_hole, is_shallow, smoothstep
from bokwon.inpaint.residual_scale import page_contrast
from bokwon.inpaint.tiling import Feather, Filled, Tile, Tiling, grid_of
from bokwon.settings import Letters
from bokwon.types import Hole, Pixels

__all__ = ["LETTER_REACH", "Progress", "fill_hole", "tiling_for"]

LETTER_REACH = 12
"""How far from anything known a stroke may still be gone on with under `leave`, pixels; from half of it on it fades."""

Progress = Callable[[int, int], None]
"""Told after each tile: how many are done, and of how many."""


def tiling_for(engine: Engine, tile: int | None = None) -> Tiling:
    """Return how pages are cut for an engine.

    Args:
        engine: What fills.
        tile: Side of the tiles, a multiple of the engine's grid; by default what suits the engine.

    Raises:
        ArgumentError: The side is no multiple of the grid, or too small.
    """
    grid = grid_of(engine.multiple)
    if tile is not None:
        return Tiling(tile, grid, grid=grid)
    return Tiling(max(-(-engine.tile // grid), 2) * grid, grid, engine.square, grid)


def fill_hole(
    pixels: Pixels,
    mode: str,
    hole: Hole,
    engine: Engine,
    *,
    tiling: Tiling | None = None,
    letters: Letters = "restore",
    bounded: bool = False,
    progress: Progress | None = None,
    pool: Executor | None = None,
    complete: Callable[[Filled], None] | None = None,
) -> int:
    """Fill a hole in place.

    Only tiles that touch the hole are run. So time grows with the damage, and memory with the size of a tile. Pixels
    deeper in a hole than the reach of the engine are filled first, in a smaller copy of the page. The engine then fills
    the rest, and treats these pixels as known.

    Args:
        pixels: Samples (H, W) or (H, W, C). Only those inside the hole are changed.
        mode: Their mode.
        hole: (H, W). Some pixel must be False.
        engine: What fills.
        tiling: How to cut the page; by default into the engine's tiles.
        letters: `restore` continues the surroundings into the middle of a hole; `leave` puts paper there.
        bounded: Whether fills are limited to the lightest known value around them; see `LightestKnown`.
        progress: Told after each tile.
        pool: Threads for engines that fill several tiles at once; by default as many as the engine asks for.
        complete: Called after each tile with the part of the page that is filled.

    Returns:
        Number of tiles that were run.
    """
    missing = missing_pixels(pixels, mode, hole)
    tiles = (tiling or tiling_for(engine)).plan(hole)
    if not tiles:
        return 0
    engine = engine.shared([missing[tile.window].shape for tile in tiles]) if len(tiles) > 1 else engine.alone()
    feather = Feather(pixels, mode, hole)
    fill = _TileFiller(pixels, mode, missing, engine, letters, bounded=bounded)
    for done, (tile, light) in enumerate(_in_order(fill, tiles, engine.concurrency, pool), 1):
        feather.add(tile, light)
        if complete is not None:
            complete(Filled.before(tiles[done:], hole.shape))
        if progress is not None:
            progress(done, len(tiles))
    return len(tiles)


def _in_order(
    fill: Callable[[Tile], NDArray[np.float32]], tiles: list[Tile], concurrency: int, pool: Executor | None
) -> Iterator[tuple[Tile, NDArray[np.float32]]]:
    """Fill tiles, some at a time, and yield them as they stand in the list, so that sums come out the same."""
    if concurrency == 1 or len(tiles) == 1:
        yield from ((tile, fill(tile)) for tile in tiles)
        return
    # A pool that is given may have more threads than the engine has memory for.
    slots = Semaphore(concurrency)

    def fill_one(tile: Tile) -> NDArray[np.float32]:
        with slots:
            return fill(tile)

    threads = pool or ThreadPoolExecutor(concurrency)
    running: deque[Future[NDArray[np.float32]]] = deque()
    try:
        for place, tile in enumerate(tiles):
            # One more than can run, so that no engine thread waits while this thread works.
            while len(running) <= concurrency and place + len(running) < len(tiles):
                running.append(threads.submit(fill_one, tiles[place + len(running)]))
            yield tile, running.popleft().result()
    finally:
        for future in running:
            future.cancel()
        if pool is None:
            threads.shutdown()


class _TileFiller:
    """Fills tiles, from any thread; what the whole page is asked for is made when the first tile needs it.

    The samples are written to while tiles are filled, but only in the hole, and nothing in the hole is read.
    """

    def __init__(
        self, pixels: Pixels, mode: str, missing: Hole, engine: Engine, letters: Letters, *, bounded: bool
    ) -> None:
        self._pixels = pixels
        self._mode = mode
        self._missing = missing
        self._engine = engine
        self._letters = letters
        at_once = engine.concurrency
        self._contrast = page_contrast(pixels, mode, missing, engine.lowpass, at_once) if engine.takes_scale else ()
        self._lightest = LightestKnown(pixels, mode, missing, at_once) if bounded else None
        self._lock = Lock()
        self._coarse: CoarsePage | None = None
        self._background: Background | None = None

    def __call__(self, tile: Tile) -> NDArray[np.float32]:
        missing = self._missing[tile.window]
        reach = LETTER_REACH if self._letters == "leave" else self._engine.reach
        middle_at = self._background_at if self._letters == "leave" else self._coarse_at
        if reach is not None and not is_shallow(missing, reach):
            depth = depth_in_hole(self._missing, tile.window, reach + 1)
            if (depth > reach).any():
                return self._around(tile, missing, smoothstep(depth, reach / 2, reach), middle_at(tile))
        if missing.all():
            return middle_at(tile)
        return self._run(tile, samples_to_light(self._pixels[tile.window], self._mode), missing)

    def _run(self, tile: Tile, light: Light, missing: Hole) -> NDArray[np.float32]:
        return self._bounded(tile, fill_planes(self._engine, light, missing, self._mode, self._contrast))

    def _bounded(self, tile: Tile, filled: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._lightest is None:
            return filled
        return self._lightest.bound(filled, tile.window, self._missing[tile.window])

    def _around(
        self, tile: Tile, missing: Hole, share: NDArray[np.float32], middle: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Fill a tile where the middle of its holes is given. `share` is 0 at the rim of a hole and 1 in its middle."""
        core = share[..., 0] >= 1.0
        rim = missing & ~core
        if not rim.any():
            return middle
        light = samples_to_light(self._pixels[tile.window], self._mode)
        largest = np.float32(np.iinfo(light.dtype).max)
        given = np.rint(np.clip(middle, 0.0, 1.0) * largest).astype(light.dtype)
        filled = self._run(tile, np.where(core[..., None], given, light), rim)
        return np.asarray(filled * (1.0 - share) + middle * share, np.float32)

    def _background_at(self, tile: Tile) -> NDArray[np.float32]:
        with self._lock:
            if self._background is None:
                self._background = Background(self._pixels, self._missing, self._mode)
        return self._background.at(tile.window)

    def _coarse_at(self, tile: Tile) -> NDArray[np.float32]:
        with self._lock:
            if self._coarse is None:
                self._coarse = CoarsePage(self._engine, self._pixels, self._missing, self._mode)
        return self._bounded(tile, self._coarse.at(tile))
