"""What a card tells the runtime about its model, and what the runtime then does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bokwon
from bokwon.errors import InputFileError
from bokwon.inpaint.engines.base import ModelEngine
from bokwon.inpaint.models import Model, find_model, list_models
from bokwon.inpaint.runtime_facts import DEFAULT_FACTS, TILES, LowPass, RuntimeFacts, read_facts


@pytest.fixture
def model(tmp_path: Path, mean_model: Path) -> Path:
    """A model of the test's own, with a card that has no block `runtime`."""
    shutil.copy(mean_model.with_suffix(".json"), tmp_path)
    return Path(shutil.copy(mean_model, tmp_path))


def tell(model: Path, **runtime: Any) -> Path:
    """Write the block `runtime` of a model's card."""
    card = json.loads(model.with_suffix(".json").read_text())
    model.with_suffix(".json").write_text(json.dumps({**card, "runtime": runtime}))
    return model


def test_cards_without_the_block_mean_what_they_meant_before_it() -> None:
    assert read_facts(None) == read_facts({}) == DEFAULT_FACTS == RuntimeFacts()
    assert (DEFAULT_FACTS.reach, DEFAULT_FACTS.multiple, DEFAULT_FACTS.value_range) == (96, 128, (0.0, 1.0))
    assert [DEFAULT_FACTS.tile_side(precision) for precision in TILES] == [1024, 1664, 1536]
    for base, for_pages in (("none", False), ("lowpass", True), ("pullpush", True), ("membrane", False)):
        facts = read_facts({"network": {"base": base}})
        assert facts == RuntimeFacts(
            for_pages=for_pages, bounded=for_pages, lowpass=None if base == "none" else LowPass()
        )
    assert read_facts({"architecture": {"base": "lowpass"}}).for_pages


@pytest.mark.parametrize("card", [None, {}, {"network": "?"}, {"network": {"base": "none"}}, {"network": {"base": []}}])
def test_what_no_card_tells_is_not_for_pages(card: dict[str, object] | None) -> None:
    facts = Model("any", Path("any.onnx"), card).facts
    assert not facts.for_pages
    assert not facts.bounded


def test_shipped_cards_tell_what_was_assumed_before() -> None:
    for model in list_models():
        assert model.card is not None
        if "classes" in model.card:
            # It finds damage, and fills nothing.
            continue
        assert "runtime" in model.card
        before = read_facts({key: entry for key, entry in model.card.items() if key != "runtime"})
        tiles = {precision: model.facts.tile_side(precision) for precision in TILES}
        assert tiles == TILES
        told = {name: value for name, value in vars(model.facts).items() if name != "tile"}
        assert told == {name: value for name, value in vars(before).items() if name != "tile"}


def test_reach_tile_and_grid_of_the_card_decide_how_a_page_is_filled(model: Path) -> None:
    tell(model, reach=20, multiple=96, tile={"float32": 288}, entry_of_a_later_version=1)
    restorer = bokwon.Restorer(bokwon.RestoreSettings(model, engine="onnx", precision="float32", finish="off"))
    engine = restorer.engine
    assert (engine.reach, engine.multiple, engine.tile) == (20, 96, 288)
    sizes: set[tuple[int, ...]] = set()
    run = engine.fill

    def watch(light: np.ndarray, missing: np.ndarray, scale: float = 0.0) -> np.ndarray:
        sizes.add(missing.shape)
        return run(light, missing, scale)

    engine.shared = lambda sizes: engine  # type: ignore[method-assign]
    engine.fill = watch  # type: ignore[method-assign]
    page, hole = np.full((700, 400), 99, np.uint8), np.zeros((700, 400), bool)
    hole[100:600, 100:300] = True
    assert restorer.restore(page, hole).tiles == 6
    # Tiles begin at multiples of 192, the least multiple of 96 from 128 on, and are twice as long.
    assert max(sizes) == (384, 384)
    with pytest.raises(bokwon.errors.ArgumentError, match="multiples of 192"):
        bokwon.Restorer(bokwon.RestoreSettings(model, engine="onnx", tile=512, finish="off"))


