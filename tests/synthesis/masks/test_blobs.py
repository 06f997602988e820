from __future__ import annotations

import numpy as np

from bokwon.synthesis.masks.blobs import blob_mask
from bokwon.synthesis.masks.statistics import measure_mask


def test_blobs_are_compact() -> None:
    shares = []
    for seed in range(12):
        hole = blob_mask(np.random.default_rng(seed), (128, 128), 3000, 3300, 3150)
        shares.append(measure_mask(hole).thickness)
    # A brush of the same area is thinner.
    assert np.mean(shares) > 30
