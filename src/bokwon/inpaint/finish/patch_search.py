"""The search for the known patch that is most like each patch of a fill."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bokwon.inpaint.finish.matches import Floats, Matches, Points, padded
from bokwon.types import Hole

__all__ = [
    "AT_ONCE",
    "PAD",
    "STRIDE",
    "SWEEPS",
    "Search",
    "descriptors",
    "opponent_planes",
    "sample",
]

COLOURS = (-2, 2)
"""Rows and columns of a patch at which colour is compared, which varies more slowly than lightness, pixels."""
STRIDE = 2
"""Distance of neighbouring patches of the fill, pixels."""
SAMPLE = 1024
"""Number of known patches that each patch of the fill is first compared with: half of them drawn from all, half from
those with strokes."""
SWEEPS = 2
"""Number of rounds of trying the matches of neighbours and small moves."""
MOVES = (8, 3, 1, 1)
"""Largest length of each small move, pixels."""
CLOSE = 5.0
"""Root mean square difference, levels of 255, below which patches count as equal and no better match is sought."""
PIECES = (24, 12)
"""Sides of areas, pixels, whose patches are copied from one place of the page if the difference stays below `CLOSE`. So
paper keeps its grain."""
AT_ONCE = 1 << 18
"""Number of differences that are kept in memory at a time: so many that they stay in a processor's cache."""
PAD = 4
"""Distance by which patches may extend beyond the window, pixels."""


def opponent_planes(channels: Sequence[Floats], planes: tuple[tuple[int, ...], ...]) -> list[Floats]:
    """Return the lightness of each group of channels, and two colour differences of a group of three, as new arrays.

    Args:
        channels: All of the same shape, contiguous: arithmetic on every third value takes twice as long.
        planes: Groups of channels.
    """
    found = list[Floats]()
    for plane in planes:
        if len(plane) == 1:
            found.append(channels[plane[0]].copy())
            continue
        red, green, blue = (channels[channel] for channel in plane)
        found.append((red + green + blue) / np.float32(3**0.5))
        found.append((red - blue) / np.float32(2**0.5))
        found.append((red + blue - 2 * green) / np.float32(6**0.5))
    return found


def descriptors(
    opponents: Sequence[Floats], planes: tuple[tuple[int, ...], ...], steps: tuple[int, ...]
) -> tuple[Floats, Points]:
    """Return what patches are compared by.

    Args:
        opponents: From `opponent_planes`, each (h, w).
        planes: Groups of channels.
        steps: Rows and columns of a patch.

    Returns:
        Smoothed lightness and colours as whole numbers, flat, with `PAD` pixels around the window, and where those of a
        patch lie from its centre. Sums of their squares are exact in float32, whatever their order.
    """
    import cv2

    height, width = opponents[0].shape
    maps = np.empty((len(opponents), height + 2 * PAD, width + 2 * PAD), np.float32)
    offsets = list[int]()

    def add(number: int, scale: float, blur: int, steps: tuple[int, ...]) -> None:
        smooth = cv2.GaussianBlur(opponents[number], (blur, blur), 0, borderType=cv2.BORDER_REFLECT_101)
        smooth = np.rint(np.multiply(smooth, np.float32(scale), out=smooth), out=smooth)
        cv2.copyMakeBorder(smooth, PAD, PAD, PAD, PAD, cv2.BORDER_REFLECT_101, dst=maps[number])
        start = number * maps[0].size
        offsets.extend(start + down * (width + 2 * PAD) + across for down in steps for across in steps)

    # The same weight for each pixel of the patch: colour is compared at fewer points, so each point counts more.
    more = len(steps) / len(COLOURS)
    number = 0
    for plane in planes:
        if len(plane) == 1:
            add(number, 255.0, 3, steps)
        else:
            add(number, 255.0 / 3**0.5, 3, steps)
            for difference in (1, 2):
                add(number + difference, more * 255.0 / 3**0.5, 5, COLOURS)
        number += len(plane)
    return maps.reshape(-1), np.array(offsets, np.intp)


