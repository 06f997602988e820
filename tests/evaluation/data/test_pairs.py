from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bokwon.errors import ArgumentError, FileAccessError, InputFileError
from bokwon.evaluation.data.pairs import load_pair, plan_pairs
from bokwon.synthesis.masks.bins import Cell, cell_of


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


def test_an_image_that_is_too_small_costs_the_others_no_more_than_two_masks(material: Any, tmp_path: Path) -> None:
    hole = np.zeros((64, 64), bool)
    # 14 % of 64 x 64 pixels; of every fourth pixel, which 16 x 16 are, none.
    hole[8:56, 8:56:4] = True
    for index in range(12):
        (tmp_path / "striped").mkdir(exist_ok=True)
        Image.fromarray(hole).save(tmp_path / "striped" / f"{index}.png")
    Image.new("RGB", (16, 16), "white").save(material.images / "small.png")
    Image.new("RGB", (9, 500), "white").save(material.images / "thin.png")
    plan = plan_pairs(material.images, tmp_path / "striped")
    assert len(plan.pairs) == 10
    assert {pair.image for pair in plan.pairs} == {"0.png", "1.png"}
    assert sum("reduced to 16x16 leaves 10-20/inner: not used" in problem for problem in plan.problems) == 2
    assert "image small.png is too small for the masks of 10-20/inner: not used" in plan.problems
    assert "image thin.png is smaller than 11 pixels: not used" in plan.problems


def test_pairs_do_not_depend_on_other_files_coming_and_going(material: Any) -> None:
    before = [(pair.image, pair.mask) for pair in plan_pairs(material.images, material.masks, per_cell=3).pairs]
    used = before[0][1]
    (material.masks / used).unlink()
    after = [(pair.image, pair.mask) for pair in plan_pairs(material.images, material.masks, per_cell=3).pairs]
    assert [mask for _, mask in after] == [mask for _, mask in before if mask != used]


def test_unreadable_files_are_named_and_the_rest_is_used(material: Any) -> None:
    (material.images / "broken.png").write_bytes(b"no image")
    (material.masks / "20-30" / "inner" / "broken.png").write_bytes(b"no mask")
    plan = plan_pairs(material.images, material.masks)
    assert len(plan.pairs) == 6
    assert any("image" in problem and "broken.png" in problem for problem in plan.problems)
    assert any("mask" in problem and "broken.png" in problem for problem in plan.problems)


def test_files_that_change_after_the_plan_are_refused(material: Any) -> None:
    pair = plan_pairs(material.images, material.masks).pairs[0]
    with pytest.raises(InputFileError, match="has changed"):
        load_pair(replace(pair, mask_sha256="0" * 16), material.images, material.masks)


def test_folders_and_numbers_that_make_no_sense(material: Any, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="0 pairs"):
        plan_pairs(material.images, material.masks, per_cell=0)
    with pytest.raises(FileAccessError, match="no folder"):
        plan_pairs(tmp_path / "none", material.masks)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileAccessError, match="no undamaged images"):
        plan_pairs(tmp_path / "empty", material.masks)
