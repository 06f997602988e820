"""Large pages in pieces: which tiles touch a hole, and seams that fade from one tile into the next.

Along each axis tiles begin at multiples of a grid that the engine's network strides by, overlap, and have weights that
add up to one at every pixel: zero in the outer quarter of the overlap, where a tile sees least of what is around, and
rising over the middle half. The page's own edges keep full weight. So a page needs no buffer of weights, and of sums
only the seams that still wait for a neighbour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import ArgumentError
from bokwon.inpaint.colour import light_to_samples, put_samples
from bokwon.types import Hole, Pixels

__all__ = ["GRID", "Feather", "Filled", "Segment", "Span", "Tile", "Tiling", "grid_of", "plan_axis"]

GRID = 128
"""The finest grid that tiles lie on, pixels: how much a tile sees around its hole at least."""


def grid_of(multiple: int) -> int:
    """Return the grid for a network that strides by `multiple` pixels: the least multiple of it from `GRID` on."""
    return -(-GRID // multiple) * multiple


@dataclass(frozen=True)
class Segment:
    """Part of an axis that the same tiles contribute to.

    Attributes:
        start: First pixel.
        stop: One past the last.
        tiles: How many tiles contribute.
    """

    start: int
    stop: int
    tiles: int


@dataclass(frozen=True)
class Span:
    """A tile along one axis.

    Attributes:
        start: First pixel the engine sees.
        stop: One past the last.
        weights: (stop - start,) share of this tile in the result; the spans of an axis add up to one.
        segments: The parts of the axis in which that share is above zero.
    """

    start: int
    stop: int
    weights: NDArray[np.float32]
    segments: tuple[Segment, ...]

    @property
    def support(self) -> slice:
        """The part of the axis that the tile contributes to."""
        return slice(self.segments[0].start, self.segments[-1].stop)


def plan_axis(length: int, tile: int, overlap: int, grid: int = GRID) -> tuple[Span, ...]:
    """Cut an axis into overlapping spans.

    Args:
        length: Pixels of the axis.
        tile: Longest span, a multiple of the grid.
        overlap: What neighbours share, a multiple of the grid.
        grid: Spans begin at multiples of this many pixels.

    Returns:
        Spans in order; a single one of full length where that is not longer than a tile.
    """
    if length <= tile:
        return (Span(0, length, np.ones(length, np.float32), (Segment(0, length, 1),)),)
    fewest, tile = _fewest(length, tile, overlap, grid)
    starts = [number * (tile - overlap) for number in range(fewest)]
    raw = []
    for start in starts:
        stop = min(start + tile, length)
        weights = np.ones(stop - start)
        ramp = _ramp(overlap)
        if start > 0:
            weights[:overlap] = ramp
        if stop < length:
            weights[-overlap:] *= ramp[::-1]
        raw.append(weights)
    total = np.zeros(length)
    for start, weights in zip(starts, raw, strict=True):
        total[start : start + len(weights)] += weights
    shares = [weights / total[start : start + len(weights)] for start, weights in zip(starts, raw, strict=True)]
    supports = [
        (start + int(inside[0]), start + int(inside[-1]) + 1)
        for start, share in zip(starts, shares, strict=True)
        for inside in [np.flatnonzero(share)]
    ]
    segments = _segments(supports)
    return tuple(
        Span(
            start,
            start + len(share),
            share.astype(np.float32),
            tuple(piece for piece in segments if first <= piece.start and piece.stop <= stop),
        )
        for start, share, (first, stop) in zip(starts, shares, supports, strict=True)
    )


def _fewest(length: int, tile: int, overlap: int, grid: int) -> tuple[int, int]:
    """Return how many spans an axis is cut into, as few as there must be, and how long: no longer than they need be."""
    if length <= tile:
        return 1, -(-length // grid) * grid
    most = -(-(length - overlap) // (tile - overlap))
    tile = min(tile, overlap + -(-(length - overlap) // (most * grid)) * grid)
    return -(-(length - overlap) // (tile - overlap)), tile


def _ramp(overlap: int) -> NDArray[np.float64]:
    """Return zero over a quarter, a raised cosine over half, one over the last quarter."""
    position = (np.arange(overlap) + 0.5) / overlap
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.clip(2.0 * position - 0.5, 0.0, 1.0)))


def _segments(supports: list[tuple[int, int]]) -> list[Segment]:
    cuts = sorted({edge for support in supports for edge in support})
    return [
        Segment(start, stop, sum(first <= start and stop <= end for first, end in supports))
        for start, stop in pairwise(cuts)
    ]


@dataclass(frozen=True)
class Tile:
    """A piece of a page, what an engine sees of it, and what of its result counts.

    Attributes:
        rows: Vertical span.
        columns: Horizontal span.
        window: The part of the two that the engine sees: all of it that lies near the hole.
    """

    rows: Span
    columns: Span
    window: tuple[slice, slice]


class Filled(NamedTuple):
    """The filled part of a page whose tiles are filled row by row: some rows in full, and the left part of the next.

    Attributes:
        rows: Number of rows at the top that are filled in full.
        below: Number of rows at the top, at least `rows`, that are filled in their left part.
        column: Width of that left part, pixels.
    """

    rows: int
    below: int
    column: int

    @classmethod
    def before(cls, waiting: Sequence[Tile], shape: tuple[int, ...]) -> Filled:
        """Return the part that is filled before some tiles are.

        Args:
            waiting: The tiles that are not filled, the last of those that were planned.
            shape: Height and width of the page.
        """
        if not waiting:
            return cls(shape[0], shape[0], shape[1])
        rows = waiting[0].rows.support.start
        starts = (tile.rows.support.start for tile in waiting)
        below = next((start for start in starts if start > rows), shape[0])
        return cls(rows, below, waiting[0].columns.support.start)

    def holds(self, window: tuple[slice, slice]) -> bool:
        """Return whether all of a window is filled."""
        rows, columns = window
        return bool(rows.stop <= self.rows or (rows.stop <= self.below and columns.stop <= self.column))


@dataclass(frozen=True)
class Tiling:
    """How pages are cut into tiles.

    Attributes:
        tile: Side of a tile in pixels, a multiple of `grid`.
        overlap: Overlap of neighbouring tiles, pixels: a multiple of `grid`, at most half a tile.
        square: Whether `tile` limits both sides. Otherwise it limits the area to tile x tile pixels, and the shape
            follows the page: among shapes up to about four times as long as wide, the one with the fewest pixels for
            the whole page, if every tile is computed in the size of the largest.
        grid: Tiles begin at multiples of this many pixels, see `grid_of`.
    """

    tile: int = 512
    overlap: int = 128
    square: bool = True
    grid: int = GRID

    def __post_init__(self) -> None:
        if self.tile % self.grid or self.overlap % self.grid or not 0 < self.overlap <= self.tile // 2:
            raise ArgumentError(
                f"tiles cannot have a side of {self.tile} pixels and an overlap of {self.overlap}",
                f"give multiples of {self.grid}, the side at least twice the overlap",
            )

    def plan(self, hole: Hole) -> list[Tile]:
        """Return the tiles that touch a hole, row by row.

        Args:
            hole: (H, W).
        """
        down, across = (self.tile, self.tile) if self.square else self._shape(*hole.shape)
        rows = plan_axis(hole.shape[0], down, self.overlap, self.grid)
        columns = plan_axis(hole.shape[1], across, self.overlap, self.grid)
        tiles = (_near_hole(row, column, hole, self.grid) for row in rows for column in columns)
        return [tile for tile in tiles if tile is not None]

    def _shape(self, height: int, width: int) -> tuple[int, int]:
        """Return the longest sides (down, across) that tiles of a page may have."""
        grid, cells = self.grid, self.tile // self.grid
        shapes = [
            (down * grid, cells**2 // down * grid)
            for down in range(max(-(-cells // 2), 2 * self.overlap // grid), 2 * cells + 1)
        ]

        def computed(shape: tuple[int, int]) -> int:
            (down, tall), (across, wide) = (
                _fewest(length, side, self.overlap, grid) for length, side in zip((height, width), shape, strict=True)
            )
            return down * tall * across * wide

        # Among equals the one nearest to a square.
        possible = [shape for shape in shapes if shape[1] >= 2 * self.overlap]
        return min(possible, key=lambda shape: (computed(shape), abs(shape[0] - shape[1])))


def _near_hole(rows: Span, columns: Span, hole: Hole, grid: int) -> Tile | None:
    """Return a tile cut down to the hole and a cell of the grid around it; None without a hole in what counts of it."""
    inside = hole[rows.support, columns.support]
    down = np.flatnonzero(inside.any(axis=1))
    if not len(down):
        return None
    across = np.flatnonzero(inside[down[0] : down[-1] + 1].any(axis=0))
    return Tile(rows, columns, (_around(rows, down, grid), _around(columns, across, grid)))


def _around(span: Span, places: NDArray[np.intp], grid: int) -> slice:
    """Return what an engine sees along an axis: places in the span's support, with context, from grid to grid."""
    first, last = span.support.start + int(places[0]), span.support.start + int(places[-1])
    start = max(span.start, (first - grid) // grid * grid)
    return slice(start, min(span.stop, -(-(last + 1 + grid) // grid) * grid))


class Feather:
    """Adds up the tiles of a page and writes each pixel of the hole once all its tiles are in.

    Args:
        out: (H, W) or (H, W, C) samples to write into; those outside the hole are not touched.
        mode: Their mode.
        hole: (H, W).
    """

    def __init__(self, out: Pixels, mode: str, hole: Hole) -> None:
        self._out = out
        self._mode = mode
        self._hole = hole
        self._waiting: dict[tuple[int, int], tuple[int, NDArray[np.float32]]] = {}

    @property
    def waiting(self) -> int:
        """How many pieces of seams still wait for a neighbour."""
        return len(self._waiting)

    def add(self, tile: Tile, light: NDArray[np.float32]) -> None:
        """Take in what an engine made of a tile.

        Args:
            tile: One of those planned for this hole; each once.
            light: (h, w, C), bright is large; what lies outside [0, 1] is clipped.
        """
        top, left = tile.window[0].start, tile.window[1].start
        for rows in tile.rows.segments:
            for columns in tile.columns.segments:
                place = slice(rows.start, rows.stop), slice(columns.start, columns.stop)
                hole = self._hole[place]
                # Only these count, and all of them lie in the window. Found by rows they would take five times as long.
                found = np.flatnonzero(np.ascontiguousarray(hole))
                if not len(found):
                    continue
                down, across = np.divmod(found, hole.shape[1])
                weights = self._share(tile.rows, rows)[down] * self._share(tile.columns, columns)[across]
                # Clipped before it is weighted: an extreme value must not dominate the whole seam.
                part = light[down + (rows.start - top), across + (columns.start - left)]
                part = np.clip(part, 0.0, 1.0) * weights[:, None]
                key = rows.start, columns.start
                arrived, total = self._waiting.pop(key, (0, None))
                total = part if total is None else total + part
                if arrived + 1 == rows.tiles * columns.tiles:
                    samples = light_to_samples(total, self._mode, self._out.dtype)
                    put_samples(self._out[place], (down, across), samples)
                else:
                    self._waiting[key] = arrived + 1, total

    @staticmethod
    def _share(span: Span, segment: Segment) -> NDArray[np.float32]:
        return span.weights[segment.start - span.start : segment.stop - span.start]
