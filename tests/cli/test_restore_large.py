"""Large pages and large holes through the command: tiles, memory, and the middle of what no network reaches."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import bokwon

FLOAT32 = ("--engine", "onnx", "--precision", "float32")


def run(folder: Path, *arguments: str) -> float:
    """Run the command in a process of its own; return its peak memory, MiB."""
    process = subprocess.Popen([sys.executable, "-m", "bokwon", "restore", "-q", *arguments], cwd=folder)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def page(height: int, width: int) -> np.ndarray:
    """Paper with lines of strokes."""
    random = np.random.default_rng(4)
    made = np.full((height, width, 3), (225, 215, 190), np.uint8)
    for top in range(20, height - 30, 40):
        strokes = random.random((18, width // 6)).repeat(6, axis=1) < 0.3
        made[top : top + 18, : strokes.shape[1]][strokes] = (60, 50, 45)
    return made


def save(folder: Path, pixels: np.ndarray, hole: np.ndarray) -> None:
    Image.fromarray(pixels).save(folder / "page.png", compress_level=1)
    Image.fromarray(hole).save(folder / "mask.png")


def test_a_page_in_tiles_is_filled_as_in_smaller_ones(tmp_path: Path) -> None:
    pixels = page(700, 1300)
    hole = np.zeros(pixels.shape[:2], bool)
    hole[::90, :] = hole[1::90, :] = hole[2::90, :] = hole[3::90, :] = True
    hole[300:340, 980:1060] = True
    save(tmp_path, pixels, hole)
    run(tmp_path, "page.png", "out.png", "--mask", "mask.png", *FLOAT32)
    smaller = bokwon.restore(pixels, hole, engine="onnx", precision="float32", tile=256)
    assert smaller.tiles > 20
    with Image.open(tmp_path / "out.png") as image:
        filled = np.array(image)
    np.testing.assert_array_equal(filled[~hole], pixels[~hole])
    difference = np.abs(filled[hole].astype(int) - smaller.image[hole])
    assert np.median(difference) <= 2
    assert np.abs(filled[hole].astype(int) - pixels[hole]).mean() < 60


def test_a_hole_larger_than_the_networks_reach_is_not_left_gray(tmp_path: Path) -> None:
    pixels = np.full((900, 1000, 3), (225, 215, 190), np.uint8)
    pixels = np.clip(pixels + np.random.default_rng(2).normal(0, 3, pixels.shape), 0, 255).astype(np.uint8)
    hole = np.zeros(pixels.shape[:2], bool)
    hole[150:750, 150:850] = True
    save(tmp_path, np.where(hole[..., None], 0, pixels).astype(np.uint8), hole)
    run(tmp_path, "page.png", "out.png", "--mask", "mask.png", *FLOAT32)
    with Image.open(tmp_path / "out.png") as image:
        filled = np.array(image)
    assert np.abs(filled[hole].astype(int) - (225, 215, 190)).max() <= 40
    assert np.abs(filled[hole].mean(axis=0) - (225, 215, 190)).max() <= 8


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="the system does not tell a process's memory")
def test_memory_beyond_the_image_grows_with_the_tile_and_not_with_the_page(tmp_path: Path) -> None:
    peaks = []
    for side in (1500, 4500):
        pixels = np.full((side, side), 220, np.uint8)
        hole = np.zeros(pixels.shape, bool)
        # As much damage in tiles of the same size.
        hole[200:240, 200:900] = hole[1100:1140, 200:900] = True
        save(tmp_path, pixels, hole)
        peaks.append(run(tmp_path, "page.png", "out.png", "--mask", "mask.png", *FLOAT32))
    megapixels = (4500**2 - 1500**2) / 2**20
    # The page, its mask, and what they are read from and written to.
    assert peaks[1] - peaks[0] < 5 * megapixels
