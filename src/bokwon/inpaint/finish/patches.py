"""Fills made of the page's own patches: each patch of a fill gives way to the most similar known patch near it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bokwon.image_io.modes import missing_pixels
from bokwon.inpaint.color import PLANES, as_float, samples_to_light
from bokwon.inpaint.distance import depth_in_hole, rise
from bokwon.inpaint.tiling import Feather, Tile, Tiling
from bokwon.types import Hole, Pixels

__all__ = ["match_patches"]

Points = NDArray[np.intp]
Floats = NDArray[np.float32]

RADIUS = 3
"""Patches are squares of 2 * RADIUS + 1 pixels."""
ROUNDS: tuple[tuple[int, ...], ...] = ((-4, -2, 0, 2, 4), (-3, -1, 1, 3))
"""In each round, the rows and columns of a patch, from its centre, where its lightness is compared, pixels. The first
round looks at a larger patch, so that strokes go on; the second one at a smaller one, so that they are sharp."""
COLOURS = (-2, 2)
"""The same for its colour, which varies more slowly."""
STRIDE = 2
"""Distance of neighbouring patches of the fill, pixels."""
REACH = 96
"""How far around a window known patches are looked for, pixels. It doubles where that leaves too few."""
SAMPLE = 1024
"""How many known patches of a window each patch of the fill is compared with at first; half of them are drawn from all
alike, half from the ones with strokes."""
LEAST = 256
SWEEPS = 2
"""How often the matches of neighbours and small moves are tried after that."""
MOVES = (8, 3, 1, 1)
"""How far these moves go, pixels."""
CLOSE = 5.0
"""Patches that differ by less, in levels of 255 root mean square, are as good as equal: no better match is sought."""
TILING = Tiling(512, 32, True, 32)
"""Windows that the page is cut into, and how far their seams are blended, pixels."""
FAINT, FADE = (0.25, 0.6), (0.5, 2.0)
"""A fill that is darker than its paper by less than the first, as a share, is in doubt and gives way to paper before it
is compared: its contrast is multiplied by its share of that, to the power of the second. Both near the rim of a hole
and deep in it, where little is sure."""
GRAIN = 0.05
"""What is darker by much less than this share is the grain of the paper, and no smear."""
RIM, DEEP = 6.0, 20.0
"""Where the rim ends and where a hole is deep, pixels from what is known."""
PAPER, COARSER = 28, 4
"""Side of the square whose closing is the paper: strokes are thinner, pixels; and how much the page is shrunk for that."""
PIECES = (24, 12)
"""Sides of the blocks of the page in which neighbouring patches of the fill take neighbouring known ones if all that is
lost is less than `CLOSE`, pixels: paper keeps its grain so."""
SOFTNESS = 16.0
"""How fast the weight of a match falls with its difference, levels of 255."""
BORDER = 12
"""How far beyond its window a window is worked on, so that neighbours agree, pixels."""
AT_ONCE = 1 << 21
"""How many differences are held in memory at a time."""


def match_patches(pixels: Pixels, mode: str, hole: Hole, *, concurrency: int = 1) -> None:
    """Make a fill of the page's own patches, in place.

    A network's fill is right on average, and soft. It serves as a guide here: for each of its patches the most similar
    known patch near it is looked up, and every pixel becomes the mean of the known pixels that its patches bring. So
    ink and paper are the page's own, and nothing appears that the fill did not hold.

    Args:
        pixels: Samples (H, W) or (H, W, C) of the filled page; those inside the hole are written, no other is.
        mode: Their mode; a bilevel page stays as it is.
        hole: (H, W), what was filled.
        concurrency: How many windows are worked on at the same time, at least 1. The result is the same.

    Source: Barnes, Shechtman, Finkelstein and Goldman, "PatchMatch", SIGGRAPH 2009 (propagation of matches); Wexler,
    Shechtman and Irani, "Space-Time Completion of Video", TPAMI 2007 (votes of overlapping patches).
    """
    if mode == "1" or hole.all() or not hole.any():
        return
    missing = missing_pixels(pixels, mode, hole)

    tiles = TILING.plan(hole)

    def finish(tile: Tile) -> Floats | None:
        found = _Window.around(pixels, mode, hole, missing, tile.window)
        return None if found is None else found.matched()[hole[tile.window]]

    with ThreadPoolExecutor(concurrency) as pool:
        # Not written before all are looked at: what lies in one window is around the next.
        finished = list(pool.map(finish, tiles))
    feather = Feather(pixels, mode, hole)
    for tile, found in zip(tiles, finished, strict=True):
        if found is None:
            return
        inside = hole[tile.window]
        light = np.zeros((*inside.shape, found.shape[1]), np.float32)
        light[inside] = found
        feather.add(tile, light)


@dataclass
class _Window:
    """A window of the page with its surroundings.

    Attributes:
        light: (h, w, C) in [0, 1], filled.
        hole: (h, w), what may be written.
        usable: (h, w), True at centres of patches that are known as a whole.
        inner: Where the window lies in it.
        deep: (h, w, 1), 0 near the rim of a hole and 1 deep in it.
        origin: Row and column of its first pixel in the page.
        planes: Groups of channels.
    """

    light: Floats
    hole: Hole
    usable: Hole
    deep: Floats
    inner: tuple[slice, slice]
    origin: tuple[int, int]
    planes: tuple[tuple[int, ...], ...]

    @classmethod
    def around(
        cls, pixels: Pixels, mode: str, hole: Hole, missing: Hole, window: tuple[slice, slice]
    ) -> _Window | None:
        """Return a window with enough known patches around, or None if the page has none."""
        import cv2

        reach = REACH
        size = 2 * max(abs(step) for steps in ROUNDS for step in steps) + 1
        while True:
            rows, columns = (
                slice(max(0, span.start - reach), min(length, span.stop + reach))
                for span, length in zip(window, hole.shape, strict=True)
            )
            known = (~missing[rows, columns]).astype(np.uint8)
            kernel = np.ones((size, size), np.uint8)
            usable = cv2.erode(known, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
            whole = known.shape == hole.shape
            if np.count_nonzero(usable) >= LEAST or (whole and usable.any()):
                break
            if whole:
                return None
            reach *= 2
        top, left = rows.start, columns.start
        inner = tuple(slice(s.start - o, s.stop - o) for s, o in zip(window, (top, left), strict=True))
        light = as_float(samples_to_light(pixels[rows, columns], mode))
        deep = rise(depth_in_hole(missing, (rows, columns), round(DEEP)), RIM, DEEP)
        return cls(light, hole[rows, columns], usable, deep, (inner[0], inner[1]), (top, left), PLANES[mode])

    def matched(self) -> Floats:
        """Return the light of the window, its hole made of known patches, (h, w, C)."""
        import cv2

        height, width = self.hole.shape
        worked_on = np.zeros_like(self.hole)
        rows, columns = (slice(max(0, s.start - BORDER), s.stop + BORDER) for s in self.inner)
        worked_on[rows, columns] = self.hole[rows, columns]
        touched = cv2.dilate(worked_on.astype(np.uint8), np.ones((2 * RADIUS + 1, 2 * RADIUS + 1), np.uint8))
        # On a grid of the page: the same patches whatever window.
        first_row, first_column = (-start % STRIDE for start in self.origin)
        grid = np.zeros_like(self.hole)
        grid[first_row::STRIDE, first_column::STRIDE] = True
        points = np.flatnonzero(grid & (touched > 0))
        known = np.flatnonzero(self.usable)
        rng = np.random.default_rng(self.origin)
        light = self._guide(worked_on)
        sources: Points | None = None
        for steps in ROUNDS:
            values, offsets = _descriptors(light, self.planes, steps)
            places = self._padded(points)
            wanted = values[places[:, None] + offsets]
            search = _Search(self, values, offsets, points, wanted, rng)
            if sources is None:
                search.compare_with(_sample(values, offsets, known, self._padded(known), rng))
            else:
                search.start_from(sources)
            for _ in range(SWEEPS):
                search.sweep()
            sources = search.sources
            self._vote(light, points, sources, search.difference, worked_on)
        return light[self.inner]

    def _guide(self, worked_on: Hole) -> Floats:
        """Return the light with the faint smears of its fill paler still."""
        import cv2

        height, width, channels = self.light.shape
        small = max(1, width // COARSER), max(1, height // COARSER)
        # Shrunk it takes a tenth of the time, and paper has no detail to lose.
        paper = cv2.resize(self.light, small, interpolation=cv2.INTER_AREA)
        side = PAPER // COARSER
        paper = cv2.morphologyEx(paper, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
        paper = cv2.GaussianBlur(paper, (0, 0), side / 2.5)
        paper = cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR).reshape(height, width, channels)
        paper, fill = paper[worked_on], self.light[worked_on]
        share = 1.0 - fill.mean(axis=1, keepdims=True) / np.maximum(paper.mean(axis=1, keepdims=True), 1e-3)
        faint, fade = (near + (far - near) * self.deep[worked_on] for near, far in (FAINT, FADE))
        kept = np.maximum(np.clip(share / faint, 0.0, 1.0) ** fade, 1.0 - share / GRAIN)
        light = self.light.copy()
        light[worked_on] = np.where(share > 0, paper + (fill - paper) * kept, fill)
        return light

    def in_page(self, places: Points) -> tuple[Points, Points]:
        """Return the rows and columns of pixels in the page."""
        width = self.hole.shape[1]
        return places // width + self.origin[0], places % width + self.origin[1]

    def _padded(self, places: Points) -> Points:
        """Return where pixels lie in what `_descriptors` returns."""
        width = self.hole.shape[1]
        return (places // width + _PAD) * (width + 2 * _PAD) + places % width + _PAD

    def _vote(self, light: Floats, points: Points, sources: Points, difference: Floats, worked_on: Hole) -> None:
        """Put the mean of what the patches bring into the hole."""
        height, width = self.hole.shape
        count = np.count_nonzero(worked_on)
        weight = np.exp(-np.minimum(difference / (2 * SOFTNESS**2), 20.0))
        # The number of each pixel of the hole; others are behind all of them.
        numbers = np.full((height + 2 * RADIUS, width + 2 * RADIUS), count, np.intp)
        numbers[RADIUS:-RADIUS, RADIUS:-RADIUS][worked_on] = np.arange(count)
        places = (points // width + RADIUS) * (width + 2 * RADIUS) + points % width + RADIUS
        pixels = self.light.reshape(height * width, -1)
        span = np.arange(-RADIUS, RADIUS + 1)
        steps, wide_steps = (np.add.outer(span * row, span).reshape(-1) for row in (width, width + 2 * RADIUS))
        total = np.zeros((pixels.shape[1] + 1, count + 1))
        step = AT_ONCE // 4 // len(steps)
        for start in range(0, len(points), step):
            some = slice(start, start + step)
            target = numbers.reshape(-1)[places[some, None] + wide_steps].reshape(-1)
            inside = np.flatnonzero(target < count)
            target = target[inside]
            brought = pixels[(sources[some, None] + steps).reshape(-1)[inside]]
            weights = np.repeat(weight[some], len(steps))[inside]
            total[-1] += np.bincount(target, weights, count + 1)
            for channel in range(len(total) - 1):
                total[channel] += np.bincount(target, brought[:, channel] * weights, count + 1)
        light[worked_on] = (total[:-1, :-1] / total[-1, :-1]).T


_PAD = 4


def _descriptors(light: Floats, planes: tuple[tuple[int, ...], ...], steps: tuple[int, ...]) -> tuple[Floats, Points]:
    """Return what patches are compared by.

    Args:
        light: (h, w, C).
        planes: Groups of channels.
        steps: Rows and columns of a patch.

    Returns:
        Smoothed lightness and colours as whole numbers, flat, and where those of a patch lie from its centre. Sums of
        their squares are exact in float32, whatever their order.
    """
    import cv2

    height, width = light.shape[:2]
    size = (height + 2 * _PAD) * (width + 2 * _PAD)
    maps, offsets = [], list[int]()

    def add(values: Floats, scale: float, blur: int, steps: tuple[int, ...]) -> None:
        smooth = cv2.GaussianBlur(values, (blur, blur), 0, borderType=cv2.BORDER_REFLECT_101)
        padded = cv2.copyMakeBorder(smooth, _PAD, _PAD, _PAD, _PAD, cv2.BORDER_REFLECT_101)
        start = len(maps) * size
        maps.append(np.rint(padded * np.float32(scale)).reshape(-1))
        offsets.extend(start + down * (width + 2 * _PAD) + across for down in steps for across in steps)

    # As much for each pixel of the patch: what is compared at fewer points counts more at each.
    more = len(steps) / len(COLOURS)
    for plane in planes:
        channels = [light[..., channel] for channel in plane]
        if len(channels) == 1:
            add(channels[0], 255.0, 3, steps)
            continue
        red, green, blue = channels
        add((red + green + blue) / np.float32(3**0.5), 255.0 / 3**0.5, 3, steps)
        add((red - blue) / np.float32(2**0.5), more * 255.0 / 3**0.5, 5, COLOURS)
        add((red + blue - 2 * green) / np.float32(6**0.5), more * 255.0 / 3**0.5, 5, COLOURS)
    return np.concatenate(maps), np.array(offsets, np.intp)


def _sample(
    values: Floats, offsets: Points, known: Points, places: Points, rng: np.random.Generator
) -> tuple[Points, Floats]:
    """Return some of the known patches, and their descriptors."""
    if len(known) > SAMPLE:
        some = rng.permutation(len(known))[: 8 * SAMPLE]
        corners = values[places[some][:, None] + offsets[[0, len(offsets) // 2, -1]]]
        spread = np.asarray(corners.max(axis=1) - corners.min(axis=1))
        rank = np.argsort(-spread[SAMPLE // 2 :], kind="stable")[: SAMPLE // 2]
        some = np.concatenate([some[: SAMPLE // 2], some[SAMPLE // 2 :][rank]])
        known, places = known[some], places[some]
    return known, values[places[:, None] + offsets]


class _Search:
    """The best matches so far.

    Attributes:
        sources: (n,) centres of known patches.
        difference: (n,) mean square of the difference, in levels of 255.
    """

    def __init__(
        self,
        window: _Window,
        values: Floats,
        offsets: Points,
        points: Points,
        wanted: Floats,
        rng: np.random.Generator,
    ) -> None:
        self._window = window
        self._values = values
        self._offsets = offsets
        self._points = points
        self._wanted = wanted
        self._rng = rng
        self._width = window.hole.shape[1]
        self._usable = window.usable.reshape(-1)
        self._number = np.full(window.hole.size, -1, np.intp)
        self._number[points] = np.arange(len(points))
        self.sources = np.zeros(len(points), np.intp)
        self.difference = np.full(len(points), np.inf, np.float32)

    def compare_with(self, sample: tuple[Points, Floats]) -> None:
        """Take the best of some known patches for each."""
        places, descriptors = sample
        half = np.float32(0.5) * (descriptors * descriptors).sum(axis=1)
        turned = np.ascontiguousarray(descriptors.T)
        # Every second one each way; those between begin with its match.
        row, column = (axis % (2 * STRIDE) for axis in self._window.in_page(self._points))
        first = self._number[np.maximum(self._points - row * self._width - column, 0)]
        first = np.where((first >= 0) & (column <= self._points % self._width), first, np.arange(len(first)))
        compared = np.unique(first)
        step = max(1, AT_ONCE // len(places))
        for start in range(0, len(compared), step):
            some = compared[start : start + step]
            likeness = self._wanted[some] @ turned
            likeness -= half
            self.sources[some] = places[likeness.argmax(axis=1)]
        moved = self.sources[first] + self._points - self._points[first]
        within = (moved >= 0) & (moved < self._usable.size)
        fits = within & self._usable[np.where(within, moved, 0)]
        self.start_from(np.where(fits, moved, self.sources[first]))
        self._bring_together()

    def _bring_together(self) -> None:
        """Take whole pieces of the page where they are as good: a mean of many places has no grain."""
        rows, columns = self._window.in_page(self._points)
        alone = np.arange(len(self._points))
        for side in PIECES:
            _, first, block = np.unique(
                rows[alone] // side * (1 << 32) + columns[alone] // side, return_index=True, return_inverse=True
            )
            leader = alone[first][block.reshape(-1)]
            moved = self.sources[leader] + self._points[alone] - self._points[leader]
            within = np.flatnonzero((moved >= 0) & (moved < self._usable.size))
            within = within[self._usable[moved[within]]]
            difference = self._difference(alone[within], moved[within])
            good = difference < CLOSE**2
            within, joined = within[good], alone[within[good]]
            self.sources[joined], self.difference[joined] = moved[within], difference[good]
            alone = np.delete(alone, within)

    def start_from(self, sources: Points) -> None:
        """Begin with given matches."""
        self.sources = sources
        self.difference = self._difference(np.arange(len(sources)), sources)

    def sweep(self) -> None:
        """Try the matches of the neighbours, and small moves."""
        size = self._usable.size
        active = np.flatnonzero(self.difference > CLOSE**2)
        for step in (STRIDE, STRIDE * self._width, -STRIDE, -STRIDE * self._width):
            place = self._points[active] - step
            neighbour = self._number[np.clip(place, 0, size - 1)]
            self._try(active, np.where(neighbour >= 0, self.sources[neighbour] + step, self.sources[active]))
        for reach in MOVES:
            down, across = self._rng.integers(-reach, reach + 1, (2, len(active)))
            self._try(active, self.sources[active] + down * self._width + across)

    def _try(self, active: Points, sources: Points) -> None:
        inside = (sources >= 0) & (sources < self._usable.size)
        usable = np.flatnonzero(inside & self._usable[np.where(inside, sources, 0)])
        active, sources = active[usable], sources[usable]
        difference = self._difference(active, sources)
        better = np.flatnonzero(difference < self.difference[active])
        self.sources[active[better]] = sources[better]
        self.difference[active[better]] = difference[better]

    def _difference(self, numbers: Points, sources: Points) -> Floats:
        there = self._values[self._window._padded(sources)[:, None] + self._offsets]
        there -= self._wanted[numbers]
        return np.asarray(np.einsum("ij,ij->i", there, there) / np.float32(len(self._offsets)), np.float32)
