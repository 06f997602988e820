"""What the paper of a page is like, square by square: its colour, and how strong its grain is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokwon.imaging.color import Light, as_float, samples_to_light
from bokwon.imaging.holes import Hole
from bokwon.imaging.pixels import Pixels

__all__ = [
    "CELL",
    "Survey",
    "at_points",
    "at_window",
    "blocks",
    "by_square",
    "spread",
    "squares_near",
    "survey",
    "whole_squares",
    "windows",
]

CELL = 32
"""Side of the squares whose paper is taken as one colour, pixels."""

_BLOCK = 16
"""Squares along the side of what is looked at together; memory grows with it and not with the page."""

_NEAR = 8
"""How far from a hole its paper is looked for, squares."""

_LEAST_SEEN = 0.05
_LEAST_WIDTH = 2 / 255
_COARSE = 6.0
"""What varies more slowly than a Gaussian of this many pixels is the paper's colour; the rest is its grain."""

_INK_HALO = 5
_CANDIDATES, _PATCHES = 256, 64
_MOST = 1.5
"""Grain is no stronger than this many times the page's median: what varies more is a picture, not paper."""

_CLEAN = 0.9

_LINE = 1024


@dataclass(frozen=True)
class Survey:
    """The paper of a page.

    Attributes:
        colour: (h, w, C) light of the paper in each square, in [0, 1].
        seen: (h, w, 1), 1 where a square shows enough to tell.
        deviation: (h, w, 1) standard deviation of its grain's lightness, at most 1.5 times the page's median.
        measured: (h, w, 1), 1 where it shows enough paper free of ink to tell that.
        patches: (n, CELL, CELL, C) grain of a few squares that are nearly all paper, as deviations from its colour.
    """

    colour: NDArray[np.float32]
    seen: NDArray[np.float32]
    deviation: NDArray[np.float32]
    measured: NDArray[np.float32]
    patches: NDArray[np.float32]


