from __future__ import annotations

import io
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bokwon.evaluation.job import Order, evaluate
from bokwon.evaluation.measure.benchmark import Folders
from bokwon.evaluation.report.cases import choose_cases, detail_window, outline
from bokwon.evaluation.report.plots import plot_bins, plot_classes, plot_gains, to_png


def pairs(**psnr: list[float]) -> list[dict[str, Any]]:
    return [
        {"number": number, "methods": {name: {"hole_psnr": values[number]} for name, values in psnr.items()}}
        for number in range(len(next(iter(psnr.values()))))
    ]


def test_cases_are_the_extremes_and_the_middle_each_pair_once() -> None:
    #         gains:   -3  +1  +9   0  +5, -1, 2
    records = pairs(ours=[1, 9, 17, 6, 12, 3, 7], telea=[4, 8, 8, 6, 7, 4, 5], ns=[0, 0, 0, 0, 0, 0, 0])
    cases = choose_cases(records, ["ours", "telea", "ns"])
    assert [case.number for case in cases] == [2, 1, 0, 4, 6, 5]
    assert [case.title.split(" ")[0] for case in cases] == ["Largest", "Median", "Largest", "Best", "Median", "Worst"]


def test_cases_of_one_method_and_of_few_pairs() -> None:
    assert [case.number for case in choose_cases(pairs(ours=[3.0, 1.0, 2.0]), ["ours"])] == [0, 2, 1]
    assert [case.number for case in choose_cases(pairs(ours=[3.0], telea=[1.0]), ["ours", "telea"])] == [0]


def test_the_detail_shows_as_much_hole_as_not() -> None:
    hole = np.zeros((300, 400), bool)
    hole[200:, :] = True
    rows, columns = detail_window(hole)
    assert (rows.stop - rows.start, columns.stop - columns.start) == (128, 128)
    assert hole[rows, columns].mean() == 0.5
    assert detail_window(np.ones((50, 60), bool)) == (slice(0, 50), slice(0, 60))


def test_the_outline_is_drawn_on_the_edge_only() -> None:
    hole = np.zeros((40, 40), bool)
    hole[10:30, 10:30] = True
    drawn = outline(np.full((40, 40, 3), 90, np.uint8), hole, 2.0)
    assert drawn.shape == (80, 80, 3)
    changed = (drawn != 90).any(axis=-1)
    assert changed[20, 20:60].all()
    assert not changed[25:55, 25:55].any()
    assert not changed[:19].any()


def run(material: Any, report: Path, methods: str) -> dict[str, Any]:
    folders = Folders(material.images, material.masks, report)
    return evaluate(Order(folders, methods, per_cell=2), lambda _stage: lambda _done, _total: None)


def test_the_report_is_one_file_that_needs_nothing_else(material: Any, tmp_path: Path) -> None:
    results = run(material, tmp_path / "r", "telea,identity")
    html = (tmp_path / "r" / "report.html").read_text(encoding="utf-8")
    opened: list[str] = []

    class Check(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            for key, value in attrs:
                if key in ("src", "href"):
                    assert (value or "").startswith("data:image/")
            if tag not in ("meta", "img", "li"):
                opened.append(tag)

        def handle_endtag(self, tag: str) -> None:
            if tag != "li":
                assert opened.pop() == tag

    Check().feed(html)
    assert opened == []
    # Three plots; four pairs, each with two pictures of damage, two methods and truth.
    assert html.count("data:image/png") == 3
    assert html.count("data:image/jpeg") == 4 * 2 * 4
    assert f"{results['all']['methods']['telea']['hole_psnr']['mean']:.2f} dB in the hole over 4 pairs" in html
    assert "measured elsewhere" in html
    assert "LPIPS: empty, not asked for" in html
    assert "processor" in html
    assert str(material.images.parent.parent) not in html
    assert re.search(r"2 notes|10 notes", html)


def test_plots_are_pictures_even_of_one_pair(material: Any, tmp_path: Path) -> None:
    results = run(material, tmp_path / "r", "telea,ns")
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
