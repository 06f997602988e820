from __future__ import annotations

from bokwon.evaluation.measure.ink import INK_FIGURES
from bokwon.evaluation.report.ink import summarise_ink
from bokwon.evaluation.report.tables import ink_table


def pair(place: int, *values: float | None) -> dict:
    return {
        "bin": place,
        "methods": {name: dict.fromkeys(INK_FIGURES, v) for name, v in zip("ab", values, strict=True)},
    }


PAIRS = [pair(1, 10, 20), pair(1, 30, 40), pair(3, 80, 90), pair(3, None, None)]


def test_medians_are_over_the_pairs_that_hide_enough_ink() -> None:
    found = summarise_ink(PAIRS, ["a", "b"])
    assert found["pairs"] == 3
    assert [(row["bin"], row["pairs"]) for row in found["rows"]] == [(None, 3), (1, 2), (3, 1)]
    assert [row["methods"]["a"]["ink_back"] for row in found["rows"]] == [30, 20, 80]
    assert [row["methods"]["b"]["tint"] for row in found["rows"]] == [40, 30, 90]


def test_records_of_earlier_versions_have_no_ink() -> None:
    assert summarise_ink([{"bin": 1, "methods": {"a": {"l1": 3}}}], ["a"]) == {"pairs": 0, "rows": []}
    assert ink_table({"ink": {"pairs": 0, "rows": []}}) == []
    assert ink_table({}) == []


def test_the_table_has_a_row_for_each_method_and_bin() -> None:
    (table,) = ink_table({"ink": summarise_ink(PAIRS, ["a", "b"])})
    assert table.rows[0] == ("a", "all", "3", *["30.0"] * 6)
    assert table.rows[3] == ("b", "1-10 %", "2", *["30.0"] * 6)
    assert all(len(row) == len(table.heads) for row in table.rows)
