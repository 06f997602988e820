"""Fills made of parts of the page: strokes of places with similar surroundings, paper of similar patches."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock

import numpy as np

from bokwon.image_io.modes import missing_pixels
from bokwon.inpaint.colour import PLANES, as_float, samples_to_light
from bokwon.inpaint.finish.exemplars import Exemplars
from bokwon.inpaint.finish.matches import Floats, Points, centres_of_known, grid_points, grown, padded
from bokwon.inpaint.finish.patch_search import PAD, STRIDE, SWEEPS, Search, descriptors, opponent_planes, sample
from bokwon.inpaint.finish.uncertain import clear_uncertain
from bokwon.inpaint.hole_depth import depth_in_hole, smoothstep
from bokwon.inpaint.tiling import Feather, Filled, Tile, Tiling
from bokwon.inpaint.window import grow_window, shift_window
from bokwon.types import Hole, Pixels

__all__ = ["PatchMatching", "match_patches"]

RADIUS = 3
"""Patches are squares of 2 * RADIUS + 1 pixels."""
ROUNDS: tuple[tuple[int, ...], ...] = ((-4, -2, 0, 2, 4), (-3, -1, 1, 3))
"""For each round, the rows and columns of a patch at which lightness is compared, pixels from its centre. The first
round uses a larger patch, which continues strokes; the second a smaller one, which makes them sharp."""
POOR, MANY = 12.0, 0.1
"""If more than the second (a share) of the patches differ from their matches by more than the first (root mean square,
levels of 255), there is a second round. Where a hole shows little but paper, one is enough."""
REACH = 96
"""Distance around a window in which known patches are sought, pixels. It is doubled if there are too few."""
LEAST = 256
TILING = Tiling(512, 32, True, 32)
"""Windows of the page, and the width over which their seams are blended, pixels."""
RIM, DEEP = 6.0, 20.0
"""Distances from known pixels, pixels: where the rim of a hole ends, and where the hole is deep."""
SOFTNESS = 16.0
"""How fast the weight of a match falls with its difference, levels of 255."""
BORDER = 12
"""Margin around a window that is computed too, so that neighbouring windows agree, pixels."""
_MARGIN = RADIUS + 1


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


class _TooEarlyError(Exception):
    """A window reaches beyond the part of the page that is filled."""


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

    Source: Barnes, Shechtman, Finkelstein and Goldman, "PatchMatch", SIGGRAPH 2009 (propagation of matches); Wexler,
    Shechtman and Irani, "Space-Time Completion of Video", TPAMI 2007 (votes of overlapping patches).
    """

    def __init__(self, pixels: Pixels, mode: str, hole: Hole, pool: Executor, concurrency: int) -> None:
        self._pixels = pixels
        self._mode = mode
        self._hole = hole
        self._pool = pool
        self._concurrency = concurrency
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
            except _TooEarlyError:
                with self._lock:
                    # It is tried again if more has been filled meanwhile.
                    again = self._ready if filled != self._filled else self._late
                    again.append(number)

    def _match(self, tile: Tile, filled: Filled) -> Floats | None:
        """Return what the pixels of a tile's hole become, (n, C); None if the page has no known patch."""
        found = _Window.around(self._pixels, self._mode, self._hole, self._missing, tile.window, filled)
        return None if found is None else found.matched()


