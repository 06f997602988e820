from __future__ import annotations

import numpy as np
import pytest

from bokwon.errors import ArgumentError
from bokwon.evaluation.reading.characters import count_characters, hidden_shares

NOTHING = {"characters": 0, "lost": 0, "won_back": 0, "missing": 0, "wrong": 0, "invented": 0}


def test_shares_are_of_the_ink_and_not_of_the_box() -> None:
    truth = np.full((60, 90, 3), 220, np.uint8)
    # A stroke of 4 x 20 pixels in a box of 20 x 20, and a box without ink.
    truth[20:24, 10:30] = 30
    hole = np.zeros((60, 90), bool)
    hole[10:40, 10:15] = True
    hole[10:40, 50:70] = True
    boxes = [(10, 10, 30, 30), (60, 10, 80, 30), (40, 10, 50, 30)]
    assert hidden_shares(truth, hole, boxes) == [0.25, 0.5, 0.0]


def test_safe_and_unsafe_errors_stand_apart_by_what_was_hidden() -> None:
    # a is untouched, b and c are hidden in part, d, e and f nearly whole.
    shares = [0, 0.5, 0.75, 0.76, 0.9, 1]
    counts = count_characters(["abcdef"], shares, ["abcdef"], ["a"], ["abxd!f"])
    assert counts == {
        "untouched": {**NOTHING, "characters": 1},
        "less": {**NOTHING, "characters": 2, "lost": 2, "won_back": 1, "wrong": 1},
        "more": {**NOTHING, "characters": 3, "lost": 3, "won_back": 2, "wrong": 1},
    }
    counts = count_characters(["abcdef"], shares, ["abcdef"], ["abef"], ["abc"])
    assert counts["less"] == {**NOTHING, "characters": 2, "lost": 1, "won_back": 1}
    assert counts["more"] == {**NOTHING, "characters": 3, "lost": 1, "missing": 3}


def test_what_is_invented_belongs_to_the_neighbour_that_was_hidden_more() -> None:
    counts = count_characters(["abc"], [0, 0.9, 0.2], ["abc"], ["a"], ["a?bc!"])
    assert (counts["more"]["invented"], counts["less"]["invented"], counts["untouched"]["invented"]) == (1, 1, 0)
    # What the reader invents on the undamaged page too is its own.
    counts = count_characters(["abc"], [0, 0.9, 0.2], ["a?bc"], ["a"], ["a?bc"])
    assert counts["more"]["invented"] == 0


def test_characters_that_the_reader_gets_wrong_undamaged_count_for_nothing() -> None:
    counts = count_characters(["ab"], [0.5, 0.5], ["xb"], [""], ["yb"])
    assert counts["less"] == {**NOTHING, "characters": 1, "lost": 1, "won_back": 1}


def test_parts_are_read_one_by_one() -> None:
    counts = count_characters(["ab", "", "cd"], [0.5, 1, 0.5, 1], ["ab", "", "cd"], ["", "", ""], ["ba", "", "cd"])
    assert counts["less"]["characters"] + counts["more"]["characters"] == 4
    # ab read as ba: two wrong, as in `count_edits`.
    assert (counts["less"]["wrong"], counts["more"]["wrong"]) == (1, 1)
    assert (counts["less"]["won_back"], counts["more"]["won_back"]) == (1, 1)


def test_a_share_for_each_character() -> None:
    with pytest.raises(ArgumentError, match="share of its ink"):
        count_characters(["ab"], [0.5], ["ab"], ["ab"], ["ab"])
