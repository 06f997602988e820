"""What the paper of a page is like, square by square: its colour, and how strong its grain is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokwon.inpaint.color import as_float, lightness, samples_to_light
from bokwon.inpaint.finish.blocks import CELL, blocks, by_pixel, by_square, squares_near, whole_squares
from bokwon.types import Hole, Pixels

__all__ = ["Survey", "survey"]

_NEAR = 8
"""How far from a hole its paper is looked for, squares."""

_LEAST_SEEN = 0.05
_LEAST_WIDTH = 2 / 255
_COARSE = 6.0
"""What varies more slowly than a Gaussian of this many pixels is the paper's colour; the rest is its grain."""

_INK_HALOS = 9, 5
"""What is nearer to ink than half of so many pixels is no paper; where that leaves nothing, the second."""
_SPOT, _LEAST_OF_SPOT, _LEAST_OF_FILL = 8, 0.5, 0.2
"""The grain of a square is the usual one of its spots of so many pixels each way, of which so much is paper (less where
fills are looked at, as holes may be thin): text that shows through the leaf, and what is faint beside the ink, is
larger than they are, or not in most."""
_CANDIDATES, _PATCHES, _LEAST_PATCHES = 256, 64, 8
_MOST = 1.5
"""Grain is no stronger than this many times the page's median: what varies more is a picture, not paper."""

_CLEAN, _CLEAN_ENOUGH, _LEAST_CLEAN = 0.9, 0.5, 0.2
"""Share of a square that is paper from which on it is as good as clean, and from which on it becomes a patch; where
none does, squares do from the last on."""


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


