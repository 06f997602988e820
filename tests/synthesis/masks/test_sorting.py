from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.errors import ArgumentError, FileAccessError, OutputExistsError
from bokwon.synthesis.masks.bins import CELLS, Cell, cell_of
from bokwon.synthesis.masks.dataset import MaskSet, make_set
from bokwon.synthesis.masks.files import save_mask
from bokwon.synthesis.masks.generate import make_mask
from bokwon.synthesis.masks.polarity import list_masks, read_mask
from bokwon.synthesis.masks.sorting import sort_masks

NVIDIA = Path(os.environ.get("DATA", ""), "masks", "nvidia_test")


def save(path: Path, hole: np.ndarray, *, inverted: bool = False) -> None:
    save_mask(path, hole ^ inverted)


def fill(folder: Path, cells: tuple[Cell, ...], *, inverted: bool = False, suffix: str = ".png") -> None:
    """A folder of occlusion masks, two a cell, each in a folder named as its cell."""
    for cell in cells:
        for number in range(2):
            rng = np.random.default_rng((number, cell.bin, cell.border))
            hole = make_mask(rng, (128, 128), "occlusion", cell.ratio, cell.border_class)
            save(folder / cell.folder / f"{number}{suffix}", hole, inverted=inverted)


def manifest(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("jobs", [1, 2])
def test_masks_of_either_polarity_come_into_their_cells(tmp_path: Path, inverted: bool, jobs: int) -> None:
    fill(tmp_path / "in", CELLS, inverted=inverted)
    result = sort_masks(tmp_path / "in", tmp_path / "out", jobs=jobs)
    assert result.polarity.white is not inverted
    assert result.unused == {}
    assert result.cells == {cell.folder: 2 for cell in CELLS}
    for record in manifest(tmp_path / "out"):
        file = Path(str(record["file"]))
        assert file.parent == Path(str(record["source"])).parent
        hole = read_mask(tmp_path / "out" / file)
        assert cell_of(hole) == Cell(int(str(record["bin"])), bool(record["border"]))
        np.testing.assert_array_equal(hole, read_mask(tmp_path / "in" / str(record["source"])) ^ inverted)
        with Image.open(tmp_path / "out" / file) as image:
            assert image.mode == "1"
    assert not (tmp_path / "out" / "INCOMPLETE").exists()


def test_one_inverted_file_follows_the_folder_and_is_named(tmp_path: Path) -> None:
    fill(tmp_path / "in", CELLS[:4])
    save(
        tmp_path / "in" / "odd.png", make_mask(np.random.default_rng(0), (128, 128), ratio=(0.02, 0.05)), inverted=True
    )
    result = sort_masks(tmp_path / "in", tmp_path / "out")
    assert [path.name for path in result.polarity.doubtful] == ["odd.png"]
    assert list(result.unused) == ["odd.png"]
    assert "lies in no bin" in result.unused["odd.png"]


def test_where_nothing_tells_the_polarity_it_must_be_said(tmp_path: Path) -> None:
    half = np.zeros((64, 64), bool)
    half[:, :32] = True
    save(tmp_path / "in" / "half.png", half)
    with pytest.raises(ArgumentError, match="cannot tell") as error:
        sort_masks(tmp_path / "in", tmp_path / "out")
    assert "--holes" in error.value.fix
    assert not (tmp_path / "out").exists()
    assert sort_masks(tmp_path / "in", tmp_path / "out", holes="black").cells == {"40-50/border": 1}
    with pytest.raises(ArgumentError, match="colour"):
        sort_masks(tmp_path / "in", tmp_path / "out", holes="green")  # type: ignore[arg-type]


def test_what_is_no_mask_is_reported_and_the_rest_is_sorted(tmp_path: Path) -> None:
    fill(tmp_path / "in", CELLS[:2])
    source = tmp_path / "in"
    gradient = np.tile(np.arange(128, dtype=np.uint8) * 2, (128, 1))
    Image.fromarray(gradient).save(source / "photo.png")
    (source / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n rubbish")
    save(source / "empty.png", np.zeros((128, 128), bool))
    (source / "notes.txt").write_text("not looked at")
    result = sort_masks(source, tmp_path / "out")
    assert result.cells == {"01-10/border": 2, "01-10/inner": 2}
    assert set(result.unused) == {"photo.png", "broken.png", "empty.png"}
    assert "neither black nor white" in result.unused["photo.png"]
    listed = [json.loads(line) for line in (tmp_path / "out" / "unused.jsonl").read_text().splitlines()]
    assert {row["file"]: row["reason"] for row in listed} == result.unused


def test_sorting_twice_or_from_nowhere_is_refused(tmp_path: Path) -> None:
    fill(tmp_path / "in", CELLS[:1])
    sort_masks(tmp_path / "in", tmp_path / "out")
    with pytest.raises(OutputExistsError, match="sorted"):
        sort_masks(tmp_path / "in", tmp_path / "out")
    with pytest.raises(FileAccessError, match="no folder"):
        sort_masks(tmp_path / "nowhere", tmp_path / "other")
    (tmp_path / "void").mkdir()
    with pytest.raises(FileAccessError, match="no mask images"):
        sort_masks(tmp_path / "void", tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_set_within_its_source_is_not_sorted_into_itself(tmp_path: Path) -> None:
    fill(tmp_path, CELLS[:2])
    assert sum(sort_masks(tmp_path, tmp_path / "out").cells.values()) == 4
    (tmp_path / "out" / "settings.json").unlink()
    for path in list((tmp_path / "out").rglob("*.json*")):
        path.unlink()
    for path in list(tmp_path.glob("*-*")):
        for file in path.rglob("*.png"):
            file.unlink()
    with pytest.raises(FileAccessError, match="besides"):
        sort_masks(tmp_path, tmp_path / "out")


def test_a_made_set_sorts_into_itself(tmp_path: Path) -> None:
    make_set(tmp_path / "in", MaskSet(count=24, size=(64, 64), kind="strokes"))
    sort_masks(tmp_path / "in", tmp_path / "out")
    for record in manifest(tmp_path / "out"):
        assert Path(str(record["file"])).parent == Path(str(record["source"])).parent


@pytest.mark.slow
@pytest.mark.skipif(not NVIDIA.is_dir(), reason="needs $DATA/masks/nvidia_test, the published test masks")
def test_every_published_mask_lies_in_the_cell_it_is_published_in(tmp_path: Path) -> None:
    result = sort_masks(NVIDIA, tmp_path / "out", jobs=2)
    assert result.polarity.white
    assert result.unused == {}
    assert sum(result.cells.values()) == len(list_masks(NVIDIA))
    for record in manifest(tmp_path / "out"):
        assert Path(str(record["file"])).parent == Path(str(record["source"])).parent
