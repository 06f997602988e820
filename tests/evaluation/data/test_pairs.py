from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bokwon.errors import ArgumentError, FileAccessError, InputFileError
from bokwon.evaluation.data.crops import fit_hole, list_images, window_of
from bokwon.evaluation.data.pairs import load_pair, plan_pairs
from bokwon.synthesis.masks.bins import Cell, cell_of


def test_a_larger_image_is_cropped_from_its_middle() -> None:
    assert window_of((1000, 700), (512, 512)) == (244, 94, 512, 512)


def test_of_a_smaller_image_the_largest_centred_square_is_taken() -> None:
    assert window_of((400, 300), (512, 512)) == (50, 0, 300, 300)
    assert window_of((300, 900), (512, 512)) == (0, 300, 300, 300)


def test_a_mask_that_is_no_square_keeps_its_proportions() -> None:
    assert window_of((100, 100), (50, 200)) == (0, 37, 100, 25)


@given(size=st.tuples(st.integers(1, 900), st.integers(1, 900)), side=st.integers(16, 600))
def test_a_window_lies_in_the_image_and_is_a_square_for_a_square_mask(size: tuple[int, int], side: int) -> None:
    left, top, width, height = window_of(size, (side, side))
    assert width == height == min(side, *size)
    assert left >= 0
    assert top >= 0
    assert left + width <= size[0]
    assert top + height <= size[1]


def test_a_reduced_mask_stays_binary_and_keeps_its_share() -> None:
    hole = np.zeros((512, 512), bool)
    hole[:, 128:256] = True
    (_, _, width, height), reduced = fit_hole(hole, (300, 350))
    assert reduced.dtype == np.bool_
    assert reduced.shape == (height, width) == (300, 300)
    assert reduced.mean() == pytest.approx(0.25, abs=0.01)


def test_every_cell_gets_its_pairs_and_what_is_missing_is_named(material: Any) -> None:
    plan = plan_pairs(material.images, material.masks, per_cell=2)
    assert [(pair.bin, pair.border) for pair in plan.pairs] == [(2, True)] * 2 + [(3, False)] * 2
    assert [pair.number for pair in plan.pairs] == [0, 1, 2, 3]
    # Both images are used in a cell before one comes again.
    assert {pair.image for pair in plan.pairs[:2]} == {"0.png", "1.png"}
    assert sum("has 0 of 2 pairs" in problem for problem in plan.problems) == 10
    for pair in plan.pairs:
        truth, hole = load_pair(pair, material.images, material.masks)
        assert truth.shape == (*hole.shape, 3) == (64, 64, 3)
        assert cell_of(hole) == pair.cell
        assert pair.ratio == pytest.approx(hole.mean(), abs=1e-6)


def test_more_pairs_a_cell_only_add_and_other_seeds_differ(material: Any) -> None:
    def chosen(**options: Any) -> set[tuple[str, str]]:
        return {(pair.image, pair.mask) for pair in plan_pairs(material.images, material.masks, **options).pairs}

    assert chosen(per_cell=1) < chosen(per_cell=2) < chosen(per_cell=3) == chosen()
    assert len({frozenset(chosen(per_cell=1, seed=seed)) for seed in range(8)}) > 1


def test_some_cells_have_the_pairs_they_have_among_all(material: Any) -> None:
    whole = plan_pairs(material.images, material.masks)
    some = plan_pairs(material.images, material.masks, cells=[Cell(3, False)])
    wanted = [(pair.image, pair.mask) for pair in whole.pairs if pair.bin == 3]
    assert [(pair.image, pair.mask) for pair in some.pairs] == wanted
    assert some.problems == ()


def test_pairs_do_not_depend_on_other_files_coming_and_going(material: Any) -> None:
    before = [(pair.image, pair.mask) for pair in plan_pairs(material.images, material.masks, per_cell=3).pairs]
    used = before[0][1]
    (material.masks / used).unlink()
    after = [(pair.image, pair.mask) for pair in plan_pairs(material.images, material.masks, per_cell=3).pairs]
    assert [mask for _, mask in after] == [mask for _, mask in before if mask != used]


