from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bokwon.image_io.modes import MODES
from bokwon.inpaint.colour import (
    PLANES,
    as_float,
    eight_bits,
    from_network,
    light_to_samples,
    samples_to_light,
    to_network,
)


def samples(mode: str, dtype: type[np.generic], seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if mode == "1":
        return rng.random((5, 7)) < 0.5
    shape = (5, 7) if MODES[mode] == 1 else (5, 7, MODES[mode])
    return rng.integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("mode", sorted(MODES))
def test_samples_survive_the_way_through_light(mode: str, dtype: type[np.generic]) -> None:
    pixels = samples(mode, dtype)
    light = samples_to_light(pixels, mode)
    unit = light.astype(np.float32) / np.float32(np.iinfo(light.dtype).max)
    back = light_to_samples(unit, mode, pixels.dtype)
    colour = pixels[..., None] if pixels.ndim == 2 else pixels
    assert light.dtype == (np.uint8 if mode == "1" else dtype)
    assert back.dtype == pixels.dtype
    np.testing.assert_array_equal(back, colour[..., : back.shape[-1]])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_light_as_a_float_is_a_share_of_full_scale(dtype: type[np.generic], channels: int) -> None:
    most = np.iinfo(dtype).max
    light = np.arange(most + 1, dtype=dtype).reshape(16, -1, 1).repeat(channels, axis=2)
    # As of an image with alpha: not contiguous.
    found = as_float(np.concatenate([light, light[..., :1]], axis=2)[..., :channels])
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, light.astype(np.float32) / np.float32(most))


def test_planes_cover_every_channel_but_alpha() -> None:
    for mode, channels in MODES.items():
        covered = sorted(channel for plane in PLANES[mode] for channel in plane)
        assert covered == list(range(channels - (mode in ("LA", "RGBA"))))


def test_paper_is_bright_in_cmyk_too() -> None:
    paper = np.zeros((1, 1, 4), np.uint8)
    assert (samples_to_light(paper, "CMYK") == 255).all()


@settings(deadline=None)
@given(st.floats(-10, 10, width=32))
def test_light_out_of_range_is_clipped(value: float) -> None:
    (sample,) = light_to_samples(np.array([value], np.float32), "L", np.dtype(np.uint8))
    # Within half a level of the exact product, which float32 may lift over the half.
    assert abs(float(sample) - min(max(value, 0.0), 1.0) * 255) <= 0.5001


def test_the_network_sees_rgb_in_unit_range_and_nothing_of_the_hole() -> None:
    light = np.array([[[10, 20, 30], [255, 255, 255]]], np.uint8)
    missing = np.array([[False, True]])
    image, valid = to_network(light, missing)
    assert image.shape == (1, 3, 1, 2)
    assert valid.shape == (1, 1, 1, 2)
    np.testing.assert_allclose(image[0, :, 0, 0], np.array([10, 20, 30]) / 255, rtol=1e-6)
    np.testing.assert_array_equal(image[0, :, 0, 1], 0)
    np.testing.assert_array_equal(valid[0, 0, 0], [1, 0])


def test_gray_is_repeated_for_the_network_and_its_luma_comes_back() -> None:
    image, _ = to_network(np.array([[[65535]]], np.uint16), np.zeros((1, 1), np.bool_))
    np.testing.assert_array_equal(image.reshape(-1), [1, 1, 1])
    coloured = np.array([1.0, 0.5, 0.0], np.float32).reshape(1, 3, 1, 1)
    np.testing.assert_allclose(from_network(coloured, 1), [[[0.299 + 0.5 * 0.587]]], rtol=1e-6)
    np.testing.assert_array_equal(from_network(coloured, 3), [[[1.0, 0.5, 0.0]]])


def test_eight_bits_are_the_upper_ones_of_sixteen() -> None:
    deep = np.array([[[0, 255, 256, 65535]]], np.uint16)
    np.testing.assert_array_equal(eight_bits(deep), np.array([[[0, 0, 1, 255]]], np.uint8))
    shallow = deep.astype(np.uint8)
    assert eight_bits(shallow) is shallow
