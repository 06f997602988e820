"""Tables of results, the same for Markdown and HTML; and the paper's published row that stands beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bokwon.evaluation.measure.ink import INK_FIGURES, LEAST_INK
from bokwon.evaluation.report.statistics import METRICS
from bokwon.synthesis.masks.bins import BINS, Cell

__all__ = [
    "PUBLISHED",
    "Table",
    "cell_name",
    "cost_table",
    "figure_table",
    "ink_table",
    "interval_text",
    "marked",
    "overview_table",
    "ratio_table",
    "tables",
]

PUBLISHED: dict[str, dict[str, tuple[float, ...]]] = {
    "l1": {"inner": (0.49, 1.18, 2.07, 3.19, 4.37, 6.45), "border": (0.47, 1.09, 1.88, 2.84, 3.85, 5.72)},
    "psnr": {
        "inner": (33.75, 27.71, 24.54, 22.01, 20.34, 18.21),
        "border": (34.34, 28.32, 25.25, 22.89, 21.38, 19.04),
    },
}
"""Published figures of the paper's own network on Places2, by bin: L1 % and PSNR of the composite.

Measured elsewhere, on other images, and taken from secondary sources: context, not a comparison.

Source: Liu et al., "Image Inpainting for Irregular Holes Using Partial Convolutions", ECCV 2018.
"""


def cell_name(cell: Cell) -> str:
    """Return the name of a cell in tables, such as `20-30 % border`."""
    low, high = (round(100 * limit) for limit in cell.ratio)
    return f"{low}-{high} % {'border' if cell.border else 'inner'}"


@dataclass(frozen=True)
class Table:
    """A table of texts.

    Attributes:
        heads: Headings of the columns.
        rows: Rows with one text for each heading. The best figures of a row are set in `**`.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(results: Mapping[str, Any]) -> list[Table]:
    """Return all tables of a report: an overview, ink, each figure's means and medians by cell, ratios, and costs."""
    names = [method["name"] for method in results["methods"]]
    found = [overview_table(results, names), *ink_table(results)]
    for key in METRICS:
        if any(key in cell["methods"].get(names[0], {}) for cell in results["cells"]):
            found += [figure_table(results, names, key, statistic) for statistic in ("mean", "median")]
    return [*found, *ratio_table(results, names), cost_table(results, names)]


def ink_table(results: Mapping[str, Any]) -> list[Table]:
    """Return what became of the ink, by method and bin; no table where no pair hides enough of it."""
    rows = []
    for row in results.get("ink", {}).get("rows", ()):
        place = "all"
        if row["bin"] is not None:
            place = "{:.0f}-{:.0f} %".format(*(100 * share for share in BINS[row["bin"]]))
        for name, figures in row["methods"].items():
            rows.append((name, place, str(row["pairs"]), *(f"{figures[key]:.1f}" for key in INK_FIGURES)))
    heads = (
        f"Ink, % of what the hole hides: median over pairs that hide at least {LEAST_INK} pixels of it",
        "hole",
        "pairs",
        "put back ↑",
        "false ↓",
        "put back at 5 % false ↑",
        "put back at 10 % false ↑",
        "ghost ↓",
        "tint, levels ↓",
    )
    return [Table(heads, tuple(rows))] if rows else []


def ratio_table(results: Mapping[str, Any], names: Sequence[str]) -> list[Table]:
    """Return the ratio of the first method's mean to each other's, of the figures that are compared so."""
    summaries = results["all"]["methods"].get(names[0], {})
    rows = [
        (METRICS[key].title, other, f"{ratio['mean']:.3f} {_limits(ratio)}")
        for key in METRICS
        for other, ratio in summaries.get(key, {}).get("ratios", {}).items()
    ]
    heads = (f"Ratio of means over all {results['all']['pairs']} pairs", "other", f"{names[0]} / other [95 %]")
    return [Table(heads, tuple(rows))] if rows else []


def _limits(ratio: Mapping[str, float | None]) -> str:
    low, high = ratio["low"], ratio["high"]
    return "[-]" if low is None or high is None else f"[{low:.3f}, {high:.3f}]"


