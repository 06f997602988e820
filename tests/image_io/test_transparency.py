from __future__ import annotations

import numpy as np
import pytest

from bokwon.image_io.transparency import key_of_alpha, spread_alpha, with_key

RANDOM = np.random.default_rng(5)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_value_becomes_alpha_and_the_value_again(dtype: type, channels: int) -> None:
    pixels = RANDOM.integers(0, 3, (9, 7, channels)).astype(dtype)
    pixels = pixels[..., 0] if channels == 1 else pixels
    key = np.array([1] * channels, dtype)
    alpha = with_key(pixels, key)
    assert alpha.shape == (9, 7, channels + 1)
    assert set(np.unique(alpha[..., -1])) == {0, np.iinfo(dtype).max}
    np.testing.assert_array_equal(key_of_alpha(alpha, key), pixels)


@pytest.mark.parametrize("key", [0, 1, 255])
def test_an_opaque_pixel_of_the_value_moves_by_one_level(key: int) -> None:
    pixels = np.array([[[key, 255], [key, 0], [7, 0], [7, 255]]], np.uint8)
    out = key_of_alpha(pixels, np.array([key], np.uint8))
    assert out.tolist() == [[abs(key - 1), key, key, 7]]


def nearest(alpha: np.ndarray, hole: np.ndarray) -> list[set[int]]:
    known = np.argwhere(~hole)
    found = []
    for place in np.argwhere(hole):
        distance = ((known - place) ** 2).sum(axis=1)
        found.append({int(alpha[tuple(at)]) for at in known[distance == distance.min()]})
    return found


@pytest.mark.parametrize("seed", range(6))
def test_the_alpha_in_a_hole_is_that_of_a_nearest_known_pixel(seed: int) -> None:
    random = np.random.default_rng(seed)
    pixels = np.zeros((24, 31, 2), np.uint8)
    pixels[..., 1] = np.where(random.random((24, 31)) > 0.5, 255, 0)
    hole = random.random((24, 31)) > 0.2
    hole[:, :5] = False
    before = pixels.copy()
    spread_alpha(pixels, hole)
    np.testing.assert_array_equal(pixels[~hole], before[~hole])
    for value, allowed in zip(pixels[hole][:, 1].tolist(), nearest(before[..., 1], hole), strict=True):
        assert value in allowed


def test_within_what_is_opaque_all_becomes_opaque_and_without_a_hole_nothing_happens() -> None:
    pixels = np.full((5, 6, 4), 255, np.uint8)
    pixels[2, 2, 3] = 0
    hole = np.zeros((5, 6), bool)
    spread_alpha(pixels, hole)
    assert pixels[2, 2, 3] == 0
    hole[2, 2] = True
    spread_alpha(pixels, hole)
    assert (pixels[..., 3] == 255).all()
