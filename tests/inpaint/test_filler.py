from __future__ import annotations

from pathlib import Path
from threading import Event, Timer

import numpy as np
import pytest

from bokwon.errors import ArgumentError
from bokwon.inpaint.filler import Filler
from bokwon.inpaint.finish.patches import PatchMatching, match_patches
from bokwon.inpaint.tiling import Filled, Tile
from bokwon.settings import MODELS, RestoreSettings
from bokwon.utilities.processes import available_cores


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


def test_the_model_that_finds_damage_does_not_fill() -> None:
    with pytest.raises(ArgumentError, match="model detect finds damage and does not fill it"):
        Filler.load(RestoreSettings("detect"))


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


def test_an_engine_loaded_for_a_large_page_fills_small_ones_alike() -> None:
    page = np.random.default_rng(0).integers(180, 230, (96, 2100), dtype=np.uint8)
    hole = np.zeros(page.shape, bool)
    hole[40:50, 30:60] = hole[40:50, 2000:2060] = True
    settings = RestoreSettings(material="page", threads=2, engine="onnx", precision="int8", finish="off")
    expecting, plain = Filler.load(settings, (2100, 96)), Filler.load(settings)
    assert expecting.engine.description == plain.engine.description
    if available_cores() > 1:
        assert (expecting.engine.concurrency, plain.engine.concurrency) == (2, 1)
        assert (expecting.engine.alone().concurrency, plain.engine.shared([]).concurrency) == (1, 2)
    for width in (300, 2100):
        one, other = page[:, :width].copy(), page[:, :width].copy()
        assert expecting.fill(one, "L", hole[:, :width]) == plain.fill(other, "L", hole[:, :width])
        np.testing.assert_array_equal(one, other)


def test_an_interruption_does_not_wait_for_the_finish(mean_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = np.full((1500, 300), 200, np.uint8)
    hole = np.zeros(page.shape, bool)
    hole[::50, 20:280] = True
    begun = []
    going_on = Event()

    def match(_: PatchMatching, tile: Tile, __: Filled) -> None:
        begun.append(tile)
        going_on.wait(60)

    def interrupt(done: int, tiles: int) -> None:
        # One window is worked on; the others of the upper tiles wait for it.
        if done == tiles - 1:
            Timer(0.2, going_on.set).start()
            raise KeyboardInterrupt

    monkeypatch.setattr(PatchMatching, "_match", match)
    monkeypatch.setattr("bokwon.inpaint.filler.available_cores", lambda: 2)
    settings = RestoreSettings(mean_model, engine="onnx", ink="patches", tile=256)
    with pytest.raises(KeyboardInterrupt):
        Filler.load(settings).fill(page, "L", hole, interrupt)
    assert len(begun) == 1
