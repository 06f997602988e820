"""What is uncertain in a fill becomes paper."""

from __future__ import annotations

import numpy as np
import pytest

from bokwon.inpaint.finish.matches import Floats
from bokwon.inpaint.finish.uncertain import SAME, clear_uncertain
from bokwon.types import Hole

PAPER = 0.8


@pytest.fixture
def page() -> Floats:
    """Paper with a stroke that enters the hole."""
    light = np.full((120, 160, 3), PAPER, np.float32)
    light[50:54, 10:90] = 0.2
    return light


@pytest.fixture
def hole() -> Hole:
    hole = np.zeros((120, 160), bool)
    hole[30:80, 60:130] = True
    return hole


def cleared(light: Floats, hole: Hole, *, deep: float = 0, likeness: float = 0) -> Floats:
    inside = np.flatnonzero(hole)
    light = light.copy()
    values = (np.full((len(inside), 1), value, np.float32) for value in (deep, likeness))
    clear_uncertain(light, ~hole, inside, *values)
    return light


def test_a_stroke_that_continues_known_ink_stays(page: Floats, hole: Hole) -> None:
    np.testing.assert_allclose(cleared(page, hole), page, atol=0.01)


def test_ink_that_touches_no_known_ink_becomes_paper(page: Floats, hole: Hole) -> None:
    clean = page.copy()
    page[65:70, 100:104] = 0.2
    np.testing.assert_allclose(cleared(page, hole), clean, atol=0.02)


def test_ink_that_touches_none_stays_if_the_page_shows_the_same_elsewhere(page: Floats, hole: Hole) -> None:
    page[65:70, 100:104] = 0.2
    np.testing.assert_allclose(cleared(page, hole, likeness=SAME), page, atol=0.01)


@pytest.mark.parametrize(("deep", "kept"), [(0, 2 / 3), (1, 1 / 9)])
def test_a_smear_becomes_paler_most_deep_in_a_hole(page: Floats, hole: Hole, deep: float, kept: float) -> None:
    # A fifth darker than the paper, and continuing the stroke.
    page[50:54, 60:90] = 0.8 * PAPER
    contrast = PAPER - cleared(page, hole, deep=deep)[51, 75, 0]
    assert contrast == pytest.approx(kept * 0.2 * PAPER, abs=0.01)


def test_grain_stays(page: Floats, hole: Hole) -> None:
    page += np.random.default_rng(0).normal(0, 0.004, page.shape).astype(np.float32)
    made = cleared(page, hole)[35:48, 65:125]
    assert made.std() > 0.8 * page[35:48, 65:125].std()


def test_only_the_given_pixels_change(page: Floats, hole: Hole) -> None:
    page[65:70, 100:104] = page[100:105, 100:104] = 0.2
    made = cleared(page, hole)
    np.testing.assert_array_equal(made[~hole], page[~hole])
