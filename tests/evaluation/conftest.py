"""Images and masks small enough to be measured in a moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("skimage", reason="evaluation needs scikit-image, which is in bokwon[eval]")
pytest.importorskip("matplotlib", reason="evaluation needs matplotlib, which is in bokwon[eval]")

from bokwon.synthesis.masks.bins import Cell
from bokwon.synthesis.masks.generate import make_mask

CELLS = (Cell(2, True), Cell(3, False))
PER_CELL = 3


@dataclass(frozen=True)
class Material:
    """Folders of images, 90 x 80 and 64 x 64, and of masks in the cells 10-20/border and 20-30/inner, three each."""

    images: Path
    masks: Path


def write_images(folder: Path, sizes: list[tuple[int, int]]) -> None:
    folder.mkdir(parents=True)
    for index, (width, height) in enumerate(sizes):
        rng = np.random.default_rng(index)
        rows, columns = np.mgrid[0:height, 0:width]
        smooth = 127 + 80 * np.sin(rows / 9 + index) * np.cos(columns / 7)
        pixels = smooth[..., None] + rng.normal(0, 4, (height, width, 3))
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(folder / f"{index}.png")


def write_masks(folder: Path, *, invert: bool = False, flat: bool = False) -> None:
    for cell in CELLS:
        for index in range(PER_CELL):
            rng = np.random.default_rng([cell.bin, index])
            hole = make_mask(rng, (64, 64), "strokes", cell.ratio, cell.border_class)
            name = f"{cell.folder.replace('/', '_')}_{index}.png" if flat else f"{cell.folder}/{index}.png"
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(hole != invert).save(folder / name)


@pytest.fixture
def mask_folder() -> Callable[..., None]:
    """Writes masks of two cells, three of each, 64 x 64: `mask_folder(path, invert=False, flat=False)`."""
    return write_masks


@pytest.fixture
def material(tmp_path: Path) -> Material:
    write_images(tmp_path / "images", [(90, 80), (64, 64)])
    write_masks(tmp_path / "masks")
    return Material(tmp_path / "images", tmp_path / "masks")
