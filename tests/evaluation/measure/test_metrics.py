from __future__ import annotations

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from bokwon.errors import ArgumentError
from bokwon.evaluation.measure.metrics import PSNR_CEILING, hole_l1, hole_psnr, l1, measure, psnr, ssim


def gray(*values: int) -> np.ndarray:
    """A row of gray RGB pixels."""
    return np.repeat(np.array([values], np.uint8)[..., None], 3, axis=2)


def test_l1_by_hand() -> None:
    # (51 + 0 + 0 + 102) / 4 / 255 = 15 %
    assert l1(gray(51, 7, 0, 102), gray(0, 7, 0, 0)) == pytest.approx(15.0)


def test_psnr_by_hand() -> None:
    # The mean squared error is 255² / 100: 20 dB.
    truth = gray(*[100] * 100)
    image = truth.copy()
    image[0, 0] = 255
    truth[0, 0] = 0
    assert psnr(image, truth) == pytest.approx(20.0)


def test_figures_inside_the_hole_see_the_hole_alone() -> None:
    truth, hole = gray(0, 0, 200, 200), np.array([[True, False, False, False]])
    image = gray(51, 255, 0, 0)
    assert hole_l1(image, truth, hole) == pytest.approx(20.0)
    # 10 log10(255² / 51²) = 20 log10(5)
    assert hole_psnr(image, truth, hole) == pytest.approx(13.9794, abs=1e-4)


def test_differences_do_not_wrap_around() -> None:
    assert l1(gray(0), gray(255)) == pytest.approx(100.0)
    assert psnr(gray(0), gray(255)) == pytest.approx(0.0)


def test_equal_images_have_the_ceiling_and_similarity_one() -> None:
    image = np.random.default_rng(0).integers(0, 256, (20, 20, 3)).astype(np.uint8)
    assert psnr(image, image) == PSNR_CEILING
    assert ssim(image, image) == pytest.approx(1.0)


@pytest.mark.parametrize("shape", [(11, 11, 3), (31, 17, 3), (64, 80, 1)])
@pytest.mark.parametrize("noise", [3, 40])
def test_whole_image_figures_agree_with_scikit_image(shape: tuple[int, ...], noise: int) -> None:
    rng = np.random.default_rng(noise)
    truth = rng.integers(0, 256, shape).astype(np.uint8)
    image = np.clip(truth + rng.normal(0, noise, shape), 0, 255).astype(np.uint8)
    theirs = structural_similarity(
        image, truth, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255, channel_axis=-1
    )
    assert ssim(image, truth) == pytest.approx(theirs, abs=1e-4)
    assert psnr(image, truth) == pytest.approx(peak_signal_noise_ratio(truth, image, data_range=255), abs=1e-4)


def test_all_figures_at_once() -> None:
    image = np.full((12, 12, 3), 100, np.uint8)
    truth = image.copy()
    truth[:6] = 151
    hole = np.zeros((12, 12), bool)
    hole[:6] = True
    figures = measure(image, truth, hole)
    assert figures["l1"] == pytest.approx(10.0)
    assert figures["hole_l1"] == pytest.approx(20.0)
    assert figures["psnr"] - figures["hole_psnr"] == pytest.approx(10 * np.log10(2))


@pytest.mark.parametrize("figure", [l1, psnr, ssim])
def test_images_of_different_size_are_refused(figure: object) -> None:
    with pytest.raises(ArgumentError, match="cannot be compared"):
        figure(np.zeros((20, 20, 3), np.uint8), np.zeros((20, 21, 3), np.uint8))  # type: ignore[operator]


def test_an_empty_hole_and_an_image_below_the_window_are_refused() -> None:
    image = np.zeros((10, 30, 3), np.uint8)
    with pytest.raises(ArgumentError, match="no hole"):
        hole_psnr(image, image, np.zeros((10, 30), bool))
    with pytest.raises(ArgumentError, match="11 pixels"):
        ssim(image, image)
