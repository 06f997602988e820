"""Free-form brush strokes as holes."""

from __future__ import annotations

import math

import cv2
import numpy as np

from bokwon.synthesis.random_fields import level_set
from bokwon.types import Hole

__all__ = ["stroke_mask"]


def stroke_mask(rng: np.random.Generator, shape: tuple[int, int], least: int, most: int, target: int) -> Hole:
    """Draw brush strokes that wander with inertia until the wanted area is covered.

    A `MaskGenerator`; arguments and result are described there.

    Source: the free-form idea of Yu et al. 2019 (arXiv 1806.03589), section 3.4, with curvature that varies smoothly.
    """
    height, width = shape
    side = max(min(shape), 8)
    canvas = np.zeros(shape, np.uint8)
    fraction = target / (height * width)
    # One brush size a mask: a hand holds one brush. Thin ones cannot fill half an image without turning it black.
    brush = side * float(np.exp(rng.uniform(np.log(0.008 + 0.03 * fraction), np.log(0.03 + 0.14 * fraction))))
    covered = bound = 0
    for _ in range(400):
        if covered >= target:
            break
        x, y = float(rng.uniform(0, width)), float(rng.uniform(0, height))
        heading, bend = float(rng.uniform(0, 2 * np.pi)), float(rng.normal(0, 0.15))
        # Scratches are long and straight, scribbles turn.
        waywardness = math.exp(rng.normal(math.log(0.12), 0.8))
        size = brush * math.exp(rng.normal(0, 0.25))
        step = max(size * 0.6, 2.0)
        for turn, press in rng.standard_normal((int(rng.integers(8, 60)), 2)).tolist():
            bend = 0.85 * bend + waywardness * turn
            heading += bend
            size = min(max(size * math.exp(0.08 * press), 0.6 * brush), 1.6 * brush)
            after = (x + step * math.cos(heading), y + step * math.sin(heading))
            thickness = max(1, round(size))
            cv2.line(canvas, (round(x), round(y)), (round(after[0]), round(after[1])), 255, thickness)
            x, y = after
            # Counting costs more than drawing: count only once the area could have been reached.
            bound += int((step + thickness + 2) * (thickness + 1))
            if bound >= target:
                covered = bound = cv2.countNonZero(canvas)
                if covered >= target:
                    break
            if not (-size < x < width + size and -size < y < height + size):
                break
    covered = cv2.countNonZero(canvas)
    hole = np.asarray(canvas > 0)
    if least <= covered <= most:
        return hole
    return _settle(hole, least, most, target)


def _settle(hole: Hole, least: int, most: int, target: int) -> Hole:
    """Grow or shrink a mask evenly to the wanted area."""
    if not hole.any():
        hole = hole.copy()
        hole[hole.shape[0] // 2, hole.shape[1] // 2] = True
    outside = cv2.distanceTransform((~hole).astype(np.uint8), cv2.DIST_L2, 5)
    inside = cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 5)
    return level_set(np.asarray(outside - inside, np.float32), least, most, target)
