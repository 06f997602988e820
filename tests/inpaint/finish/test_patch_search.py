"""The search for the known patch that is most like each patch of a fill."""

from __future__ import annotations

import numpy as np

from bokwon.inpaint.finish.matches import padded
from bokwon.inpaint.finish.patch_search import PAD, Search, descriptors, opponent_planes, sample
from bokwon.inpaint.finish.patch_window import ROUNDS


def test_descriptors_are_whole_numbers_whose_squares_add_up_exactly() -> None:
    light = np.random.default_rng(0).random((40, 50, 3)).astype(np.float32)
    opponents = opponent_planes([np.ascontiguousarray(light[..., channel]) for channel in range(3)], ((0, 1, 2),))
    for steps in ROUNDS:
        values, offsets = descriptors(opponents, ((0, 1, 2),), steps)
        np.testing.assert_array_equal(values, np.rint(values))
        assert len(offsets) * float(np.abs(values).max()) ** 2 < 2**24


def test_a_patch_that_is_known_elsewhere_is_found_exactly() -> None:
    rng = np.random.default_rng(1)
    light = rng.random((60, 80)).astype(np.float32)
    light[10:25, 10:25] = light[40:55, 50:65]
    usable = np.zeros((60, 80), bool)
    usable[30:56, 4:76] = True
    points = np.array([17 * 80 + 17])
    values, offsets = descriptors([light], ((0,),), ROUNDS[0])
    wanted = values[padded(points, 80, PAD)[:, None] + offsets]
    known = np.flatnonzero(usable)
    search = Search(usable, (0, 0), values, offsets, points, wanted, rng)
    search.compare_with(sample(values, offsets, known, 80, rng))
    for _ in range(20):
        search.sweep()
    assert search.sources.tolist() == [47 * 80 + 57]
    assert search.difference.tolist() == [0.0]


def test_black_beside_three_colours_is_compared_by_itself() -> None:
    channels = [np.full((30, 20), level, np.float32) for level in (0.9, 0.6, 0.3, 0.5)]
    opponents = opponent_planes(channels, ((0, 1, 2), (3,)))
    np.testing.assert_allclose([plane[0, 0] for plane in opponents], [1.8 / 3**0.5, 0.6 / 2**0.5, 0.0, 0.5], atol=1e-6)
    opponents[3][:] = 0
    assert (channels[3] == 0.5).all()
    values, offsets = descriptors(opponents, ((0, 1, 2), (3,)), ROUNDS[0])
    # 25 values of lightness, 4 of each colour, 25 of black.
    assert len(offsets) == 25 + 4 + 4 + 25
    assert (values[offsets[-25:] + padded(np.array([10 * 20 + 10]), 20, PAD)] == 0).all()
