"""Compares two results cell by cell, on the pairs that both have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bokwon.errors import ArgumentError
from bokwon.evaluation.report.statistics import METRICS, Interval, interval
from bokwon.evaluation.report.tables import cell_name, interval_text
from bokwon.synthesis.masks.bins import CELLS

__all__ = ["Comparison", "Row", "compare", "format_comparison"]


@dataclass(frozen=True)
class Row:
    """One method in one cell.

    Attributes:
        cell: Name of the cell, or `all`.
        pairs: Number of pairs that both have.
        first: Mean of the first result.
        second: Mean of the second.
        gain: Second minus first, positive where the second is better.
    """

    cell: str
    pairs: int
    first: float
    second: float
    gain: Interval

    @property
    def verdict(self) -> str:
        """The verdict of the interval: `better`, `worse` or `undecided`."""
        if not self.gain.sure:
            return "undecided"
        return "better" if self.gain.mean > 0 else "worse"


@dataclass(frozen=True)
class Comparison:
    """All rows of all methods, and the pairs that could not be compared.

    Attributes:
        metric: Key in `METRICS`.
        rows: Rows by `first method -> second method`.
        unmatched: Pairs that only one result has.
    """

    metric: str
    rows: dict[str, tuple[Row, ...]]
    unmatched: int


def compare(
    first: Mapping[str, Any],
    second: Mapping[str, Any],
    metric: str = "hole_psnr",
    methods: tuple[str, str] | None = None,
) -> Comparison:
    """Compare two results, method by method of the same name; or the only method of each, whatever their names.

    Args:
        first: The content of `results.json`.
        second: The same of the other; or the first again, to compare two of its methods.
        metric: What to compare by, a key of `METRICS`.
        methods: One method of the first and one of the second; those of the same name by default.

    Raises:
        ArgumentError: They share no pair or no method, or lack the metric or a method that is named.
    """
    if metric not in METRICS:
        raise ArgumentError(f"there is no figure {metric!r}", f"choose one of {', '.join(METRICS)}")
    chosen = _methods(first, second) if methods is None else [_named(first, second, methods)]
    ours, theirs = ({_identity(pair): pair for pair in results["pairs"]} for results in (first, second))
    common = [key for key in ours if key in theirs]
    if not common:
        raise ArgumentError("the two results have no pair in common", "use the same images, masks and --seed for both")
    rows = {}
    for one, two in chosen:
        title = one if one == two else f"{one} -> {two}"
        found = []
        for cell in (*CELLS, None):
            keys = [k for k in common if cell is None or (ours[k]["bin"], ours[k]["border"]) == (cell.bin, cell.border)]
            if keys:
                values = [(ours[k]["methods"][one].get(metric), theirs[k]["methods"][two].get(metric)) for k in keys]
                groups = [str(ours[k]["image"]) for k in keys]
                found.append(_row("all" if cell is None else cell_name(cell), metric, values, groups))
        rows[title] = tuple(found)
    return Comparison(metric, rows, len(ours) + len(theirs) - 2 * len(common))


def format_comparison(comparison: Comparison) -> str:
    """Return a comparison as Markdown."""
    metric = METRICS[comparison.metric]
    digits = metric.digits
    parts = []
    for title, rows in comparison.rows.items():
        lines = [
            f"| {title}: {metric.title} | pairs | A | B | B better by [95 %] | B is |",
            "|---|---|---|---|---|---|",
        ]
        for row in rows:
            gain = f"{row.gain.mean:+.{digits}f} {interval_text(row.gain.low, row.gain.high, digits)}"
            figures = f"{row.first:.{digits}f} | {row.second:.{digits}f}"
            lines.append(f"| {row.cell} | {row.pairs} | {figures} | {gain} | {row.verdict} |")
        parts.append("\n".join(lines))
    if comparison.unmatched:
        parts.append(f"{comparison.unmatched} pairs are in one of the two only and were left out.")
    return "\n\n".join(parts) + "\n"


def _methods(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[tuple[str, str]]:
    ours, theirs = ([method["name"] for method in results["methods"]] for results in (first, second))
    shared = [(name, name) for name in ours if name in theirs]
    if not shared and len(ours) == len(theirs) == 1:
        return [(ours[0], theirs[0])]
    if not shared:
        raise ArgumentError(
            f"the two results share no method ({', '.join(ours)}; {', '.join(theirs)})",
            "measure the same methods, or one method in each",
        )
    return shared


def _named(first: Mapping[str, Any], second: Mapping[str, Any], methods: tuple[str, str]) -> tuple[str, str]:
    for results, name in zip((first, second), methods, strict=True):
        known = [method["name"] for method in results["methods"]]
        if name not in known:
            raise ArgumentError(f"there is no method {name!r} in the result", f"choose one of {', '.join(known)}")
    return methods


def _identity(pair: Mapping[str, Any]) -> tuple[Any, ...]:
    return pair["image_sha256"], pair["mask_sha256"], tuple(pair["window"])


def _row(cell: str, metric: str, values: list[tuple[Any, Any]], groups: list[str]) -> Row:
    if any(value is None for pair in values for value in pair):
        raise ArgumentError(f"{metric} has not been measured on every pair", "compare by another figure")
    sign = 1.0 if METRICS[metric].higher_is_better else -1.0
    gain = interval([sign * (two - one) for one, two in values], groups)
    number = len(values)
    return Row(cell, number, sum(one for one, _ in values) / number, sum(two for _, two in values) / number, gain)
