from __future__ import annotations

import numpy as np
import pytest

from bokwon.image_io.metadata import Metadata
from bokwon.image_io.page import Page
from bokwon.inpaint.ink import INK_LEFT_OUT, INK_MADE
from bokwon.provenance.overlay import draw_overlay


def gray_page(value: int, dtype: type = np.uint8) -> Page:
    return Page(np.full((4, 6), value, dtype), "L", "PNG", Metadata())


def test_known_pixels_are_gray_and_filled_ones_go_from_green_to_red() -> None:
    levels = np.zeros((4, 6), np.uint8)
    levels[0] = [0, 1, 2, 3, 4, 4]
    picture = draw_overlay(gray_page(100), levels, 3).astype(int)
    assert picture.shape == (4, 6, 3)
    np.testing.assert_array_equal(picture[1:], 100)
    near, far, none = picture[0, 1], picture[0, 3], picture[0, 4]
    # 0.35 of the gray and 0.65 of the colour of the nearest level.
    np.testing.assert_array_equal(near, (np.array([26, 152, 80]) * 0.65 + 35).astype(int))
    assert near[1] > near[0]
    assert far[0] > far[1]
    assert none[2] > none[1]


@pytest.mark.parametrize("layers", [1, 2, 7, 12])
def test_each_layer_has_a_colour_of_its_own(layers: int) -> None:
    levels = np.arange(layers + 2, dtype=np.uint8)[None]
    page = Page(np.zeros((1, layers + 2), np.uint8), "L", "PNG", Metadata())
    picture = draw_overlay(page, levels, layers)
    assert len(np.unique(picture[0], axis=0)) == layers + 2


def test_deep_pages_are_shown_in_eight_bits() -> None:
    picture = draw_overlay(gray_page(40_000, np.uint16), np.zeros((4, 6), np.uint8), 3)
    assert picture.dtype == np.uint8
    assert (picture == 40_000 >> 8).all()


def test_ink_that_was_made_is_dark_and_ink_that_was_left_out_is_light() -> None:
    levels = np.zeros((4, 6), np.uint8)
    levels[1, :3] = 1
    ink = np.zeros((4, 6), np.uint8)
    ink[1, 0], ink[1, 1] = INK_MADE, INK_LEFT_OUT
    without, picture = (draw_overlay(gray_page(100), levels, 3, told).astype(int) for told in (None, ink))
    made, left_out = picture[1, 0], picture[1, 1]
    # Both are blue, which no level is.
    assert made[2] > 2 * max(made[:2])
    assert left_out[2] > left_out[1] > 2 * left_out[0]
    assert left_out.sum() > 2 * made.sum()
    np.testing.assert_array_equal(picture[ink == 0], without[ink == 0])
