"""Model files run with ONNX Runtime."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bokwon.errors import InputFileError, MissingDependencyError
from bokwon.inpaint.engines.onnx import OnnxEngine, fastest_device
from bokwon.inpaint.runtime_facts import RuntimeFacts

HEAD = '<ir_version: 8, opset_import: ["" : 17]> '


def engine(path: Path) -> OnnxEngine:
    return OnnxEngine(path.read_bytes(), path.stem)


def noise(channels: int, dtype: type[np.generic] = np.uint8) -> np.ndarray:
    return np.random.default_rng(5).integers(0, np.iinfo(dtype).max + 1, (21, 33, channels)).astype(dtype)


def missing() -> np.ndarray:
    hole = np.zeros((21, 33), bool)
    hole[4:9, 10:20] = True
    return hole


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_model_fills_from_what_is_known(mean_model: Path, dtype: type[np.generic]) -> None:
    light = noise(3, dtype)
    expected = light[~missing()].mean(axis=0) / np.iinfo(dtype).max
    filled = engine(mean_model).fill(light, missing())
    assert filled.shape == light.shape
    assert filled.dtype == np.float32
    np.testing.assert_allclose(filled, np.broadcast_to(expected, filled.shape), atol=1e-5)


def test_what_lies_under_the_hole_means_nothing(mean_model: Path) -> None:
    light = noise(3)
    other = light.copy()
    other[missing()] = 255 - other[missing()]
    running = engine(mean_model)
    np.testing.assert_array_equal(running.fill(light, missing()), running.fill(other, missing()))


def test_gray_comes_back_gray(mean_model: Path) -> None:
    light = noise(1)
    filled = engine(mean_model).fill(light, missing())
    np.testing.assert_allclose(filled, light[~missing()].mean() / 255, atol=1e-5)
    assert filled.shape == (21, 33, 1)


@pytest.mark.parametrize("data", [b"", b"not a model", b"\x08\x07" * 300])
def test_a_corrupt_model_is_an_input_file_error(data: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputFileError, match="model broken cannot be loaded"):
        OnnxEngine(data, "broken")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "graph",
    [
        "g (float[N,3,H,W] image) => (float[N,3,H,W] out) { out = Relu(image) }",
        "g (float[N,3,H,W] picture, float[N,1,H,W] valid) => (float[N,3,H,W] out) { out = Mul(picture, valid) }",
        "g (float[N,3,H,W] image, float[N,3,H,W] valid) => (float[N,3,H,W] out) { out = Mul(image, valid) }",
        "g (float[1,3,H,W] image, float[1,1,H,W] valid) => (float[1,3,H,W] out) { out = Mul(image, valid) }",
        "g (float[N,3,64,64] image, float[N,1,64,64] valid) => (float[N,3,64,64] out) { out = Mul(image, valid) }",
        "g (double[N,3,H,W] image, double[N,1,H,W] valid) => (double[N,3,H,W] out) { out = Mul(image, valid) }",
        "g (float[N,3,H,W] image, float[N,1,H,W] valid) => (float[N,3,H,W] out, float[N,3,H,W] more)"
        " { out = Mul(image, valid) more = Mul(image, valid) }",
    ],
)
def test_a_model_of_another_kind_is_an_input_file_error(
    tmp_path: Path, write_model: Callable[..., Path], graph: str
) -> None:
    path = write_model(tmp_path / "other.onnx", HEAD + graph)
    with pytest.raises(InputFileError, match=r"other is not one of bokwon's kind.*inputs image"):
        engine(path)


def test_a_model_that_changes_the_size_is_an_input_file_error(tmp_path: Path, write_model: Callable[..., Path]) -> None:
    graph = (
        "g (float[N,3,H,W] image, float[N,1,H,W] valid) => (float[N,3,H,W] out)"
        " { known = Mul(image, valid) out = MaxPool<kernel_shape=[2,2]>(known) }"
    )
    path = write_model(tmp_path / "smaller.onnx", HEAD + graph)
    with pytest.raises(InputFileError, match="smaller turns"):
        engine(path).fill(noise(3), missing())


def test_a_model_that_fails_while_running_is_an_input_file_error(
    tmp_path: Path, write_model: Callable[..., Path], capfd: pytest.CaptureFixture[str]
) -> None:
    graph = (
        "g (float[N,3,H,W] image, float[N,1,H,W] valid) => (float[N,3,H,W] out)"
        " { known = Mul(image, valid) shape = Shape(valid) out = Reshape(known, shape) }"
    )
    path = write_model(tmp_path / "fails.onnx", HEAD + graph)
    running = engine(path)
    with pytest.raises(InputFileError, match="fails cannot be run"):
        running.fill(noise(3), missing())
    assert capfd.readouterr() == ("", "")


def test_a_model_that_gives_no_numbers_is_an_input_file_error(tmp_path: Path, write_model: Callable[..., Path]) -> None:
    path = write_model(tmp_path / "nan.onnx", stored=float("nan"))
    with pytest.raises(InputFileError, match="not numbers"):
        engine(path).fill(noise(3), missing())


def test_a_missing_engine_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingDependencyError, match="pip install onnxruntime"):
        OnnxEngine(b"", "any")
    assert fastest_device() is None


def test_the_processor_is_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    import onnxruntime

    available = ["CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: available)
    assert fastest_device() == "processor"
    available.append("CUDAExecutionProvider")
    assert fastest_device() == "CUDA"


def test_a_page_of_several_tiles_gets_a_twin_that_runs_two_at_once(mean_model: Path) -> None:
    single = OnnxEngine(mean_model.read_bytes(), "mean", threads=1)
    assert single.shared([(9, 9), (9, 9)]) is single
    facts = RuntimeFacts(reach=7, tile={"int8": 256})
    several = OnnxEngine(mean_model.read_bytes(), "mean", facts, precision="int8", threads=2)
    twin = several.shared([(9, 9), (9, 9)])
    assert (several.concurrency, twin.concurrency) == (1, 2)
    assert (twin.tile, twin.reach, twin.precision) == (256, 7, "int8")
    assert twin.shared([(9, 9)]) is twin is several.shared([(9, 9)])
    np.testing.assert_array_equal(twin.fill(noise(3), missing()), several.fill(noise(3), missing()))
