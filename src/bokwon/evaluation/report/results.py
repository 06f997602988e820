"""The results of a report: every pair, every cell, settings and machine, as JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bokwon.errors import InputFileError
from bokwon.evaluation.data.pairs import Plan
from bokwon.evaluation.measure.benchmark import Task
from bokwon.evaluation.measure.ink import INK_FIGURES
from bokwon.evaluation.measure.local import DEVIATIONS, THICKNESSES
from bokwon.evaluation.measure.machine import describe_machine, versions
from bokwon.evaluation.measure.methods import Method
from bokwon.evaluation.report.ink import summarise_ink
from bokwon.evaluation.report.statistics import summarise
from bokwon.evaluation.report.tables import cell_name
from bokwon.synthesis.masks.bins import CELLS, Cell
from bokwon.utilities.json_files import read_object

__all__ = ["collect", "read_results", "summaries", "to_csv", "to_json"]

FORMAT = 1
_COLUMNS = ("hole_psnr", "hole_l1", "l1", "psnr", "ssim", *INK_FIGURES, "vgg", "lpips", "st_lpips")
_COSTS = ("seconds", "cpu_seconds", "peak_mb")


def collect(
    plan: Plan,
    methods: Sequence[Method],
    tasks: Mapping[tuple[int, str], Task],
    records: Mapping[str, Mapping[str, Any]],
    failures: Mapping[str, str],
    settings: Mapping[str, Any],
    empty: Mapping[str, str],
    cells: Sequence[Cell] = CELLS,
) -> dict[str, Any]:
    """Collect the results of a report.

    If one method fails on a pair, the pair is left out of every average and named under `failures`. So all methods are
    averaged over the same pairs.

    Args:
        plan: The pairs and what could not be paired.
        methods: The methods, the one of interest first.
        tasks: Task of each pair's number and method's name.
        records: What was measured, by the task's key.
        failures: What went wrong, by the task's key.
        settings: What the user asked for.
        empty: Columns without values, and the reason.
        cells: The cells that were to be filled.

    Returns:
        The content of `results.json`.
    """
    names = [method.name for method in methods]
    measured: list[dict[str, Any]] = []
    failed: list[dict[str, str]] = []
    for pair in plan.pairs:
        found: dict[str, Any] = {}
        for name in names:
            task = tasks[pair.number, name]
            if task.key in records:
                found[name] = records[task.key]
            else:
                error = failures.get(task.key, "not measured")
                failed.append({"image": pair.image, "mask": pair.mask, "method": name, "error": error})
        if len(found) == len(names):
            measured.append({**pair.record(), "methods": found})
    return {
        "format": FORMAT,
        "settings": dict(settings),
        "machine": describe_machine(),
        "versions": versions(),
        "methods": [method.about() for method in methods],
        "empty": dict(empty),
        "problems": list(plan.problems),
        "failures": failed,
        **summaries(measured, names, cells),
        "pairs": measured,
    }


def summaries(
    pairs: Sequence[Mapping[str, Any]], names: Sequence[str], cells: Sequence[Cell] = CELLS
) -> dict[str, Any]:
    """Return the figures of pairs together: `cells`, `all`, `ink` and `classes`.

    Args:
        pairs: Records of the pairs, measured with every method.
        names: The methods, the one of interest first.
        cells: The cells that were to be filled.
    """
    rows = []
    for cell in cells:
        mine = [pair for pair in pairs if pair["bin"] == cell.bin and pair["border"] == cell.border]
        about = {"cell": cell.folder, "name": cell_name(cell), "bin": cell.bin, "border": cell.border}
        rows.append({**about, **summarise(mine, names)})
    return {
        "cells": rows,
        "all": summarise(pairs, names),
        "ink": summarise_ink(pairs, names),
        "classes": {
            "thickness": {"limits": list(THICKNESSES), **_classes(pairs, names, "thickness")},
            "deviation": {"limits": list(DEVIATIONS), **_classes(pairs, names, "deviation")},
        },
    }


def _classes(pairs: Sequence[Mapping[str, Any]], names: Sequence[str], key: str) -> dict[str, Any]:
    """Return pixels and mean squared error of every class, and how many pairs have any pixel in it."""
    if not pairs:
        return {"pixels": [], "pairs": [], "mse": {}}
    pixels = [sum(column) for column in zip(*(p["methods"][names[0]][f"{key}_pixels"] for p in pairs), strict=True)]
    present = [
        sum(count > 0 for count in column)
        for column in zip(*(p["methods"][names[0]][f"{key}_pixels"] for p in pairs), strict=True)
    ]
    errors = {}
    for name in names:
        sums = [sum(column) for column in zip(*(pair["methods"][name][key] for pair in pairs), strict=True)]
        errors[name] = [round(s / n, 4) if n else None for s, n in zip(sums, pixels, strict=True)]
    return {"pixels": pixels, "pairs": present, "mse": errors}


def to_json(results: Mapping[str, Any]) -> Iterator[str]:
    """Yield results as JSON, piece by piece, with one line for each pair."""
    head = json.dumps({key: value for key, value in results.items() if key != "pairs"}, indent=1).removesuffix("\n}")
    yield f'{head},\n "pairs": ['
    for number, pair in enumerate(results["pairs"]):
        yield f"{',' if number else ''}\n  {json.dumps(pair)}"
    yield "\n ]\n}\n"


def to_csv(results: Mapping[str, Any]) -> Iterator[str]:
    """Yield every pair and method as one line of CSV."""
    fields = ("number", "bin", "border", "image", "mask", "image_sha256", "mask_sha256", "window", "ratio")
    yield _csv_line([*fields, "method", *_COLUMNS, *_COSTS])
    for pair in results["pairs"]:
        left, top, width, height = pair["window"]
        own = [f"{width}x{height}+{left}+{top}" if field == "window" else pair[field] for field in fields]
        for name, figures in pair["methods"].items():
            yield _csv_line([*own, name, *(figures.get(column, "") for column in (*_COLUMNS, *_COSTS))])


def _csv_line(values: Sequence[Any]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerow(values)
    return stream.getvalue()


def read_results(path: Path) -> dict[str, Any]:
    """Read a `results.json`.

    Raises:
        FileAccessError: It cannot be read.
        InputFileError: It is not a result.
    """
    fix = "name the results.json of a report of bokwon evaluate"
    results = read_object(path, fix)
    if results.get("format") != FORMAT or "pairs" not in results:
        raise InputFileError(f"{path} is not a result of bokwon evaluate", fix)
    return results
