"""The background of a page, block by block: its colour, and the strength of its grain."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokwon.inpaint.colour import as_float, lightness, samples_to_light
from bokwon.inpaint.finish.blocks import BLOCK, block_groups, blocks_near, by_block, by_pixel, whole_blocks
from bokwon.types import Hole, Pixels

__all__ = ["BackgroundEstimate", "estimate_background"]

_NEAR = 8
"""Distance from a hole, blocks, up to which the background is estimated."""

_LEAST_SEEN = 0.05
_LEAST_WIDTH = 2 / 255
_COARSE = 6.0
"""Standard deviation of a Gaussian, pixels. What it keeps is the colour of the paper; the rest is grain."""

_INK_HALOS = 9, 5
"""Pixels within half this distance of ink are not counted as paper. The second is used if the first leaves nothing."""
_SPOT, _LEAST_OF_SPOT, _LEAST_OF_FILL = 8, 0.5, 0.2
"""Side of a spot in pixels, and the least share of a spot that must be paper: in known areas, and in fills, where holes
may be thin. The grain of a block is the median over its spots, so faint text and show-through do not count as grain."""
_CANDIDATES, _PATCHES, _LEAST_PATCHES = 256, 64, 8
_MOST = 1.5
"""Limit of the grain, as a multiple of the page's median. Stronger variation is a picture, not paper."""

_CLEAN, _CLEAN_ENOUGH, _LEAST_CLEAN = 0.9, 0.5, 0.2
"""Shares of a block that is paper. Blocks above the first rank equal. Blocks above the second become patches. If there
are none, blocks above the third do."""


@dataclass(frozen=True)
class BackgroundEstimate:
    """The background of a page, one value a block.

    Attributes:
        colour: (h, w, C) light of the paper, in [0, 1].
        seen: (h, w, 1), 1 where enough of the block is known for `colour`.
        deviation: (h, w, 1) standard deviation of the grain's lightness, at most 1.5 times the page's median.
        measured: (h, w, 1), 1 where the block has enough paper without ink for `deviation`.
        patches: (n, BLOCK, BLOCK, C) grain of a few blocks that are nearly all paper, as deviations from its colour.
    """

    colour: NDArray[np.float32]
    seen: NDArray[np.float32]
    deviation: NDArray[np.float32]
    measured: NDArray[np.float32]
    patches: NDArray[np.float32]


