"""The results of a report: every pair, every cell, settings and machine, as JSON, CSV and Markdown."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bokwon.errors import FileAccessError, InputFileError
from bokwon.evaluation.benchmark import Task
from bokwon.evaluation.local import DEVIATIONS, THICKNESSES
from bokwon.evaluation.machine import describe_machine, versions
from bokwon.evaluation.methods import Method
from bokwon.evaluation.pairs import Plan
from bokwon.evaluation.statistics import METRICS, summarise
from bokwon.synthesis.catalog import CELLS, Cell

__all__ = ["PUBLISHED", "cell_name", "collect", "gain_text", "interval_text", "read_results", "to_csv", "to_markdown"]

FORMAT = 1
_COLUMNS = ("hole_psnr", "hole_l1", "l1", "psnr", "ssim", "lpips")
_COSTS = ("seconds", "cpu_seconds", "peak_mb")

PUBLISHED: dict[str, dict[str, tuple[float, ...]]] = {
    "l1": {"inner": (0.49, 1.18, 2.07, 3.19, 4.37, 6.45), "border": (0.47, 1.09, 1.88, 2.84, 3.85, 5.72)},
    "psnr": {
        "inner": (33.75, 27.71, 24.54, 22.01, 20.34, 18.21),
        "border": (34.34, 28.32, 25.25, 22.89, 21.38, 19.04),
    },
}
"""What is reported for the paper's own network on Places2, by bin: L1 % and PSNR of the composite.

Measured elsewhere, on other images, and taken from secondary sources: context, not a comparison.

