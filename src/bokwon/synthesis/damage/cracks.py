"""Where a sheet is folded or its surface cracks."""

from __future__ import annotations

import math

import numpy as np

from bokwon.synthesis.damage.paths import Path, draw_path, edge_point, wander
from bokwon.synthesis.random_fields import Labels

__all__ = ["cracks"]

Shape = tuple[int, int]


def cracks(
    rng: np.random.Generator, shape: Shape, unit: float, coverage: float, breadth: float
) -> tuple[Labels, Labels]:
    """Draw straight folds across the sheet, or a web of jagged cracks from its edges inwards.

    Args:
        rng: Random generator.
        shape: (H, W), pixels.
        unit: Length of 1/512 of the page's width, pixels.
        coverage: Share of the image the cracks are to cover, in (0, 1).
        breadth: How far the surface is lost on either side of a crack, pixels.

    Returns:
        uint8 (H, W), 255 on all cracks; and on the main folds only, which the ridge's light falls on.
    """
    height, width = shape
    lines, ridges = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    fold_only = rng.random() < 0.4
    for number in range(200):
        folded = fold_only or (number == 0 and rng.random() < 0.5)
        paths = _fold(rng, shape, unit) if folded else _crack(rng, shape, unit)
        for index, path in enumerate(paths):
            draw_path(lines, path)
            if index == 0:
                draw_path(ridges, Path(path.points, np.full(len(path.widths), 1.0)))
        if np.count_nonzero(lines > 127) * max(breadth / max(0.5 * unit, 1.0) + 0.6, 1.0) >= coverage * height * width:
            break
    return lines, ridges


def _fold(rng: np.random.Generator, shape: Shape, unit: float) -> list[Path]:
    """One long fold, nearly straight, across the sheet."""
    height, width = shape
    upright = rng.random() < 0.5
    along, across = (height, width) if upright else (width, height)
    count = max(int(along / (6 * unit + 1)), 3)
    place = np.linspace(-0.02, 1.02, count) * along
    middle = rng.choice([1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4]) * across + rng.normal(0, 0.03) * across
    slope = rng.normal(0, 0.02) if rng.random() < 0.7 else rng.normal(0, 0.5)
    drift = np.cumsum(rng.normal(0, 0.25, count)) * unit
    offset = middle + slope * (place - along / 2) + drift
    points = np.stack([offset, place] if upright else [place, offset], 1)
    return [Path(points, np.full(count, max(0.5 * unit, 1.0)))]


def _crack(rng: np.random.Generator, shape: Shape, unit: float) -> list[Path]:
    """A jagged crack from the edge inwards, with branches."""
    start, heading = edge_point(rng, shape)
    if rng.random() < 0.25:
        start = (float(rng.uniform(0, shape[1])), float(rng.uniform(0, shape[0])))
    return wander(
        rng,
        start,
        heading + rng.normal(0, 0.5),
        length=math.exp(rng.normal(math.log(150), 0.6)) * unit,
        step=2.4 * unit + 1,
        width=max(0.5 * unit, 1.0),
        bend=0.05,
        jitter=0.5,
        branching=0.03,
        taper=True,
    )
