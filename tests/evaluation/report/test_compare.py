"""Two results against each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bokwon.errors import ArgumentError, InputFileError
from bokwon.evaluation.report.compare import compare, format_comparison
from bokwon.evaluation.report.results import read_results


@pytest.fixture
def results() -> dict[str, Any]:
    """Six pairs of six images: three in the cell 10-20/border, three in 20-30/inner."""
    pairs = []
    for number in range(6):
        figures = {
            "telea": {"hole_psnr": 15.0 + number, "hole_l1": 9.0 - number},
            "ns": {"hole_psnr": 14.0 + number % 3, "hole_l1": 9.5},
        }
        digests = {"image_sha256": f"i{number}", "mask_sha256": f"m{number}", "window": [0, 0, 64, 64]}
        cell = {"bin": 2, "border": True} if number < 3 else {"bin": 3, "border": False}
        pairs.append({"number": number, "image": f"{number}.png", **digests, **cell, "methods": figures})
    return {"format": 1, "methods": [{"name": "telea"}, {"name": "ns"}], "pairs": pairs}


def test_a_result_compared_with_itself_and_with_a_better_one(results: dict[str, Any]) -> None:
    same = compare(results, results)
    assert {row.verdict for rows in same.rows.values() for row in rows} == {"undecided"}
    better = json.loads(json.dumps(results))
    for pair in better["pairs"]:
        pair["methods"]["telea"]["hole_psnr"] += 1.0
    rows = compare(results, better).rows["telea"]
    assert [row.cell for row in rows] == ["10-20 % border", "20-30 % inner", "all"]
    # Three images in a cell decide nothing, six do.
    assert [row.verdict for row in rows] == ["undecided", "undecided", "better"]
    assert compare(better, results).rows["telea"][-1].verdict == "worse"
    text = format_comparison(compare(results, better))
    assert "+1.00 [+1.00, +1.00] | better |" in text


def test_comparing_what_cannot_be_compared(results: dict[str, Any], tmp_path: Path) -> None:
    other = json.loads(json.dumps(results))
    other["pairs"] = other["pairs"][1:]
    assert compare(results, other).unmatched == 1
    for pair in other["pairs"]:
        pair["image_sha256"] = "0"
    with pytest.raises(ArgumentError, match="no pair in common"):
        compare(results, other)
    with pytest.raises(ArgumentError, match="no figure"):
        compare(results, results, "beauty")
    (tmp_path / "x.json").write_text('{"format": 1}')
    with pytest.raises(InputFileError, match="not a result"):
        read_results(tmp_path / "x.json")


def test_less_is_better_where_it_is(results: dict[str, Any]) -> None:
    lower = json.loads(json.dumps(results))
    for pair in lower["pairs"]:
        pair["methods"]["ns"]["hole_l1"] -= 0.5
    row = compare(results, lower, "hole_l1").rows["ns"][-1]
    assert (row.first, row.second, row.gain.mean, row.verdict) == (9.5, 9.0, 0.5, "better")
