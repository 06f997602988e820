"""Model files run with OpenVINO, beside ONNX Runtime, through the real command line."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bokwon.cli.main import main
from bokwon.errors import InputFileError
from bokwon.inpaint.engines import openvino
from bokwon.inpaint.engines.onnx import OnnxEngine
from bokwon.inpaint.engines.select import load_engine
from bokwon.inpaint.runtime_facts import TILES
from bokwon.inpaint.tiling import GRID, Tiling


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


def test_signals_are_survived_after_engines_have_come_and_gone(mean_model: Path) -> None:
    pytest.importorskip("openvino", reason="the extra `openvino` is not installed")
    # faulthandler gives signals a stack of their own, as OpenVINO does; Python's handlers run on it.
    program = """
import faulthandler, gc, signal, sys
from bokwon.inpaint.engines.select import load_engine
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


def test_an_engine_must_have_a_model(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert restore("out.png", "--method", "telea", "--engine", "onnx") == 1
    assert "method telea takes no engine" in capsys.readouterr().err


def _size(shape: tuple[int, ...]) -> tuple[int, int]:
    return shape[0], shape[1]


_TILE = TILES["bfloat16"]
_SIDES = st.integers(1, _TILE)


@given(st.lists(st.tuples(_SIDES, _SIDES), min_size=1, max_size=20), st.integers(0, 2 * _TILE**2))
def test_buckets_are_large_enough_and_together_no_larger_than_told(sizes: list[tuple[int, int]], most: int) -> None:
    taken = openvino.shape_buckets(sizes, most)
    assert taken.keys() <= set(sizes)
    assert all(size in taken for size in sizes if size[0] * size[1] > 750_000)
    for size, bucket in taken.items():
        assert all(side <= other and other % GRID == 0 for side, other in zip(size, bucket, strict=True))
    assert len(set(taken.values())) <= 1 or sum(height * width for height, width in set(taken.values())) <= most
    assert openvino.shape_buckets(sizes[::-1], most) == taken
    assert all(side % 144 == 0 for bucket in openvino.shape_buckets(sizes, most, 144).values() for side in bucket)


def test_a_page_that_is_damaged_all_over_takes_one_bucket() -> None:
    hole = np.ones((3508, 2480), bool)
    sizes = [_size(hole[tile.window].shape) for tile in Tiling(1536).plan(hole)]
    assert len(set(sizes)) == 4
    assert set(openvino.shape_buckets(sizes, 2 * _TILE**2).values()) == {(1280, 1408)}
    bands = [_size(hole[tile.window].shape) for tile in Tiling(_TILE, square=False).plan(hole)]
    assert bands == [(1024, 2480)] * 3 + [(820, 2480)]
    assert set(openvino.shape_buckets(bands, 2 * _TILE**2).values()) == {(1024, 2560)}
    # Few small tiles are not computed in the bucket of a large one.
    assert len(set(openvino.shape_buckets([(1536, 1536), *[(384, 384)] * 9], 2 * _TILE**2).values())) == 2


def test_a_tile_in_a_larger_bucket_is_filled_as_by_itself(mean_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino", reason="the extra `openvino` is not installed")
    monkeypatch.setattr(openvino, "_WORTH_COMPILING", 40_000)
    engine = load_engine(mean_model.read_bytes(), "mean", engine="openvino", threads=2)
    assert isinstance(engine, openvino.OpenVinoEngine)
    random = np.random.default_rng(3)
    page = engine.shared([(200, 150), (180, 150)])
    assert page.concurrency == 2
    # The larger one first, so that what it leaves behind would be seen.
    for size in ((200, 150), (180, 150)):
        light = random.integers(0, 256, (*size, 3)).astype(np.uint8)
        missing = random.random(size) < 0.3
        np.testing.assert_allclose(page.fill(light, missing), engine.fill(light, missing), atol=1e-2)
        assert page.fill(light, missing).shape == light.shape


def test_a_network_of_plain_convolutions_computes_tiles_in_their_own_sizes(tmp_path: Path) -> None:
    pytest.importorskip("openvino", reason="the extra `openvino` is not installed")
    pytest.importorskip("torch", reason="the extra `train` is not installed")
    from bokwon.export.onnx import export
    from bokwon.nn.unet import PConvUNet

    for layer, holes in (("conv", False), ("partial", True)):
        export(PConvUNet(levels=3, width=4, layer=layer).eval(), tmp_path / f"{layer}.onnx")  # type: ignore[arg-type]
        engine = load_engine((tmp_path / f"{layer}.onnx").read_bytes(), layer, engine="openvino", threads=1)
        assert isinstance(engine, openvino.OpenVinoEngine)
        page = engine.shared([(1100, 1200), (1000, 1200)])
        assert isinstance(page, openvino._PageEngine)
        assert bool(page._buckets) == holes


def test_only_so_many_sizes_are_kept_compiled(mean_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino", reason="the extra `openvino` is not installed")
    engine = load_engine(mean_model.read_bytes(), "mean", engine="openvino", threads=1)
    assert isinstance(engine, openvino.OpenVinoEngine)
    programs = engine._programs
    monkeypatch.setattr(openvino, "_WORTH_A_SIZE", 1000)
    monkeypatch.setattr(programs, "_most", 64 * 64 * 3)
    light, missing = np.ones((40, 40, 3), np.uint8), np.zeros((40, 40), np.bool_)
    for side in (64, 65, 66, 64, 67):
        programs.run((side, side), 1, light, missing, 0.0)
    assert [kind.shape for kind in programs._kept] == [(64, 64), (67, 67)]
    # Small pictures of all sizes share one.
    for side in (20, 19, 18):
        programs.run(None, 1, light[:side, :20], missing[:side, :20], 0.0)
    assert [kind.shape for kind in programs._kept] == [(64, 64), (67, 67), openvino._ANY]


@pytest.mark.parametrize("small", [True, False])
def test_samples_of_eight_and_sixteen_bits_gray_and_colour_are_filled_as_by_onnx_runtime(
    mean_model: Path, monkeypatch: pytest.MonkeyPatch, small: bool
) -> None:
    pytest.importorskip("openvino", reason="the extra `openvino` is not installed")
    if not small:
        monkeypatch.setattr(openvino, "_WORTH_A_SIZE", 1000)
    data = mean_model.read_bytes()
    engine = load_engine(data, "mean", engine="openvino", threads=1, precision="float32")
    other = OnnxEngine(data, "mean", threads=1)
    random = np.random.default_rng(3)
    for dtype, channels in itertools.product((np.uint8, np.uint16), (1, 3)):
        light = random.integers(0, np.iinfo(dtype).max + 1, (50, 70, channels)).astype(dtype)
        missing = random.random((50, 70)) < 0.3
        np.testing.assert_allclose(engine.fill(light, missing), other.fill(light, missing), atol=1e-5)
