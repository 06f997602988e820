"""Figures of one restored image against the truth: the whole composite, and inside the hole alone."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bokwon.errors import ArgumentError
from bokwon.evaluation.data.crops import SMALLEST
from bokwon.types import Hole

__all__ = ["PSNR_CEILING", "hole_l1", "hole_psnr", "l1", "measure", "psnr", "ssim"]

Image8 = NDArray[np.uint8]

PSNR_CEILING = 100.0
"""PSNR of equal images, dB: infinity can be neither averaged nor written into JSON."""

_SSIM_SIGMA = 1.5
_SSIM_RADIUS = SMALLEST // 2
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def l1(image: Image8, truth: Image8) -> float:
    """Return the mean absolute difference, percent of full scale.

    Args:
        image: (H, W, C).
        truth: (H, W, C).

    Raises:
        ArgumentError: The shapes differ.
    """
    return 100.0 * float(np.abs(_difference(image, truth)).mean()) / 255.0


def psnr(image: Image8, truth: Image8) -> float:
    """Return the peak signal-to-noise ratio, dB; `PSNR_CEILING` for equal images.

    Args:
        image: (H, W, C).
        truth: (H, W, C).

    Raises:
        ArgumentError: The shapes differ.
    """
    return _decibel(_difference(image, truth))


def hole_l1(image: Image8, truth: Image8, hole: Hole) -> float:
    """Return the mean absolute difference over the hole's pixels alone, percent of full scale.

    Args:
        image: (H, W, C).
        truth: (H, W, C).
        hole: (H, W), True where pixels were filled.

    Raises:
        ArgumentError: The shapes differ, or the hole is empty.
    """
    return 100.0 * float(np.abs(_inside(image, truth, hole)).mean()) / 255.0


def hole_psnr(image: Image8, truth: Image8, hole: Hole) -> float:
    """Return the peak signal-to-noise ratio over the hole's pixels alone, dB.

    Args:
        image: (H, W, C).
        truth: (H, W, C).
        hole: (H, W), True where pixels were filled.

    Raises:
        ArgumentError: The shapes differ, or the hole is empty.
    """
    return _decibel(_inside(image, truth, hole))


def ssim(image: Image8, truth: Image8) -> float:
    """Return the structural similarity, mean over the channels.

    The settings are those of the paper: a Gaussian window of sigma 1.5 and 11 x 11 pixels, K1 = 0.01, K2 = 0.03, and
    only windows inside the image. scikit-image gives the same with `gaussian_weights` and without
    `use_sample_covariance`; this is three times as fast.

    Args:
        image: (H, W, C), at least 11 pixels either way.
        truth: (H, W, C).

    Raises:
        ArgumentError: The shapes differ, or the image is smaller than the window.

    Source: Wang, Bovik, Sheikh, Simoncelli, "Image Quality Assessment: From Error Visibility to Structural
        Similarity", IEEE TIP 2004, equation 13.
    """
    _difference(image, truth)
    if min(image.shape[:2]) < SMALLEST:
        raise ArgumentError(f"SSIM needs {SMALLEST} pixels either way, not {image.shape[:2]}", "use larger images")
    x, y = image.astype(np.float64), truth.astype(np.float64)
    mean_x, mean_y = _window(x), _window(y)
    variance = _window(x * x) - mean_x**2 + _window(y * y) - mean_y**2
    covariance = _window(x * y) - mean_x * mean_y
    similarity = (2 * mean_x * mean_y + _C1) * (2 * covariance + _C2)
    similarity /= (mean_x**2 + mean_y**2 + _C1) * (variance + _C2)
    return float(similarity[_SSIM_RADIUS:-_SSIM_RADIUS, _SSIM_RADIUS:-_SSIM_RADIUS].mean())


def measure(image: Image8, truth: Image8, hole: Hole) -> dict[str, float]:
    """Return all figures of an image by name: `l1`, `psnr`, `ssim`, `hole_l1`, `hole_psnr`.

    Args:
        image: (H, W, C), the composite.
        truth: (H, W, C).
        hole: (H, W), True where pixels were filled.

    Raises:
        ArgumentError: The shapes differ, the hole is empty, or the image is too small for SSIM.
    """
    return {
        "l1": l1(image, truth),
        "psnr": psnr(image, truth),
        "ssim": ssim(image, truth),
        "hole_l1": hole_l1(image, truth, hole),
        "hole_psnr": hole_psnr(image, truth, hole),
    }


def _difference(image: Image8, truth: Image8) -> NDArray[np.float64]:
    if image.shape != truth.shape:
        raise ArgumentError(f"images of {image.shape} and {truth.shape} cannot be compared", "crop them alike")
    return image.astype(np.float64) - truth.astype(np.float64)


def _inside(image: Image8, truth: Image8, hole: Hole) -> NDArray[np.float64]:
    difference = _difference(image, truth)
    if hole.shape != difference.shape[:2] or not hole.any():
        raise ArgumentError("there is no hole to measure in", "pass a hole of the image's size that is not empty")
    return difference[hole]


def _decibel(difference: NDArray[np.float64]) -> float:
    error = float(np.mean(np.square(difference)))
    return PSNR_CEILING if error == 0 else min(PSNR_CEILING, float(10 * np.log10(255.0**2 / error)))


def _window(values: NDArray[np.float64]) -> NDArray[Any]:
    return np.asarray(cv2.GaussianBlur(values, (SMALLEST, SMALLEST), _SSIM_SIGMA)).reshape(values.shape)
