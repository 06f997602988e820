"""Undamaged images, and masks fitted to them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bokwon.errors import InputFileError
from bokwon.evaluation.data.crops import fit_hole, list_images, window_of
from bokwon.evaluation.data.pairs import load_pair, plan_pairs


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


def test_masks_of_ink_beside_rendered_pages_are_no_images(material: Any) -> None:
    for folder in (material.images / "ink", material.images / "set" / "ink"):
        folder.mkdir(parents=True)
        (folder / "0.png").write_bytes((material.images / "0.png").read_bytes())
    (material.images / "set" / "ink.png").write_bytes((material.images / "0.png").read_bytes())
    names = [path.relative_to(material.images).as_posix() for path in list_images(material.images)]
    assert names == ["0.png", "1.png", "set/ink.png"]


def test_a_transparent_truth_is_refused(material: Any) -> None:
    for path in material.images.iterdir():
        image = Image.open(path).convert("RGBA")
        image.putalpha(100)
        image.save(path)
    pair = plan_pairs(material.images, material.masks).pairs[0]
    with pytest.raises(InputFileError, match="transparent"):
        load_pair(pair, material.images, material.masks)