def test_a_flat_folder_is_sorted_by_what_the_masks_are(
    material: Any, tmp_path: Path, mask_folder: Callable[..., None]
) -> None:
    mask_folder(tmp_path / "flat", flat=True)
    plan = plan_pairs(material.images, tmp_path / "flat")
    assert sorted({pair.cell.folder for pair in plan.pairs}) == ["10-20/border", "20-30/inner"]
    assert len(plan.pairs) == 6


@pytest.mark.parametrize("flat", [False, True])
def test_masks_of_the_wrong_polarity_are_refused_by_name(
    material: Any, tmp_path: Path, mask_folder: Callable[..., None], flat: bool
) -> None:
    mask_folder(tmp_path / "inverted", invert=True, flat=flat)
    with pytest.raises((ArgumentError, InputFileError), match=r"_?\d\.png.*bokwon masks sort"):
        plan_pairs(material.images, tmp_path / "inverted")


def test_a_mask_in_the_wrong_folder_is_refused_by_name(material: Any) -> None:
    wrong = material.masks / "20-30" / "border" / "x.png"
    wrong.parent.mkdir()
    wrong.write_bytes((material.masks / "20-30" / "inner" / "0.png").read_bytes())
    with pytest.raises(InputFileError, match=r"x\.png lies in 20-30/border and belongs to 20-30/inner"):
        plan_pairs(material.images, material.masks)


def test_unreadable_files_are_named_and_the_rest_is_used(material: Any) -> None:
    (material.images / "broken.png").write_bytes(b"no image")
    (material.masks / "20-30" / "inner" / "broken.png").write_bytes(b"no mask")
    plan = plan_pairs(material.images, material.masks)
    assert len(plan.pairs) == 6
    assert any("image" in problem and "broken.png" in problem for problem in plan.problems)
    assert any("mask" in problem and "broken.png" in problem for problem in plan.problems)


def test_masks_of_ink_beside_rendered_pages_are_no_images(material: Any) -> None:
    for folder in (material.images / "ink", material.images / "set" / "ink"):
        folder.mkdir(parents=True)
        (folder / "0.png").write_bytes((material.images / "0.png").read_bytes())
    (material.images / "set" / "ink.png").write_bytes((material.images / "0.png").read_bytes())
    names = [path.relative_to(material.images).as_posix() for path in list_images(material.images)]
    assert names == ["0.png", "1.png", "set/ink.png"]


def test_a_gray_mask_is_named(material: Any) -> None:
    Image.fromarray(np.full((64, 64), 120, np.uint8)).save(material.masks / "10-20" / "border" / "gray.png")
    assert any("neither black nor white" in problem for problem in plan_pairs(material.images, material.masks).problems)


def test_files_that_change_after_the_plan_are_refused(material: Any) -> None:
    pair = plan_pairs(material.images, material.masks).pairs[0]
    with pytest.raises(InputFileError, match="has changed"):
        load_pair(replace(pair, mask_sha256="0" * 16), material.images, material.masks)


def test_a_transparent_truth_is_refused(material: Any) -> None:
    for path in material.images.iterdir():
        image = Image.open(path).convert("RGBA")
        image.putalpha(100)
        image.save(path)
    pair = plan_pairs(material.images, material.masks).pairs[0]
    with pytest.raises(InputFileError, match="transparent"):
        load_pair(pair, material.images, material.masks)


def test_folders_and_numbers_that_make_no_sense(material: Any, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="0 pairs"):
        plan_pairs(material.images, material.masks, per_cell=0)
    with pytest.raises(FileAccessError, match="no folder"):
        plan_pairs(tmp_path / "none", material.masks)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileAccessError, match="no undamaged images"):
        plan_pairs(tmp_path / "empty", material.masks)
