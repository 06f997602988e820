"""Names of kinds: their numbers in a map, which are filled, and which names are refused."""

from __future__ import annotations

import pytest

from bokwon.detection.kinds import AREAS, FILLED, KINDS, LINES, choose_kinds, curve_name
from bokwon.errors import ArgumentError


def test_numbers_in_maps_stay_what_they_are() -> None:
    # Maps that were written hold these numbers, from 1.
    assert dict(enumerate(KINDS, 1)) == {
        1: "missing paper",
        2: "tear",
        3: "crease",
        4: "scratch",
        5: "abrasion",
        6: "hiding stain",
        7: "readable stain",
        8: "film and dust",
    }


def test_what_is_filled_is_a_line_or_an_area() -> None:
    assert sorted(LINES + AREAS) == sorted(FILLED)
    assert set(KINDS) - set(FILLED) == {"readable stain"}


def test_areas_smaller_than_a_letter_have_a_curve_of_their_own() -> None:
    assert curve_name("missing paper", 999) == "small missing paper"
    assert curve_name("missing paper", 1000) == "missing paper"
    assert curve_name("scratch", 10) == "scratch"


def test_chosen_kinds_come_in_their_order_and_once() -> None:
    assert choose_kinds(("tear", "missing paper", "tear")) == ("missing paper", "tear")
    assert choose_kinds(("readable stain",)) == ("readable stain",)
    assert choose_kinds(("film-and-dust", "readable stain")) == ("readable stain", "film and dust")
    assert choose_kinds(None) == FILLED


def test_unknown_names_and_none_at_all_are_refused() -> None:
    with pytest.raises(ArgumentError, match="'hole'") as caught:
        choose_kinds(("tear", "hole"))
    # As the command takes them.
    assert "missing-paper, tear, crease" in caught.value.fix
    with pytest.raises(ArgumentError, match="no kind of damage is named"):
        choose_kinds(())
