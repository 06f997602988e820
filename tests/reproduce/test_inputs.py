from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PIL import Image

from bokwon.reproduce.inputs import make_masks, prepare_images
from bokwon.reproduce.recipe import Recipe
from bokwon.synthesis.masks.bins import CELLS, cell_of
from bokwon.synthesis.masks.polarity import read_mask


def test_images_are_drawn_where_none_are_given_and_found_again(tmp_path: Path, quiet: Callable[..., object]) -> None:
    found = prepare_images(Recipe(tmp_path), 24, quiet)  # type: ignore[arg-type]
    train, test = sorted(Path(found.train[0]).iterdir()), sorted(found.test.iterdir())
    assert (len(train), len(test)) == (32, 12)
    for path, side in ((train[0], 48), (test[0], 24)):
        with Image.open(path) as image:
            assert image.size == (side, side)
    assert not {path.read_bytes() for path in train} & {path.read_bytes() for path in test}
    assert "were drawn" in found.notes[0]
    before = test[0].stat().st_mtime_ns
    test[1].unlink()
    prepare_images(Recipe(tmp_path), 24, quiet)  # type: ignore[arg-type]
    assert test[0].stat().st_mtime_ns == before
    assert test[1].exists()


def test_what_is_given_is_taken(tmp_path: Path, quiet: Callable[..., object]) -> None:
    recipe = Recipe(tmp_path, images=("a", "b"), test_images=Path("c"), test_masks=Path("d"))
    found = prepare_images(recipe, 24, quiet)  # type: ignore[arg-type]
    assert (found.train, found.test, found.notes) == (("a", "b"), Path("c"), ())
    assert make_masks(recipe, 24, quiet) == (Path("d"), ())  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_masks_fill_every_cell(tmp_path: Path, quiet: Callable[..., object]) -> None:
    folder, notes = make_masks(Recipe(tmp_path, per_cell=2), 64, quiet)  # type: ignore[arg-type]
    assert "2 in each cell" in notes[0]
    for cell in CELLS:
        masks = list((folder / cell.folder).iterdir())
        assert [cell_of(read_mask(path)) for path in masks] == [cell, cell]
