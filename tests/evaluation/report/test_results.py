"""Results: every pair, every cell, as JSON, CSV and Markdown; failures named."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bokwon.evaluation.report.markdown import to_markdown
from bokwon.evaluation.report.results import read_results, to_csv, to_json
from bokwon.evaluation.report.tables import PUBLISHED, overview_table

ROOT = Path(__file__).parents[3]


def test_results_have_every_pair_and_every_cell(
    measure_here: Callable[..., Any], material: Any, tmp_path: Path
) -> None:
    results, _ = measure_here(material, tmp_path)
    assert json.loads("".join(to_json(results))) == json.loads(json.dumps(results)) == results
    assert len(results["pairs"]) == 6
    assert [cell["pairs"] for cell in results["cells"]] == [0, 0, 3, 0, 0, 3, 0, 0, 0, 0, 0, 0]
    mean = np.mean([pair["methods"]["telea"]["hole_psnr"] for pair in results["pairs"]])
    assert results["all"]["methods"]["telea"]["hole_psnr"]["mean"] == pytest.approx(mean, abs=1e-5)
    lines = list(csv.DictReader(io.StringIO("".join(to_csv(results)))))
    assert len(lines) == 12
    assert float(lines[0]["hole_psnr"]) == results["pairs"][0]["methods"]["telea"]["hole_psnr"]
    table = to_markdown(results)
    assert f"| 10-20 % border | 3 | **{results['cells'][2]['methods']['telea']['hole_psnr']['mean']:.2f}** |" in table
    assert f"{PUBLISHED['psnr']['inner'][2]:.2f} |" in table
    assert "measured elsewhere" in table
    overview = overview_table(results, ["telea", "identity"])
    assert overview.heads[:2] == ("All 6 pairs: mean", "PSNR in hole, dB ↑")
    assert overview.heads[2] == "L1 in hole, % ↓"
    # The better of a column is set in bold, whichever way is good.
    assert overview.rows[0][:2] == ("telea", f"**{mean:.2f}**")
    assert overview.rows[0][2].startswith("**")
    assert not overview.rows[1][2].startswith("**")


def test_a_failure_is_named_and_leaves_its_pair_out_of_every_average(
    measure_here: Callable[..., Any], material: Any, tmp_path: Path
) -> None:
    whole, _ = measure_here(material, tmp_path)
    results, tasks = measure_here(material, tmp_path, fail=1)
    assert results["failures"] == [
        {"image": tasks[1].pair.image, "mask": tasks[1].pair.mask, "method": "telea", "error": "it burst"}
    ]
    assert len(results["pairs"]) == 5
    assert results["all"]["methods"]["identity"] != whole["all"]["methods"]["identity"]


def test_methods_measured_anew_are_merged_with_earlier_ones(
    measure_here: Callable[..., Any], material: Any, tmp_path: Path
) -> None:
    whole, _ = measure_here(material, tmp_path / "whole", "identity,telea,ns")
    new, _ = measure_here(material, tmp_path / "new", "identity")
    earlier, _ = measure_here(material, tmp_path / "earlier", "ns,telea")
    for name, results in (("new", new), ("earlier", earlier)):
        (tmp_path / f"{name}.json").write_text("".join(to_json(results)))
    command = [sys.executable, str(ROOT / "benchmarks" / "merge_results.py")]
    files = [str(tmp_path / f"{name}.json") for name in ("earlier", "new", "out")]
    subprocess.run([*command, *files, "--methods", "telea,ns"], check=True)
    merged = read_results(tmp_path / "out.json")
    assert [method["name"] for method in merged["methods"]] == ["identity", "telea", "ns"]
    assert without_costs(merged["cells"]) == without_costs(whole["cells"])
    assert without_costs(merged["all"]) == without_costs(whole["all"])
    assert merged["classes"] == json.loads(json.dumps(whole["classes"]))
    new["pairs"][0]["mask_sha256"] = "0" * 16
    (tmp_path / "new.json").write_text("".join(to_json(new)))
    done = subprocess.run([*command, *files], capture_output=True, text=True)
    assert done.returncode == 1
    assert "is another one" in done.stderr


def without_costs(value: Any) -> Any:
    """Take out what no two runs have alike: times and memory."""
    if isinstance(value, dict):
        costs = ("seconds", "cpu_seconds", "peak_mb")
        return {key: without_costs(each) for key, each in value.items() if key not in costs}
    return [without_costs(each) for each in value] if isinstance(value, list | tuple) else value
