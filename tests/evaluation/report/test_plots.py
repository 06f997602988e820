"""Plots are pictures that show everything."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bokwon.evaluation.report.plots import plot_bins, plot_classes, plot_gains, to_png


def test_plots_are_pictures_even_of_one_pair(
    evaluate_few: Callable[..., dict[str, Any]], material: Any, tmp_path: Path
) -> None:
    results = evaluate_few(material, tmp_path / "r", "telea,ns", per_cell=2)
    for figure in (plot_bins(results), plot_gains(results), plot_classes(results)):
        image = np.asarray(Image.open(io.BytesIO(to_png(figure))).convert("L"))
        assert image.shape[1] > 800
        assert (image < 128).mean() > 0.002
        # Nothing lies outside of what is shown.
        for axes in figure.axes:
            low, high = axes.get_ylim()
            drawn = np.concatenate([np.asarray(line.get_ydata(), float) for line in axes.lines])
            assert low <= np.nanmin(drawn) <= np.nanmax(drawn) <= high
    assert to_png(plot_bins(results)) == to_png(plot_bins(results))
