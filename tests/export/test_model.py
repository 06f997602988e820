"""A checkpoint becomes a model file whose card tells the runtime what it has to know."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from bokwon.errors import ArgumentError, FileAccessError, InputFileError
from bokwon.export.model import export_checkpoint, facts_of
from bokwon.inpaint.engines.select import load
from bokwon.inpaint.models import find_model, list_models
from bokwon.inpaint.runtime_facts import LowPass, RuntimeFacts
from bokwon.nn.unet import PConvUNet
from bokwon.training.checkpoint import load_network, save


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    save(tmp_path / "run" / "step_000007", PConvUNet(levels=4, width=4, base="lowpass").eval(), {"step": 7})
    return tmp_path / "run"


def test_the_runtime_reads_what_was_exported(checkpoint: Path, tmp_path: Path) -> None:
    export_checkpoint(checkpoint, tmp_path / "tiny.onnx")
    model = find_model(tmp_path / "tiny.onnx")
    # 4 levels see 3 + 2 * 2 + 2 * 4 + 8 pixels far, and stride by 16.
    tile = {"float32": 1024, "bfloat16": 1664}
    assert model.facts == RuntimeFacts(16, 16, tile, for_pages=True, bounded=True, lowpass=LowPass())
    loaded = load(model, engine="onnx", precision="float32", threads=1)
    assert (loaded.engine.reach, loaded.engine.multiple, loaded.engine.takes_scale) == (16, 16, True)


@pytest.mark.parametrize(
    ("config", "for_pages", "has_lowpass"),
    [
        ({"base": "none"}, False, False),
        ({"layer": "conv"}, False, False),
        ({"base": "pullpush"}, True, True),
        ({"base": "membrane"}, False, True),
    ],
)
def test_what_a_network_is_for_follows_from_its_base(config: dict, for_pages: bool, has_lowpass: bool) -> None:
    facts = facts_of(PConvUNet(levels=7, width=2, **config), ["int8"])
    assert (facts.reach, facts.multiple, dict(facts.tile)) == (96, 128, {"int8": 1536})
    assert facts.for_pages == facts.bounded == for_pages
    assert (facts.lowpass is not None) == has_lowpass


def test_shipped_cards_are_those_that_an_export_writes_today() -> None:
    for model in list_models():
        assert model.card is not None
        if "classes" in model.card:
            # It finds damage, and fills nothing.
            continue
        precisions = ["int8"] if model.precision == "int8" else ["float32", "bfloat16"]
        assert model.facts == facts_of(PConvUNet(**model.card["network"]), precisions)


def test_entries_of_a_file_come_before_what_is_measured(checkpoint: Path, tmp_path: Path) -> None:
    entries = tmp_path / "entries.json"
    entries.write_text(json.dumps({"licence": "CC0-1.0", "runtime": {"reach": 5}}))
    export_checkpoint(checkpoint, tmp_path / "tiny.onnx", card=entries)
    model = find_model(tmp_path / "tiny.onnx")
    assert model.card is not None
    assert (model.card["licence"], model.card["trained"]["step"], model.facts.reach) == ("CC0-1.0", 7, 5)
    for text, error in (("[]", InputFileError), ("{", InputFileError), (None, FileAccessError)):
        entries.unlink() if text is None else entries.write_text(text)
        with pytest.raises(error, match=r"entries\.json"):
            export_checkpoint(checkpoint, tmp_path / "tiny.onnx", card=entries)


def test_a_model_file_can_be_exported_again_but_not_averaged(checkpoint: Path, tmp_path: Path) -> None:
    first, again = tmp_path / "first.onnx", tmp_path / "again.onnx"
    export_checkpoint(checkpoint, first, half=False)
    export_checkpoint(first, again, half=False)
    one, other = (load_network(path)[0].state_dict() for path in (first, again))
    for name, value in one.items():
        torch.testing.assert_close(other[name], value, atol=1e-5, rtol=1e-5)
    for checkpoints in ((checkpoint, first), (first, checkpoint)):
        with pytest.raises(ArgumentError, match="weights of model files cannot be averaged"):
            export_checkpoint(checkpoints[0], again, mix=[(checkpoints[1], 0.5)])
