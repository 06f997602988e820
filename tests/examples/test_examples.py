"""The example scripts run, in miniature."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


def run(script: str, *arguments: str | Path) -> str:
    paths = os.pathsep.join(filter(None, (str(ROOT / "src"), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        [sys.executable, EXAMPLES / script, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def crops(folder: Path, side: int) -> Path:
    folder.mkdir()
    with Image.open(EXAMPLES / "hangul.png") as page:
        gray = page.convert("L")
    for number in range(2):
        gray.crop((40 * number, 30, 40 * number + side, 30 + side)).save(folder / f"{number}.png")
    return folder


@pytest.mark.slow
def test_training_on_scans_goes_on_from_the_shipped_model(tmp_path: Path) -> None:
    pytest.importorskip("accelerate", reason="training needs bokwon[train]")
    scans = crops(tmp_path / "scans", 130)
    hole = np.zeros((130, 130), bool)
    hole[60:70, 50:80] = True
    Image.fromarray(hole).save(tmp_path / "mask.png")
    small = ["steps=2", "batch=2", "data.crop=128", "data.workers=0", "precision=fp32", "optimizer.warmup=0"]
    page = ("--page", scans / "0.png", "--mask", tmp_path / "mask.png")
    settings = [word for each in small for word in ("--set", each)]
    told = run("train_on_your_scans.py", scans, tmp_path / "out", "--minutes", "1", *page, *settings)
    assert "step 1  loss" in told
    before, after = (pixels(tmp_path / "out" / name) for name in ("before.png", "after.png"))
    scan = pixels(scans / "0.png")
    np.testing.assert_array_equal(before[~hole], scan[~hole])
    np.testing.assert_array_equal(after[~hole], scan[~hole])
    # Two steps from the same weights: not the same fill, and not another one.
    assert 0 < np.abs(before - after)[hole].mean() < 60


def test_the_pictures_show_that_the_hole_stays_out_of_the_mean(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the layer needs bokwon[train]")
    image = np.full((300, 300, 3), 200, np.uint8)
    hole = np.zeros((300, 300), np.uint8)
    hole[130:170, 130:170] = 255
    Image.fromarray(image).save(tmp_path / "image.png")
    Image.fromarray(hole).save(tmp_path / "mask.png")
    run("explain_partial_convolution.py", tmp_path / "sheet.png", tmp_path / "image.png", tmp_path / "mask.png")
    sheet = pixels(tmp_path / "sheet.png")
    assert sheet.shape == (3 * (256 + 18 + 8) + 8, 3 * (256 + 8) + 8, 3)
    damaged, ordinary, partial = (sheet[26:282, 8 + 264 * place : 264 + 264 * place, 0] for place in range(3))
    near = (128, 128 - 23)  # three pixels from the edge of the hole
    assert damaged[near] == 200
    assert ordinary[near] < 160
    assert abs(int(partial[near]) - 200) <= 1
    assert damaged[128, 128] == ordinary[128, 128] == partial[128, 128] == 0
    run("explain_partial_convolution.py", tmp_path / "own.png")
    assert pixels(tmp_path / "own.png").shape == sheet.shape


def test_two_methods_are_compared(tmp_path: Path) -> None:
    pytest.importorskip("skimage", reason="evaluation needs bokwon[eval]")
    pytest.importorskip("matplotlib", reason="evaluation needs bokwon[eval]")
    images = crops(tmp_path / "images", 96)
    told = run("compare_two_models.py", images, "telea", "identity", tmp_path / "out", "--per-cell", "1")
    assert "one -> two: PSNR in hole" in told
    assert (tmp_path / "out" / "report" / "report.html").is_file()
    assert len(list((tmp_path / "out" / "masks").rglob("*.png"))) == 12