def estimate_background(
    pixels: Pixels,
    missing: Hole,
    mode: str,
    *,
    near: Hole | None = None,
    seed: int = 0,
    concurrency: int = 1,
    halo: int = _INK_HALOS[0],
    filled: bool = False,
) -> BackgroundEstimate:
    """Estimate the background of a page.

    Ink is dark, so the paper of a block is among the brighter half of its known pixels. The colour of the paper is
    where that half is densest.

    Args:
        pixels: Samples (H, W) or (H, W, C) of the page.
        missing: (H, W), True where pixels are missing.
        mode: Mode of the samples.
        near: (H, W). Only blocks near a True are estimated; by default all blocks.
        seed: Of the choice among equally clean blocks.
        concurrency: Number of threads, at least 1.
        halo: Width of the area around ink that does not count as paper, pixels, odd. If it leaves no paper, 5 is used.
        filled: True to measure fills: the rims of holes count as well, and no patches are returned.
    """
    height, width = -(-missing.shape[0] // BLOCK), -(-missing.shape[1] // BLOCK)
    wanted = np.ones((height, width), bool) if near is None else blocks_near(near, _NEAR)
    channels = samples_to_light(pixels[:1, :1], mode).shape[-1]
    colour = np.zeros((height, width, channels), np.float32)
    seen, deviation, measured = (np.zeros((height, width, 1), np.float32) for _ in range(3))

    def estimate(block: tuple[tuple[slice, slice], tuple[slice, slice]]) -> list[_Patch]:
        place, (rows, columns) = block
        if missing[rows, columns].all():
            return []
        samples, known = whole_blocks(samples_to_light(pixels[rows, columns], mode), ~missing[rows, columns])
        light = as_float(samples)
        colours, has_paper, paper = _colours(light, known)
        colour[place], seen[place] = colours, has_paper
        residual = light - _smooth(light, paper)
        inner = paper & _inner(paper | ~known if filled else paper, halo)
        strength, share, whole = _deviations(residual, inner, _LEAST_OF_FILL if filled else _LEAST_OF_SPOT)
        deviation[place], measured[place] = strength, share >= _LEAST_SEEN
        if filled:
            return []
        # One seed a group, so the result does not depend on which other groups are estimated.
        rng = np.random.default_rng((seed, place[0].start, place[1].start))
        patches = []
        for row, column in np.argwhere((share[..., 0] >= _LEAST_CLEAN) & (strength[..., 0] > 0)):
            spot = slice(row * BLOCK, (row + 1) * BLOCK), slice(column * BLOCK, (column + 1) * BLOCK)
            # Clean blocks rank equal; ties are broken at random to sample the whole page.
            rank = min(float(share[row, column, 0]), _CLEAN), float(rng.random())
            patch = np.where(inner[spot][..., None], residual[spot], 0)
            excess = float(whole[row, column, 0] / strength[row, column, 0])
            patches.append(_Patch(rank, float(strength[row, column, 0]), excess, np.asarray(patch, np.float32)))
        return patches

    with ThreadPoolExecutor(concurrency) as pool:
        found: list[_Patch] = []
        for patches in pool.map(estimate, block_groups(wanted)):
            found = sorted(found + patches, key=lambda patch: patch.rank, reverse=True)[:_CANDIDATES]
    # A fill lies near its hole: elsewhere there is nothing to measure.
    if near is not None and not filled and not seen.any():
        return estimate_background(pixels, missing, mode, seed=seed, concurrency=concurrency, halo=halo)
    clean = [patch for patch in found if patch.rank[0] >= _CLEAN_ENOUGH]
    if halo > _INK_HALOS[1] and not filled and not clean:
        return estimate_background(
            pixels, missing, mode, near=near, seed=seed, concurrency=concurrency, halo=_INK_HALOS[1]
        )
    if measured.any():
        deviation = np.minimum(deviation, _MOST * np.float32(np.median(deviation[measured > 0])))
    return BackgroundEstimate(
        colour, seen, deviation, measured, _usual(clean or found).reshape(-1, BLOCK, BLOCK, channels)
    )


@dataclass(frozen=True)
class _Patch:
    """The grain of one block.

    Attributes:
        rank: Share of clean paper, and a random number that breaks ties.
        deviation: Standard deviation of the grain.
        excess: Standard deviation of all of its paper, as a multiple of `deviation`.
        grain: (BLOCK, BLOCK, C).
    """

    rank: tuple[float, float]
    deviation: float
    excess: float
    grain: NDArray[np.float32]


def _usual(found: list[_Patch]) -> NDArray[np.float32]:
    """Return the grain of the blocks with the fewest specks and the least faint print, scaled to a deviation of 1."""
    best = sorted(found, key=lambda patch: (patch.excess, patch.rank))
    kept = best[: min(_PATCHES, max(len(best) // 2, _LEAST_PATCHES))]
    return np.array([patch.grain / patch.deviation for patch in kept], np.float32)


def _colours(light: NDArray[np.float32], known: Hole) -> tuple[NDArray[np.float32], Hole, Hole]:
    """Return the paper colour of each block, whether enough is known, (h, w, 1), and which pixels are paper, (H, W)."""
    brightness = by_block(lightness(light))
    there = by_block(known)
    count = there.sum(axis=-1)
    ordered = np.sort(np.where(there, brightness, -1.0), axis=-1)
    upper, top = (
        np.take_along_axis(ordered, (BLOCK * BLOCK - np.maximum(count // part, 1))[..., None], -1) for part in (4, 16)
    )
    # The distance of these two is about the deviation of the grain, with or without ink in the block.
    width = np.maximum(2.0 * (top - upper), _LEAST_WIDTH)
    centre = upper
    for _ in range(3):
        paper = there & (np.abs(brightness - centre) <= width)
        centre = (brightness * paper).sum(-1, keepdims=True) / np.maximum(paper.sum(-1, keepdims=True), 1)
    # The colour is that of the middle. Paper reaches further: otherwise its own specks would count as ink.
    grainy = there & (np.abs(brightness - centre) <= 2.0 * width)
    total = np.stack([(by_block(light[..., band]) * paper).sum(-1) for band in range(light.shape[-1])], -1)
    colours = np.asarray(total / np.maximum(paper.sum(-1), 1)[..., None], np.float32)
    enough = (count >= _LEAST_SEEN * BLOCK * BLOCK)[..., None]
    return colours, enough, by_pixel(grainy & enough)


def _smooth(light: NDArray[np.float32], paper: Hole) -> NDArray[np.float32]:
    """Return the light of the paper without grain: a Gaussian mean over paper pixels."""
    import cv2

    weight = paper.astype(np.float32)
    edge = cv2.BORDER_CONSTANT
    total = cv2.GaussianBlur(light * weight[..., None], (0, 0), _COARSE, borderType=edge).reshape(light.shape)
    count = cv2.GaussianBlur(weight, (0, 0), _COARSE, borderType=edge)
    return np.asarray(total / np.maximum(count, 1e-6)[..., None], np.float32)


def _inner(paper: Hole, halo: int) -> Hole:
    """Remove the pixels next to ink, which are a mixture of ink and paper."""
    import cv2

    kernel = np.ones((halo, halo), np.uint8)
    return np.asarray(cv2.erode(paper.astype(np.uint8), kernel, borderType=cv2.BORDER_REPLICATE), bool)


def _deviations(
    residual: NDArray[np.float32], inner: Hole, least: float
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return for each block, (h, w, 1): deviation of the grain, share of usable pixels, deviation of all the paper."""
    import cv2

    size = inner.shape[1] // _SPOT, inner.shape[0] // _SPOT
    weight = inner.astype(np.float32)
    light = lightness(residual) * weight
    count, total, square = (
        np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)
        for values in (weight, light, light * light)
    )
    finer = BLOCK // _SPOT
    share = by_block(count, finer).mean(axis=-1)
    whole = np.sqrt(by_block(square, finer).mean(axis=-1) / np.maximum(share, 1e-6))
    pixels = np.maximum(count, least) * _SPOT**2
    variance = np.maximum(square - total**2 / np.maximum(count, 1e-6), 0.0) * _SPOT**2 / (pixels - 1.0)
    # The median of the usable spots. NumPy's median of masked arrays takes as long as all the rest.
    ordered = np.sort(by_block(np.where(count >= least, variance, np.inf), finer), axis=-1)
    there = np.isfinite(ordered).sum(axis=-1)
    usual = np.take_along_axis(ordered, np.maximum(there - 1, 0)[..., None] // 2, axis=-1)[..., 0]
    deviation = np.sqrt(np.where(there > 0, usual, 0.0))

    def grid(values: NDArray[Any]) -> NDArray[np.float32]:
        return np.asarray(values[..., None], np.float32)

    return grid(deviation), grid(np.where(there > 0, share, 0.0)), grid(whole)
