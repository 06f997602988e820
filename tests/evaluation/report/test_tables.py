"""Tables: the best of a row in bold, gains with their interval, the paper's figures beside them."""

from __future__ import annotations

from typing import Any

import pytest

from bokwon.evaluation.report.tables import (
    PUBLISHED,
    cell_name,
    cost_table,
    figure_table,
    interval_text,
    marked,
    overview_table,
    ratio_table,
    tables,
)
from bokwon.synthesis.masks.bins import CELLS, Cell


@pytest.fixture
def results() -> dict[str, Any]:
    """One cell with two methods, one cell without pairs."""
    gain = {"other": "ns", "mean": 1.256, "low": 0.004, "high": 2.508}
    methods = {
        "ours": {
            "l1": {"mean": 1.5, "median": 1.0, "gain": {**gain, "low": None, "high": None}},
            "hole_psnr": {"mean": 20.256, "median": 20.0, "gain": gain},
            "seconds": 0.5, "cpu_seconds": 0.25, "peak_mb": 99.6,
        },
        "ns": {
            "l1": {"mean": 2.0, "median": 0.5},
            "hole_psnr": {"mean": 19.0, "median": 21.0},
            "seconds": 0.125, "cpu_seconds": 0.125, "peak_mb": None,
        },
    }  # fmt: skip
    cell = {"name": cell_name(Cell(2, True)), "bin": 2, "border": True, "pairs": 7, "methods": methods}
    empty = {"name": cell_name(Cell(3, False)), "bin": 3, "border": False, "pairs": 0, "methods": {}}
    return {
        "methods": [{"name": "ours"}, {"name": "ns"}],
        "cells": [cell, empty],
        "all": {"pairs": 7, "methods": methods},
    }


@pytest.mark.parametrize(
    ("key", "values", "texts"),
    [
        ("psnr", [20.0, 21.256, None], ["20.00", "**21.26**", "-"]),
        ("l1", [2.0, 1.5, 1.5], ["2.00", "**1.50**", "**1.50**"]),
        ("ssim", [None, None], ["-", "-"]),
    ],
)
def test_the_best_of_a_row_is_marked(key: str, values: list[float | None], texts: list[str]) -> None:
    assert marked(key, values) == texts


def test_means_have_their_gain_and_the_published_figure_beside_them(results: dict[str, Any]) -> None:
    table = figure_table(results, ["ours", "ns"], "l1", "mean")
    assert table.heads[:4] == ("L1, %: mean (lower is better)", "pairs", "ours", "ns")
    published = f"{PUBLISHED['l1']['border'][1]:.2f}"
    assert table.rows == (
        ("10-20 % border", "7", "**1.50**", "2.00", "+1.26 [-] (ns)", published),
        ("20-30 % inner", "0", "-", "-", "-", "-"),
        ("**all**", "7", "**1.50**", "2.00", "+1.26 [-] (ns)", ""),
    )


def test_medians_have_neither(results: dict[str, Any]) -> None:
    table = figure_table(results, ["ours", "ns"], "hole_psnr", "median")
    assert table.heads == ("PSNR in hole, dB: median (higher is better)", "pairs", "ours", "ns")
    assert table.rows[0] == ("10-20 % border", "7", "20.00", "**21.00**")


def test_the_overview_marks_the_best_of_each_column(results: dict[str, Any]) -> None:
    table = overview_table(results, ["ours", "ns"])
    assert table.heads == ("All 7 pairs: mean", "PSNR in hole, dB ↑", "L1, % ↓")
    assert table.rows == (("ours", "**20.26**", "**1.50**"), ("ns", "19.00", "2.00"))


def test_costs_that_are_not_known_are_dashes(results: dict[str, Any]) -> None:
    assert cost_table(results, ["ours", "ns", "lost"]).rows == (
        ("ours", "0.50", "0.25", "100"),
        ("ns", "0.12", "0.12", "-"),
        ("lost", "-", "-", "-"),
    )


def test_a_report_has_a_table_of_means_and_of_medians_for_every_figure(results: dict[str, Any]) -> None:
    assert [table.heads[0].split(":")[0] for table in tables(results)] == [
        "All 7 pairs", "PSNR in hole, dB", "PSNR in hole, dB", "L1, %", "L1, %", "all pairs"
    ]  # fmt: skip


def test_names_and_intervals() -> None:
    assert [cell_name(cell) for cell in CELLS[:2]] == ["1-10 % border", "1-10 % inner"]
    assert interval_text(-0.126, 2.0, 2) == "[-0.13, +2.00]"
    assert interval_text(None, 2.0, 2) == interval_text(1.0, None, 2) == "[-]"


def test_ratios_have_a_row_for_each_other_method() -> None:
    ratios = {"ns": {"mean": 1.5, "low": 1.25, "high": 1.75}, "telea": {"mean": 0.5, "low": None, "high": None}}
    results = {"all": {"pairs": 9, "methods": {"ours": {"st_lpips": {"mean": 0.1, "ratios": ratios}}}}}
    (table,) = ratio_table(results, ["ours", "ns", "telea"])
    assert table.heads == ("Ratio of means over all 9 pairs", "other", "ours / other [95 %]")
    assert table.rows == (
        ("Shift-tolerant LPIPS", "ns", "1.500 [1.250, 1.750]"),
        ("Shift-tolerant LPIPS", "telea", "0.500 [-]"),
    )
    assert ratio_table({"all": {"pairs": 9, "methods": {"ours": {"l1": {"mean": 0.1}}}}}, ["ours"]) == []
