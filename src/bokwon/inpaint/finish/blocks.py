"""The page as a grid of blocks: which blocks lie near a hole, the pixels of each, and values between blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokwon.inpaint.colour import Light
from bokwon.inpaint.finish.matches import grown
from bokwon.types import Hole

__all__ = [
    "BLOCK",
    "at_points",
    "at_window",
    "block_groups",
    "block_maximum",
    "blocks_near",
    "by_block",
    "by_pixel",
    "normalized_convolution",
    "whole_blocks",
    "windows",
]

BLOCK = 32
"""Side of a block, pixels. The background of a block is estimated as one colour."""

_GROUP = 16
"""Side of a group of blocks that is worked on at once. Memory grows with the group, not with the page."""

_LINE = 1024


def blocks_near(hole: Hole, reach: int) -> Hole:
    """Return which blocks touch a hole or lie at most `reach` blocks from one that does, (h, w)."""
    touched = np.stack(
        [
            np.logical_or.reduceat(hole[top : top + BLOCK].any(axis=0), np.arange(0, hole.shape[1], BLOCK))
            for top in range(0, hole.shape[0], BLOCK)
        ]
    )
    return grown(touched, reach)


def block_groups(wanted: Hole) -> Iterator[tuple[tuple[slice, slice], tuple[slice, slice]]]:
    """Yield the groups that hold a wanted block: the group's blocks, and its pixels, which may pass the page's end.

    Args:
        wanted: (h, w), one value a block.
    """
    # Groups lie on a grid of the page, so the results do not depend on where the holes are.
    for top in range(0, wanted.shape[0], _GROUP):
        for left in range(0, wanted.shape[1], _GROUP):
            rows = slice(top, min(top + _GROUP, wanted.shape[0]))
            columns = slice(left, min(left + _GROUP, wanted.shape[1]))
            if wanted[rows, columns].any():
                inside = (
                    slice(rows.start * BLOCK, rows.stop * BLOCK),
                    slice(columns.start * BLOCK, columns.stop * BLOCK),
                )
                yield (rows, columns), inside


def windows(hole: Hole) -> list[tuple[slice, slice]]:
    """Return the windows of a page that touch a hole. Each is one group of blocks, cut at the page's end."""
    side = _GROUP * BLOCK
    places = [
        (slice(top, min(top + side, hole.shape[0])), slice(left, min(left + side, hole.shape[1])))
        for top in range(0, hole.shape[0], side)
        for left in range(0, hole.shape[1], side)
    ]
    return [place for place in places if hole[place].any()]


def whole_blocks(light: Light, known: Hole) -> tuple[Light, Hole]:
    """Pad both arrays at the end to whole blocks. The padding counts as unknown."""
    border = [(0, -length % BLOCK) for length in known.shape]
    return np.pad(light, (*border, (0, 0))), np.pad(known, border)


def by_block(values: NDArray[Any], side: int = BLOCK) -> NDArray[Any]:
    """Return the values of each block: (H, W), multiples of `side`, to (h, w, side * side)."""
    rows, columns = values.shape[0] // side, values.shape[1] // side
    return values.reshape(rows, side, columns, side).swapaxes(1, 2).reshape(rows, columns, side * side)


def by_pixel(values: Hole) -> Hole:
    """Undo `by_block`: (h, w, BLOCK * BLOCK) to (H, W)."""
    rows, columns = values.shape[:2]
    return values.reshape(rows, columns, BLOCK, BLOCK).swapaxes(1, 2).reshape(rows * BLOCK, columns * BLOCK)


def block_maximum(values: NDArray[Any], side: int) -> NDArray[Any]:
    """Return the largest value of each block in each channel: (H, W, C) to (H / side, W / side, C)."""
    height, width, channels = values.shape
    # Rows first: they are contiguous in memory.
    by_row = values.reshape(height // side, side, width * channels).max(axis=1)
    return np.asarray(by_row.reshape(height // side, width // side, side, channels).max(axis=2))


def normalized_convolution(
    values: NDArray[np.float32], weight: NDArray[np.float32], otherwise: float, *, hole: Hole
) -> NDArray[np.float32]:
    """Smooth a grid of values, and fill its empty blocks from their surroundings by normalized convolution.

    The Gaussian doubles in width until every block near the hole has a value, so near values count first.

    Args:
        values: (h, w, C).
        weight: (h, w, 1), 0 where a block is empty.
        otherwise: Value of every block if all of them are empty.
        hole: (H, W) of the page. Only blocks near it are needed.

    Returns:
        (h, w, C). Blocks more than two blocks away from the hole may hold the mean of all values.

    Source: Knutsson and Westin, "Normalized and Differential Convolution", CVPR 1993.
    """
    import cv2

    if not weight.any():
        return np.full_like(values, otherwise)
    filled = np.zeros_like(values)
    open_share = np.ones_like(weight)
    reach = 1.0
    # A window may ask for one block beyond it, and interpolation needs one more.
    wanted = blocks_near(hole, 2)
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
    grid: NDArray[np.float32] | NDArray[np.uint16], window: tuple[slice, slice], side: int = BLOCK
) -> NDArray[np.float32]:
    """Interpolate a grid of blocks bilinearly at every pixel of a window of the page.

    Args:
        grid: (h, w, C), up to four channels.
        window: Rows and columns of the page.
        side: Of the blocks, pixels.

    Returns:
        (H, W, C), in the unit of the grid. A pixel has the same value in every window. A grid of 16-bit integers
        gives whole numbers.
    """
    import cv2

    down, across = ((np.arange(span.start, span.stop, dtype=np.float32) + 0.5) / side - 0.5 for span in window)
    # Only the blocks around the window: OpenCV's coordinates end at 2^15.
    top, left = (max(0, span.start // side - 1) for span in window)
    part = grid[top : window[0].stop // side + 2, left : window[1].stop // side + 2]
    columns, rows = np.meshgrid(across - left, down - top)
    found = cv2.remap(part, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float32).reshape(*columns.shape, grid.shape[-1])


def at_points(
    grid: NDArray[np.float32], rows: NDArray[np.integer[Any]], columns: NDArray[np.integer[Any]]
) -> NDArray[np.float32]:
    """Interpolate a grid of blocks at single pixels of the page, as `at_window` does.

    Args:
        grid: (h, w, C), up to four channels.
        rows: (n,) pixels.
        columns: (n,) pixels.

    Returns:
        (n, C).
    """
    import cv2

    # In lines, because OpenCV's coordinates end at 2^15. The last line is filled up by repeating the first points.
    lines = -(-len(rows) // _LINE), _LINE
    down, across = (np.resize((pixels.astype(np.float32) + 0.5) / BLOCK - 0.5, lines) for pixels in (rows, columns))
    found = cv2.remap(grid, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float32).reshape(-1, grid.shape[-1])[: len(rows)]
