"""Cloud-like and compact blobs as holes."""

from __future__ import annotations

import numpy as np

from bokwon.synthesis.random_fields import level_set, noise_field
from bokwon.types import Hole

__all__ = ["blob_mask"]


def blob_mask(rng: np.random.Generator, shape: tuple[int, int], least: int, most: int, target: int) -> Hole:
    """Threshold smooth noise at the level that gives the wanted area.

    A `MaskGenerator`; arguments and result are described there.
    """
    side = max(min(shape), 8)
    cell = side * float(np.exp(rng.uniform(np.log(0.08), np.log(0.45))))
    octaves = int(rng.integers(1, 5))
    field = noise_field(rng, shape, cell, octaves)
    if rng.random() < 0.5:
        # A second, coarser field gathers the blobs in one part of the image.
        field += np.float32(rng.uniform(0.5, 2)) * noise_field(rng, shape, 0.6 * side, 1)
    return level_set(field, least, most, target)
