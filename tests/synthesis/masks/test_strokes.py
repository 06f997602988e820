from __future__ import annotations

import numpy as np
import pytest

from bokwon.synthesis.masks.statistics import measure_mask
from bokwon.synthesis.masks.strokes import stroke_mask


@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (64, 64), (90, 130)])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7])
def test_the_area_is_within_its_limits(shape: tuple[int, int], share: float) -> None:
    pixels = shape[0] * shape[1]
    target = max(1, int(share * pixels))
    for seed in range(4):
        hole = stroke_mask(np.random.default_rng(seed), shape, target, min(target + 2, pixels), target)
        assert hole.shape == shape
        assert hole.dtype == np.bool_
        assert target <= hole.sum() <= target + 2


def test_the_same_state_gives_the_same_mask() -> None:
    first, again, other = (stroke_mask(np.random.default_rng(seed), (64, 64), 800, 900, 850) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_the_brush_grows_with_the_area() -> None:
    def widest(share: float) -> float:
        area = int(share * 128 * 128)
        return float(
            np.mean(
                [
                    measure_mask(stroke_mask(np.random.default_rng(s), (128, 128), area, area + 50, area)).widest
                    for s in range(12)
                ]
            )
        )

    assert widest(0.5) > 1.5 * widest(0.05)


def test_strokes_are_longer_than_wide() -> None:
    hole = stroke_mask(np.random.default_rng(3), (256, 256), 2000, 2600, 2300)
    figures = measure_mask(hole)
    # A disc of this area has an edge of 340 pixels at 512.
    assert figures.edge > 600
