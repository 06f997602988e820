"""Strokes that come from places of the page."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from bokwon.inpaint.finish.exemplars import GRID, Exemplars
from bokwon.inpaint.finish.matches import Floats
from bokwon.types import Hole


def letters(height: int = 160, width: int = 240, channels: int = 3) -> Floats:
    """A page of one sign, again and again, at distances that are no multiple of a cell."""
    page = np.full((height, width, channels), 0.9, np.float32)
    for top in range(6, height - 26, 31):
        for left in range(5, width - 22, 27):
            page[top : top + 22, left : left + 3] = 0.2
            page[top : top + 22, left + 15 : left + 18] = 0.2
            page[top + 10 : top + 13, left : left + 18] = 0.2
    return page


def crossing(shape: tuple[int, ...]) -> Hole:
    """A hole over the middle strokes of one line."""
    hole = np.zeros(shape[:2], bool)
    hole[74:86, 40:200] = True
    return hole


def found(light: Floats, hole: Hole, *, known: Hole | None = None) -> Exemplars:
    return Exemplars.of(light, ~hole if known is None else known, hole, (0, 0), np.random.default_rng(0))


def test_soft_strokes_become_those_that_the_page_has_in_such_surroundings() -> None:
    page = letters()
    hole = crossing(page.shape)
    filled = page.copy()
    filled[hole] = cv2.GaussianBlur(page, (0, 0), 3)[hole]
    assert np.mean(filled[hole] < 0.5) < 0.2
    made = found(filled, hole)
    assert made.share.min() > 0.5
    ink = page[hole].mean(axis=1) < 0.5
    light = made.light.mean(axis=1)
    assert np.mean(light[ink] < 0.5) > 0.95
    assert np.mean(light[~ink] > 0.7) > 0.95


def test_the_same_elsewhere_is_a_likeness_of_one_and_noise_is_less() -> None:
    page = letters()
    hole = crossing(page.shape)
    assert found(page, hole).likeness.min() > 0.98
    page[hole] = np.random.default_rng(1).random((np.count_nonzero(hole), 3)) * 0.5
    assert found(page, hole).likeness.mean() < 0.9


def test_paper_is_left_to_others() -> None:
    page = letters()
    hole = np.zeros(page.shape[:2], bool)
    page[100:] = 0.9
    hole[120:150, 30:200] = True
    made = found(page, hole)
    assert made.share.max() == 0
    assert made.light.shape == (np.count_nonzero(hole), 3)


def test_a_page_with_too_few_known_places_is_left_as_it_is() -> None:
    page = letters()
    hole = np.ones(page.shape[:2], bool)
    hole[60:75, 60:75] = False
    assert found(page, hole).share.max() == 0


def test_nothing_comes_from_what_is_not_known() -> None:
    page = letters()
    hole = crossing(page.shape)
    known = ~hole
    # The upper half is missing too, but is not wanted here; what its fill holds is lighter than all that is known.
    known[:60] = False
    page[:60] += 0.1
    made = found(page, hole, known=known)
    assert made.light[made.share[:, 0] > 0].max() <= np.float32(0.9) + 1e-6


def test_cells_lie_on_a_grid_of_the_page() -> None:
    page = letters()
    hole = crossing(page.shape)
    whole = found(page, hole)
    # A window that begins elsewhere has the same cells, so the same pixels are taken from places.
    top, left = 2 * GRID + 3, GRID + 1
    cut = np.s_[top:, left:]
    light = np.ascontiguousarray(page[cut])
    part = Exemplars.of(light, ~hole[cut], hole[cut], (top, left), np.random.default_rng(0))
    np.testing.assert_allclose(part.share > 0, whole.share > 0)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_every_number_of_channels(channels: int) -> None:
    page = letters(channels=channels)
    hole = crossing(page.shape)
    made = found(page, hole)
    np.testing.assert_allclose(made.light, page[hole], atol=0.02)


def test_ink_of_another_colour_is_no_match() -> None:
    page = letters()
    # As light as the black of the other signs on average, but red.
    red = np.array([0.5, 0.05, 0.05], np.float32)
    page[62:93][page[62:93].mean(axis=2) < 0.5] = red
    page[31:62][page[31:62].mean(axis=2) < 0.5] = red
    hole = crossing(page.shape)
    made = found(page, hole)
    ink = page[hole].mean(axis=1) < 0.5
    np.testing.assert_allclose(made.light[ink].mean(axis=0), red, atol=0.05)
