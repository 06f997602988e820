"""Readings added up, with intervals, and the tables of them."""

from __future__ import annotations

from bokwon.evaluation.reading.summary import summarise_reading
from bokwon.evaluation.reading.tables import reading_tables


def test_characters_are_counted_over_all_pages_with_an_interval() -> None:
    def edits(substituted: int, missing: int) -> dict[str, int]:
        return {"length": 100, "substituted": substituted, "inserted": 0, "missing": missing}

    readings = {"undamaged": edits(0, 0), "damaged": edits(0, 40), "ours": edits(2, 8), "telea": edits(12, 13)}
    entry = {"reader": "r", "known": True, "readable": True, "readings": readings}
    pairs = [{"number": n, "bin": 1, "image": f"{n}.png"} for n in range(6)]
    summary = summarise_reading(dict.fromkeys(range(6), entry), pairs, ["ours", "telea"])
    (duel,) = summary["rows"][0]["against"]
    # 30 of 40 characters against 15: twice as many. 2 % invented against 12 %.
    assert duel["times_recovered"] == {"mean": 2.0, "low": 2.0, "high": 2.0}
    assert duel["fewer_invented"] == {"mean": 0.1, "low": 0.1, "high": 0.1}
    tables = reading_tables({"methods": [{"name": "ours"}], "cells": [{"bin": 1}], "reading": summary})
    assert tables[1].rows[0] == (
        "telea", "all, 1-10 % hole", "6, 0", "180", "90", "2.00 [2.00, 2.00]", "2.0", "12.0", "+10.0 [+10.0, +10.0]"
    )  # fmt: skip
    assert tables[0].rows[2][:2] == ("ours", "all, 1-10 % hole")
    # As many wrong after either is neither fewer nor more; one lost page does not hide the five others.
    even = {**readings, "telea": readings["ours"]}
    worse = {**readings, "ours": edits(100, 0)}
    mixed = dict(enumerate([readings] * 4 + [even, worse]))
    found = {number: {**entry, "readings": mine} for number, mine in mixed.items()}
    (duel,) = summarise_reading(found, pairs, ["ours", "telea"])["rows"][0]["against"]
    assert (duel["crops_with_fewer_errors"], duel["crops_with_more_errors"]) == (4, 1)
    # Where the other takes nothing back there is no number of times.
    readings["telea"] = edits(0, 40)
    (duel,) = summarise_reading(dict.fromkeys(range(6), entry), pairs, ["ours", "telea"])["rows"][0]["against"]
    assert duel["times_recovered"] == {"mean": None, "low": None, "high": None}
