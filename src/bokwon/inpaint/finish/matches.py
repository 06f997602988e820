"""Places of the page that are matched to points of a hole. Each match is improved by the matches of its neighbours."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from bokwon.types import Hole

__all__ = ["Floats", "Matches", "Points", "centres_of_known", "grid_points", "grown", "padded"]

Points = NDArray[np.intp]
"""Pixels of a window, as indices of its flat array."""
Floats = NDArray[np.float32]


def padded(points: Points, width: int, pad: int) -> Points:
    """Return where pixels lie in a window to which `pad` pixels are added on each side.

    Args:
        points: (n,).
        width: Width of the window without them.
        pad: Their number.
    """
    return (points // width + pad) * (width + 2 * pad) + points % width + pad


def grown(marked: Hole, reach: int) -> Hole:
    """Return a mask dilated by a square that reaches `reach` pixels from its centre."""
    import cv2

    return np.asarray(cv2.dilate(marked.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)), bool)


def centres_of_known(known: Hole, reach: int) -> Hole:
    """Erode a mask by a square that reaches `reach` pixels from its centre. Pixels beyond the mask are unknown."""
    import cv2

    square = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    return cv2.erode(known.astype(np.uint8), square, borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0


def grid_points(wanted: Hole, origin: tuple[int, int], spacing: int) -> Points:
    """Return the pixels of a mask on a grid of the page: they do not depend on the window.

    Args:
        wanted: (h, w), a mask of the window.
        origin: Row and column of the window's first pixel in the page.
        spacing: Distance of neighbouring points of the grid in rows and columns, pixels.
    """
    first_row, first_column = (-start % spacing for start in origin)
    rows, columns = np.nonzero(wanted[first_row::spacing, first_column::spacing])
    return np.asarray((first_row + spacing * rows) * wanted.shape[1] + first_column + spacing * columns, np.intp)


class Matches(ABC):
    """The best places so far for each point of a grid: one, or several that are improved independently.

    Args:
        usable: (h, w), True where places may lie.
        points: (n,) from `grid_points`.
        spacing: That of the grid, pixels.
        per_point: Number of places for each point.

    Attributes:
        sources: (per_point * n,) the places: one for each point, then another for each, and so on.
        difference: (per_point * n,) how much they differ from the points.

    Source: Barnes, Shechtman, Finkelstein and Goldman, "PatchMatch", SIGGRAPH 2009 (propagation of matches).
    """

    def __init__(self, usable: Hole, points: Points, spacing: int, per_point: int = 1) -> None:
        self._points = np.tile(points, per_point)
        self._width = usable.shape[1]
        self._usable = usable.reshape(-1)
        self._number = np.full(usable.size, -1, np.intp)
        self._number[points] = np.arange(len(points))
        # For each place, where its set begins. A set has one place for each point. Sets do not mix.
        self._first = np.repeat(np.arange(per_point) * len(points), len(points))
        self._steps = (spacing, spacing * self._width, -spacing, -spacing * self._width)
        self.sources = np.zeros(len(self._points), np.intp)
        self.difference = np.full(len(self._points), np.inf, np.float32)

    def start_from(self, sources: Points) -> None:
        """Begin with given places, (per_point * n,)."""
        self.sources = sources
        self.difference = self._difference(np.arange(len(sources)), sources)

    def _try_neighbours(self, active: Points) -> None:
        """Try what lies beside the places of the neighbours, for the points of some numbers."""
        for step in self._steps:
            neighbour = self._number[np.clip(self._points[active] - step, 0, self._usable.size - 1)]
            moved = self.sources[neighbour + self._first[active]] + step
            self._try(active, np.where(neighbour >= 0, moved, self.sources[active]))

    def _try(self, active: Points, sources: Points) -> None:
        """Take the given places where they are better, for the points of some numbers."""
        # Most often a neighbour's match leads to the place that the point already has.
        tried = np.flatnonzero((sources != self.sources[active]) & self._are_usable(sources))
        active, sources = active[tried], sources[tried]
        self._take_better(active, sources, self._difference(active, sources))

    def _take_better(self, active: Points, sources: Points, difference: Floats) -> None:
        better = np.flatnonzero(difference < self.difference[active])
        self.sources[active[better]] = sources[better]
        self.difference[active[better]] = difference[better]

    def _are_usable(self, places: Points) -> Hole:
        """Return which places lie in the window and are usable."""
        within = (places >= 0) & (places < self._usable.size)
        return within & self._usable[np.where(within, places, 0)]

    @abstractmethod
    def _difference(self, numbers: Points, sources: Points) -> Floats:
        """Return how much the points of some numbers differ from places, (m,)."""
