from __future__ import annotations

import numpy as np
import pytest

from bokwon.synthesis.masks.bins import BINS
from bokwon.synthesis.masks.generate import make_mask
from bokwon.synthesis.masks.squares import centred_square, square_mask
from bokwon.types import Hole


def box(hole: Hole) -> tuple[int, int]:
    return int(hole.any(1).sum()), int(hole.any(0).sum())


@pytest.mark.parametrize("ratio", BINS.values())
def test_a_hole_of_a_bin_is_a_square(ratio: tuple[float, float]) -> None:
    places = set()
    for seed in range(20):
        hole = make_mask(np.random.default_rng(seed), (128, 128), "square", ratio)
        height, width = box(hole)
        assert height == width
        assert hole.sum() == height * width
        places.add(tuple(np.argwhere(hole)[0]))
    assert len(places) > 15


def test_an_area_that_no_square_has_is_met_with_a_shorter_row() -> None:
    hole = square_mask(np.random.default_rng(0), (20, 20), 11, 11, 11)
    assert hole.sum() == 11
    assert box(hole) == (4, 3)


def test_in_a_low_image_the_hole_is_wider() -> None:
    hole = square_mask(np.random.default_rng(0), (4, 60), 80, 80, 80)
    assert box(hole) == (4, 20)


def test_the_middle_is_the_middle() -> None:
    hole = centred_square((64, 96), 1 / 6)
    assert np.argwhere(hole)[[0, -1]].tolist() == [[16, 32], [47, 63]]
    assert hole.sum() == 32 * 32
    # No larger than the image, and never empty.
    assert box(centred_square((8, 100), 0.9)) == (8, 8)
    assert centred_square((8, 8), 0.0001).sum() == 1
