"""`bokwon convert` as it is typed, and what its outputs are good for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from bokwon.cli.convert import LayoutName
from bokwon.export.convert import LAYOUTS
from bokwon.nn.unet import PConvUNet
from tests.cli.conftest import Call

SETTINGS = ["network.levels=5", "network.width=4", "network.base=none"]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint as mmagic names it, of a network with something in its normalisation."""
    torch.manual_seed(0)
    network = PConvUNet(levels=5, width=4)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.3, 0.3)
            nn.init.uniform_(module.running_var, 0.5, 2)
    state = {}
    for name, value in network.state_dict().items():
        part, number, rest = name.split(".", 2)
        level = int(number) + 1 if part == "encoder" else 5 - int(number)
        state[f"generator.{part}.{part[:3]}{level}.{rest.replace('norm.', 'bn.')}"] = value
    path = tmp_path_factory.mktemp("published") / "iter_7.pth"
    torch.save({"meta": {"iter": 7}, "state_dict": state}, path)
    return path


def _run(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bokwon", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=cwd,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures, a damaged one, and its mask."""
    (tmp_path / "pictures").mkdir()
    rng = np.random.default_rng(0)
    for number in range(3):
        small = Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8))
        small.resize((128, 96), Image.Resampling.BICUBIC).save(tmp_path / "pictures" / f"{number}.png")
    hole = np.zeros((96, 128), np.uint8)
    hole[30:60, 40:90] = 255
    Image.fromarray(hole).save(tmp_path / "mask.png")
    return tmp_path


def test_a_model_file_restores_and_is_measured(published: Path, folder: Path) -> None:
    done = _run("convert", "mmagic", published, "theirs.onnx", "--licence", "Apache-2.0", cwd=folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "theirs.onnx\n", "")
    image = folder / "pictures" / "0.png"
    done = _run("restore", image, "out.png", "--mask", "mask.png", "--model", "./theirs.onnx", "-q", cwd=folder)
    assert done.returncode == 0, done.stderr
    before, after = (np.asarray(Image.open(path)) for path in (image, folder / "out.png"))
    hole = np.asarray(Image.open(folder / "mask.png")) > 0
    np.testing.assert_array_equal(before[~hole], after[~hole])
    assert (before[hole] != after[hole]).mean() > 0.5
    done = _run("models", "show", "./theirs.onnx", cwd=folder)
    card = json.loads(done.stdout)
    assert card["licence"] == "Apache-2.0"
    assert card["converted"]["layout"] == "mmagic"
    (folder / "masks").mkdir()
    (folder / "mask.png").rename(folder / "masks" / "mask.png")
    measured = ["--images", "pictures", "--masks", "masks", "--methods", "telea,theirs=./theirs.onnx"]
    done = _run("evaluate", *measured, "--per-cell", "1", "--out", "report", "-q", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert '"theirs"' in (folder / "report" / "results.json").read_text()


@pytest.mark.parametrize("output", ["theirs", "theirs.safetensors"])
def test_a_checkpoint_is_fine_tuned_by_the_command_that_is_told(
    published: Path, folder: Path, call: Call, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    monkeypatch.chdir(folder)
    done = call("convert", "MMAGIC", published, output)
    assert done.returncode == 0, done.stderr
    told = done.stderr.split("bokwon train ")[1].replace("DIR", "pictures").replace("'", "").split("--set ")
    # Values hold blanks and stand in quotation marks.
    options = [word for setting in told[1:-1] for word in ("--set", setting.strip())]
    last, _, images = told[-1].rpartition(" --images ")
    options += ["--set", last.strip(), "--images", images.strip(), *told[0].split()]
    tiny = ["data.crop=32", "data.workers=0", "steps=1", "batch=2", "tensorboard=false", "precision=fp32"]
    more = [word for setting in tiny for word in ("--set", setting)]
    done = _run("train", *options, *more, "--threads", "1", "--out", "run", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert f"started from {output}" in " ".join(done.stderr.split())
    done = call("export", "run", "tuned.onnx")
    assert done.returncode == 0, done.stderr
    assert json.loads((folder / "tuned.json").read_text())["network"]["std"] == [0.5, 0.5, 0.5]


def test_what_a_checkpoint_was_converted_from_stays_in_the_card_of_its_export(
    published: Path, tmp_path: Path, call: Call
) -> None:
    assert call("convert", "mmagic", published, tmp_path / "theirs").returncode == 0
    assert call("export", tmp_path / "theirs", tmp_path / "again.onnx").returncode == 0
    card = json.loads((tmp_path / "again.json").read_text())
    assert (card["licence"], card["converted"]["file"]) == ("unknown", "iter_7.pth")


def test_refusals_are_one_line_with_their_exit_code(
    published: Path, folder: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    partial = torch.load(published, weights_only=True)
    del partial["state_dict"]["generator.decoder.dec2.bn.running_var"]
    torch.save(partial, folder / "partial.pth")
    for source, output, code, says in (
        ("partial.pth", "a.onnx", 2, "decoder.dec2.bn.running_var is missing"),
        ("none.pth", "a.onnx", 5, "none.pth is missing"),
        (published, "mask.png", 6, "already exists"),
    ):
        done = call("convert", "mmagic", source, output)
        assert (done.returncode, done.stderr.count("\n")) == (code, 1), done.stderr
        assert says in done.stderr
    assert not (folder / "a.onnx").exists()
    done = call("convert", "caffe", published, "a.onnx")
    assert done.returncode == 1
    assert "naoto0804" in done.stderr


def test_the_help_knows_every_layout_and_has_an_example(call: Call) -> None:
    assert [layout.value for layout in LayoutName] == list(LAYOUTS)
    done = call("convert", "--help")
    assert "bokwon convert naoto0804" in done.stdout
