from __future__ import annotations

import numpy as np
import pytest

from bokwon.synthesis.masks.blobs import blob_mask
from bokwon.synthesis.masks.statistics import measure_mask


@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (64, 64), (90, 130)])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7])
def test_the_area_is_within_its_limits(shape: tuple[int, int], share: float) -> None:
    pixels = shape[0] * shape[1]
    target = max(1, int(share * pixels))
    for seed in range(4):
        hole = blob_mask(np.random.default_rng(seed), shape, target, min(target + 2, pixels), target)
        assert hole.shape == shape
        assert hole.dtype == np.bool_
        assert target <= hole.sum() <= target + 2


def test_the_same_state_gives_the_same_mask() -> None:
    first, again, other = (blob_mask(np.random.default_rng(seed), (64, 64), 800, 900, 850) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_blobs_are_compact() -> None:
    shares = []
    for seed in range(12):
        hole = blob_mask(np.random.default_rng(seed), (128, 128), 3000, 3300, 3150)
        shares.append(measure_mask(hole).thickness)
    # A brush of the same area is thinner.
    assert np.mean(shares) > 30
