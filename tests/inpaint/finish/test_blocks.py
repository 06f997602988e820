"""The blocks of a page: values between their centres, and in empty blocks."""

from __future__ import annotations

import numpy as np
import pytest

from bokwon.inpaint.finish.blocks import BLOCK, at_points, at_window, normalized_convolution


def test_a_grid_is_interpolated_between_the_centres_of_blocks() -> None:
    grid = np.array([[[0.0], [32.0]], [[64.0], [96.0]]], np.float32)
    whole = at_window(grid, (slice(0, 64), slice(0, 64)))[..., 0]
    assert whole[0, 0] == 0
    assert whole[15, 48] == pytest.approx(32, abs=1)
    assert whole[31, 31] == pytest.approx(16 * 0.5 * 2 + 32 * 0.5 * 2, abs=2)
    np.testing.assert_array_equal(at_window(grid, (slice(20, 40), slice(33, 64)))[..., 0], whole[20:40, 33:64])


def test_empty_blocks_take_what_is_near() -> None:
    values, weight = np.zeros((1, 9, 1), np.float32), np.zeros((1, 9, 1), np.float32)
    values[0, 0], weight[0, 0] = 1.0, 1.0
    values[0, 8], weight[0, 8] = 3.0, 1.0
    hole = np.ones((BLOCK, 9 * BLOCK), bool)
    filled = normalized_convolution(values, weight, 0.0, hole=hole)[0, :, 0]
    assert (np.diff(filled) >= -1e-6).all()
    assert filled[0] == pytest.approx(1.0, abs=0.2)
    assert filled[8] == pytest.approx(3.0, abs=0.2)
    assert (normalized_convolution(values, np.zeros_like(weight), 5.0, hole=hole) == 5.0).all()


def test_squares_near_a_hole_are_filled_as_if_all_of_the_page_were_asked_for() -> None:
    rng = np.random.default_rng(2)
    values, weight = rng.random((40, 60, 2), np.float32), np.zeros((40, 60, 1), np.float32)
    weight[:, :9] = 1.0
    hole = np.zeros((40 * BLOCK, 60 * BLOCK), bool)
    hole[5 * BLOCK : 6 * BLOCK, 4 * BLOCK : 9 * BLOCK] = True
    near = normalized_convolution(values, weight, 0.0, hole=hole)
    whole = normalized_convolution(values, weight, 0.0, hole=np.ones_like(hole))
    np.testing.assert_allclose(near[3:8, 2:11], whole[3:8, 2:11], atol=2e-3)
    # Far away it stops early, which is what it is for.
    assert np.abs(near - whole).max() > 0.01


def test_single_pixels_have_what_windows_have() -> None:
    grid = np.random.default_rng(5).random((4, 6, 3)).astype(np.float32)
    window = slice(3, 125), slice(0, 192)
    rows, columns = (axis.reshape(-1) for axis in np.mgrid[window])
    expected = at_window(grid, window).reshape(-1, 3)
    np.testing.assert_array_equal(at_points(grid, rows, columns), expected)
    np.testing.assert_array_equal(at_points(grid, np.array([0, 127]), np.array([0, 191])), grid[[0, -1], [0, -1]])
