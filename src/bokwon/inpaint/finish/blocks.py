"""The squares that a page is divided into: which lie near a hole, what each holds, and values between them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokwon.inpaint.color import Light
from bokwon.types import Hole

__all__ = [
    "CELL",
    "at_points",
    "at_window",
    "blocks",
    "by_pixel",
    "by_square",
    "most",
    "spread",
    "squares_near",
    "whole_squares",
    "windows",
]

CELL = 32
"""Side of the squares whose paper is taken as one colour, pixels."""

_BLOCK = 16
"""Squares along the side of what is looked at together; memory grows with it and not with the page."""

_LINE = 1024


def squares_near(hole: Hole, reach: int) -> Hole:
    """Return which squares touch a hole or lie at most `reach` squares from one that does, (h, w)."""
    import cv2

    touched = np.stack(
        [
            np.logical_or.reduceat(hole[top : top + CELL].any(axis=0), np.arange(0, hole.shape[1], CELL))
            for top in range(0, hole.shape[0], CELL)
        ]
    )
    side = 2 * reach + 1
    return np.asarray(cv2.dilate(touched.astype(np.uint8), np.ones((side, side), np.uint8)), bool)


def blocks(wanted: Hole) -> Iterator[tuple[tuple[slice, slice], tuple[slice, slice]]]:
    """Yield the blocks of squares that hold a wanted one: their squares, and their pixels (beyond the page's end too).

    Args:
        wanted: (h, w), by square.
    """
    # Blocks lie on a grid of the page, so that what is found does not depend on where the holes are.
    for top in range(0, wanted.shape[0], _BLOCK):
        for left in range(0, wanted.shape[1], _BLOCK):
            rows = slice(top, min(top + _BLOCK, wanted.shape[0]))
            columns = slice(left, min(left + _BLOCK, wanted.shape[1]))
            if wanted[rows, columns].any():
                inside = slice(rows.start * CELL, rows.stop * CELL), slice(columns.start * CELL, columns.stop * CELL)
                yield (rows, columns), inside


def windows(hole: Hole) -> list[tuple[slice, slice]]:
    """Return the windows of a page, each of whole squares but at the page's ends, that touch a hole."""
    side = _BLOCK * CELL
    places = [
        (slice(top, min(top + side, hole.shape[0])), slice(left, min(left + side, hole.shape[1])))
        for top in range(0, hole.shape[0], side)
        for left in range(0, hole.shape[1], side)
    ]
    return [place for place in places if hole[place].any()]


def whole_squares(light: Light, known: Hole) -> tuple[Light, Hole]:
    """Return light and what is known of it with nothing known added at the end, up to whole squares."""
    border = [(0, -length % CELL) for length in known.shape]
    return np.pad(light, (*border, (0, 0))), np.pad(known, border)


def by_square(values: NDArray[Any], side: int = CELL) -> NDArray[Any]:
    """Return the values of each square of `side`: (H, W), whole squares, to (h, w, side * side)."""
    rows, columns = values.shape[0] // side, values.shape[1] // side
    squares = values.reshape(rows, side, columns, side).swapaxes(1, 2)
    return squares.reshape(rows, columns, side * side)


def by_pixel(squares: Hole) -> Hole:
    """Return what `by_square` took apart: (h, w, CELL * CELL) to (H, W)."""
    rows, columns = squares.shape[:2]
    return squares.reshape(rows, columns, CELL, CELL).swapaxes(1, 2).reshape(rows * CELL, columns * CELL)


def most(values: NDArray[Any], side: int) -> NDArray[Any]:
    """Return the largest value of each square of `side` in each channel, (H, W, C) to (H / side, W / side, C)."""
    height, width, channels = values.shape
    # Rows first: they lie together in memory.
    by_row = values.reshape(height // side, side, width * channels).max(axis=1)
    return np.asarray(by_row.reshape(height // side, width // side, side, channels).max(axis=2))


def spread(
    values: NDArray[np.float32], weight: NDArray[np.float32], otherwise: float, *, hole: Hole
) -> NDArray[np.float32]:
    """Smooth a grid of values, and fill its empty squares from their surroundings, near ones first.

    Args:
        values: (h, w, C).
        weight: (h, w, 1), 0 where a square is empty.
        otherwise: What to return if all are.
        hole: (H, W) of the page, what the values are for: far from it they are not smoothed further.

    Returns:
        (h, w, C); farther than two squares from the hole no more than the mean of all may stand.
    """
    import cv2

    if not weight.any():
        return np.full_like(values, otherwise)
    filled = np.zeros_like(values)
    open_share = np.ones_like(weight)
    reach = 1.0
    # By window they are asked for up to a square beyond it, and interpolated with the next.
    wanted = squares_near(hole, 2)
    while open_share[wanted].max() > 1e-3 and reach <= 4 * max(values.shape):
        total = cv2.GaussianBlur(values * weight, (0, 0), reach).reshape(values.shape)
        count = cv2.GaussianBlur(weight, (0, 0), reach).reshape(weight.shape)
        sure = np.minimum(count * 4.0, 1.0) * open_share
        filled += sure * total / np.maximum(count, 1e-6)
        open_share = open_share - sure
        reach *= 2.0
    mean = (values * weight).sum(axis=(0, 1)) / weight.sum()
    return np.asarray(filled + open_share * mean, np.float32)


def at_window(
    grid: NDArray[np.float32] | NDArray[np.uint16], window: tuple[slice, slice], side: int = CELL
) -> NDArray[np.float32]:
    """Return a grid of squares at every pixel of a window of the page, interpolated bilinearly.

    Args:
        grid: (h, w, C), up to four channels.
        window: Rows and columns of the page.
        side: Of the squares, pixels.

    Returns:
        (H, W, C), the same for a pixel whatever window it is asked for with; in the unit of the grid, if that is of 16
        bits in whole numbers.
    """
    import cv2

    down, across = ((np.arange(span.start, span.stop, dtype=np.float32) + 0.5) / side - 0.5 for span in window)
    # Only the squares around the window, as OpenCV counts no further than 2^15.
    top, left = (max(0, span.start // side - 1) for span in window)
    part = grid[top : window[0].stop // side + 2, left : window[1].stop // side + 2]
    columns, rows = np.meshgrid(across - left, down - top)
    found = cv2.remap(part, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float32).reshape(*columns.shape, grid.shape[-1])


def at_points(
    grid: NDArray[np.float32], rows: NDArray[np.integer[Any]], columns: NDArray[np.integer[Any]]
) -> NDArray[np.float32]:
    """Return a grid of squares at single pixels of the page, as `at_window` does.

    Args:
        grid: (h, w, C), up to four channels.
        rows: (n,) pixels.
        columns: (n,) pixels.

    Returns:
        (n, C).
    """
    import cv2

    # In lines, as OpenCV counts no further than 2^15; the last is filled up with the first again.
    lines = -(-len(rows) // _LINE), _LINE
    down, across = (np.resize((pixels.astype(np.float32) + 0.5) / CELL - 0.5, lines) for pixels in (rows, columns))
    found = cv2.remap(grid, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float32).reshape(-1, grid.shape[-1])[: len(rows)]
