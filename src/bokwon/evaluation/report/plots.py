"""Plots of results."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bokwon.evaluation.measure.metrics import PSNR_CEILING
from bokwon.evaluation.report.tables import PUBLISHED
from bokwon.synthesis.masks.bins import BINS

__all__ = ["plot_bins", "plot_classes", "plot_gains", "to_png"]

# Okabe and Ito's colours, which colour-blind readers tell apart; the method of interest comes first.
_COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_GRAY = "#8a8a8a"
_DPI = 160
_TEXT = 9


def plot_bins(results: Mapping[str, Any]) -> Figure:
    """Plot PSNR in the hole and PSNR of the composite by bin, with holes at the border and without.

    Args:
        results: The content of `results.json`.
    """
    figure, axes = _figure(2, 2, 7.2)
    titles = (("hole_psnr", "PSNR in the hole, dB"), ("psnr", "PSNR of the composite, dB"))
    for row, (key, title) in zip(axes, titles, strict=True):
        # Before anything is drawn: afterwards the second would be cut to the limits of the first.
        row[1].sharey(row[0])
        for axis, border in zip(row, (False, True), strict=True):
            cells = {cell["bin"]: cell for cell in results["cells"] if cell["border"] == border and cell["pairs"]}
            for index, name in enumerate(_names(results)):
                values = [cells[b]["methods"][name][key]["mean"] if b in cells else np.nan for b in BINS]
                _line(axis, index, name, values)
            if key == "psnr":
                known = PUBLISHED[key]["border" if border else "inner"]
                label = "PConv, Places2 (published, measured elsewhere)"
                axis.plot(range(len(known)), known, color=_GRAY, linestyle=(0, (4, 3)), linewidth=1, label=label)
            axis.set_title("holes at the border" if border else "no hole at the border", fontsize=_TEXT)
            axis.set_xticks(range(len(BINS)), [f"{100 * low:.0f}-{100 * high:.0f}" for low, high in BINS.values()])
            axis.set_xlabel("hole, % of the image")
            axis.set_ylabel(title)
    _legend(figure, axes[1][0])
    return figure


def plot_gains(results: Mapping[str, Any]) -> Figure:
    """Plot by how much the first method is better than the best other one, cell by cell, with the 95 % interval.

    Args:
        results: The content of `results.json`, with two methods or more.
    """
    figure, axes = _figure(1, 1, 3.4)
    axis = axes[0][0]
    name = _names(results)[0]
    for offset, border, marker in ((-0.12, False, "o"), (0.12, True, "s")):
        cells = [cell for cell in results["cells"] if cell["border"] == border and cell["pairs"]]
        for number, cell in enumerate(cells):
            place = list(BINS).index(cell["bin"])
            gain = cell["methods"][name]["hole_psnr"]["gain"]
            mean = gain["mean"]
            if gain["low"] is not None:
                axis.plot([place + offset] * 2, [gain["low"], gain["high"]], color=_COLOURS[border], linewidth=1.5)
            label = ("holes at the border" if border else "no hole at the border") if number == 0 else None
            axis.plot(place + offset, mean, marker, color=_COLOURS[border], markersize=5, label=label)
    axis.axhline(0, color="black", linewidth=0.8)
    axis.set_xticks(range(len(BINS)), [f"{100 * low:.0f}-{100 * high:.0f}" for low, high in BINS.values()])
    axis.set_xlabel("hole, % of the image")
    axis.set_ylabel(f"{name} better than the\nbest other by, dB in the hole")
    _legend(figure, axis)
    return figure


def plot_classes(results: Mapping[str, Any]) -> Figure:
    """Plot PSNR in the hole by the hole's local thickness and by the local contrast of what it hides.

    Args:
        results: The content of `results.json`.
    """
    figure, axes = _figure(1, 2, 3.9)
    labels = ("local thickness of the hole, px", "local standard deviation of the truth, gray levels")
    for axis, kind, label in zip(axes[0], ("thickness", "deviation"), labels, strict=True):
        classes = results["classes"][kind]
        limits, pixels = classes["limits"], classes["pixels"]
        for index, name in enumerate(_names(results)):
            values = [np.nan if error is None else _psnr(error) for error in classes["mse"][name]]
            _line(axis, index, name, values)
        total = max(1, sum(pixels))
        names = [_class_name(limits, place) for place in range(len(limits))]
        ticks = [f"{text}\n{_share(count / total)}" for text, count in zip(names, pixels, strict=True)]
        axis.set_xticks(range(len(limits)), ticks, fontsize=_TEXT - 1.5)
        axis.set_xlabel(f"{label}\n(below: share of the hole pixels)")
        axis.set_ylabel("PSNR in the hole, dB")
    _legend(figure, axes[0][0])
    return figure


def _class_name(limits: Sequence[int], place: int) -> str:
    if place == 0:
        return f"<{limits[1]}"
    if place == len(limits) - 1:
        return f"≥{limits[place]}"
    return f"{limits[place]}-{limits[place + 1]}"


def _share(share: float) -> str:
    return "<1 %" if 0 < share < 0.005 else f"{share:.0%}".replace("%", " %")


def _psnr(error: float) -> float:
    return PSNR_CEILING if error == 0 else float(10 * np.log10(255**2 / error))


def _names(results: Mapping[str, Any]) -> list[str]:
    return [method["name"] for method in results["methods"]]


def _figure(rows: int, columns: int, height: float) -> tuple[Figure, list[list[Axes]]]:
    figure = Figure(figsize=(9.0, height), dpi=_DPI, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis in axes.flat:
        axis.grid(True, axis="y", color="#e4e4e4", linewidth=0.7)
        axis.set_axisbelow(True)
        axis.tick_params(labelsize=_TEXT - 0.5, length=3)
        axis.xaxis.label.set_size(_TEXT)
        axis.yaxis.label.set_size(_TEXT)
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
    return figure, [list(row) for row in axes]


def _line(axis: Axes, index: int, name: str, values: Sequence[float]) -> None:
    axis.plot(
        range(len(values)),
        values,
        color=_COLOURS[index % len(_COLOURS)],
        marker=_MARKERS[index % len(_MARKERS)],
        markersize=5 if index == 0 else 4,
        linewidth=2.2 if index == 0 else 1.2,
        label=name,
        zorder=4 if index == 0 else 3,
    )


def _legend(figure: Figure, axis: Axes) -> None:
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(6, len(labels)), frameon=False, fontsize=_TEXT)


def to_png(figure: Figure) -> bytes:
    """Return a plot as a PNG file."""
    stream = io.BytesIO()
    # Without the library's name the same results give the same bytes.
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()
