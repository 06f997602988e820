from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bokwon.synthesis.noise import blur, smooth_noise


@settings(deadline=None, max_examples=40)
@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    cell=st.floats(0.5, 60),
    aspect=st.sampled_from([0.4, 1.0, 3.0]),
    seed=st.integers(0, 2**32),
)
def test_noise_has_the_size_asked_for(height: int, width: int, cell: float, aspect: float, seed: int) -> None:
    field = smooth_noise(np.random.default_rng(seed), height, width, cell, aspect)
    assert field.shape == (height, width)
    assert field.dtype == np.float32
    assert np.isfinite(field).all()


@pytest.mark.parametrize("cell", [1.0, 1.7, 4.0, 12.0, 60.0])
def test_noise_has_zero_mean_unit_variance_and_its_correlation_length(cell: float) -> None:
    field = smooth_noise(np.random.default_rng(3), 1500, 1500, cell)
    assert abs(field.mean()) < 0.15
    assert field.std() == pytest.approx(1, abs=0.15)
    far = int(2.5 * cell) + 1
    assert abs((field[:, :-far] * field[:, far:]).mean()) < 0.2
    if cell > 1.5:
        near = max(1, int(cell / 3))
        assert (field[:, :-near] * field[:, near:]).mean() > 0.4


@pytest.mark.parametrize("sigma", [0.7, 6.0, 25.0])
def test_blur_keeps_the_mean_and_spreads_a_point_by_sigma(sigma: float) -> None:
    point = np.zeros((301, 301), np.float32)
    point[150, 150] = 1
    spread = blur(point, sigma)
    assert spread.sum() == pytest.approx(1, rel=0.03)
    x = np.arange(301) - 150.0
    assert np.sqrt((spread.sum(0) * x**2).sum() / spread.sum()) == pytest.approx(sigma, rel=0.25)
