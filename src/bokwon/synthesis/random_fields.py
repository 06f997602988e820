"""Smooth random fields and closed curves, and how to threshold a field at an exact area."""

from __future__ import annotations

import functools
import math

import cv2
import numpy as np
import numpy.typing as npt

from bokwon.synthesis.noise import smooth_noise
from bokwon.types import Hole

__all__ = ["Field", "Image", "Labels", "level_set", "noise_field", "smooth_outline"]

Labels = npt.NDArray[np.uint8]
Field = npt.NDArray[np.float32]
Image = npt.NDArray[np.float32]


def noise_field(rng: np.random.Generator, shape: tuple[int, int], cell: float, octaves: int = 3) -> Field:
    """Draw smooth noise in octaves, each half as coarse and half as strong as the one before.

    Args:
        rng: Random generator.
        shape: (H, W) of the field, pixels.
        cell: Grid spacing of the coarsest octave, pixels.
        octaves: Number of grids added up.

    Returns:
        float32 (H, W), mean about 0, standard deviation about 1 over many draws.
    """
    # Computed at a quarter of the finest cell, then enlarged once: several times faster, and nobody sees it.
    finest = cell / 2 ** (octaves - 1)
    pixel = finest / 4 if finest >= 8 else 1.0
    height, width = (math.ceil(side / pixel) + 1 if pixel > 1 else side for side in shape)
    total = smooth_noise(rng, height, width, cell / pixel)
    for octave in range(1, octaves):
        total = total + smooth_noise(rng, height, width, cell / pixel / 2**octave) * np.float32(0.5**octave)
    total *= np.float32(0.8)
    if pixel > 1:
        return np.asarray(cv2.resize(total, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC), np.float32)
    return total


def level_set(field: Field, least: int, most: int, target: int) -> Hole:
    """Return the wanted number of pixels where a field is lowest.

    Args:
        field: float32 (H, W), any finite values.
        least: Fewest pixels allowed, at least 1.
        most: Most pixels allowed, at most H * W.
        target: The number aimed at, in [least, most].

    Returns:
        bool (H, W) with a count in [least, most]: a level set of the field where one has that count, else
        equal values are split in a fixed order.
    """
    low, high = float(field.min()), float(field.max())
    steps = 4095
    scale = steps / (high - low) if high > low else 0.0
    quantised = ((field - low) * np.float32(scale)).astype(np.uint16)
    counts = np.cumsum(cv2.calcHist([quantised], [0], None, [steps + 1], [0, steps + 1]).ravel().astype(np.int64))
    level = int(np.argmin(np.abs(counts - target)))
    if least <= counts[level] <= most:
        return np.asarray(quantised <= level)
    # Only coarse or small fields come here. A diagonal ramp decides between equals, so that the edge stays one line.
    rows, columns = np.indices(field.shape)
    order = np.lexsort(((rows + columns).ravel(), field.ravel()))
    hole = np.zeros(field.size, bool)
    hole[order[:target]] = True
    return hole.reshape(field.shape)


def smooth_outline(
    rng: np.random.Generator,
    centre: npt.NDArray[np.float64] | tuple[float, float],
    radius: float,
    *,
    roughness: float,
    points: int = 36,
) -> npt.NDArray[np.float64]:
    """Draw a closed curve around a point whose radius varies smoothly.

    Args:
        rng: Random generator.
        centre: (x, y), pixels.
        radius: Mean radius, pixels.
        roughness: 0 gives an ellipse, 1 a deeply lobed shape.
        points: Number of corners of the returned polygon.

    Returns:
        float64 (points, 2) of x, y.
    """
    circle, waves = _waves(points)
    weights = rng.standard_normal(len(waves)) * _SPECTRUM
    stretch = math.exp(rng.normal(0, 0.35))
    turn = rng.uniform(0, 2 * math.pi)
    cosine, sine = math.cos(turn) * radius, math.sin(turn) * radius
    transform = np.array([[cosine * stretch, sine * stretch], [-sine / stretch, cosine / stretch]])
    profile = np.exp((0.42 * roughness * weights) @ waves)
    return np.asarray((circle * profile[:, None]) @ transform + centre, np.float64)


# Amplitude falls with the order of the wave, as in outlines of natural shapes; cosine and sine of each order.
_SPECTRUM = np.repeat(np.arange(2, 9) ** -0.9, 2)


@functools.cache
def _waves(points: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Unit circle, (points, 2), and the cosine and sine waves of orders 2 to 8 along it, (14, points)."""
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    phases = np.arange(2, 9)[:, None] * angle
    waves = np.stack([np.cos(phases), np.sin(phases)], 1).reshape(-1, points)
    return np.stack([np.cos(angle), np.sin(angle)], 1), waves