Source: Liu et al., "Image Inpainting for Irregular Holes Using Partial Convolutions", ECCV 2018, table 1.
"""


def cell_name(cell: Cell) -> str:
    """Return what tables call a cell, such as `20-30 % border`."""
    low, high = (round(100 * limit) for limit in cell.ratio)
    return f"{low}-{high} % {'border' if cell.border else 'inner'}"


def collect(
    plan: Plan,
    methods: Sequence[Method],
    tasks: Mapping[tuple[int, str], Task],
    records: Mapping[str, Mapping[str, Any]],
    failures: Mapping[str, str],
    settings: Mapping[str, Any],
    empty: Mapping[str, str],
) -> dict[str, Any]:
    """Bring everything together.

    A pair that one method failed on is left out of every average, so that all methods are averaged over the same pairs,
    and is named under `failures`.

    Args:
        plan: The pairs and what could not be paired.
        methods: The methods, the one of interest first.
        tasks: Task of each pair's number and method's name.
        records: What was measured, by the task's key.
        failures: What went wrong, by the task's key.
        settings: What the user asked for.
        empty: Columns that have no values, and why.

    Returns:
        What `results.json` holds.
    """
    names = [method.name for method in methods]
    measured: list[dict[str, Any]] = []
    failed: list[dict[str, str]] = []
    for pair in plan.pairs:
        found: dict[str, Any] = {}
        for name in names:
            task = tasks[pair.number, name]
            if task.key in records:
                found[name] = {key: value for key, value in records[task.key].items() if key != "key"}
            else:
                error = failures.get(task.key, "not measured")
                failed.append({"image": pair.image, "mask": pair.mask, "method": name, "error": error})
        if len(found) == len(names):
            measured.append({**pair.record(), "methods": found})
    cells = []
    for cell in CELLS:
        mine = [pair for pair in measured if pair["bin"] == cell.bin and pair["border"] == cell.border]
        about = {"cell": cell.folder, "name": cell_name(cell), "bin": cell.bin, "border": cell.border}
        cells.append({**about, **summarise(mine, names)})
    return {
        "format": FORMAT,
        "settings": dict(settings),
        "machine": describe_machine(),
        "versions": versions(),
        "methods": [method.about() for method in methods],
        "empty": dict(empty),
        "problems": list(plan.problems),
        "failures": failed,
        "cells": cells,
        "all": summarise(measured, names),
        "classes": {
            "thickness": {"limits": list(THICKNESSES), **_classes(measured, names, "thickness")},
            "deviation": {"limits": list(DEVIATIONS), **_classes(measured, names, "deviation")},
        },
        "pairs": measured,
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


def to_csv(results: Mapping[str, Any]) -> str:
    """Return every pair and method as one line of CSV."""
    stream = io.StringIO()
    fields = ("number", "bin", "border", "image", "mask", "image_sha256", "mask_sha256", "window", "ratio")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*fields, "method", *_COLUMNS, *_COSTS])
    for pair in results["pairs"]:
        left, top, width, height = pair["window"]
        own = [f"{width}x{height}+{left}+{top}" if field == "window" else pair[field] for field in fields]
        for name, figures in pair["methods"].items():
            writer.writerow([*own, name, *(figures.get(column, "") for column in (*_COLUMNS, *_COSTS))])
    return stream.getvalue()


def to_markdown(results: Mapping[str, Any]) -> str:
    """Return the tables for a README: figures in the hole, and those of the composite that the paper prints."""
    names = [method["name"] for method in results["methods"]]
    parts = []
    for key in ("hole_psnr", "hole_l1", "l1", "psnr", "ssim", "lpips"):
        if any(key in cell["methods"].get(names[0], {}) for cell in results["cells"]):
            parts += [_table(results, names, key, statistic) for statistic in ("mean", "median")]
    parts.append(_costs(results, names))
    for column, reason in results["empty"].items():
        parts.append(f"{column}: empty, {reason}.")
    return "\n\n".join(parts) + "\n"


def _table(results: Mapping[str, Any], names: Sequence[str], key: str, statistic: str) -> str:
    metric = METRICS[key]
    arrow = "higher" if metric.higher_is_better else "lower"
    published = PUBLISHED.get(key) if statistic == "mean" else None
    heads = [f"{metric.title}: {statistic} ({arrow} is better)", "pairs", *names]
    if statistic == "mean":
        heads.append(f"{names[0]} better than the best other by [95 %]")
    if published:
        heads.append("PConv, Places2 (paper, measured elsewhere)")
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for cell in [*results["cells"], {"name": "**all**", **results["all"]}]:
        row = [cell["name"], str(cell["pairs"])]
        if not cell["pairs"]:
            row += ["-"] * (len(heads) - 2)
        else:
            figures = [cell["methods"][name][key] for name in names]
            pick = max if metric.higher_is_better else min
            best = pick(figure[statistic] for figure in figures)
            texts = [f"{figure[statistic]:.{metric.digits}f}" for figure in figures]
            row += [f"**{t}**" if f[statistic] == best else t for t, f in zip(texts, figures, strict=True)]
            if statistic == "mean":
                row.append(gain_text(figures[0].get("gain"), metric.digits))
            if published:
                known = published["border" if cell["border"] else "inner"] if "bin" in cell else None
                row.append(f"{known[cell['bin'] - 1]:.2f}" if known else "")
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines)


def gain_text(gain: Mapping[str, Any] | None, digits: int) -> str:
    """Return a gain and its interval as a table has it, such as `+0.42 [+0.10, +0.71] (ns)`."""
    if gain is None:
        return "-"
    interval = interval_text(gain["low"], gain["high"], digits)
    return f"{gain['mean']:+.{digits}f} {interval} ({gain['other']})"


def interval_text(low: float | None, high: float | None, digits: int) -> str:
    """Return an interval as a table has it, `[-]` where a single image leaves none."""
    return "[-]" if low is None or high is None else f"[{low:+.{digits}f}, {high:+.{digits}f}]"


def _costs(results: Mapping[str, Any], names: Sequence[str]) -> str:
    lines = ["| cost of an image | median time, s | median processor time, s | peak memory, MiB |", "|---|---|---|---|"]
    for name in names:
        cost = results["all"]["methods"].get(name, {})
        peak = cost.get("peak_mb")
        row = [name, f"{cost['seconds']:.2f}", f"{cost['cpu_seconds']:.2f}"] if cost else [name, "-", "-"]
        lines.append(f"| {' | '.join([*row, '-' if peak is None else f'{peak:.0f}'])} |")
    return "\n".join(lines)


def read_results(path: Path) -> dict[str, Any]:
    """Read a `results.json`.

    Raises:
        FileAccessError: It cannot be read.
        InputFileError: It is something else.
    """
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileAccessError(f"{path} cannot be read: {error.strerror or error}", "name a results.json") from error
    except ValueError as error:
        raise InputFileError(f"{path} is not JSON: {error}", "name a results.json of bokwon evaluate") from error
    if not isinstance(results, dict) or results.get("format") != FORMAT or "pairs" not in results:
        raise InputFileError(f"{path} is not a result of bokwon evaluate", "name the results.json of a report")
    return results
