"""The shapes of document damage as holes, of an exact area."""

from __future__ import annotations

import cv2
import numpy as np

from bokwon.synthesis.damage.cracks import cracks
from bokwon.synthesis.damage.shapes import burnt_area, colonies, rips, torn_off, tunnels
from bokwon.synthesis.random_fields import Field, level_set, noise_field
from bokwon.types import Hole

__all__ = ["document_mask"]

# How often each shape occurs, and the largest share of an image it takes in reality.
_SHAPES: dict[str, tuple[float, float]] = {
    "insect": (3.0, 0.15),
    "tear": (2.0, 0.9),
    "crack": (1.5, 0.06),
    "burn": (1.0, 0.9),
    "mould": (1.5, 0.1),
    "loss": (2.0, 0.9),
}


def document_mask(rng: np.random.Generator, shape: tuple[int, int], least: int, most: int, target: int) -> Hole:
    """Draw a hole mask out of insect tunnels, torn edges, cracks, burns, mould and lost patches.

    A `MaskGenerator`; arguments and result are described there.
    """
    # Drawn on at most 208 pixels; the distance from the edge, enlarged, keeps the outline smooth and crisp.
    shrink = max(min(shape) / 208, 1.0)
    small = (max(round(shape[0] / shrink), 1), max(round(shape[1] / shrink), 1))
    fraction = target / (shape[0] * shape[1])
    gone = np.zeros(small, np.float32)
    names = list(_SHAPES)
    weights = np.array([often * (most_usual >= 0.7 * fraction) for often, most_usual in _SHAPES.values()])
    count = min(int(rng.choice([1, 2, 3], p=(0.4, 0.35, 0.25))), int(np.count_nonzero(weights)))
    chosen = [str(name) for name in rng.choice(names, count, replace=False, p=weights / weights.sum())]
    limits = np.array([min(_SHAPES[name][1], fraction) for name in chosen])
    parts = limits * rng.uniform(0.3, 1, count)
    parts *= fraction / max(parts.sum(), 1e-9)
    for name, part in zip(chosen, np.clip(parts, 1e-4, 0.93).tolist(), strict=True):
        gone = np.maximum(gone, _draw(rng, name, small, part))
    hole = (gone > 0.5).astype(np.uint8)
    if not hole.any():
        hole[int(rng.integers(small[0])), int(rng.integers(small[1]))] = 1
    # The drawn edge lies where the coverage is a half; coverage shifts the distance by fractions of a pixel.
    outside = cv2.distanceTransform(1 - hole, cv2.DIST_L2, cv2.DIST_MASK_5)
    inside = cv2.distanceTransform(hole, cv2.DIST_L2, cv2.DIST_MASK_5)
    signed = np.asarray(outside - inside - gone, np.float32)
    if shrink > 1:
        signed = np.asarray(cv2.resize(signed, shape[::-1], interpolation=cv2.INTER_CUBIC), np.float32)
    return level_set(signed, least, most, target)


def _draw(rng: np.random.Generator, name: str, shape: tuple[int, int], part: float) -> Field:
    unit = max(min(shape) / 512, 0.25)
    if name == "insect":
        return tunnels(rng, shape, unit, part)[0]
    if name == "tear":
        return np.maximum(torn_off(rng, shape, unit, part), rips(rng, shape, unit, 0.8))
    if name == "burn":
        return burnt_area(rng, shape, unit, part).astype(np.float32)
    if name == "mould":
        return colonies(rng, shape, float(rng.uniform(1, 2.2)) * unit, unit, part)
    if name == "crack":
        return np.asarray(cracks(rng, shape, unit, part, 0.7)[0].astype(np.float32) / 255, np.float32)
    # Patches where the surface is lost: compact, with a ragged edge.
    field = noise_field(rng, shape, float(rng.uniform(30, 120)) * unit, 5)
    level = float(np.quantile(field, part))
    return np.asarray(field <= level, np.float32)
