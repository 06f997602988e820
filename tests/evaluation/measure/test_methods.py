"""Methods by name, with options and under other names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bokwon
from bokwon.errors import ArgumentError, BokwonError
from bokwon.evaluation.data.pairs import load_pair, plan_pairs
from bokwon.evaluation.measure.benchmark import Folders, Task, restored_picture, run_task
from bokwon.evaluation.measure.methods import ERASED, erase, parse_methods
from bokwon.evaluation.measure.metrics import measure
from bokwon.evaluation.report.compare import compare


@pytest.mark.parametrize("name", ["telea", "ns", "biharmonic", "patchmatch", "identity"])
def test_every_method_fills_the_hole_and_only_the_hole(material: Any, tmp_path: Path, name: str) -> None:
    if name == "patchmatch":
        pytest.importorskip("patchmatch", reason="PatchMatch needs pypatchmatch")
    pair = plan_pairs(material.images, material.masks, per_cell=1).pairs[0]
    (method,) = parse_methods(name)
    task = Task(pair, method, Folders(material.images, material.masks, tmp_path))
    record = run_task(task)
    assert "error" not in record
    truth, hole = load_pair(pair, material.images, material.masks)
    filled = restored_picture(task, truth, hole)
    np.testing.assert_array_equal(filled[~hole], truth[~hole])
    # What was kept is what was measured, and restoring it anew gives the same.
    assert measure(filled, truth, hole)["hole_psnr"] == pytest.approx(record["hole_psnr"], abs=1e-5)
    task.picture.unlink()
    np.testing.assert_array_equal(restored_picture(task, truth, hole), filled)
    if name == "identity":
        assert (filled[hole] == ERASED).all()
    else:
        assert record["hole_psnr"] > 15
    assert sum(record["thickness_pixels"]) == sum(record["deviation_pixels"]) == hole.sum()
    total = 255**2 / 10 ** (record["hole_psnr"] / 10) * hole.sum()
    assert sum(record["thickness"]) == pytest.approx(total, rel=1e-3)
    assert sum(record["deviation"]) == pytest.approx(total, rel=1e-3)


def test_a_model_file_is_a_method(
    measure_here: Callable[..., Any], material: Any, tmp_path: Path, mean_model: Path
) -> None:
    results, _ = measure_here(material, tmp_path, f"{mean_model},identity")
    assert [method["name"] for method in results["methods"]] == ["mean", "identity"]
    assert len(results["methods"][0]["sha256"]) == 64
    assert results["all"]["methods"]["mean"]["hole_psnr"]["gain"]["mean"] > 0


def test_a_method_can_be_called_otherwise(
    measure_here: Callable[..., Any], material: Any, tmp_path: Path, mean_model: Path
) -> None:
    results, _ = measure_here(material, tmp_path, f"first={mean_model},second={mean_model},third=telea")
    assert [method["name"] for method in results["methods"]] == ["first", "second", "third"]
    # Where the file lay is not told.
    assert [method["source"] for method in results["methods"]] == ["mean.onnx", "mean.onnx", "telea"]
    same = compare(results, results, methods=("first", "second"))
    assert list(same.rows) == ["first -> second"]
    assert {(row.gain.mean, row.verdict) for row in same.rows["first -> second"]} == {(0.0, "undecided")}
    other = compare(results, results, methods=("first", "third")).rows["first -> third"]
    assert other[-1].second == pytest.approx(results["all"]["methods"]["third"]["hole_psnr"]["mean"], abs=1e-5)
    with pytest.raises(ArgumentError, match="no method 'fourth'"):
        compare(results, results, methods=("first", "fourth"))


def test_models_are_measured_with_options_of_the_runtime(material: Any, tmp_path: Path, mean_model: Path) -> None:
    pair = plan_pairs(material.images, material.masks, per_cell=1).pairs[0]
    text = f"{mean_model},{mean_model}:letters=leave,paper={mean_model}:grain=match:ink=patches:letters=leave"
    text += f",{mean_model}:ensemble=2"
    methods = parse_methods(text)
    stem = mean_model.stem
    assert [method.name for method in methods] == [stem, f"{stem}-letters-leave", "paper", f"{stem}-ensemble-2"]
    assert methods[2].options == (("grain", "match"), ("ink", "patches"), ("letters", "leave"))
    assert methods[2].about()["engine"].endswith(", grain match, ink patches, letters leave")
    assert methods[3].about()["engine"].endswith(", mean of 2 views")
    tasks = [Task(pair, method, Folders(material.images, material.masks, tmp_path)) for method in methods]
    assert len({task.key for task in tasks}) == 4
    records = [run_task(task) for task in tasks]
    assert not any("error" in record for record in records)
    settings = [method.restorer().settings for method in methods]
    chosen = [(each.letters, each.ink, each.grain, each.ensemble) for each in settings]
    # What is not asked for is off: models are measured by what they fill.
    assert chosen[:2] == [("restore", "off", "off", 1), ("leave", "off", "off", 1)]
    assert chosen[2:] == [("leave", "patches", "match", 1), ("restore", "off", "off", 2)]
    assert records[0]["hole_psnr"] == pytest.approx(records[3]["hole_psnr"], abs=0.1)
    truth, hole = load_pair(pair, material.images, material.masks)
    expected = bokwon.restore(erase(truth, hole), hole, model=mean_model, engine="onnx", letters="leave").image
    np.testing.assert_array_equal(restored_picture(tasks[1], truth, hole), expected)


def test_the_raw_fill_is_measured_unless_a_finish_is_named() -> None:
    methods = parse_methods("document,document:finish=standard,kept=document:ink=patches:grain=match")
    assert [method.name for method in methods] == ["document", "document-finish-standard", "kept"]
    settings = [method.restorer().settings for method in methods]
    assert [(each.finish, each.ink, each.grain) for each in settings] == [
        ("off", "off", "off"),
        ("standard", "patches", "off"),
        ("off", "patches", "match"),
    ]


def test_methods_that_do_not_exist_or_come_twice(tmp_path: Path, mean_model: Path) -> None:
    for text, message in (
        ("telea:ink=patches", "telea has no options"),
        (f"{mean_model}:ink=blot", "ink cannot be blot"),
        # It would follow `finish`, which is off where figures are measured.
        (f"{mean_model}:ink=auto", "ink cannot be auto, .*; choose off, patches"),
        (f"{mean_model}:ink=off:ink=patches", "names an option twice"),
        (f"{mean_model}:colour=red", "colour"),
    ):
        with pytest.raises(BokwonError, match=message):
            parse_methods(text)
    with pytest.raises(ArgumentError, match=r"no model is named 'teela'.*methods without a model: telea"):
        parse_methods("teela")
    with pytest.raises(ArgumentError, match="telea is named twice"):
        parse_methods("telea,ns,telea")
    with pytest.raises(ArgumentError, match="no method"):
        parse_methods(" , ")
