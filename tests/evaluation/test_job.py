"""An evaluation's order is checked before anything is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bokwon.errors import ArgumentError, OutputExistsError
from bokwon.evaluation.job import Order
from bokwon.evaluation.measure.benchmark import Folders
from bokwon.evaluation.report.results import read_results


def test_lines_without_a_reader_are_refused(material: Any, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="--read"):
        Order(Folders(material.images, material.masks, tmp_path), "telea", by_line=True)


def test_a_report_goes_on_with_more_methods(
    evaluate_few: Callable[..., dict[str, Any]], material: Any, tmp_path: Path
) -> None:
    report = tmp_path / "report"
    first = evaluate_few(material, report, "identity")
    lines = (report / "measured.jsonl").read_text().splitlines()
    second = evaluate_few(material, report, "telea,identity", seed=0)
    # What has been measured stays as it is, its time among it.
    assert (report / "measured.jsonl").read_text().splitlines()[: len(lines)] == lines
    for before, after in zip(first["pairs"], second["pairs"], strict=True):
        assert after["methods"]["identity"] == before["methods"]["identity"]
    assert read_results(report / "results.json") == second
    assert {path.name for path in report.iterdir()} >= {"report.html", "pairs.csv", "table.md", "plots", "restored"}
    assert second["settings"]["methods"] == ["telea", "identity"]
    assert second["settings"]["images"] == f"{tmp_path.name}/images"
    # FID and Inception Score are no columns unless they are asked for.
    assert set(second["empty"]) == {"LPIPS", "ST-LPIPS", "VGG distance"}


def test_a_report_of_other_versions_is_refused(
    evaluate_few: Callable[..., dict[str, Any]], material: Any, tmp_path: Path
) -> None:
    report = tmp_path / "report"
    evaluate_few(material, report, "identity")
    kept = json.loads((report / "versions.json").read_text())
    (report / "versions.json").write_text(json.dumps({**kept, "torch": "0.1"}))
    with pytest.raises(OutputExistsError, match=r"torch 0\.1 then"):
        evaluate_few(material, report, "identity")


def test_no_process_is_no_way_to_work(material: Any, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="0 processes"):
        Order(Folders(material.images, material.masks, tmp_path), "telea", jobs=0)
