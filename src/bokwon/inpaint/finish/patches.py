"""Fills made of parts of the page: strokes of similar places, paper of known patches. Photographs get texture only."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from threading import Lock

import numpy as np

from bokwon.image_io.modes import missing_pixels
from bokwon.inpaint.finish.matches import Floats
from bokwon.inpaint.finish.patch_window import REACH, TooEarlyError, Window
from bokwon.inpaint.tiling import Feather, Filled, Tile, Tiling
from bokwon.inpaint.window import grow_window
from bokwon.types import Hole, Pixels

__all__ = ["PatchMatching", "match_patches"]

TILING = Tiling(512, 32, True, 32)
"""Windows of the page, and the width over which their seams are blended, pixels."""


def match_patches(pixels: Pixels, mode: str, hole: Hole, *, concurrency: int = 1) -> None:
    """Replace a fill by patches of the page, in place; see `PatchMatching`.

    Args:
        pixels: Samples (H, W) or (H, W, C) of the filled page. Only those inside the hole are changed.
        mode: Their mode; a bilevel page stays as it is.
        hole: (H, W), what was filled.
        concurrency: Number of threads, at least 1. The result is the same.
    """
    with ThreadPoolExecutor(concurrency) as pool:
        PatchMatching(pixels, mode, hole, pool, concurrency).write()


class PatchMatching:
    """Replaces a fill by parts of the page. It can start before the whole page is filled.

    The fill of a network is right on average, but soft. Strokes are taken from places of the page with similar
    surroundings; see `bokwon.inpaint.finish.exemplars`. For all else the fill serves as a guide: for each of its
    patches, the most similar known patch nearby is sought. Every pixel becomes the mean of all found patches that cover
    it. So ink and paper are those of the page.

    Args:
        pixels: Samples (H, W) or (H, W, C) of the page.
        mode: Their mode; a bilevel page stays as it is.
        hole: (H, W), what is filled.
        pool: Threads that work on the windows.
        concurrency: How many windows are worked on at the same time once the page is filled. Before that it is one,
            because two would wait for Python's lock. A network can run beside one.
        texture_only: Keep the fill, and add the fine texture of the similar patches. For photographs, where the fill is
            right but too smooth.

    Source: Barnes, Shechtman, Finkelstein and Goldman, "PatchMatch", SIGGRAPH 2009 (propagation of matches); Wexler,
    Shechtman and Irani, "Space-Time Completion of Video", TPAMI 2007 (votes of overlapping patches).
    """

    def __init__(
        self,
        pixels: Pixels,
        mode: str,
        hole: Hole,
        pool: Executor,
        concurrency: int,
        *,
        texture_only: bool = False,
    ) -> None:
        self._pixels = pixels
        self._mode = mode
        self._hole = hole
        self._pool = pool
        self._concurrency = concurrency
        self._texture_only = texture_only
        self._missing = missing_pixels(pixels, mode, hole)
        self._tiles = [] if mode == "1" or hole.all() else TILING.plan(hole)
        self._found: list[Floats | None] = [None] * len(self._tiles)
        self._lock = Lock()
        self._filled = Filled(0, 0, 0)
        # Numbers of the windows that wait for the fill, that wait for a thread, and that came too early.
        self._waiting = list(range(len(self._tiles)))
        self._ready = deque[int]()
        self._late = list[int]()
        self._running = list[Future[None]]()

    def advance(self, filled: Filled) -> None:
        """Start on the windows whose surroundings are filled.

        Args:
            filled: The filled part of the page, larger than at the last call.
        """
        with self._lock:
            self._filled = filled
            seen = [grow_window(self._tiles[number].window, REACH, self._hole.shape) for number in self._waiting]
            ready = {number for number, window in zip(self._waiting, seen, strict=True) if filled.holds(window)}
            self._waiting = [number for number in self._waiting if number not in ready]
            self._ready.extend(sorted(ready))
        if self._ready and all(worker.done() for worker in self._running):
            self._running.append(self._pool.submit(self._work))

    def write(self) -> None:
        """Write the patches into the hole. The page must be filled."""
        self.advance(Filled.before((), self._hole.shape))
        with self._lock:
            self._ready.extend(self._late)
        self._running += [self._pool.submit(self._work) for _ in range(self._concurrency)]
        for worker in self._running:
            worker.result()
        # Written only when all windows are done, because windows overlap.
        feather = Feather(self._pixels, self._mode, self._hole)
        for tile, found in zip(self._tiles, self._found, strict=True):
            if found is None:
                return
            inside = self._hole[tile.window]
            light = np.zeros((*inside.shape, found.shape[1]), np.float32)
            light[inside] = found
            feather.add(tile, light)

    def stop(self) -> None:
        """Start on no more windows."""
        with self._lock:
            self._ready.clear()

    def _work(self) -> None:
        """Work on windows until none is ready."""
        while True:
            with self._lock:
                if not self._ready:
                    return
                number, filled = self._ready.popleft(), self._filled
            try:
                self._found[number] = self._match(self._tiles[number], filled)
            except TooEarlyError:
                with self._lock:
                    # It is tried again if more has been filled meanwhile.
                    again = self._ready if filled != self._filled else self._late
                    again.append(number)

    def _match(self, tile: Tile, filled: Filled) -> Floats | None:
        """Return what the pixels of a tile's hole become, (n, C); None if the page has no known patch."""
        found = Window.around(self._pixels, self._mode, self._hole, self._missing, tile.window, filled)
        if found is None:
            return None
        return found.textured() if self._texture_only else found.matched()
