"""A damage detector from the first command to the last: train, export, detect."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Call

pytest.importorskip("torch", reason="training needs PyTorch, which is in bokwon[train]")

TINY = (
    "network.widths=[4, 6, 8]",
    "network.decoder=[4, 4, 6]",
    "network.context=[1]",
    "network.blocks=[0, 0, 1]",
    "scenes.count=2",
    "scenes.size=64",
    "crop=64",
    "steps=2",
    "batch=2",
    "workers=0",
    'precision="fp32"',
)


def run(*arguments: object) -> str:
    command = [sys.executable, "-m", "bokwon", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_train_export_detect(tmp_path: Path, call: Call) -> None:
    settings = [part for setting in TINY for part in ("--set", setting)]
    out = tmp_path / "run"
    assert "step_000002" in run("train", "--preset", "detect", "--out", out, "--threads", 1, "-q", *settings)
    assert "differs from PyTorch" in run("export", out, tmp_path / "mine.onnx")
    done = call("export", out, tmp_path / "mine.onnx", "--weights")
    assert (done.returncode, "leave them out" in done.stderr) == (1, True)
    Image.new("RGB", (80, 60), (230, 220, 200)).save(tmp_path / "page.png")
    run("detect", tmp_path / "page.png", tmp_path / "mask.png", "--model", tmp_path / "mine.onnx")
    with Image.open(tmp_path / "mask.png") as mask:
        assert mask.size == (80, 60)


def test_scenes_are_not_named_as_images_are(tmp_path: Path, call: Call) -> None:
    done = call("train", "--preset", "detect", "--out", tmp_path, "--images", tmp_path)
    assert (done.returncode, "scenes.pages" in done.stderr) == (1, True)
