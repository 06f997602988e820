from __future__ import annotations

import numpy as np
import pytest

from bokwon.synthesis.masks.document_shapes import document_mask
from bokwon.synthesis.masks.statistics import measure_mask


@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (64, 64), (90, 130)])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7])
def test_the_area_is_within_its_limits(shape: tuple[int, int], share: float) -> None:
    pixels = shape[0] * shape[1]
    target = max(1, int(share * pixels))
    for seed in range(4):
        hole = document_mask(np.random.default_rng(seed), shape, target, min(target + 2, pixels), target)
        assert hole.shape == shape
        assert hole.dtype == np.bool_
        assert target <= hole.sum() <= target + 2


def test_the_same_state_gives_the_same_mask() -> None:
    first, again, other = (document_mask(np.random.default_rng(seed), (64, 64), 800, 900, 850) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_shapes_that_are_never_large_leave_large_areas_to_others() -> None:
    # Insects, cracks and mould take at most 15 % of a page; so 60 % is torn, burnt or lost: few, thick holes.
    for seed in range(6):
        area = int(0.6 * 96 * 96)
        figures = measure_mask(document_mask(np.random.default_rng(seed), (96, 96), area, area + 40, area))
        assert figures.widest > 100
