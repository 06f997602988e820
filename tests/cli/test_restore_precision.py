"""`bokwon restore --precision`: which model file runs, and what is said of it."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.cli.main import main
from bokwon.inpaint.engines import select

WriteModel = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_model: WriteModel) -> Path:
    """A working folder with a page, its mask, and a model that has an int8 model."""
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (40, 60, 3)).astype(np.uint8)).save("page.png")
    hole = np.zeros((40, 60), bool)
    hole[10:20, 10:30] = True
    Image.fromarray(hole).save("mask.png")
    model, int8 = write_model(tmp_path / "own.onnx"), write_model(tmp_path / "own-int8.onnx")
    card = json.loads(int8.with_suffix(".json").read_text())
    card["storage"] = "int8"
    card["int8_of"] = json.loads(model.with_suffix(".json").read_text())["sha256"]
    int8.with_suffix(".json").write_text(json.dumps(card))
    return tmp_path


def restore(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["restore", *arguments])
    return int(caught.value.code or 0)


PAGE = ("page.png", "out.png", "--mask", "mask.png", "-v")
OWN = (*PAGE, "--model", "./own.onnx")


@pytest.mark.parametrize(
    ("precision", "processor", "model"),
    [
        ("auto", "x86_64", "own-int8"),
        ("auto", "AMD64", "own-int8"),
        ("auto", "aarch64", "own"),
        ("float32", "x86_64", "own"),
        ("int8", "aarch64", "own-int8"),
    ],
)
def test_int8_runs_where_it_is_faster_or_asked_for(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    precision: str,
    processor: str,
    model: str,
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: processor)
    assert restore(*OWN, "--precision", precision, "--engine", "onnx", "--record") == 0
    assert f"model {model}, sha256" in capsys.readouterr().err
    record = json.loads(Path("out.png.record/record.json").read_text())
    assert record["model"] == model


def test_a_processor_for_graphics_computes_in_float(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import onnxruntime

    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    available = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: available)
    assert not select.prefers_int8("onnx")
    assert not select.prefers_int8("openvino")


def test_without_an_int8_model_auto_does_without_and_int8_says_how_to_make_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    Path("own-int8.onnx").unlink()
    assert restore(*OWN, "--engine", "onnx") == 0
    assert "model own, sha256" in capsys.readouterr().err
    assert restore(*OWN, "--precision", "int8") == 2
    assert "bokwon export --int8" in capsys.readouterr().err


def test_an_int8_model_that_is_named_itself_runs_in_whatever_precision(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for precision in ("auto", "float32", "int8"):
        assert restore(*PAGE, "--model", "./own-int8.onnx", "--precision", precision, "--engine", "onnx") == 0
        assert "model own-int8, sha256" in capsys.readouterr().err


def test_int8_is_run_by_onnx_runtime_even_where_openvino_would_be_taken(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(select, "computes_in_bfloat16", lambda: True)
    assert restore(*OWN, "--precision", "int8") == 0
    said = capsys.readouterr().err
    assert "model own-int8, sha256" in said
    assert "engine ONNX Runtime" in said


def test_auto_takes_int8_before_openvino(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(select, "computes_in_bfloat16", lambda: True)
    assert restore(*OWN) == 0
    said = capsys.readouterr().err
    assert "model own-int8, sha256" in said
    assert "engine ONNX Runtime" in said


def test_the_int8_model_of_another_is_not_run(
    folder: Path, write_model: WriteModel, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    shutil.copy(write_model(folder / "other.onnx", stored=1.0), "own.onnx")
    shutil.copy("other.json", "own.json")
    assert restore(*OWN, "--engine", "onnx") == 0
    assert "model other, sha256" in capsys.readouterr().err
    assert restore(*OWN, "--precision", "int8") == 2
    assert "own-int8.onnx is not the int8 model of this own.onnx" in capsys.readouterr().err
    Path("own-int8.json").write_text("{")
    assert restore(*OWN, "--engine", "onnx") == 0
    assert restore(*OWN, "--precision", "int8") == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--precision", "int8", "--engine", "openvino"), "made for ONNX Runtime"),
        (("--precision", "int8", "--method", "telea"), "--method telea runs no model"),
        (("--precision", "bfloat16", "--engine", "onnx"), "does not compute in bfloat16"),
    ],
)
def test_what_does_not_go_together_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str
) -> None:
    assert restore(*PAGE, *arguments) == 1
    assert says in capsys.readouterr().err
    assert not Path("out.png").exists()


def test_a_folder_is_done_in_one_precision_by_all_processes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # What this process decides holds for the others, which decide nothing: they would ask their own processor.
    others = select.prefers_int8("onnx")
    monkeypatch.setattr(platform, "machine", lambda: "aarch64" if others else "x86_64")
    Path("in").mkdir()
    for name in ("a", "b"):
        shutil.copy("page.png", f"in/{name}.png")
        shutil.copy("mask.png", f"in/{name}-mask.png")
    assert restore("in", "out", "--model", "./own.onnx", "--engine", "onnx", "--record", "-j", "2") == 0
    expected = "own" if others else "own-int8"
    for name in ("a", "b"):
        assert json.loads(Path(f"out/{name}.png.record/record.json").read_text())["model"] == expected
