"""How deep in a hole a pixel lies."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bokwon.inpaint.hole_depth import depth_in_hole, is_shallow, smoothstep


def test_depth_is_the_same_whatever_window_asks() -> None:
    missing = np.random.default_rng(1).random((200, 300)) < 0.995
    whole = depth_in_hole(missing, (slice(0, 200), slice(0, 300)), 20)
    part = depth_in_hole(missing, (slice(50, 120), slice(70, 300)), 20)
    np.testing.assert_allclose(part, whole[50:120, 70:300], atol=1e-4)
    assert whole.max() <= 20
    assert (whole[~missing] == 0).all()


@given(st.integers(0, 40), st.integers(1, 90), st.integers(1, 90), st.integers(0, 30), st.randoms())
def test_shallow_holes_have_no_deep_pixel(reach: int, height: int, width: int, known: int, random) -> None:
    missing = np.ones((height, width), bool)
    for _ in range(known):
        missing[random.randrange(height), random.randrange(width)] = False
    if is_shallow(missing, reach):
        assert depth_in_hole(missing, (slice(0, height), slice(0, width)), reach + 1).max() <= reach
    # A lone row between known ones is.
    thin = np.zeros((300, 300), bool)
    thin[::2] = True
    assert is_shallow(thin, max(reach, 2))


def test_depth_is_the_distance_from_the_nearest_known_pixel() -> None:
    missing = np.ones((9, 9), bool)
    missing[0, 0] = False
    depth = depth_in_hole(missing, (slice(0, 9), slice(0, 9)), 100)
    rows, columns = np.mgrid[:9, :9]
    np.testing.assert_allclose(depth, np.hypot(rows, columns), rtol=1e-6)
    # Nothing is known near: as deep as can be.
    assert (depth_in_hole(np.ones((9, 9), bool), (slice(2, 5), slice(0, 9)), 7) == 7).all()


def test_the_step_rises_from_0_to_1_between_two_depths() -> None:
    depth = np.array([[0, 6, 9, 12, 40]], np.float32)
    share = smoothstep(depth, 6, 12)
    assert share.shape == (1, 5, 1)
    np.testing.assert_allclose(share[0, :, 0], [0, 0, 0.5, 1, 1])