@dataclass
class _Window:
    """A window of the page with its surroundings.

    Attributes:
        light: (h, w, C) in [0, 1], filled.
        known: (h, w), True where the page is known.
        usable: (h, w), True at centres of patches that are known as a whole.
        worked_on: (h, w), the hole in the window and in a margin around it.
        deep: (n, 1) for the n pixels of `worked_on`, 0 near the rim of a hole and 1 deep in it.
        inner: The window itself, as rows and columns of `light`.
        origin: Row and column of its first pixel in the page.
        planes: Groups of channels.
    """

    light: Floats
    known: Hole
    usable: Hole
    worked_on: Hole
    deep: Floats
    inner: tuple[slice, slice]
    origin: tuple[int, int]
    planes: tuple[tuple[int, ...], ...]

    @classmethod
    def around(
        cls, pixels: Pixels, mode: str, hole: Hole, missing: Hole, window: tuple[slice, slice], filled: Filled
    ) -> _Window | None:
        """Return a window with enough known patches around, or None if the page has none.

        Raises:
            _TooEarlyError: It reaches beyond what is filled.
        """
        reach = REACH
        farthest = max(max(steps) for steps in ROUNDS)
        while True:
            rows, columns = grow_window(window, reach, hole.shape)
            known = ~missing[rows, columns]
            usable = centres_of_known(known, farthest)
            whole = known.shape == hole.shape
            if np.count_nonzero(usable) >= LEAST or (whole and usable.any()):
                break
            if whole:
                return None
            reach *= 2
        if not filled.holds((rows, columns)):
            raise _TooEarlyError
        origin = rows.start, columns.start
        near = grow_window(window, BORDER, hole.shape)
        worked_on = np.zeros(usable.shape, bool)
        worked_on[shift_window(near, origin)] = hole[near]
        deep = smoothstep(depth_in_hole(missing, near, round(DEEP))[hole[near]], RIM, DEEP)
        light = as_float(samples_to_light(pixels[rows, columns], mode))
        return cls(light, known, usable, worked_on, deep, shift_window(window, origin), origin, PLANES[mode])

    def matched(self) -> Floats:
        """Return the light of the window's hole, made of what is known, (n, C)."""
        rng = np.random.default_rng(self.origin)
        light = self.light.reshape(-1, self.light.shape[2])
        inside = np.flatnonzero(self.worked_on)
        # Deep in a hole nothing known is near, and only the fill could choose the places.
        shallow = np.flatnonzero(self.deep[:, 0] < 1.0)
        near = np.zeros_like(self.worked_on)
        near.reshape(-1)[inside[shallow]] = True
        strokes = Exemplars.of(self.light, self.known, near, self.origin, rng)
        share, likeness = np.zeros((2, len(inside), 1), np.float32)
        share[shallow] = strokes.share * np.minimum(2.0 * (1.0 - self.deep[shallow]), 1.0)
        likeness[shallow] = strokes.likeness
        light[inside[shallow]] += share[shallow] * (strokes.light - light[inside[shallow]])
        clear_uncertain(self.light, self.known, inside, self.deep, likeness)
        made = light[inside]
        rest = np.flatnonzero(share < 1.0)
        if len(rest):
            patched = self._patched(inside[rest], rng)
            made[rest] += (1.0 - share[rest]) * (patched - made[rest])
        own = np.zeros_like(self.worked_on)
        own[self.inner] = True
        return made[own.reshape(-1)[inside]]

    def _patched(self, inside: Points, rng: np.random.Generator) -> Floats:
        """Return the light of some pixels, made of known patches, (n, C).

        Args:
            inside: (n,) pixels.
            rng: Draws the sample, and where small moves go.
        """
        import cv2

        chosen = np.zeros_like(self.usable)
        chosen.reshape(-1)[inside] = True
        points = grid_points(grown(chosen, RADIUS), self.origin, STRIDE)
        votes = _Votes(points, inside, self.usable.shape, self.origin)
        channels = [np.asarray(channel, np.float32) for channel in cv2.split(self.light)]
        # Only known pixels of the channels are read again; the hole's own light changes with every round.
        opponents = opponent_planes(channels, self.planes)
        width = self.usable.shape[1]
        sources: Points | None = None
        for steps in ROUNDS:
            values, offsets = descriptors(opponents, self.planes, steps)
            wanted = values[padded(points, width, PAD)[:, None] + offsets]
            search = Search(self.usable, self.origin, values, offsets, points, wanted, rng)
            if sources is None:
                search.compare_with(sample(values, offsets, np.flatnonzero(self.usable), width, rng))
            else:
                search.start_from(sources)
            for _ in range(SWEEPS):
                search.sweep()
            sources = search.sources
            weights = np.exp(-np.minimum(search.difference / (2 * SOFTNESS**2), 20.0))
            filled = votes.mean(channels, sources, weights)
            if np.mean(search.difference > POOR**2) <= MANY:
                break
            for plane, new in zip(opponents, opponent_planes(filled, self.planes), strict=True):
                plane.reshape(-1)[inside] = new
        return np.stack(filled, axis=-1)


class _Votes:
    """Which patches cover each pixel of a hole.

    Args:
        points: (n,) centres of patches.
        inside: (m,) pixels of the hole.
        shape: Height and width of the window.
        origin: Row and column of its first pixel in the page.
    """

    def __init__(self, points: Points, inside: Points, shape: tuple[int, ...], origin: tuple[int, int]) -> None:
        height, width = shape
        wide = width + 2 * _MARGIN
        # The number `len(points)` means that there is no patch.
        numbers = np.full((height + 2 * _MARGIN) * wide, len(points), np.int32)
        numbers[padded(points, width, _MARGIN)] = np.arange(len(points), dtype=np.int32)
        rows, columns = np.divmod(inside, width)
        # The steps to the first centre that covers a pixel.
        down = (RADIUS - origin[0] - rows) % STRIDE - RADIUS
        across = (RADIUS - origin[1] - columns) % STRIDE - RADIUS
        self._steps = down * width + across
        place = padded(inside, width, _MARGIN) + down * wide + across
        self._patches = []
        for i in range(0, 2 * RADIUS + 1, STRIDE):
            for j in range(0, 2 * RADIUS + 1, STRIDE):
                covering = numbers[place + (i * wide + j)]
                covering[(down + i > RADIUS) | (across + j > RADIUS)] = len(points)
                self._patches.append((i * width + j, covering))

    def mean(self, channels: list[Floats], sources: Points, weights: Floats) -> list[Floats]:
        """Return the mean of what the patches bring to each pixel, (m,) for each channel.

        Args:
            channels: Those of the window, each (h, w). One array of all channels would take twice as long.
            sources: (n,) centres of the known patches that are brought.
            weights: (n,).
        """
        planes = [channel.reshape(-1) for channel in channels]
        # Where there is no patch, the weight is 0, and any source will do.
        sources, weights = np.append(sources, sources[:1]), np.append(weights, np.float32(0))
        weight, *total = np.zeros((1 + len(planes), len(self._steps)))
        for step, covering in self._patches:
            # With `clip`, NumPy does not check bounds, which saves a third of the time.
            place = sources.take(covering, mode="clip")
            place -= self._steps
            place -= step
            share = weights.take(covering, mode="clip")
            weight += share
            for plane, channel in zip(planes, total, strict=True):
                channel += plane.take(place, mode="clip") * share
        return [np.asarray(channel / weight, np.float32) for channel in total]
