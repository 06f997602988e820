"""Which pairs are shown, and how."""

from __future__ import annotations

from typing import Any

import numpy as np

from bokwon.evaluation.report.cases import choose_cases, detail_window, outline


def test_cases_are_the_extremes_and_the_middle_each_pair_once() -> None:
    #         gains:   -3  +1  +9   0  +5, -1, 2
    records = pairs(ours=[1, 9, 17, 6, 12, 3, 7], telea=[4, 8, 8, 6, 7, 4, 5], ns=[0, 0, 0, 0, 0, 0, 0])
    cases = choose_cases(records, ["ours", "telea", "ns"])
    assert [case.number for case in cases] == [2, 1, 0, 4, 6, 5]
    assert [case.title.split(" ")[0] for case in cases] == ["Largest", "Median", "Largest", "Best", "Median", "Worst"]


def test_cases_of_one_method_and_of_few_pairs() -> None:
    assert [case.number for case in choose_cases(pairs(ours=[3.0, 1.0, 2.0]), ["ours"])] == [0, 2, 1]
    assert [case.number for case in choose_cases(pairs(ours=[3.0], telea=[1.0]), ["ours", "telea"])] == [0]


def test_the_detail_shows_as_much_hole_as_not() -> None:
    hole = np.zeros((300, 400), bool)
    hole[200:, :] = True
    rows, columns = detail_window(hole)
    assert (rows.stop - rows.start, columns.stop - columns.start) == (128, 128)
    assert hole[rows, columns].mean() == 0.5
    assert detail_window(np.ones((50, 60), bool)) == (slice(0, 50), slice(0, 60))


def test_the_outline_is_drawn_on_the_edge_only() -> None:
    hole = np.zeros((40, 40), bool)
    hole[10:30, 10:30] = True
    drawn = outline(np.full((40, 40, 3), 90, np.uint8), hole, 2.0)
    assert drawn.shape == (80, 80, 3)
    changed = (drawn != 90).any(axis=-1)
    assert changed[20, 20:60].all()
    assert not changed[25:55, 25:55].any()
    assert not changed[:19].any()


def pairs(**psnr: list[float]) -> list[dict[str, Any]]:
    return [
        {"number": number, "methods": {name: {"hole_psnr": values[number]} for name, values in psnr.items()}}
        for number in range(len(next(iter(psnr.values()))))
    ]
