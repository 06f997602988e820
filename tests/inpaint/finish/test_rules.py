"""Rules go through holes whole, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bokwon.inpaint.finish.rules import LENGTH, LONGEST, draw_rules, find_rules
from bokwon.types import Hole

Gray = NDArray[np.uint8]


def page(height: int = 420, width: int = 160) -> Gray:
    """Paper with a little grain."""
    return np.asarray(220 + np.random.default_rng(1).normal(0, 2, (height, width)), np.uint8)


def draw(
    image: Gray, rows: slice = slice(None), column: float = 80.0, slope: float = 0.0, half: float = 2.0, tone: int = 60
) -> Gray:
    """Draw an upright rule, with soft edges."""
    row, across = np.mgrid[: image.shape[0], : image.shape[1]]
    cover = np.clip(half + 0.5 - np.abs(across - column - slope * row), 0, 1)
    cover[: rows.start or 0] = 0
    cover[rows.stop or image.shape[0] :] = 0
    return np.asarray(np.rint(image + cover * (tone - image.astype(float))), np.uint8)


def opening(image: Gray, top: int = 130, bottom: int = 290) -> Hole:
    hole = np.zeros(image.shape, bool)
    hole[top:bottom, 30:130] = True
    return hole


def filled(truth: Gray, hole: Hole) -> Gray:
    """The page with its hole filled with paper."""
    return np.asarray(np.where(hole, page(*truth.shape), truth), np.uint8)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("slope", [0.0, 0.04, -0.03])
def test_a_rule_goes_through_straight_and_as_dark_as_its_ends(slope: float, *, turned: bool) -> None:
    truth = draw(page(), column=80 - slope * 210, slope=slope)
    hole = opening(truth)
    image = filled(truth, hole)
    shown = image.T.copy() if turned else image.copy()
    draw_rules(shown, "L", hole.T if turned else hole)
    drawn = shown.T if turned else shown
    assert np.array_equal(drawn[~hole], image[~hole])
    difference = np.abs(drawn.astype(int) - truth)[hole]
    # Where the rule was missing, 160 levels lay between. A third of a pixel to the side is 53.
    assert np.percentile(difference, 99.5) < 53
    middle = drawn[140:280, 60:100].min(axis=1)
    assert middle.max() < 75


@pytest.mark.parametrize(("mode", "channels"), [("RGB", 3), ("LA", 2), ("RGBA", 4), ("CMYK", 4)])
def test_rules_are_drawn_in_every_mode(mode: str, channels: int) -> None:
    truth = draw(page())
    hole = opening(truth)
    for deep in (False, True):
        values = 255 - filled(truth, hole) if mode == "CMYK" else filled(truth, hole)
        image: NDArray[Any] = np.repeat(values[..., None], channels, 2)
        if deep:
            image = image.astype(np.uint16) * 257
        if mode in ("LA", "RGBA"):
            image[..., -1] = 65535 if deep else 255
        before = image.copy()
        draw_rules(image, mode, hole)
        line = image[140:280, 80, 0] / (257 if deep else 1)
        assert (line > 180).all() if mode == "CMYK" else (line < 75).all()
        assert np.array_equal(image[~hole], before[~hole])


def test_what_the_fill_drew_of_the_rule_is_cleared() -> None:
    truth = draw(page())
    hole = opening(truth)
    image = filled(truth, hole)
    # A lump beside the rule, and a stroke farther away.
    image[200:206, 74:86] = 60
    image[230:236, 100:120] = 60
    draw_rules(image, "L", hole)
    assert image[200:206, 74:76].min() > 190
    assert image[200:206, 85:].min() > 190
    assert (image[230:236, 100:120] == 60).all()


def test_a_letter_that_touches_an_end_is_not_copied() -> None:
    truth = draw(page())
    truth[100:112, 82:95] = 60
    hole = opening(truth)
    image = filled(truth, hole)
    draw_rules(image, "L", hole)
    assert image[135:285, 84:95].min() > 190
    assert image[135:285, 80].max() < 75


def test_two_rules_each_go_on_in_their_own() -> None:
    truth = draw(draw(page(), column=60, half=1), column=100, half=3)
    hole = opening(truth)
    rules = find_rules(filled(truth, hole), "L", hole)
    assert sorted(round(float(rule.before.at(130))) for rule in rules) == [60, 100]
    assert sorted(round(float(rule.after.at(290))) for rule in rules) == [60, 100]


def test_rules_that_cross_in_a_hole_are_both_whole() -> None:
    upright = draw(page(420, 420), column=200, half=1)
    truth = draw(upright.T.copy(), column=210, half=2).T.copy()
    hole = np.zeros(truth.shape, bool)
    hole[130:290, 120:280] = True
    image = filled(truth, hole)
    assert [rule.turned for rule in find_rules(image, "L", hole)] == [False, True]
    draw_rules(image, "L", hole)
    assert image[130:290, 199:202].min(axis=1).max() < 75
    assert image[208:213, 120:280].min(axis=0).max() < 75
    assert image[150:200, 140:190].min() > 190


def test_a_stroke_of_the_fill_that_crosses_a_rule_stays() -> None:
    truth = draw(page())
    hole = opening(truth)
    image = filled(truth, hole)
    image[205:209, 50:110] = 60
    draw_rules(image, "L", hole)
    assert image[206, 50:110].max() < 75


def nothing_beyond() -> tuple[Gray, Hole]:
    truth = draw(page(), slice(0, 200))
    return truth, opening(truth)


def beside_each_other() -> tuple[Gray, Hole]:
    truth = draw(draw(page(), slice(0, 200)), slice(200, 420), column=90)
    return truth, opening(truth)


def too_short() -> tuple[Gray, Hole]:
    truth = draw(page(), slice(130 - LENGTH + 8, 420))
    return truth, opening(truth)


def too_far() -> tuple[Gray, Hole]:
    truth = draw(page(LONGEST + 250))
    return truth, opening(truth, 120, 124 + LONGEST)


def much_thicker() -> tuple[Gray, Hole]:
    truth = draw(draw(page(), slice(0, 200), half=1), slice(200, 420), half=4)
    return truth, opening(truth)


def paper_between() -> tuple[Gray, Hole]:
    truth = draw(page(), slice(0, 150))
    truth = draw(truth, slice(270, 420))
    hole = opening(truth)
    hole[160:260] = False
    return truth, hole


def wavy() -> tuple[Gray, Hole]:
    image = page()
    for row in range(len(image)):
        place = 80 + round(5 * np.sin(row / 9))
        image[row, place - 2 : place + 3] = 60
    return image, opening(image)


@pytest.mark.parametrize(
    "case", [nothing_beyond, beside_each_other, too_short, too_far, much_thicker, paper_between, wavy]
)
def test_nothing_is_drawn_where_it_is_no_rule_on_both_sides(case: Callable[[], tuple[Gray, Hole]]) -> None:
    truth, hole = case()
    image = filled(truth, hole)
    assert find_rules(image, "L", hole) == []
    before = image.copy()
    draw_rules(image, "L", hole)
    assert np.array_equal(image, before)


def test_a_bilevel_page_stays_as_it_is() -> None:
    truth = draw(page())
    hole = opening(truth)
    image = filled(truth, hole) > 128
    before = image.copy()
    draw_rules(image, "1", hole)
    assert np.array_equal(image, before)
