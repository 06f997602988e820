from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.errors import ArgumentError, FileAccessError
from bokwon.synthesis.masks.bins import Cell
from bokwon.synthesis.masks.generate import make_mask
from bokwon.synthesis.masks.polarity import find_polarity, list_masks, read_mask


def save(path: Path, hole: np.ndarray, *, inverted: bool = False, mode: str = "L") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(((hole ^ inverted) * 255).astype(np.uint8))
    (image.convert(mode)).save(path, **({"quality": 60} if path.suffix == ".jpg" else {}))


@pytest.mark.parametrize("cell", [Cell(6, True), Cell(6, False)])
@pytest.mark.parametrize("inverted", [False, True])
def test_a_folder_of_masks_that_are_mostly_hole_is_not_inverted(tmp_path: Path, cell: Cell, inverted: bool) -> None:
    for number in range(6):
        hole = make_mask(np.random.default_rng(number), (256, 256), "occlusion", cell.ratio, cell.border_class)
        assert hole.mean() > 0.5
        save(tmp_path / f"{number}.png", hole, inverted=inverted)
    assert find_polarity(list_masks(tmp_path)).white is not inverted


def test_jpeg_colour_transparency_and_depth_are_read(tmp_path: Path) -> None:
    hole = make_mask(np.random.default_rng(1), (96, 96), "strokes", (0.2, 0.3))
    save(tmp_path / "a.jpg", hole)
    save(tmp_path / "b.png", hole, mode="RGB")
    save(tmp_path / "c.png", hole, mode="1")
    drawn = np.zeros((96, 96, 4), np.uint8)
    drawn[..., 3] = hole * 255
    Image.fromarray(drawn).save(tmp_path / "d.png")
    Image.fromarray((hole * 65535).astype(np.uint16)).save(tmp_path / "e.tif")
    Image.fromarray((hole * 255).astype(np.uint8)).convert("P").save(tmp_path / "f.bmp")
    for path in list_masks(tmp_path):
        assert (read_mask(path) == hole).mean() > (0.98 if path.suffix == ".jpg" else 0.9999), path


def test_told_polarity_is_taken_and_evidence_must_be_clear(tmp_path: Path) -> None:
    half = np.zeros((64, 64), bool)
    half[:, :32] = True
    save(tmp_path / "half.png", half)
    files = list_masks(tmp_path)
    assert find_polarity(files, "black").white is False
    assert find_polarity(files, "white").evidence == 0
    with pytest.raises(ArgumentError, match="cannot tell"):
        find_polarity(files)
    with pytest.raises(ArgumentError, match="green"):
        find_polarity(files, "green")  # type: ignore[arg-type]


def test_the_number_of_processes_changes_nothing(tmp_path: Path) -> None:
    for number in range(40):
        hole = make_mask(np.random.default_rng(number), (48, 48), "strokes", (0.1, 0.2))
        save(tmp_path / f"{number:02}.png", hole, inverted=number == 7)
    one, two = (find_polarity(list_masks(tmp_path), jobs=jobs) for jobs in (1, 2))
    assert one == two
    assert [path.name for path in one.doubtful] == ["07.png"]


def test_what_is_no_mask_is_told(tmp_path: Path) -> None:
    Image.fromarray(np.tile(np.arange(256, dtype=np.uint8), (64, 1))).save(tmp_path / "photo.png")
    (tmp_path / "broken.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match="neither black nor white"):
        read_mask(tmp_path / "photo.png")
    with pytest.raises(ValueError, match="not an image"):
        read_mask(tmp_path / "broken.png")
    with pytest.raises(FileAccessError, match="none of 2 images is a mask"):
        find_polarity(list_masks(tmp_path))
