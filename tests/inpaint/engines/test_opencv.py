"""Telea and Navier-Stokes, from OpenCV."""

from __future__ import annotations

import sys

import cv2
import numpy as np
import pytest

from bokwon.errors import ArgumentError, MissingDependencyError
from bokwon.inpaint.engines.opencv import RADIUS, OpenCVEngine


def noise(channels: int, dtype: type[np.generic] = np.uint8) -> np.ndarray:
    return np.random.default_rng(5).integers(0, np.iinfo(dtype).max + 1, (21, 33, channels)).astype(dtype)


def missing() -> np.ndarray:
    hole = np.zeros((21, 33), bool)
    hole[4:9, 10:20] = True
    return hole


@pytest.mark.parametrize(("method", "flag"), [("telea", cv2.INPAINT_TELEA), ("ns", cv2.INPAINT_NS)])
def test_classical_methods_are_opencv_s_own(method: str, flag: int) -> None:
    light = noise(3)
    expected = cv2.inpaint(light, missing().astype(np.uint8), RADIUS, flag)
    filled = OpenCVEngine(method).fill(light, missing())
    np.testing.assert_array_equal(np.rint(filled * 255), expected)


@pytest.mark.parametrize("method", ["telea", "ns"])
@pytest.mark.parametrize("channels", [1, 3])
def test_classical_methods_work_in_sixteen_bits(method: str, channels: int) -> None:
    rows, columns = np.mgrid[0:21, 0:33]
    ramp = (np.stack([rows + columns] * channels, axis=-1) * 1000).astype(np.uint16)
    filled = OpenCVEngine(method).fill(ramp, missing()) * 65535
    np.testing.assert_allclose(filled[~missing()], ramp[~missing()], atol=0.01)
    assert np.abs(filled - ramp).max() < 6000
    assert len(np.unique(filled[missing()])) > 15


@pytest.mark.parametrize("method", ["telea", "ns"])
@pytest.mark.parametrize("shape", [(1, 2), (2, 1), (1, 9), (3, 3)])
def test_classical_methods_fill_the_smallest_images(method: str, shape: tuple[int, int]) -> None:
    light = np.full((*shape, 1), 200, np.uint8)
    hole = np.zeros(shape, bool)
    hole[-1, -1] = True
    light[hole] = 0
    np.testing.assert_allclose(OpenCVEngine(method).fill(light, hole) * 255, 200, atol=3)


def test_an_unknown_method_is_an_argument_error() -> None:
    with pytest.raises(ArgumentError, match="no method is named 'magic'"):
        OpenCVEngine("magic")


def test_a_missing_opencv_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingDependencyError, match="pip install opencv-python-headless"):
        OpenCVEngine("telea")
