"""Shapes of damage: tunnels, torn edges, burns, cracks, spots. Without appearance."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from bokwon.synthesis.damage.paths import draw_path, edge_point, wander
from bokwon.synthesis.random_fields import Field, Labels, level_set, noise_field
from bokwon.types import Hole

__all__ = [
    "area_limits",
    "burnt_area",
    "colonies",
    "facing_leaf",
    "ragged",
    "rips",
    "torn_off",
    "tunnels",
]

Shape = tuple[int, int]


def tunnels(rng: np.random.Generator, shape: Shape, unit: float, coverage: float) -> tuple[Field, float]:
    """Draw insect damage: branching tunnels and exit holes. Often the facing half has the same, mirrored.

    Args:
        rng: Random generator.
        shape: (H, W), pixels.
        unit: Length of 1/512 of the page's width, pixels.
        coverage: Share of the image to eat, in (0, 1).

    Returns:
        float32 (H, W), 1 where the sheet is gone, fractions along the edge; and the usual width of a tunnel, pixels.
    """
    height, width = shape
    drawn = np.zeros(shape, np.uint8)
    target = coverage * height * width
    mirrored = rng.random() < 0.15
    # Insects of one brood have the same size.
    bore = math.exp(rng.normal(math.log(3.4), 0.3)) * unit
    nests = rng.uniform(0, 1, (int(rng.integers(1, 4)), 2)) * (width, height)
    for _ in range(600):
        _eat(rng, drawn, nests[rng.integers(len(nests))], bore, unit)
        if np.count_nonzero(drawn > 127) >= (0.55 * target if mirrored else target):
            break
    if mirrored:
        drawn[facing_leaf(rng, drawn > 127, float(rng.uniform(0.3, 0.7)))] = 255
    soft = cv2.GaussianBlur(drawn.astype(np.float32) / 255, (0, 0), max(0.18 * bore, 0.5))
    return ragged(rng, np.asarray(soft, np.float32), 0.6, 0.7 * bore), bore


def _eat(rng: np.random.Generator, canvas: Labels, nest: npt.NDArray[np.float64], bore: float, unit: float) -> None:
    """Draw the damage of one insect, in place: a tunnel with branches, or a round exit hole."""
    if rng.random() < 0.3:
        centre = np.round((nest + rng.normal(0, 40 * unit, 2)) * 16).astype(int).tolist()
        radius = bore * float(rng.uniform(0.45, 0.9))
        axes = [max(round(16 * radius * rng.uniform(0.8, 1.2)), 1), max(round(16 * radius), 1)]
        cv2.ellipse(canvas, centre, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1, cv2.LINE_AA, shift=4)
        return
    if rng.random() < 0.45:
        start, heading = edge_point(rng, (canvas.shape[0], canvas.shape[1]))
    else:
        x, y = nest + rng.normal(0, 70 * unit, 2)
        start, heading = (float(x), float(y)), float(rng.uniform(0, 2 * math.pi))
    length = math.exp(rng.normal(math.log(60), 0.7)) * unit
    paths = wander(
        rng,
        start,
        heading,
        length=min(length, 320 * unit),
        step=max(0.9 * bore, 1.5),
        width=bore,
        bend=float(rng.uniform(0.06, 0.22)),
        jitter=0.3,
        width_spread=0.3,
        branching=0.03,
    )
    for path in paths:
        draw_path(canvas, path)


def facing_leaf(rng: np.random.Generator, hole: Hole, fold: float = 0.5) -> Hole:
    """Return the damage of the facing leaf: that of this leaf, mirrored, slightly shifted and thinned out.

    Args:
        rng: Random generator.
        hole: bool (H, W), True = hole of this leaf.
        fold: Position of the vertical mirror line, as a share of the width: 0.5 for a whole leaf, another value for a
            double page or a crop of one.

    Returns:
        bool (H, W), True = hole of the facing leaf.
    """
    height, width = hole.shape
    unit = min(height, width) / 512
    right, down = (rng.normal(0, 2, 2) * unit).tolist()
    shift = np.array([[-1, 0, 2 * fold * (width - 1) + right], [0, 1, down]], np.float64)
    mirrored = cv2.warpAffine(hole.astype(np.float32), shift, (width, height))
    soft = cv2.GaussianBlur(mirrored, (0, 0), max(0.7 * unit, 0.5))
    # The insect did not bite equally deep everywhere, so parts are missing on the next leaf.
    eaten = noise_field(rng, (height, width), 40 * unit, 2) > -0.5
    return np.asarray((soft > rng.uniform(0.4, 0.6)) & eaten)


def ragged(rng: np.random.Generator, mask: Field, roughness: float, cell: float) -> Field:
    """Make the edge of a shape irregular.

    Args:
        rng: Random generator.
        mask: float32 (H, W), 0 to 1, edges blurred over the width in which they may move.
        roughness: How far into the blur the edge moves, 0 to 1.
        cell: Size of the irregularities, pixels.

    Returns:
        float32 (H, W), 0 outside, 1 inside, fractions along an edge about one pixel wide.
    """
    height, width = mask.shape
    field = mask + 0.25 * roughness * noise_field(rng, (height, width), max(cell, 1.5), 2)
    alpha = _edge(np.asarray(field - 0.5, np.float32), 0.02)
    return np.asarray(np.where(mask > 0.02, alpha, 0), np.float32)


def torn_off(rng: np.random.Generator, shape: Shape, unit: float, coverage: float) -> Field:
    """Draw torn-off edges and corners.

    Args:
        rng: Random generator.
        shape: (H, W), pixels.
        unit: Length of 1/512 of the page's width, pixels.
        coverage: Share of the image to tear off, in (0, 1).

    Returns:
        float32 (H, W), 1 where the sheet is gone, fractions along the edge.
    """
    height, width = shape
    rows, columns = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None]
    edges = [rows + 0 * columns, height - 1 - rows + 0 * columns, columns + 0 * rows, width - 1 - columns + 0 * rows]
    field = np.full(shape, np.float32(4 * max(height, width)))
    for _ in range(int(rng.choice([1, 2, 3], p=(0.55, 0.33, 0.12)))):
        one = edges[int(rng.integers(4))]
        if rng.random() < 0.6:
            # A corner: the sum of the distances from two edges makes a slanted cut.
            pair = (edges[int(rng.integers(2))], edges[2 + int(rng.integers(2))])
            slant = float(rng.uniform(0.3, 0.7))
            one = 1.4 * (slant * pair[0] + (1 - slant) * pair[1])
        field = np.minimum(field, one + np.float32(rng.uniform(0, 25) * unit))
    field += noise_field(rng, shape, 26 * unit, 4) * np.float32(6 * unit)
    field += noise_field(rng, shape, 110 * unit, 2) * np.float32(18 * unit)
    level = np.quantile(field[:: max(height // 160, 1), :: max(width // 160, 1)], coverage)
    return _edge(np.asarray(level - field, np.float32), 0.3)


def rips(rng: np.random.Generator, shape: Shape, unit: float, number: float) -> Field:
    """Draw narrow wedges that run inwards from the edge.

    Args:
        rng: Random generator.
        shape: (H, W), pixels.
        unit: Length of 1/512 of the page's width, pixels.
        number: How many on average.

    Returns:
        float32 (H, W), 1 where the sheet is open, fractions along the edge.
    """
    canvas = np.zeros(shape, np.uint8)
    for _ in range(int(rng.poisson(number))):
        start, heading = edge_point(rng, shape)
        paths = wander(
            rng,
            start,
            heading + rng.normal(0, 0.35),
            length=float(rng.uniform(25, 120)) * unit,
            step=2.5 * unit + 1,
            width=float(rng.uniform(1.5, 5)) * unit,
            bend=0.05,
            jitter=0.35,
            taper=True,
        )
        for path in paths:
            draw_path(canvas, path)
    return np.asarray(cv2.GaussianBlur(canvas, (0, 0), 0.6).astype(np.float32) / 255, np.float32)


def burnt_area(rng: np.random.Generator, shape: Shape, unit: float, coverage: float) -> Hole:
    """Draw burns, from an edge or from a spark.

    Args:
        rng: Random generator.
        shape: (H, W), pixels.
        unit: Length of 1/512 of the page's width, pixels.
        coverage: Share of the image to burn, in (0, 1).

    Returns:
        bool (H, W).
    """
    height, width = shape
    rows, columns = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None]
    field = np.full(shape, np.float32(4 * max(height, width)))
    for _ in range(int(rng.choice([1, 2, 3], p=(0.6, 0.25, 0.15)))):
        (x, y), _ = edge_point(rng, shape)
        if rng.random() < 0.35:
            x, y = rng.uniform(0.1, 0.9, 2) * (width, height)
        stretch = math.exp(rng.normal(0, 0.3))
        seat = np.hypot((columns - x) * stretch, (rows - y) / stretch) + np.float32(rng.uniform(0, 40) * unit)
        field = np.minimum(field, seat)
    field += noise_field(rng, shape, 60 * unit, 4) * np.float32(16 * unit)
    return level_set(np.asarray(field, np.float32), *area_limits(coverage, shape))


def colonies(rng: np.random.Generator, shape: Shape, size: float, unit: float, coverage: float) -> Field:
    """Draw the cores of mould spots: dense in the middle of a colony, thinning out around it.

    Args:
        rng: Random generator.
        shape: (H, W), pixels.
        size: Usual radius of a spot, pixels.
        unit: Length of 1/512 of the page's width, pixels.
        coverage: Share of the image to cover, in (0, 1).

    Returns:
        float32 (H, W), 1 on a spot, fractions along its edge.
    """
    height, width = shape
    spots = np.zeros(shape, np.uint8)
    for _ in range(300):
        centre = rng.uniform(-0.05, 1.05, 2) * (width, height)
        spread = math.exp(rng.normal(math.log(24), 0.6)) * unit
        count = int(rng.integers(12, 70))
        reach = spread * np.abs(rng.standard_normal(count)) ** 1.3
        angle = rng.uniform(0, 2 * math.pi, count)
        places = centre + reach[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
        radii = size * np.exp(rng.normal(0, 0.6, count)) * (1.3 - 0.6 * np.clip(reach / (2 * spread), 0, 1))
        for place, radius in zip(np.round(places * 16).astype(int).tolist(), radii.tolist(), strict=True):
            cv2.circle(spots, place, max(round(16 * radius), 8), 255, -1, cv2.LINE_AA, shift=4)
        if np.count_nonzero(spots > 127) >= coverage * height * width:
            break
    return np.asarray(spots.astype(np.float32) / 255, np.float32)


def area_limits(coverage: float, shape: Shape) -> tuple[int, int, int]:
    """Convert a share of the image to the arguments of `level_set`: least, most and wanted pixels, within 10 %."""
    pixels = shape[0] * shape[1]
    target = int(np.clip(round(coverage * pixels), 1, pixels))
    return max(1, int(0.9 * target)), min(pixels, int(1.1 * target) + 1), target


def _edge(inside: Field, flattest: float) -> Field:
    """Convert a field that is positive inside to coverage, with an edge about one pixel wide."""
    slope = np.hypot(cv2.Sobel(inside, cv2.CV_32F, 1, 0), cv2.Sobel(inside, cv2.CV_32F, 0, 1)) / 8
    return np.asarray(np.clip(inside / np.maximum(slope, flattest) + 0.5, 0, 1), np.float32)
