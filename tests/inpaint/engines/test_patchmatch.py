"""PatchMatch, from pypatchmatch."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from bokwon.errors import MissingDependencyError
from bokwon.inpaint.engines.patchmatch import PATCH, PatchMatchEngine

HOLE = np.zeros((64, 96), bool)
HOLE[24:36, 40:56] = True


@pytest.fixture(scope="module")
def engine() -> PatchMatchEngine:
    pytest.importorskip("patchmatch", reason="the extra `eval` is not installed")
    return PatchMatchEngine()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_pattern_is_gone_on_with(engine: PatchMatchEngine, dtype: type[np.generic], channels: int) -> None:
    stripes = np.broadcast_to(np.where(np.arange(96) % 32 < 16, 40, 200)[None, :, None], (64, 96, channels))
    light = (stripes * (np.iinfo(dtype).max // 255)).astype(dtype)
    light[HOLE] = 0
    filled = engine.fill(light, HOLE)
    assert (filled.shape, filled.dtype) == (light.shape, np.float32)
    assert np.abs(filled * 255 - stripes)[HOLE].mean() < 1


def test_the_same_tile_is_filled_the_same_every_time(engine: PatchMatchEngine) -> None:
    light = np.random.default_rng(1).integers(0, 256, (64, 96, 3)).astype(np.uint8)
    np.testing.assert_array_equal(engine.fill(light, HOLE), engine.fill(light, HOLE))


def test_tiles_smaller_than_a_patch_come_back_as_they_are(engine: PatchMatchEngine) -> None:
    light = np.full((PATCH, 30, 1), 90, np.uint8)
    missing = np.zeros(light.shape[:2], bool)
    missing[2, 3] = True
    np.testing.assert_allclose(engine.fill(light, missing), 90 / 255, atol=1e-6)
    assert f"patches of {PATCH} px" in engine.description


def test_a_missing_library_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "patchmatch", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "bokwon\[eval\]"'):
        PatchMatchEngine()
