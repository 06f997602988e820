"""Biharmonic inpainting, from scikit-image."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from bokwon.errors import MissingDependencyError
from bokwon.inpaint.engines.biharmonic import BiharmonicEngine

HOLE = np.zeros((30, 40), bool)
HOLE[12:18, 15:25] = True


@pytest.fixture(scope="module")
def engine() -> BiharmonicEngine:
    pytest.importorskip("skimage", reason="the extra `eval` is not installed")
    return BiharmonicEngine()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_slope_goes_on_through_the_hole(engine: BiharmonicEngine, dtype: type[np.generic], channels: int) -> None:
    rows, columns = np.mgrid[:30, :40]
    largest = np.iinfo(dtype).max
    slope = np.repeat((rows + 2 * columns)[..., None] / 120, channels, axis=-1)
    light = np.rint(slope * largest).astype(dtype)
    light[HOLE] = largest
    filled = engine.fill(light, HOLE)
    assert (filled.shape, filled.dtype) == (light.shape, np.float32)
    np.testing.assert_allclose(filled, slope, atol=0.01)


def test_without_a_hole_the_tile_comes_back(engine: BiharmonicEngine) -> None:
    light = np.random.default_rng(1).integers(0, 256, (30, 40, 3)).astype(np.uint8)
    np.testing.assert_allclose(engine.fill(light, np.zeros_like(HOLE)), light / 255, atol=1e-6)
    assert engine.description.startswith("scikit-image ")


def test_a_missing_library_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skimage.restoration", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "bokwon\[eval\]"'):
        BiharmonicEngine()
