"""Masks in their cells; those of the wrong polarity or folder are named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bokwon.errors import ArgumentError, InputFileError
from bokwon.evaluation.data.pairs import plan_pairs


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


def test_a_gray_mask_is_named(material: Any) -> None:
    Image.fromarray(np.full((64, 64), 120, np.uint8)).save(material.masks / "10-20" / "border" / "gray.png")
    assert any("neither black nor white" in problem for problem in plan_pairs(material.images, material.masks).problems)
