from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bokwon.errors import ArgumentError
from bokwon.inpaint.filler import Filler
from bokwon.inpaint.finish.patches import match_patches
from bokwon.settings import MODELS, RestoreSettings


@pytest.mark.parametrize("material", list(MODELS))
def test_the_material_names_the_model(material: str) -> None:
    filler = Filler.load(RestoreSettings(material=material, precision="float32", engine="onnx"))  # type: ignore[arg-type]
    assert filler.model is not None
    assert filler.model.name == MODELS[material]  # type: ignore[index]
    assert filler.settings.ink == ("off" if material == "photo" else "patches")
    assert filler.bounded == (material != "photo")


def test_a_model_that_is_named_comes_before_all(mean_model: Path) -> None:
    filler = Filler.load(RestoreSettings(mean_model))
    assert filler.model is not None
    assert filler.model.path == mean_model
    with pytest.raises(ArgumentError, match="no model is named"):
        Filler.load(RestoreSettings("letter"))


def test_a_classical_method_has_no_model() -> None:
    filler = Filler.load(RestoreSettings(method="telea"))
    assert (filler.model, filler.sha256, filler.bounded) == (None, None, False)


def test_the_finish_follows_the_fill(mean_model: Path) -> None:
    page = np.random.default_rng(0).integers(180, 230, (96, 96), dtype=np.uint8)
    hole = np.zeros(page.shape, bool)
    hole[40:50, 30:60] = True
    raw, finished = page.copy(), page.copy()
    steps: list[tuple[int, int]] = []
    settings = RestoreSettings(mean_model, engine="onnx")
    tiles = Filler.load(settings).fill(raw, "L", hole, lambda *step: steps.append(step))
    assert steps == [(tiles, tiles)]
    expected = raw.copy()
    match_patches(expected, "L", hole)
    Filler.load(RestoreSettings(mean_model, engine="onnx", ink="patches")).fill(finished, "L", hole)
    np.testing.assert_array_equal(finished, expected)
    assert not np.array_equal(finished, raw)
