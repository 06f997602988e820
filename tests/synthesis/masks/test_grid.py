from __future__ import annotations

import numpy as np
import pytest

from bokwon.synthesis.masks.generate import make_mask
from bokwon.synthesis.masks.grid import LARGEST_FACTOR, grid_hole, grid_mask


@pytest.mark.parametrize("factor", [1, 2, 3, 4, 8, 10])
def test_known_pixels_lie_where_the_paper_puts_them(factor: int) -> None:
    small = np.arange(1, 13).reshape(3, 4)
    hole = grid_hole((3 * factor, 4 * factor), factor)
    placed = np.zeros(hole.shape, int)
    for row in range(3):
        for column in range(4):
            placed[factor * row + factor // 2, factor * column + factor // 2] = small[row, column]
    np.testing.assert_array_equal(~hole, placed > 0)
    assert hole.mean() == pytest.approx(1 - 1 / factor**2)


def test_the_offset_can_be_chosen() -> None:
    assert np.argwhere(~grid_hole((4, 4), 4, 3)).tolist() == [[3, 3]]


def test_every_factor_comes_as_often_and_at_every_offset() -> None:
    seen: dict[int, set[tuple[int, int]]] = {}
    for seed in range(400):
        hole = grid_mask(np.random.default_rng(seed), (60, 60), 2700, 3564, 3000)
        rows, columns = np.flatnonzero((~hole).any(1)), np.flatnonzero((~hole).any(0))
        steps = {*np.diff(rows).tolist(), *np.diff(columns).tolist()}
        assert len(steps) == 1
        assert (~hole).sum() == len(rows) * len(columns)
        seen.setdefault(steps.pop(), set()).add((int(rows[0]), int(columns[0])))
    assert set(seen) == set(range(2, LARGEST_FACTOR + 1))
    assert seen[2] == {(0, 0), (0, 1), (1, 0), (1, 1)}


def test_one_factor_can_be_asked_for_by_its_ratio() -> None:
    for seed in range(20):
        hole = make_mask(np.random.default_rng(seed), (64, 64), "grid", (0.93, 0.94))
        assert (~hole).sum() == 16 * 16


def test_where_no_square_grid_fits_a_rectangular_one_is_taken() -> None:
    hole = make_mask(np.random.default_rng(3), (64, 64), "grid", (0.4, 0.6))
    assert hole.mean() == 0.5
    assert hole.all(0).sum() == 32 or hole.all(1).sum() == 32
