"""Model files run with OpenVINO, beside ONNX Runtime, through the real command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.cli.main import main
from bokwon.errors import ArgumentError, InputFileError
from bokwon.restore import openvino_engine
from bokwon.restore.engines import OnnxEngine, load_engine


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a page and its mask."""
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (40, 60, 3)).astype(np.uint8)).save("page.png")
    hole = np.zeros((40, 60), bool)
    hole[10:20, 10:30] = True
    Image.fromarray(hole).save("mask.png")
    return tmp_path


def restore(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["restore", "page.png", *arguments, "--mask", "mask.png"])
    return int(caught.value.code or 0)


def test_both_engines_fill_alike_and_say_who_they_are(
    folder: Path, mean_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("openvino", reason="the extra `openvino` is not installed")
    for engine, name in (("onnx", "ONNX Runtime"), ("openvino", "OpenVINO")):
        assert restore(f"{engine}.png", "--model", str(mean_model), "--engine", engine, "-v", "--threads", "1") == 0
        assert f"engine {name} " in capsys.readouterr().err
    with Image.open("onnx.png") as one, Image.open("openvino.png") as other:
        difference = np.abs(np.array(one).astype(int) - np.array(other))
    assert difference.max() <= 1


def test_a_file_that_is_no_model_is_told(write_model, tmp_path: Path) -> None:
    pytest.importorskip("openvino", reason="the extra `openvino` is not installed")
    with pytest.raises(InputFileError, match="cannot be loaded"):
        load_engine(b"no model", "none", engine="openvino")
    graph = """<ir_version: 8, opset_import: ["" : 17]>
    other (float[N,3,H,W] picture) => (float[N,3,H,W] out)
    {
      factor = Cast<to=1>(stored)
      out = Add(picture, factor)
    }"""
    path = write_model(tmp_path / "other.onnx", graph)
    with pytest.raises(InputFileError, match="not one of bokwon's kind"):
        load_engine(path.read_bytes(), "other", engine="openvino")


def test_without_openvino_it_is_three_and_says_how_to_install_it(
    folder: Path, mean_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    assert restore("out.png", "--model", str(mean_model), "--engine", "openvino") == 3
    assert "pip install 'bokwon[openvino]'" in capsys.readouterr().err


def test_auto_takes_openvino_only_where_it_is_faster(mean_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino", reason="the extra `openvino` is not installed")
    data = mean_model.read_bytes()
    monkeypatch.setattr(openvino_engine, "computes_in_bfloat16", lambda: False)
    assert isinstance(load_engine(data, "mean"), OnnxEngine)
    monkeypatch.setattr(openvino_engine, "computes_in_bfloat16", lambda: True)
    engine = load_engine(data, "mean")
    assert isinstance(engine, openvino_engine.OpenVinoEngine)
    assert engine.description.endswith("bfloat16")


def test_signals_are_survived_after_engines_have_come_and_gone(mean_model: Path) -> None:
    pytest.importorskip("openvino", reason="the extra `openvino` is not installed")
    # faulthandler gives signals a stack of their own, as OpenVINO does; Python's handlers run on it.
    program = """
import faulthandler, gc, signal, sys
from bokwon.restore.engines import load_engine
faulthandler.enable()
heard = []
signal.signal(signal.SIGUSR1, lambda *_: heard.append(1))
data = open(sys.argv[1], "rb").read()
for _ in range(4):
    older, newer = load_engine(data, "a", engine="openvino"), load_engine(data, "b", engine="openvino")
    del older
    gc.collect()
    del newer
    gc.collect()
    [bytearray(b"x" * 8192) for _ in range(1000)]
    signal.raise_signal(signal.SIGUSR1)
assert len(heard) == 4
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(mean_model)], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_an_engine_must_be_one_and_have_a_model(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ArgumentError, match="no engine is named 'steam'"):
        load_engine(b"", "none", engine="steam")
    assert restore("out.png", "--method", "telea", "--engine", "onnx") == 1
    assert "--method telea runs no model" in capsys.readouterr().err