def figure_table(results: Mapping[str, Any], names: Sequence[str], key: str, statistic: str) -> Table:
    """Return one figure by cell and method.

    Args:
        results: The content of `results.json`.
        names: The methods, the one of interest first.
        key: The figure, a key of `METRICS`.
        statistic: `median`, or `mean`; the table of means also has the gain over the best other method, and the row of
            the paper.
    """
    metric = METRICS[key]
    is_mean = statistic == "mean"
    published = PUBLISHED.get(key) if is_mean else None
    heads = [f"{metric.title}: {statistic} ({'higher' if metric.higher_is_better else 'lower'} is better)", "pairs"]
    heads += names
    if is_mean:
        heads.append(f"{names[0]} better than the best other by [95 %]")
    if published:
        heads.append("PConv on Places2 (the paper's, measured elsewhere)")
    rows = []
    for cell in [*results["cells"], {"name": "**all**", **results["all"]}]:
        row = [cell["name"], str(cell["pairs"])]
        if not cell["pairs"]:
            rows.append((*row, *["-"] * (len(heads) - 2)))
            continue
        figures = [cell["methods"][name][key] for name in names]
        row += marked(key, [figure[statistic] for figure in figures])
        if is_mean:
            row.append(_gain_text(figures[0].get("gain"), metric.digits))
        if published:
            known = published["border" if cell["border"] else "inner"] if "bin" in cell else None
            row.append(f"{known[cell['bin'] - 1]:.2f}" if known else "")
        rows.append(tuple(row))
    return Table(tuple(heads), tuple(rows))


def overview_table(results: Mapping[str, Any], names: Sequence[str]) -> Table:
    """Return the means over all pairs, with a row for each method and a column for each figure."""
    summaries = results["all"]["methods"]
    keys = [key for key in METRICS if all(key in summaries.get(name, {}) for name in names)]
    columns = [marked(key, [summaries[name][key]["mean"] for name in names]) for key in keys]
    rows = zip(names, *columns, strict=True)
    heads = [f"{METRICS[key].title} {'↑' if METRICS[key].higher_is_better else '↓'}" for key in keys]
    return Table((f"All {results['all']['pairs']} pairs: mean", *heads), tuple(rows))


def cost_table(results: Mapping[str, Any], names: Sequence[str]) -> Table:
    """Return the cost of an image with one thread for each method, and figures that need all pairs together."""
    rows = []
    whole: Mapping[str, Mapping[str, float]] = results.get("perceptual", {})
    titles = {"FID": "FID", "IS": "Inception Score"}
    shown = [key for key in titles if any(key in figures for figures in whole.values())]
    for name in names:
        cost = results["all"]["methods"].get(name)
        extra = [f"{whole[name][key]:.2f}" if key in whole.get(name, {}) else "" for key in shown]
        if cost is None:
            rows.append((name, "-", "-", "-", *extra))
            continue
        digits = {"seconds": 2, "cpu_seconds": 2, "peak_mb": 0}
        known = ["-" if cost[key] is None else f"{cost[key]:.{number}f}" for key, number in digits.items()]
        rows.append((name, *known, *extra))
    heads = ("all pairs", "median time, s", "median processor time, s", "peak memory, MiB")
    return Table((*heads, *(titles[key] for key in shown)), tuple(rows))


def _gain_text(gain: Mapping[str, Any] | None, digits: int) -> str:
    if gain is None:
        return "-"
    return f"{gain['mean']:+.{digits}f} {interval_text(gain['low'], gain['high'], digits)} ({gain['other']})"


def marked(key: str, values: Sequence[float | None]) -> list[str]:
    """Return the values of a figure as texts for a table: the best in `**`, and `-` where there is none.

    Args:
        key: The figure, a key of `METRICS`.
        values: One for each method.
    """
    metric = METRICS[key]
    known = [value for value in values if value is not None]
    best = (max if metric.higher_is_better else min)(known, default=None)
    texts = ["-" if value is None else f"{value:.{metric.digits}f}" for value in values]
    return [
        f"**{text}**" if value is not None and value == best else text
        for text, value in zip(texts, values, strict=True)
    ]


def interval_text(low: float | None, high: float | None, digits: int) -> str:
    """Return an interval as text for a table; `[-]` if there are too few images for one."""
    return "[-]" if low is None or high is None else f"[{low:+.{digits}f}, {high:+.{digits}f}]"
