"""Tables of what was read."""

from __future__ import annotations

from typing import Any

import pytest

from bokwon.evaluation.reading.tables import reading_note, reading_tables


def results(times: dict[str, float | None], fewer: dict[str, float | None]) -> dict[str, Any]:
    picture = {"characters": 200, "cer": 0.1, "substituted": 0.05, "inserted": 0.02, "missing": 0.03}
    pictures = {
        "undamaged": {**picture, "recovered": None, "recovered_characters": None},
        "ours": {**picture, "recovered": 0.5, "recovered_characters": 40},
        "ns": {**picture, "inserted": 0.04, "recovered": 0.25, "recovered_characters": 20},
    }
    duel = {
        "other": "ns", "times_recovered": times, "fewer_invented": fewer,
        "crops_with_fewer_errors": 7, "crops_with_more_errors": 2,
    }  # fmt: skip
    row = {"bin": None, "reader": None, "pairs": 9, "pictures": pictures, "against": [duel]}
    reading = {
        "readers": ["a", "b"], "pairs": 9, "known": 8, "unreadable": 3, "without_text": 1, "by_line": True,
        "rows": [row, {**row, "reader": "a"}, {**row, "bin": 2}],
    }  # fmt: skip
    return {"methods": [{"name": "ours"}, {"name": "ns"}], "cells": [{"bin": 1}, {"bin": 2}], "reading": reading}


def test_rates_are_percent_of_characters() -> None:
    found = results({"mean": 2.0, "low": 1.5, "high": 2.75}, {"mean": 0.02, "low": -0.01, "high": 0.05})
    rates, duels = reading_tables(found)
    assert rates.rows[0] == ("undamaged", "all, 1-20 % hole", "9", "200", "10.0", "5.0", "2.0", "3.0", "", "")
    assert rates.rows[1][-2:] == ("50.0", "40")
    assert [row[1] for row in rates.rows[::3]] == ["all, 1-20 % hole", "a", "10-20 % hole"]
    assert duels.rows[0] == (
        "ns", "all, 1-20 % hole", "7, 2", "40", "20", "2.00 [1.50, 2.75]", "7.0", "9.0", "+2.0 [-1.0, +5.0]"
    )  # fmt: skip


@pytest.mark.parametrize(("mean", "text"), [(None, "∞ [-]"), (0.0, "0.00 [-]"), (1.25, "1.25 [-]")])
def test_times_without_an_interval(mean: float | None, text: str) -> None:
    nothing: dict[str, float | None] = {"mean": 0.0, "low": None, "high": None}
    duels = reading_tables(results({"mean": mean, "low": None, "high": None}, nothing))[1]
    assert duels.rows[0][5] == text
    assert duels.rows[0][-1] == "+0.0 [-]"


def test_where_nothing_was_read_there_is_nothing() -> None:
    assert reading_tables({}) == []
    assert reading_note({}) == ""
    nothing: dict[str, float | None] = {"mean": 0.0, "low": None, "high": None}
    note = reading_note(results(nothing, nothing))
    assert note.startswith("Read by a and b, told where the lines are: 9 crops, 8 of them with known text.")
    assert note.endswith("Left out: 3 that no reader can read undamaged, 1 without text.")


def test_single_characters_stand_by_what_was_hidden() -> None:
    nothing: dict[str, float | None] = {"mean": 0.0, "low": None, "high": None}
    found = results(nothing, nothing)
    counts = {"characters": 200, "lost": 50, "won_back": 40, "missing": 4, "wrong": 5, "invented": 1}
    groups = {"untouched": dict.fromkeys(counts, 0), "less": counts, "more": {**counts, "lost": 0, "won_back": 0}}
    found["reading"]["characters"] = {"pairs": 7, "pictures": {"ours": groups}}
    _, table, _ = reading_tables(found)
    assert "7 crops" in table.heads[0]
    assert table.rows == (
        ("ours", "at most 3/4", "200", "50", "80.0", "2.0", "3.0", "2.5", "0.5"),
        ("ours", "more than 3/4", "200", "0", "", "2.0", "3.0", "2.5", "0.5"),
    )
    assert len(table.heads) == len(table.rows[0])