def survey(
    pixels: Pixels,
    missing: Hole,
    mode: str,
    *,
    near: Hole | None = None,
    seed: int = 0,
    lanes: int = 1,
    halo: int = _INK_HALOS[0],
    filled: bool = False,
) -> Survey:
    """Look at the paper of a page.

    Ink is dark, so the paper of a square is among the brighter half of what is known there, and its colour is where
    that half is densest.

    Args:
        pixels: Samples (H, W) or (H, W, C) of the page.
        missing: (H, W), True where nothing is known.
        mode: Mode of the samples.
        near: (H, W), True in what the paper is wanted for: only squares near it are looked at. By default all are.
        seed: Which of the clean squares become patches.
        lanes: How many blocks are looked at at the same time, at least 1.
        halo: How wide the surroundings of ink are that tell nothing of the grain, both sides together, pixels, odd. If
            they leave nothing that tells, 5 do.
        filled: Whether what is known are fills, whose rims tell as well as the rest, and no patches are wanted.
    """
    height, width = -(-missing.shape[0] // CELL), -(-missing.shape[1] // CELL)
    wanted = np.ones((height, width), bool) if near is None else squares_near(near, _NEAR)
    channels = samples_to_light(pixels[:1, :1], mode).shape[-1]
    colour = np.zeros((height, width, channels), np.float32)
    seen, deviation, measured = (np.zeros((height, width, 1), np.float32) for _ in range(3))

    def look(block: tuple[tuple[slice, slice], tuple[slice, slice]]) -> list[_Patch]:
        place, (rows, columns) = block
        if missing[rows, columns].all():
            return []
        samples, known = whole_squares(samples_to_light(pixels[rows, columns], mode), ~missing[rows, columns])
        light = as_float(samples)
        colours, has_paper, paper = _colours(light, known)
        colour[place], seen[place] = colours, has_paper
        residual = light - _smooth(light, paper)
        inner = paper & _inner(paper | ~known if filled else paper, halo)
        strength, share, whole = _deviations(residual, inner, _LEAST_OF_FILL if filled else _LEAST_OF_SPOT)
        deviation[place], measured[place] = strength, share >= _LEAST_SEEN
        if filled:
            return []
        # Each block has chances of its own, whatever is looked at besides.
        rng = np.random.default_rng((seed, place[0].start, place[1].start))
        patches = []
        for row, column in np.argwhere((share[..., 0] >= _LEAST_CLEAN) & (strength[..., 0] > 0)):
            spot = slice(row * CELL, (row + 1) * CELL), slice(column * CELL, (column + 1) * CELL)
            # As good as clean is as good as clean: chance decides, so that all of the page is heard.
            rank = min(float(share[row, column, 0]), _CLEAN), float(rng.random())
            patch = np.where(inner[spot][..., None], residual[spot], 0)
            excess = float(whole[row, column, 0] / strength[row, column, 0])
            patches.append(_Patch(rank, float(strength[row, column, 0]), excess, np.asarray(patch, np.float32)))
        return patches

    with ThreadPoolExecutor(lanes) as pool:
        found: list[_Patch] = []
        for patches in pool.map(look, blocks(wanted)):
            found = sorted(found + patches, key=lambda patch: patch.rank, reverse=True)[:_CANDIDATES]
    if near is not None and not seen.any():
        return survey(pixels, missing, mode, seed=seed, lanes=lanes, halo=halo)
    clean = [patch for patch in found if patch.rank[0] >= _CLEAN_ENOUGH]
    if halo > _INK_HALOS[1] and not filled and not clean:
        return survey(pixels, missing, mode, near=near, seed=seed, lanes=lanes, halo=_INK_HALOS[1])
    if measured.any():
        deviation = np.minimum(deviation, _MOST * np.float32(np.median(deviation[measured > 0])))
    return Survey(colour, seen, deviation, measured, _usual(clean or found).reshape(-1, CELL, CELL, channels))


@dataclass(frozen=True)
class _Patch:
    """The grain of one square.

    Attributes:
        rank: How clean it is, and with what luck.
        deviation: Of its grain.
        excess: How much larger that of all its paper is.
        grain: (CELL, CELL, C).
    """

    rank: tuple[float, float]
    deviation: float
    excess: float
    grain: NDArray[np.float32]


def _usual(found: list[_Patch]) -> NDArray[np.float32]:
    """Return the grain of the squares that have least besides, specks or faint print, at unit deviation."""
    best = sorted(found, key=lambda patch: (patch.excess, patch.rank))
    kept = best[: min(_PATCHES, max(len(best) // 2, _LEAST_PATCHES))]
    return np.array([patch.grain / patch.deviation for patch in kept], np.float32)


def _colours(light: NDArray[np.float32], known: Hole) -> tuple[NDArray[np.float32], Hole, Hole]:
    """Return each square's paper colour, whether it shows enough, (h, w, 1), and which pixels are paper, (H, W)."""
    brightness = by_square(lightness(light))
    there = by_square(known)
    count = there.sum(axis=-1)
    ordered = np.sort(np.where(there, brightness, -1.0), axis=-1)
    upper, top = (
        np.take_along_axis(ordered, (CELL * CELL - np.maximum(count // part, 1))[..., None], -1) for part in (4, 16)
    )
    # The distance of these two is about the grain's deviation, whether half of the square is ink or none of it.
    width = np.maximum(2.0 * (top - upper), _LEAST_WIDTH)
    centre = upper
    for _ in range(3):
        paper = there & (np.abs(brightness - centre) <= width)
        centre = (brightness * paper).sum(-1, keepdims=True) / np.maximum(paper.sum(-1, keepdims=True), 1)
    # The colour is that of the middle; what is paper reaches further, or its own specks would pass for ink.
    grainy = there & (np.abs(brightness - centre) <= 2.0 * width)
    total = np.stack([(by_square(light[..., band]) * paper).sum(-1) for band in range(light.shape[-1])], -1)
    colours = np.asarray(total / np.maximum(paper.sum(-1), 1)[..., None], np.float32)
    enough = (count >= _LEAST_SEEN * CELL * CELL)[..., None]
    return colours, enough, by_pixel(grainy & enough)


def _smooth(light: NDArray[np.float32], paper: Hole) -> NDArray[np.float32]:
    """Return the paper's light without its grain: a Gaussian mean of what is paper."""
    import cv2

    weight = paper.astype(np.float32)
    edge = cv2.BORDER_CONSTANT
    total = cv2.GaussianBlur(light * weight[..., None], (0, 0), _COARSE, borderType=edge).reshape(light.shape)
    count = cv2.GaussianBlur(weight, (0, 0), _COARSE, borderType=edge)
    return np.asarray(total / np.maximum(count, 1e-6)[..., None], np.float32)


def _inner(paper: Hole, halo: int) -> Hole:
    """Leave out the paper next to ink, which is neither."""
    import cv2

    kernel = np.ones((halo, halo), np.uint8)
    return np.asarray(cv2.erode(paper.astype(np.uint8), kernel, borderType=cv2.BORDER_REPLICATE), bool)


def _deviations(
    residual: NDArray[np.float32], inner: Hole, least: float
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return each square's deviation of lightness, (h, w, 1): its grain's, the share that tells, and that of it all."""
    import cv2

    size = inner.shape[1] // _SPOT, inner.shape[0] // _SPOT
    weight = inner.astype(np.float32)
    light = lightness(residual) * weight
    count, total, square = (
        np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)
        for values in (weight, light, light * light)
    )
    finer = CELL // _SPOT
    share = by_square(count, finer).mean(axis=-1)
    whole = np.sqrt(by_square(square, finer).mean(axis=-1) / np.maximum(share, 1e-6))
    pixels = np.maximum(count, least) * _SPOT**2
    variance = np.maximum(square - total**2 / np.maximum(count, 1e-6), 0.0) * _SPOT**2 / (pixels - 1.0)
    # The median of those that tell, by hand: NumPy's for masked arrays takes as long as all the rest.
    ordered = np.sort(by_square(np.where(count >= least, variance, np.inf), finer), axis=-1)
    there = np.isfinite(ordered).sum(axis=-1)
    usual = np.take_along_axis(ordered, np.maximum(there - 1, 0)[..., None] // 2, axis=-1)[..., 0]
    deviation = np.sqrt(np.where(there > 0, usual, 0.0))

    def grid(values: NDArray[Any]) -> NDArray[np.float32]:
        return np.asarray(values[..., None], np.float32)

    return grid(deviation), grid(np.where(there > 0, share, 0.0)), grid(whole)
