"""Tables as Markdown, and why columns are missing."""

from __future__ import annotations

from bokwon.evaluation.report.markdown import table_text, to_markdown
from bokwon.evaluation.report.tables import Table


def test_a_table_is_a_head_a_line_and_its_rows() -> None:
    text = table_text(Table(("what", "a", "b"), (("x", "**1**", "2"), ("y", "", "-"))))
    assert text == "| what | a | b |\n| --- | --- | --- |\n| x | **1** | 2 |\n| y |  | - |"


def test_empty_columns_say_why() -> None:
    cost = {"seconds": 1.0, "cpu_seconds": 1.0, "peak_mb": None, "psnr": {"mean": 30.0, "median": 30.0}}
    results = {
        "methods": [{"name": "ours"}],
        "cells": [],
        "all": {"pairs": 1, "methods": {"ours": cost}},
        "empty": {"LPIPS": "no weights"},
    }
    text = to_markdown(results)
    assert text.startswith("| All 1 pairs: mean | PSNR, dB ↑ |\n")
    assert "| ours | 1.00 | 1.00 | - |" in text
    assert text.endswith("\n\nLPIPS: empty, no weights.\n")
