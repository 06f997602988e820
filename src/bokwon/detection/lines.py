"""Averages probability along lines. A faint scratch is uncertain at one pixel, but certain over many."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["follow_lines"]

# Directions in which a line is followed.
_DIRECTIONS = 12
# Length over which the evidence is averaged, pixels of half the working size.
_LENGTH = 21
# A pixel of a line must itself be at least this probable, whatever the line says.
_LEAST = 0.12


def follow_lines(probability: NDArray[np.float32]) -> NDArray[np.float32]:
    """Raise the probability of pixels on a long line of pixels with similar probability.

    The mean of the probability is taken along straight pieces of about 42 pixels, in 12 directions. Where a line of
    probability 0.35 runs, the mean along it is 0.35; a lone speck of 0.35 has a fraction of that. The threshold for
    these means can therefore be lower than the one for single pixels.

    Args:
        probability: float32 (H, W) in [0, 1], the sum over all line-shaped kinds.

    Returns:
        float32 (H, W) in [0, 1]: the largest mean along a line through each pixel; 0 if its own probability is too low.
    """
    best = np.zeros_like(probability)
    rows, columns = (np.flatnonzero((probability >= _LEAST).any(axis)) for axis in (1, 0))
    if rows.size == 0:
        return best
    # Only where there is something to follow, and at half the size: the largest of four pixels keeps thin lines.
    window = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    here = probability[window]
    height, width = here.shape
    even = np.pad(here, ((0, height % 2), (0, width % 2)))
    half = even.reshape(even.shape[0] // 2, 2, even.shape[1] // 2, 2).max((1, 3))
    along = np.zeros_like(half)
    middle = _LENGTH // 2
    for number in range(_DIRECTIONS):
        angle = number * math.pi / _DIRECTIONS
        across, down = math.cos(angle) * middle, math.sin(angle) * middle
        kernel = np.zeros((_LENGTH, _LENGTH), np.float32)
        ends = [(round(middle + sign * across), round(middle + sign * down)) for sign in (-1, 1)]
        cv2.line(kernel, ends[0], ends[1], 1.0, 1)
        mean = cv2.filter2D(half, cv2.CV_32F, kernel / kernel.sum(), borderType=cv2.BORDER_CONSTANT)
        np.maximum(along, np.asarray(mean, np.float32), out=along)
    large = along.repeat(2, 0).repeat(2, 1)[:height, :width]
    best[window] = np.where(here >= _LEAST, large, 0)
    return best
