"""Rules that go on through holes: where they are, and that a window with its surroundings is enough to tell."""

from __future__ import annotations

import numpy as np
import pytest

from bokwon.inpaint.finish.ruled_lines import REACH, STEP, darkest, rules_through

SIZE = (460, 300)
HOLE = np.zeros(SIZE, bool)
HOLE[180:280, 30:270] = True


def page(between: float = 0.3, ends: float = 0.9) -> np.ndarray:
    """Shares of ink by squares: an upright rule with its ends outside the hole, pale within, and specks besides."""
    rng = np.random.default_rng(5)
    ink = 0.05 * rng.random(SIZE, np.float32)
    ink[20:440, 150:152] = ends
    ink[210:250, 150:152] = between
    ink[rng.random(SIZE) < 0.01] = 0.8
    return ink


def test_the_darkest_pixel_of_each_square_counts() -> None:
    light = np.array([[[9], [8], [7]], [[6], [9], [5]], [[4], [3], [9]]], np.uint8)
    np.testing.assert_array_equal(darkest(light)[..., 0], [[6, 5], [3, 9]])
    colours = np.random.default_rng(1).integers(0, 65536, (7, 9, 3)).astype(np.uint16)
    found = darkest(colours)
    assert (found.shape, found.dtype) == ((4, 5, 3), np.uint16)
    np.testing.assert_array_equal(found[1, 2], colours[2:4, 4:6].min(axis=(0, 1)))
    np.testing.assert_array_equal(found[3, 4], colours[6, 8])


def test_a_pale_rule_is_told_from_paper_and_by_how_much_its_ends_are_darker() -> None:
    share, factor = rules_through(page(), HOLE)
    assert share.shape == factor.shape == (STEP * SIZE[0], STEP * SIZE[1], 1)
    middle = slice(STEP * 200, STEP * 260)
    rule = slice(STEP * 150, STEP * 152)
    assert share[middle, rule].min() > 0.9
    assert factor[STEP * 220 : STEP * 240, rule].mean() == pytest.approx(0.9 / 0.3, rel=0.25)
    assert share[middle, : STEP * 140].max() == 0
    assert share[middle, STEP * 162 :].max() == 0
    assert factor.min() == 1


def test_nothing_between_the_ends_stays_nothing() -> None:
    share, _ = rules_through(page(between=0.05), HOLE)
    assert share[STEP * 225 : STEP * 235].max() == 0


def test_a_gap_that_is_too_wide_is_not_closed() -> None:
    ink = page()
    hole = HOLE.copy()
    hole[110:350, 30:270] = True
    ink[115:345, 150:152] = 0.3
    share, _ = rules_through(ink, hole)
    assert share[STEP * 220 : STEP * 240].max() == 0


def test_a_stub_at_the_border_of_the_page_is_no_end() -> None:
    ink, hole = page(), HOLE.copy()
    # Of one end 40 pixels are left, where the other has hundreds.
    ink, hole = ink[160:], hole[160:]
    assert rules_through(page(), HOLE)[0][STEP * 225 : STEP * 235, STEP * 150].min() > 0.9
    assert rules_through(ink, hole)[0][STEP * 65 : STEP * 75].max() == 0


def test_a_window_with_its_surroundings_tells_what_the_whole_page_tells() -> None:
    ink = np.tile(page(), (3, 2))
    hole = np.tile(HOLE, (3, 2))
    whole = rules_through(ink, hole)
    margin = REACH // STEP
    top, bottom, left, right = 620, 740, 200, 500
    around = slice(top - margin, bottom + margin), slice(left - margin, right + margin)
    around = around[0], slice(max(0, around[1].start), around[1].stop)
    part = rules_through(ink[around], hole[around])
    first = STEP * (top - around[0].start), STEP * (left - around[1].start)
    window = np.s_[first[0] : first[0] + STEP * (bottom - top), first[1] : first[1] + STEP * (right - left)]
    for one, all_of_it in zip(part, whole, strict=True):
        np.testing.assert_array_equal(one[window], all_of_it[STEP * top : STEP * bottom, STEP * left : STEP * right])
    assert whole[0][STEP * top : STEP * bottom].max() > 0.9
