"""The figures of ink, on pages whose answers are worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from bokwon.errors import ArgumentError
from bokwon.evaluation.measure.ink import INK_FIGURES, ink_of, measure_ink, paper_of

PAPER, INK = 200, 60
SIDE = 100


def page() -> np.ndarray:
    """White-gray paper with ten rules of 4 px: 4 % of each column."""
    truth = np.full((SIDE, SIDE, 3), PAPER, np.uint8)
    truth[10::40, :] = INK
    truth[11::40, :] = INK
    truth[12::40, :] = INK
    truth[13::40, :] = INK
    return truth


RULES = np.zeros((SIDE, SIDE), bool)
RULES[[10, 11, 12, 13, 50, 51, 52, 53, 90, 91, 92, 93]] = True
HOLE = np.zeros((SIDE, SIDE), bool)
HOLE[:, 20:80] = True
# Three rules of 4 x 60 pixels.
HIDDEN = 720


def filled(ink: int | tuple[int, int, int], blank: int = PAPER) -> np.ndarray:
    """The page with one gray in the place of the hidden ink, and one in that of the hidden paper."""
    image = page()
    image[HOLE & RULES] = ink
    image[HOLE & ~RULES] = blank
    return image


def test_paper_goes_on_under_the_ink() -> None:
    assert np.abs(paper_of(page()) - PAPER).max() < 1e-3
    np.testing.assert_array_equal(ink_of(page()), RULES)


def test_a_perfect_fill_puts_everything_back() -> None:
    assert measure_ink(page(), page(), HOLE) == {
        "ink_back": 100, "false_ink": 0, "ink_back_at_5": 100, "ink_back_at_10": 100, "ghost": 0, "tint": 0
    }  # fmt: skip


def test_paper_everywhere_puts_nothing_back_and_invents_nothing() -> None:
    assert measure_ink(filled(PAPER), page(), HOLE) == dict.fromkeys(INK_FIGURES, 0)


def test_ink_put_back_false_and_ghosts_are_shares_of_the_hidden_ink() -> None:
    image = page()
    # Two of three rules come back; 36 pixels of paper turn into ink (5 %), 72 into gray at 0.8 of the paper (10 %).
    image[50:54, 20:80] = PAPER
    image[20, 20:56] = INK
    image[30, 20:80], image[31, 20:32] = 160, 160
    assert np.count_nonzero(HOLE & RULES) == HIDDEN
    figures = measure_ink(image, page(), HOLE)
    assert figures["ink_back"] == pytest.approx(100 * 2 / 3)
    assert figures["false_ink"] == pytest.approx(5)
    assert figures["ghost"] == pytest.approx(10)
    # Gray of 0.8 counts as ink at the higher limits only: at most 5 % are false below it, 15 % above it.
    assert figures["ink_back_at_5"] == pytest.approx(100 * 2 / 3)
    assert figures["ink_back_at_10"] == pytest.approx(100 * 2 / 3)


def test_a_darker_fill_gains_nothing_on_the_curve() -> None:
    # The fill is unsure everywhere: ink at 0.70 of the paper, and 144 pixels of paper (20 %) at 0.66.
    unsure = filled(140)
    unsure[20:22, 20:80], unsure[23, 20:44] = 132, 132
    assert measure_ink(unsure, page(), HOLE)["ink_back"] == 100
    # Whatever the limit, the false ink comes before the true.
    assert measure_ink(unsure, page(), HOLE)["ink_back_at_5"] == 0
    # Ten gray levels lighter, nothing counts as ink at the fixed limit, and the curve is as it was.
    lighter = np.where(HOLE[..., None] & (unsure < 150), unsure + 10, unsure).astype(np.uint8)
    assert measure_ink(lighter, page(), HOLE)["ink_back"] == 0
    assert measure_ink(lighter, page(), HOLE)["ink_back_at_5"] == 0


def test_of_limits_with_as_much_false_ink_the_best_counts() -> None:
    # All of the ink at 0.60; of the paper 10 % at 0.565, and 20 % more at 0.80.
    image = filled(120)
    image[20, 20:80], image[21, 20:32] = 113, 113
    image[24:26, 20:80], image[27, 20:44] = 160, 160
    figures = measure_ink(image, page(), HOLE)
    assert figures["ink_back_at_10"] == 100
    assert figures["false_ink"] == pytest.approx(10)


def test_tint_is_the_spread_of_the_mean_errors_of_the_channels() -> None:
    assert measure_ink(filled((70, 60, 45)), page(), HOLE)["tint"] == pytest.approx(25)
    # Of ink that is not put back nothing is told.
    assert measure_ink(filled((200, 200, 180)), page(), HOLE)["tint"] == 0


def test_a_hole_with_little_ink_says_nothing() -> None:
    hole = np.zeros_like(HOLE)
    hole[10:14, 20:94] = True
    assert np.count_nonzero(hole & RULES) == 296
    assert measure_ink(page(), page(), hole) == dict.fromkeys(INK_FIGURES)
    hole[10:14, 94] = True
    assert measure_ink(page(), page(), hole)["ink_back"] == 100


def test_pages_of_different_shapes_cannot_be_compared() -> None:
    with pytest.raises(ArgumentError, match="cannot be compared"):
        measure_ink(page(), page()[1:], HOLE)
    with pytest.raises(ArgumentError, match="cannot be compared"):
        measure_ink(page(), page(), HOLE[1:])
