"""Cloud-like and compact blobs as holes."""

from __future__ import annotations

import numpy as np

from bokwon.synthesis.random_fields import Hole, level_set, noise_field

__all__ = ["blob_mask"]


def blob_mask(rng: np.random.Generator, shape: tuple[int, int], least: int, most: int, target: int) -> Hole:
    """Threshold smooth noise at the level that gives the wanted area.

    Args:
        rng: Source of randomness.
        shape: (H, W), pixels.
        least: Fewest hole pixels allowed.
        most: Most hole pixels allowed.
        target: Hole pixels aimed at.

    Returns:
        bool (H, W), True = hole, with a count in [least, most].
    """
    side = max(min(shape), 8)
    cell = side * float(np.exp(rng.uniform(np.log(0.08), np.log(0.45))))
    octaves = int(rng.integers(1, 5))
    field = noise_field(rng, shape, cell, octaves)
    if rng.random() < 0.5:
        # A second, coarser field gathers the blobs in one part of the image.
        field += np.float32(rng.uniform(0.5, 2)) * noise_field(rng, shape, 0.6 * side, 1)
    return level_set(field, least, most, target)
