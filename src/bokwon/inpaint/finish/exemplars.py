"""Strokes in a hole, made of the places of the page whose surroundings look most like those of the hole."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from bokwon.inpaint.finish.matches import Floats, Matches, Points, centres_of_known, grid_points, grown, padded
from bokwon.inpaint.finish.paper import gray_of, paper_of
from bokwon.types import Hole

__all__ = ["Exemplars"]

GRID = 5
"""Distance of neighbouring cells, pixels. Places of the page are sought for each cell."""
REACH, STEP = 10, 2
"""Cells and places are compared by the lightness of pixels up to `REACH` away in rows and columns, every `STEP`-th."""
COLOURS = (-6, 0, 6)
"""Rows and columns at which colour is compared, pixels from the centre."""
RADIUS = 8
"""Places are copied up to this distance from their centre in rows and columns, pixels."""
SPREAD = 0.6
"""Pixels count less the farther they are, by a Gaussian. Its standard deviation is this share of the distance above."""
IN_HOLE = 0.2
"""Weight of the fill in the comparison. Known pixels have 1, so the surroundings decide more than the fill."""
WEIGHTS, LEVELS = 7, 63
"""Largest weight and lightness in the comparison. They are whole numbers, so sums are exact, whatever their order."""
STROKE = 0.12
"""What is darker than its paper by this share is a stroke."""
NEAR, PLACES = 4, 6
"""Distances from a stroke, pixels, in rows and columns: up to which cells are replaced, and up to which places lie."""
SAMPLE = 1 << 13
"""Number of places that each cell is compared with first."""
LEAST = 256
"""Fewer places are too few to choose from."""
PARTS = 8
"""Number of parts of the sample. The best place of each part is compared in detail."""
MATCHES = 3
"""Number of places that are copied for each cell."""
MOVES = (2, 1, 1)
"""Lengths of the moves by which places are improved, pixels. The places of neighbours are tried before each."""
SOFTNESS = 0.015
"""How fast the weight of a place falls with its difference (mean square, as a share of the window's contrast)."""
AT_ONCE = 1 << 20
"""Number of rough comparisons or copied pixels that are kept in memory at a time."""
CACHED = 1 << 17
"""Number of values that are compared in detail at a time: few enough to stay in a processor's cache."""

_PAD = REACH + sum(MOVES)
_AROUND = tuple(move for move in product((-1, 0, 1), repeat=2) if any(move))


@dataclass(frozen=True)
class Exemplars:
    """What places of the page put into the pixels of a hole.

    Attributes:
        light: (n, C) for each pixel of the hole; 0 where no place is found.
        share: (n, 1) from 0 to 1, how far the pixel is taken from there.
        likeness: (n, 1) from 0 to 1, how much the places resemble the hole's surroundings; 1 if they are the same.

    Source: Criminisi, Perez and Toyama, "Region Filling and Object Removal by Exemplar-Based Image Inpainting", IEEE
    TIP 2004 (copies chosen by their known surroundings); Buades, Coll and Morel, "A Non-Local Algorithm for Image
    Denoising", CVPR 2005 (the mean of several places).
    """

    light: Floats
    share: Floats
    likeness: Floats

    @classmethod
    def of(
        cls, light: Floats, known: Hole, worked_on: Hole, origin: tuple[int, int], rng: np.random.Generator
    ) -> Exemplars:
        """Find places for the strokes in a window of the page.

        A fill alone says little about a stroke. The strokes that lead into the hole say more, and the page often shows
        elsewhere how such strokes go on. So the surroundings of each cell are compared with many known places of the
        page. The mean of the best ones is copied.

        Args:
            light: (h, w, C) in [0, 1], filled.
            known: (h, w), True where the page is known.
            worked_on: (h, w), the pixels of the hole that are wanted.
            origin: Row and column of the window's first pixel in the page.
            rng: Draws the sample.
        """
        gray = gray_of(light)
        strokes = gray < (1.0 - STROKE) * paper_of(gray)
        cells = grid_points(grown(strokes & worked_on, NEAR) & grown(worked_on, GRID // 2), origin, GRID)
        usable = centres_of_known(known, RADIUS)
        places = np.flatnonzero(usable & grown(strokes & known, PLACES))
        inside = np.flatnonzero(worked_on)
        if not len(cells) or len(places) < LEAST:
            none = np.zeros((len(inside), 1), np.float32)
            return cls(np.zeros((len(inside), light.shape[2]), np.float32), none, none)
        search = _Search(light, gray, known, usable, cells)
        search.start_from(search.best_of(rng.choice(places, min(SAMPLE, len(places)), replace=False)))
        sources, difference = search.improve()
        weights = np.exp(-difference / np.float32(SOFTNESS))
        total, weight, reached = _copied(light, inside, cells, sources, weights)
        share = np.minimum(weight / np.float32(MATCHES), np.float32(1))
        return cls(_divided(total, weight), share, _divided(weight, reached))


def _divided(total: Floats, weight: Floats) -> Floats:
    return np.asarray(total / np.maximum(weight, np.float32(1e-9)), np.float32)


class _Search(Matches):
    """Compares cells with places. The difference is a weighted sum of squares.

    Args:
        light: (h, w, C).
        gray: (h, w), its mean over the channels.
        known: (h, w).
        usable: (h, w), True at the centres of places.
        cells: (n,) centres of cells.
    """

    def __init__(self, light: Floats, gray: Floats, known: Hole, usable: Hole, cells: Points) -> None:
        import cv2

        super().__init__(usable, cells, GRID, MATCHES)
        self._wide = self._width + 2 * _PAD
        smooth = cv2.GaussianBlur(gray, (3, 3), 0)
        low, high = np.quantile(smooth[::4, ::4], (0.01, 0.99))
        scale = np.float32(LEVELS / max(float(high - low), 0.02))
        maps = [np.rint(np.clip((smooth - low) * scale, 0, LEVELS)).astype(np.float32)]
        steps = np.arange(-REACH, REACH + 1, STEP)
        offsets, near = [_offsets(steps, self._wide)], [_gaussian(steps, REACH)]
        # For the first comparison every second pixel, as on the squares of one colour of a chessboard.
        rough = [np.arange(0, len(steps) ** 2, 2)]
        if light.shape[2] >= 3:
            size = (gray.shape[0] + 2 * _PAD) * self._wide
            colours = np.array(COLOURS)
            for difference in ((1, 0, -1), (1, -1, 0)):
                apart = cv2.transform(light[..., :3], np.array([difference], np.float32))
                blurred = np.asarray(cv2.GaussianBlur(apart, (5, 5), 0), np.float32)
                rough.append(np.arange(len(colours) ** 2) + sum(map(len, offsets)))
                offsets.append(_offsets(colours, self._wide) + len(maps) * size)
                # Fewer points than for lightness, so each counts more.
                near.append(4 * _gaussian(colours, REACH))
                blurred *= scale
                np.clip(blurred, -LEVELS, LEVELS, out=blurred)
                maps.append(np.rint(blurred, out=blurred))
        values = np.empty((len(maps), gray.shape[0] + 2 * _PAD, self._wide), np.float32)
        for one, into in zip(maps, values, strict=True):
            _pad(one, into)
        self._values = values.reshape(-1)
        self._offsets = np.concatenate(offsets)
        self._rough = np.concatenate(rough)
        at = self._at(cells, self._offsets)
        self._wanted = self._values[at]
        there = _pad(np.where(known, np.float32(1), np.float32(IN_HOLE))).reshape(-1)
        self._weights = np.rint(np.float32(WEIGHTS) * there[at % len(there)] * np.concatenate(near))

    def best_of(self, places: Points) -> Points:
        """Return the best of the given places for each cell, as `start_from` takes them."""
        count = len(places) // PARTS
        rough = self._rough
        turned = np.empty((2 * len(rough), count * PARTS), np.float32)
        values, squares = np.split(turned, 2)
        # All offsets share one array of indices. Making one for each would take about as long as reading the values.
        at = padded(places[: count * PARTS], self._width, _PAD) + self._offsets[0]
        for row, offset in zip(values, self._offsets[rough] - self._offsets[0], strict=True):
            self._values[offset:].take(at, out=row, mode="clip")
        np.multiply(values, values, out=squares)
        # One matrix product gives, up to a constant of the cell, the negative weighted sum of squares.
        weights = self._weights[:, rough]
        factors = np.concatenate([2 * weights * self._wanted[:, rough], -weights], axis=1)
        found = np.empty((PARTS, len(self._wanted)), np.intp)
        step = max(1, AT_ONCE // len(places))
        for start in range(0, len(self._wanted), step):
            some = slice(start, start + step)
            score = factors[some] @ turned
            best = score.reshape(-1, PARTS, count).argmax(axis=2) + np.arange(PARTS) * count
            found[:, some] = places[best].T
        numbers = np.arange(len(self._wanted))
        difference = np.stack([self._difference(numbers, sources) for sources in found])
        order = np.argsort(difference, axis=0, kind="stable")[:MATCHES]
        return np.take_along_axis(found, order, axis=0).reshape(-1)

    def improve(self) -> tuple[Points, Floats]:
        """Return better places, beside the present ones or those of neighbours, and their mean square differences."""
        every = np.arange(len(self.sources))
        for length in MOVES:
            self._try_neighbours(every)
            for some in self._pieces(every):
                self._try_around(some, length)
        whole = self._weights.sum(axis=1) * np.float32(LEVELS**2)
        return self.sources, self.difference / np.tile(whole, MATCHES)

    def _try_around(self, active: Points, length: int) -> None:
        """Try the eight places around those of some numbers."""
        start, compared = self.sources[active], self._wanted_and_weights(active)
        margin = length * (self._wide + 1)
        at = self._at(start, self._offsets) - margin
        for down, across in ((length * i, length * j) for i, j in _AROUND):
            # A view that starts later shifts all compared pixels by the same move.
            values = self._values[margin + down * self._wide + across :]
            moved = start + (down * self._width + across)
            difference = np.where(self._are_usable(moved), _differences(values, at, *compared), np.float32(np.inf))
            self._take_better(active, moved, difference)

    def _difference(self, numbers: Points, sources: Points) -> Floats:
        found = np.empty(len(numbers), np.float32)
        for some in self._pieces(np.arange(len(numbers))):
            at = self._at(sources[some], self._offsets)
            found[some] = _differences(self._values, at, *self._wanted_and_weights(numbers[some]))
        return found

    def _wanted_and_weights(self, numbers: Points) -> tuple[Floats, Floats]:
        cells = numbers % len(self._wanted)
        return self._wanted.take(cells, axis=0), self._weights.take(cells, axis=0)

    def _pieces(self, numbers: Points) -> list[Points]:
        step = max(1, CACHED // len(self._offsets))
        return [numbers[start : start + step] for start in range(0, len(numbers), step)]

    def _at(self, places: Points, offsets: Points) -> Points:
        return padded(places, self._width, _PAD)[:, None] + offsets


def _differences(values: Floats, at: Points, wanted: Floats, weights: Floats) -> Floats:
    """Return the weighted sums of squared differences, (n,).

    Args:
        values: Flat.
        at: (n, k) indices of the compared values.
        wanted: (n, k) the values they are compared with.
        weights: (n, k).
    """
    # With `clip`, NumPy does not check bounds, which saves a third of the time.
    there = values.take(at, mode="clip")
    there -= wanted
    there *= there
    return np.asarray(np.einsum("ij,ij->i", there, weights), np.float32)


def _offsets(steps: Points, wide: int) -> Points:
    return np.asarray((steps[:, None] * wide + steps).reshape(-1), np.intp)


def _gaussian(steps: Points, reach: int) -> Floats:
    near = np.exp(-0.5 * (steps / (SPREAD * reach)) ** 2)
    return np.asarray(np.outer(near, near).reshape(-1), np.float32)


def _pad(values: Floats, into: Floats | None = None) -> Floats:
    import cv2

    return np.asarray(cv2.copyMakeBorder(values, _PAD, _PAD, _PAD, _PAD, cv2.BORDER_REFLECT_101, dst=into), np.float32)


def _copied(
    light: Floats, inside: Points, cells: Points, sources: Points, weights: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return what places bring to some pixels.

    Args:
        light: (h, w, C).
        inside: (m,) these pixels.
        cells: (n,) where places are copied to.
        sources: (MATCHES * n,) centres of places, as in `Matches`.
        weights: (MATCHES * n,).

    Returns:
        The weighted sum of light, (m, C), the sum of the weights, and that sum if all weights were 1, (m, 1).
    """
    import cv2

    height, width, channels = light.shape
    wide = width + 2 * RADIUS
    # Most copied pixels are not wanted; only those with a number are summed.
    number = np.full((height + 2 * RADIUS) * wide, -1, np.int32)
    number[padded(inside, width, RADIUS)] = np.arange(len(inside), dtype=np.int32)
    target = padded(cells, width, RADIUS)
    reach = np.arange(-RADIUS, RADIUS + 1)
    steps, wide_steps, gaussian = _offsets(reach, width), _offsets(reach, wide), _gaussian(reach, RADIUS)
    planes = cv2.split(light)
    # The light of each channel, the weights, and the weights as if they were 1.
    sums = np.zeros((channels + 2, len(inside)))
    step = max(1, AT_ONCE // (MATCHES * len(steps)))
    for start in range(0, len(cells), step):
        reached = number[target[start : start + step, None] + wide_steps]
        cell, place = np.nonzero(reached >= 0)
        pixel, near = reached[cell, place], gaussian[place]
        cell += start
        taken = sources.reshape(MATCHES, -1)[:, cell] + steps[place]
        shares = weights.reshape(MATCHES, -1)[:, cell] * near
        brought = [*(shares * plane.take(taken) for plane in planes), shares, np.broadcast_to(near, shares.shape)]
        pixels = np.tile(pixel, MATCHES)
        for total, values in zip(sums, brought, strict=True):
            total += np.bincount(pixels, values.reshape(-1), len(inside))
    summed = sums.T.astype(np.float32)
    return summed[:, :channels], summed[:, channels, None], summed[:, channels + 1, None]
