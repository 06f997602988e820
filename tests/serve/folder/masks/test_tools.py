"""Tools: wand, growing, shrinking, filling."""

from __future__ import annotations

import numpy as np
import pytest

from bokwon.errors import ArgumentError
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.page import Page
from bokwon.serve.folder.masks.tools import magic_wand, reshape
from bokwon.serve.folder.view.shown import ShownPage
from tests.serve.folder.conftest import box_hole


def shown(pixels: np.ndarray) -> ShownPage:
    return ShownPage(Page(pixels, "L" if pixels.ndim == 2 else "RGB", "PNG", Metadata()))


def test_the_wand_takes_what_is_connected_and_alike() -> None:
    pixels = np.full((60, 80), 200, np.uint8)
    pixels[10:20, 10:30] = 100
    pixels[12, 12] = 112
    pixels[40:50, 10:30] = 100
    box, area = magic_wand(shown(pixels), 20, 15, 11, 500)
    assert box == (10, 10, 30, 20)
    assert area.sum() == 199
    assert not area[2, 2]
    box, area = magic_wand(shown(pixels), 20, 15, 12, 500)
    assert area.sum() == 200
    # No further than asked for.
    box, area = magic_wand(shown(pixels), 20, 15, 0, 3)
    assert (box, area.shape) == ((17, 12, 24, 19), (7, 7))


def test_the_wand_looks_at_every_channel() -> None:
    pixels = np.full((20, 20, 3), 100, np.uint8)
    pixels[:, 10:, 2] = 160
    assert magic_wand(shown(pixels), 0, 0, 50, 100)[0] == (0, 0, 10, 20)
    assert magic_wand(shown(pixels), 0, 0, 60, 100)[0] == (0, 0, 20, 20)


def test_the_wand_covers_soft_edges_and_specks() -> None:
    pixels = np.full((60, 80), 200, np.uint8)
    pixels[0:20, 10:30] = 100
    pixels[8, 12] = 200
    pixels[11:16, 20:26] = 200
    box, area = magic_wand(shown(pixels), 15, 5, 11, 500, grow=2)
    assert box == (8, 0, 32, 22)
    assert area[:20, 2:22].sum() == 20 * 20 - 1 * 2
    assert area.sum() > 21 * 20
    # The speck is filled, the larger hole only if the limit allows it.
    _, area = magic_wand(shown(pixels), 15, 5, 11, 500, holes=29)
    assert area.sum() == 20 * 20 - 30
    _, area = magic_wand(shown(pixels), 15, 5, 11, 500, holes=30)
    assert area.all()
    # What is open to the edge of the area is no hole.
    pixels[11:16, 20:30] = 200
    _, area = magic_wand(shown(pixels), 15, 5, 11, 500, holes=10**6)
    assert area.sum() == 20 * 20 - 5 * 10


def test_masks_grow_and_shrink_by_a_distance() -> None:
    hole = np.zeros((21, 31), bool)
    hole[10, 15] = True
    rows, columns = np.mgrid[:21, :31]
    disc = (rows - 10) ** 2 + (columns - 15) ** 2 <= 9
    assert (reshape(hole.copy(), "grow", 3) == disc).all()
    assert (reshape(disc.copy(), "shrink", 3) == hole).all()
    assert not reshape(hole.copy(), "shrink", 1).any()
    assert not reshape(np.zeros((5, 5), bool), "grow", 3).any()


def test_what_touches_the_border_does_not_shrink_from_there() -> None:
    hole = box_hole((0, 0, 30, 30))
    assert (reshape(hole, "shrink", 5) == box_hole((0, 0, 25, 25))).mean() > 0.998
    assert hole[0, 0]


def test_what_a_mask_encloses_is_filled() -> None:
    ring = box_hole((10, 10, 40, 40))
    ring[15:35, 15:35] = False
    ring[80:85, 100:110] = True
    assert (reshape(ring, "fill holes", 1) == box_hole((10, 10, 40, 40), (100, 80, 110, 85))).all()


def test_a_mask_of_everything_is_refused() -> None:
    hole = np.ones((9, 9), bool)
    hole[4, 4] = False
    with pytest.raises(ArgumentError):
        reshape(hole, "grow", 1)