def test_a_model_for_pages_gets_a_finish_and_a_bound_by_its_card_alone(model: Path) -> None:
    before = bokwon.Restorer(bokwon.RestoreSettings(model))
    assert (before.settings.ink, before.settings.grain) == ("off", "off")
    after = bokwon.Restorer(bokwon.RestoreSettings(tell(model, for_pages=True)))
    assert (after.settings.ink, after.settings.grain) == ("patches", "off")
    page, hole = np.full((200, 500), 90, np.uint8), np.zeros((200, 500), bool)
    page[:, 256:290] = 250
    hole[80:120, 400:440] = True
    lightest = {}
    for bounded in (False, True):
        restorer = bokwon.Restorer(bokwon.RestoreSettings(tell(model, bounded=bounded), engine="onnx", finish="off"))
        lightest[bounded] = int(restorer.restore(page, hole).image[hole].max())
    # The mean of the tile is lighter than all that is known around the hole.
    assert lightest[False] > 105
    assert lightest[True] <= 91


@pytest.mark.parametrize("engine", ["onnx", "openvino"])
def test_a_network_may_know_black_and_white_by_other_values(
    tmp_path: Path, write_model: Any, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    pytest.importorskip({"onnx": "onnxruntime"}.get(engine, engine))
    # It fills with the negative: right only if black is -1 and white is 1 to it.
    graph = """<ir_version: 8, opset_import: ["" : 17]>
    negative (float[N,3,H,W] image, float[N,1,H,W] valid) => (float[N,3,H,W] out)
    {
      nothing = Cast<to=1>(stored)
      known = Mul(valid, nothing)
      kept = Add(image, known)
      out = Neg(kept)
    }"""
    path = tell(write_model(tmp_path / "negative.onnx", graph), value_range=[-1, 1])
    running = bokwon.Restorer(
        bokwon.RestoreSettings(path, engine=engine, precision="float32", threads=1, finish="off")
    ).engine
    light = np.random.default_rng(1).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    missing = np.zeros((20, 30), bool)
    missing[5:8, 5:8] = True
    filled = running.fill(light, missing)
    np.testing.assert_allclose(filled[~missing], 1 - light[~missing] / 255, atol=1e-6)
    # A hole is given as black.
    np.testing.assert_allclose(filled[missing], 1.0, atol=1e-6)


def test_the_contrast_is_told_in_the_network_s_own_values() -> None:
    class Listening(ModelEngine):
        description = "listening"

        def run(self, light: np.ndarray, missing: np.ndarray, scale: float) -> np.ndarray:
            heard.append(scale)
            return np.zeros((1, 3, *missing.shape), np.float32)

    heard: list[float] = []
    light, missing = np.zeros((4, 4, 1), np.uint8), np.zeros((4, 4), bool)
    Listening("any").fill(light, missing, 0.25)
    Listening("any", RuntimeFacts(value_range=(-1.0, 1.0))).fill(light, missing, 0.25)
    assert heard == [0.25, 0.5]


@pytest.mark.parametrize(
    ("runtime", "says"),
    [
        ("?", "holds no entries"),
        (None, "holds no entries"),
        ({"reach": 0}, "reach is 0"),
        ({"reach": "far"}, "reach is 'far'"),
        ({"multiple": 1.5}, "multiple is 1.5"),
        ({"multiple": None}, "multiple is None"),
        ({"tile": {"float32": True}}, "float32 is True"),
        ({"tile": [1]}, "makes no sense"),
        ({"value_range": [1, 0]}, "value_range is"),
        ({"value_range": 1}, "makes no sense"),
        ({"for_pages": "yes"}, "true or false"),
        ({"lowpass": {"cell": 0}}, "cell is 0"),
        ({"lowpass": {"neighbourhood": 4}}, "no such low-pass"),
        ({"lowpass": 16}, "holds no entries"),
    ],
)
def test_a_block_that_makes_no_sense_is_an_input_file_error(model: Path, runtime: Any, says: str) -> None:
    card = json.loads(model.with_suffix(".json").read_text())
    model.with_suffix(".json").write_text(json.dumps({**card, "runtime": runtime}))
    with pytest.raises(InputFileError, match=f"the card of model mean has a runtime block.*{says}"):
        bokwon.Restorer(bokwon.RestoreSettings(model, engine="onnx", precision="float32", finish="off"))
    with pytest.raises(InputFileError, match="export the model anew"):
        _ = find_model(model).facts


def test_no_depth_is_too_deep_for_a_model_that_says_so(model: Path) -> None:
    assert (
        bokwon.Restorer(
            bokwon.RestoreSettings(tell(model, reach=None), engine="onnx", precision="float32", finish="off")
        ).engine.reach
        is None
    )