def sample(
    values: Floats, offsets: Points, known: Points, width: int, rng: np.random.Generator
) -> tuple[Points, Floats]:
    """Return some of the known patches, and their descriptors."""
    if len(known) > SAMPLE:
        known = rng.permutation(known)[: 8 * SAMPLE]
        corners = values[padded(known, width, PAD)[:, None] + offsets[[0, len(offsets) // 2, -1]]]
        spread = np.asarray(corners.max(axis=1) - corners.min(axis=1))
        rank = np.argsort(-spread[SAMPLE // 2 :], kind="stable")[: SAMPLE // 2]
        known = np.concatenate([known[: SAMPLE // 2], known[SAMPLE // 2 :][rank]])
    return known, values[padded(known, width, PAD)[:, None] + offsets]


class Search(Matches):
    """Finds a known patch for each patch of the fill. The difference is a mean square, in levels of 255.

    Args:
        usable: (h, w), True at centres of patches that are known as a whole.
        origin: Row and column of its first pixel in the page.
        values: From `descriptors`.
        offsets: From `descriptors`.
        points: (n,) centres of the fill's patches.
        wanted: (n, k) their descriptors.
        rng: Where small moves go.
        close: The limit for this search, see `CLOSE`.
    """

    def __init__(
        self,
        usable: Hole,
        origin: tuple[int, int],
        values: Floats,
        offsets: Points,
        points: Points,
        wanted: Floats,
        rng: np.random.Generator,
        close: float = CLOSE,
    ) -> None:
        super().__init__(usable, points, STRIDE)
        self._close = close
        self._origin = origin
        self._values = values
        self._offsets = offsets
        self._wanted = wanted
        self._rng = rng

    def compare_with(self, sample: tuple[Points, Floats]) -> None:
        """Take the best of some known patches for each."""
        places, descriptors = sample
        half = np.float32(0.5) * (descriptors * descriptors).sum(axis=1)
        # One matrix product ranks the patches: by the scalar product minus half the square.
        turned = np.concatenate([descriptors.T, -half[None]])
        # Every second patch in each direction. Those between start from its match.
        row, column = (axis % (2 * STRIDE) for axis in self._in_page())
        first = self._number[np.maximum(self._points - row * self._width - column, 0)]
        first = np.where((first >= 0) & (column <= self._points % self._width), first, np.arange(len(first)))
        compared = np.unique(first)
        step = max(1, AT_ONCE // len(places))
        for start in range(0, len(compared), step):
            some = compared[start : start + step]
            wanted = np.ones((len(some), len(turned)), np.float32)
            wanted[:, :-1] = self._wanted[some]
            self.sources[some] = places[(wanted @ turned).argmax(axis=1)]
        moved = self.sources[first] + self._points - self._points[first]
        self.start_from(np.where(self._are_usable(moved), moved, self.sources[first]))
        self._bring_together()

    def _bring_together(self) -> None:
        """Take whole pieces of the page where they are as good: a mean of many places has no grain."""
        rows, columns = self._in_page()
        alone = np.arange(len(self._points))
        for side in PIECES:
            _, first, block = np.unique(
                rows[alone] // side * (1 << 32) + columns[alone] // side, return_index=True, return_inverse=True
            )
            leader = alone[first][block.reshape(-1)]
            moved = self.sources[leader] + self._points[alone] - self._points[leader]
            usable = np.flatnonzero(self._are_usable(moved))
            difference = self._difference(alone[usable], moved[usable])
            good = difference < self._close**2
            joining = usable[good]
            joined = alone[joining]
            self.sources[joined], self.difference[joined] = moved[joining], difference[good]
            alone = np.delete(alone, joining)

    def sweep(self) -> None:
        """Try the matches of the neighbours, and small moves."""
        active = np.flatnonzero(self.difference > self._close**2)
        self._try_neighbours(active)
        for reach in MOVES:
            down, across = self._rng.integers(-reach, reach + 1, (2, len(active)))
            self._try(active, self.sources[active] + down * self._width + across)

    def _difference(self, numbers: Points, sources: Points) -> Floats:
        # With `clip`, NumPy does not check bounds, which saves a third of the time.
        there = self._values.take(padded(sources, self._width, PAD)[:, None] + self._offsets, mode="clip")
        there -= self._wanted.take(numbers, axis=0, mode="clip")
        return np.asarray(np.einsum("ij,ij->i", there, there) / np.float32(len(self._offsets)), np.float32)

    def _in_page(self) -> tuple[Points, Points]:
        """Return the rows and columns of the patches in the page."""
        return self._points // self._width + self._origin[0], self._points % self._width + self._origin[1]
