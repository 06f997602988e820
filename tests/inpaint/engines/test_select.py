"""Which engine runs a model file, and in which precision."""

from __future__ import annotations

import platform
from pathlib import Path

import numpy as np
import pytest

from bokwon.errors import ArgumentError, InputFileError
from bokwon.inpaint.engines import openvino, select
from bokwon.inpaint.engines.mirrored_views import EnsembleEngine
from bokwon.inpaint.engines.onnx import OnnxEngine
from bokwon.inpaint.engines.openvino import OpenVinoEngine
from bokwon.inpaint.engines.select import in_precision, load, load_engine
from bokwon.inpaint.models import find_model, load_model
from bokwon.inpaint.runtime_facts import RuntimeFacts


def test_auto_takes_openvino_only_where_it_is_faster(mean_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino", reason="the extra `openvino` is not installed")
    data = mean_model.read_bytes()
    monkeypatch.setattr(select, "computes_in_bfloat16", lambda: False)
    assert isinstance(load_engine(data, "mean"), OnnxEngine)
    for module in (openvino, select):
        monkeypatch.setattr(module, "computes_in_bfloat16", lambda: True)
    engine = load_engine(data, "mean")
    assert isinstance(engine, OpenVinoEngine)
    assert engine.description.endswith("bfloat16")


def test_precision_says_what_computes(mean_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino", reason="the extra `openvino` is not installed")
    data = mean_model.read_bytes()
    for module in (openvino, select):
        monkeypatch.setattr(module, "computes_in_bfloat16", lambda: True)
    assert isinstance(load_engine(data, "mean", precision="float32"), OnnxEngine)
    exact = load_engine(data, "mean", engine="openvino", precision="float32")
    assert isinstance(exact, OpenVinoEngine)
    assert exact.description.endswith("float32")
    assert load_engine(data, "mean", precision="bfloat16").description.endswith("bfloat16")
    monkeypatch.setattr(openvino, "computes_in_bfloat16", lambda: False)
    with pytest.raises(ArgumentError, match="does not compute in bfloat16"):
        load_engine(data, "mean", precision="bfloat16")


def test_both_engines_are_given_the_contrast() -> None:
    pytest.importorskip("openvino", reason="the extra `openvino` is not installed")
    light = np.random.default_rng(1).integers(0, 256, (128, 128, 3)).astype(np.uint8)
    missing = np.zeros((128, 128), bool)
    missing[50:80, 40:90] = True
    document = find_model("document")
    data = load_model(document)[0]
    both = ("onnx", "openvino")
    engines = [load_engine(data, document.name, engine=name, precision="float32", threads=1) for name in both]
    assert all(engine.takes_scale for engine in engines)
    for contrast in (0.0, 0.05, 0.6):
        one, other = (engine.fill(light, missing, contrast) for engine in engines)
        np.testing.assert_allclose(one, other, atol=2e-3)
    low, high = (engines[0].fill(light, missing, contrast) for contrast in (0.05, 0.6))
    assert np.abs(low - high)[missing].mean() > 1e-3


@pytest.mark.parametrize(
    ("model", "precision", "engine", "says"),
    [
        ("document", "int8", "openvino", "int8 models are made for ONNX Runtime"),
        ("document-int8", "auto", "openvino", "int8 models are made for ONNX Runtime"),
        ("document-int8", "bfloat16", "openvino", "int8 models are made for ONNX Runtime"),
        ("document", "bfloat16", "onnx", "ONNX Runtime does not compute in bfloat16"),
    ],
)
def test_what_does_not_go_together_is_told(model: str, precision: str, engine: str, says: str) -> None:
    with pytest.raises(ArgumentError, match=says):
        in_precision(find_model(model), precision, engine)


def test_the_int8_model_is_taken_where_it_is_faster_or_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    document, photo = find_model("document"), find_model("photo")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(select, "fastest_device", lambda: "processor")
    assert in_precision(document, "auto", "auto").name == "document-int8"
    assert in_precision(document, "float32", "auto") is document
    assert in_precision(document, "auto", "openvino") is document
    # It has none.
    assert in_precision(photo, "auto", "auto") is photo
    with pytest.raises(InputFileError, match="bokwon export --int8"):
        in_precision(photo, "int8", "auto")
    monkeypatch.setattr(select, "fastest_device", lambda: "CUDA")
    assert in_precision(document, "auto", "auto") is document
    assert in_precision(document, "int8", "auto").name == "document-int8"


def test_a_model_is_loaded_with_what_its_card_says() -> None:
    loaded = load(find_model("document"), engine="onnx", precision="int8", threads=1)
    assert (loaded.model.name, loaded.precision) == ("document-int8", "int8")
    assert loaded.sha256 == loaded.model.sha256
    assert (loaded.engine.tile, loaded.engine.reach, loaded.engine.takes_scale) == (1536, 96, True)
    exact = load(find_model("document"), engine="onnx", precision="float32", threads=1)
    assert (exact.model.name, exact.precision, exact.engine.tile) == ("document", "float32", 1024)


def test_an_ensemble_stands_before_the_engine(mean_model: Path) -> None:
    loaded = load(find_model(mean_model), engine="onnx", precision="float32", threads=1, ensemble=2)
    assert isinstance(loaded.engine, EnsembleEngine)
    assert loaded.engine.description.endswith("mean of 2 views")
    assert (loaded.engine.tile, loaded.engine.reach) == (1024, 96)


def test_facts_reach_the_engine(mean_model: Path) -> None:
    for engine in ("onnx", "openvino"):
        pytest.importorskip({"onnx": "onnxruntime"}.get(engine, engine))
        facts = RuntimeFacts(reach=5, multiple=64, tile={"float32": 640})
        running = load_engine(mean_model.read_bytes(), "mean", facts, engine=engine, precision="float32", threads=2)
        for one in (running, running.shared([(9, 9), (9, 9)])):
            assert (one.reach, one.multiple, one.tile) == (5, 64, 640)