def survey(pixels: Pixels, missing: Hole, mode: str, *, near: Hole | None = None, seed: int = 0) -> Survey:
    """Look at the paper of a page.

    Ink is dark, so the paper of a square is among the brighter half of what is known there, and its colour is where
    that half is densest.

    Args:
        pixels: Samples of the page.
        missing: (H, W), True where nothing is known.
        mode: Mode of the samples.
        near: (H, W), True in what the paper is wanted for: only squares near it are looked at. By default all are.
        seed: Which of the clean squares become patches.
    """
    height, width = -(-missing.shape[0] // CELL), -(-missing.shape[1] // CELL)
    wanted = np.ones((height, width), bool) if near is None else squares_near(near, _NEAR)
    channels = samples_to_light(pixels[:1, :1], mode).shape[-1]
    colour = np.zeros((height, width, channels), np.float32)
    seen, deviation, measured = (np.zeros((height, width, 1), np.float32) for _ in range(3))
    rng = np.random.default_rng(seed)
    found: list[_Patch] = []
    for place, (rows, columns) in blocks(wanted):
        samples, known = whole_squares(samples_to_light(pixels[rows, columns], mode), ~missing[rows, columns])
        light = as_float(samples)
        colours, has_paper, paper = _colours(light, known)
        colour[place], seen[place] = colours, has_paper
        residual = light - _smooth(light, paper)
        inner = _inner(paper)
        strength, share = _deviations(residual, inner)
        deviation[place], measured[place] = strength, share >= _LEAST_SEEN
        for row, column in np.argwhere((share[..., 0] >= 0.5) & (strength[..., 0] > 0)):
            spot = slice(row * CELL, (row + 1) * CELL), slice(column * CELL, (column + 1) * CELL)
            # As good as clean is as good as clean: chance decides, so that all of the page is heard.
            rank = min(float(share[row, column, 0]), _CLEAN), float(rng.random())
            if len(found) < _CANDIDATES or rank > found[-1].rank:
                patch = np.where(inner[spot][..., None], residual[spot], 0)
                found.append(_Patch(rank, float(strength[row, column, 0]), np.asarray(patch, np.float32)))
                found.sort(key=lambda patch: patch.rank, reverse=True)
                del found[_CANDIDATES:]
    if near is not None and not seen.any():
        return survey(pixels, missing, mode, seed=seed)
    if measured.any():
        deviation = np.minimum(deviation, _MOST * np.float32(np.median(deviation[measured > 0])))
    return Survey(colour, seen, deviation, measured, _usual(found).reshape(-1, CELL, CELL, channels))


def windows(hole: Hole) -> list[tuple[slice, slice]]:
    """Return the windows of a page, each of whole squares but at the page's ends, that touch a hole."""
    side = _BLOCK * CELL
    places = [
        (slice(top, min(top + side, hole.shape[0])), slice(left, min(left + side, hole.shape[1])))
        for top in range(0, hole.shape[0], side)
        for left in range(0, hole.shape[1], side)
    ]
    return [place for place in places if hole[place].any()]


def spread(values: NDArray[np.float32], weight: NDArray[np.float32], otherwise: float) -> NDArray[np.float32]:
    """Smooth a grid of values, and fill its empty squares from their surroundings, near ones first.

    Args:
        values: (h, w, C).
        weight: (h, w, 1), 0 where a square is empty.
        otherwise: What to return if all are.
    """
    import cv2

    if not weight.any():
        return np.full_like(values, otherwise)
    filled = np.zeros_like(values)
    open_share = np.ones_like(weight)
    reach = 1.0
    while open_share.max() > 1e-3 and reach <= 4 * max(values.shape):
        total = cv2.GaussianBlur(values * weight, (0, 0), reach).reshape(values.shape)
        count = cv2.GaussianBlur(weight, (0, 0), reach).reshape(weight.shape)
        sure = np.minimum(count * 4.0, 1.0) * open_share
        filled += sure * total / np.maximum(count, 1e-6)
        open_share = open_share - sure
        reach *= 2.0
    mean = (values * weight).sum(axis=(0, 1)) / weight.sum()
    return np.asarray(filled + open_share * mean, np.float32)


def at_window(grid: NDArray[np.float32], window: tuple[slice, slice]) -> NDArray[np.float32]:
    """Return a grid of squares at every pixel of a window of the page, interpolated bilinearly.

    Args:
        grid: (h, w, C), up to four channels.
        window: Rows and columns of the page.

    Returns:
        (H, W, C), the same for a pixel whatever window it is asked for with.
    """
    import cv2

    down, across = ((np.arange(span.start, span.stop, dtype=np.float32) + 0.5) / CELL - 0.5 for span in window)
    # Only the squares around the window, as OpenCV counts no further than 2^15.
    top, left = (max(0, span.start // CELL - 1) for span in window)
    part = grid[top : window[0].stop // CELL + 2, left : window[1].stop // CELL + 2]
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


@dataclass(frozen=True)
class _Patch:
    """The grain of one square, how clean it is and with what luck, and how strong."""

    rank: tuple[float, float]
    deviation: float
    grain: NDArray[np.float32]


def _usual(found: list[_Patch]) -> NDArray[np.float32]:
    """Return the grain of the squares of middling strength, at unit deviation: others have specks or faint print."""
    middle = np.median([patch.deviation for patch in found]) if found else 0.0
    kept = sorted(found, key=lambda patch: (abs(np.log(patch.deviation / middle)), patch.rank))[:_PATCHES]
    return np.array([patch.grain / patch.deviation for patch in kept], np.float32)


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


def whole_squares(light: Light, known: Hole) -> tuple[Light, Hole]:
    """Return light and what is known of it with nothing known added at the end, up to whole squares."""
    border = [(0, -length % CELL) for length in known.shape]
    return np.pad(light, (*border, (0, 0))), np.pad(known, border)


def _colours(light: NDArray[np.float32], known: Hole) -> tuple[NDArray[np.float32], Hole, Hole]:
    """Return each square's paper colour, whether it shows enough, (h, w, 1), and which pixels are paper, (H, W)."""
    lightness = by_square(light.mean(axis=-1))
    there = by_square(known)
    count = there.sum(axis=-1)
    ordered = np.sort(np.where(there, lightness, -1.0), axis=-1)
    upper, top = (
        np.take_along_axis(ordered, (CELL * CELL - np.maximum(count // part, 1))[..., None], -1) for part in (4, 16)
    )
    # The distance of these two is about the grain's deviation, whether half of the square is ink or none of it.
    width = np.maximum(2.0 * (top - upper), _LEAST_WIDTH)
    centre = upper
    for _ in range(3):
        paper = there & (np.abs(lightness - centre) <= width)
        centre = (lightness * paper).sum(-1, keepdims=True) / np.maximum(paper.sum(-1, keepdims=True), 1)
    # The colour is that of the middle; what is paper reaches further, or its own specks would pass for ink.
    grainy = there & (np.abs(lightness - centre) <= 2.0 * width)
    total = np.stack([(by_square(light[..., band]) * paper).sum(-1) for band in range(light.shape[-1])], -1)
    colours = np.asarray(total / np.maximum(paper.sum(-1), 1)[..., None], np.float32)
    enough = (count >= _LEAST_SEEN * CELL * CELL)[..., None]
    return colours, enough, _by_pixel(grainy & enough)


def _smooth(light: NDArray[np.float32], paper: Hole) -> NDArray[np.float32]:
    """Return the paper's light without its grain: a Gaussian mean of what is paper."""
    import cv2

    weight = paper.astype(np.float32)
    edge = cv2.BORDER_CONSTANT
    total = cv2.GaussianBlur(light * weight[..., None], (0, 0), _COARSE, borderType=edge).reshape(light.shape)
    count = cv2.GaussianBlur(weight, (0, 0), _COARSE, borderType=edge)
    return np.asarray(total / np.maximum(count, 1e-6)[..., None], np.float32)


def _inner(paper: Hole) -> Hole:
    """Leave out the paper next to ink, which is neither."""
    import cv2

    kernel = np.ones((_INK_HALO, _INK_HALO), np.uint8)
    return np.asarray(cv2.erode(paper.astype(np.uint8), kernel, borderType=cv2.BORDER_REPLICATE), bool)


def _deviations(residual: NDArray[np.float32], inner: Hole) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return each square's standard deviation of lightness, and the share of it that tells, (h, w, 1)."""
    there = by_square(inner)
    square = (by_square(residual.mean(axis=-1)) ** 2 * there).sum(axis=-1)
    count = there.sum(axis=-1)
    deviation = np.sqrt(square / np.maximum(count, 1))
    return np.asarray(deviation[..., None], np.float32), np.asarray(count[..., None] / CELL**2, np.float32)


def by_square(values: NDArray[Any]) -> NDArray[Any]:
    """Return the values of each square: (H, W), whole squares, to (h, w, CELL * CELL)."""
    rows, columns = values.shape[0] // CELL, values.shape[1] // CELL
    squares = values.reshape(rows, CELL, columns, CELL).swapaxes(1, 2)
    return squares.reshape(rows, columns, CELL * CELL)


def _by_pixel(squares: Hole) -> Hole:
    rows, columns = squares.shape[:2]
    return squares.reshape(rows, columns, CELL, CELL).swapaxes(1, 2).reshape(rows * CELL, columns * CELL)
