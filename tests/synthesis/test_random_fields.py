from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bokwon.synthesis.random_fields import level_set, noise_field, smooth_outline


@given(seed=st.integers(0, 1000), height=st.integers(1, 40), width=st.integers(1, 40), share=st.floats(0.01, 1))
def test_a_level_set_has_the_asked_area_and_takes_the_lowest(seed: int, height: int, width: int, share: float) -> None:
    field = np.random.default_rng(seed).standard_normal((height, width)).astype(np.float32)
    target = max(1, round(share * field.size))
    hole = level_set(field, target, target, target)
    assert hole.sum() == target
    if not hole.all():
        assert field[hole].max() <= field[~hole].min()


def test_equal_values_are_split_along_a_line() -> None:
    hole = level_set(np.zeros((4, 4), np.float32), 6, 6, 6)
    np.testing.assert_array_equal(hole, [[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]])


@pytest.mark.parametrize(("cell", "octaves"), [(3, 2), (12, 3), (90, 3), (200, 1)])
def test_noise_is_centred_smooth_and_of_about_unit_variance(cell: float, octaves: int) -> None:
    fields = np.stack([noise_field(np.random.default_rng(seed), (120, 150), cell, octaves) for seed in range(200)])
    assert fields.shape == (200, 120, 150)
    assert fields.dtype == np.float32
    assert abs(fields.mean()) < 0.25
    assert 0.6 < fields.std() < 1.3
    step = np.abs(np.diff(fields, axis=2)).mean()
    # The finest octave sets how much neighbours differ.
    assert step < 2.2 / (cell / 2 ** (octaves - 1))


def test_an_outline_surrounds_its_centre_at_its_radius() -> None:
    rng = np.random.default_rng(3)
    for roughness in (0.0, 0.9):
        outline = smooth_outline(rng, (50.0, 40.0), 20.0, roughness=roughness)
        assert outline.shape == (36, 2)
        assert cv2.pointPolygonTest(outline.astype(np.float32), (50.0, 40.0), False) > 0
        assert 5 < np.hypot(*(outline - (50, 40)).T).mean() < 60
