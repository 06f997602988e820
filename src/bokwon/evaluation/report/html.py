"""The report as one HTML file with tables, plots, cases and settings; it needs no other file and no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokwon.evaluation.data.pairs import load_pair
from bokwon.evaluation.measure.benchmark import Task, restored_picture
from bokwon.evaluation.measure.methods import erase
from bokwon.evaluation.reading.tables import reading_note, reading_tables
from bokwon.evaluation.report.cases import choose_cases, detail_window, outline
from bokwon.evaluation.report.page import figure, html_page, html_table, jpeg_source, png_source, strip
from bokwon.evaluation.report.tables import interval_text, tables
from bokwon.types import Hole

__all__ = ["draw_cases", "to_html"]

Window = tuple[slice, slice]

_WIDTH = 320


def draw_cases(results: Mapping[str, Any], tasks: Mapping[tuple[int, str], Task]) -> list[str]:
    """Draw the cases of a report.

    Args:
        results: The content of `results.json`.
        tasks: Task of each pair's number and method's name.

    Returns:
        One piece of HTML a case.
    """
    names = [method["name"] for method in results["methods"]]
    by_number = {pair["number"]: pair for pair in results["pairs"]}
    drawn = []
    for case in choose_cases(results["pairs"], names):
        pair = by_number[case.number]
        mine = [tasks[case.number, name] for name in names]
        truth, hole = load_pair(mine[0].pair, mine[0].folders.images, mine[0].folders.masks)
        window = detail_window(hole)
        figures = {name: float(pair["methods"][name]["hole_psnr"]) for name in names}
        best = max(figures.values())
        plain = np.zeros_like(hole)
        share = f"{100 * pair['ratio']:.1f} % hole"
        columns = [_column("damaged", share, erase(truth, hole), hole, hole, window)]
        for task in mine:
            value = figures[task.method.name]
            mark = ' class="best"' if value == best else ""
            text = f"<span{mark}>{value:.2f} dB in the hole</span>"
            columns.append(_column(task.method.name, text, restored_picture(task, truth, hole), hole, plain, window))
        columns.append(_column("truth", "&nbsp;", truth, plain, plain, window))
        about = f"{pair['image']} with {pair['mask']}, {hole.shape[1]} x {hole.shape[0]} pixels"
        drawn.append(strip(case.title, about, columns))
    return drawn


def to_html(results: Mapping[str, Any], plots: Mapping[str, tuple[bytes, str]], cases: Sequence[str]) -> str:
    """Return the report as HTML.

    Args:
        results: The content of `results.json`.
        plots: PNG file and caption by name, in the order they are shown.
        cases: Pieces of HTML.
    """
    names = [method["name"] for method in results["methods"]]
    settings = results["settings"]
    title = f"{settings['images']} with the holes of {settings['masks']}"
    number = count(1)
    found = [html_table(table, next(number)) for table in tables(results)]
    reading = ""
    if "reading" in results:
        read = "".join(html_table(table, next(number)) for table in reading_tables(results))
        reading = f"<h2>Reading</h2><p>{escape(reading_note(results))}</p>{_READING}{read}"
    images = "".join(
        f'<figure class="plot"><img alt="{escape(name)}" src="{png_source(png)}">'
        f"<figcaption><b>Figure {place}.</b> {escape(caption)}</figcaption></figure>"
        for place, (name, (png, caption)) in enumerate(plots.items(), 1)
    )
    empty = "".join(f"<p class=note>{escape(c)}: empty, {escape(r)}.</p>" for c, r in results["empty"].items())
    parts = [
        f'<h1>{escape(title)}</h1><p class="by">{escape(_line(results, names))}</p>',
        f'<p class="lead">{escape(_summary(results))}</p>{_losses(results)}',
        f"<h2>Overview</h2>{''.join(found[:2])}<h2>Plots</h2>{images}",
        "<h2>Cases</h2><p class=note>The line is the edge of the hole. Below each picture a part of it, enlarged; the "
        "line is left out there where it would hide what was filled.</p>",
        *cases,
        reading,
        f"<h2>All figures</h2>{''.join(found[2:])}{empty}",
        f"<h2>How it was measured</h2>{_METHOD}{_facts(results)}",
    ]
    return html_page(title, parts)


def _line(results: Mapping[str, Any], names: Sequence[str]) -> str:
    machine = results["machine"]
    return (
        f"{', '.join(names)} · {len(results['pairs'])} pairs, seed {results['settings']['seed']} · "
        f"bokwon {results['versions']['bokwon']} · {machine['processor']}, {machine['system']}"
    )


_METHOD = """
<p>Images are cropped from the middle to the size of the mask; of a smaller image the largest centred square is taken
and the mask reduced to it by nearest neighbour. The hole is erased to white before any method sees it, and every method
runs through the same tiling and compositing: outside the hole all results equal the truth. Figures of the composite
gain with every pixel that was never missing; those in the hole do not.</p>
<p>L1 is the mean absolute difference in percent of full scale; PSNR of equal images is set to 100 dB; SSIM has a
Gaussian window of 11 pixels and sigma 1.5. Intervals are 95 % confidence intervals of the mean difference of a pair
by Student's t on the means of the images; the best other method is the one with the best mean of the cell. Each method
ran in processes of its own with one thread; its peak of memory is that of the whole process.</p>
<p>Ink is darker than 0.72 of the paper, which is the gray of the truth after a median, a closing of 25 pixels and a
Gaussian of sigma 10; blank is lighter than 0.88. Put back is ink that is filled below 0.72, false is blank that is
filled below 0.72, ghost is blank that is filled in between, all in percent of the hidden ink. A darker fill puts more
ink back and invents more. So the limit of what counts as ink in the fill is moved from 0.56 to 0.84, and the table has
what is put back where 5 and 10 % are false. Tint is the difference between the mean errors of the three channels over
the ink that is put back.</p>
<p>No network here was trained with the shift-tolerant LPIPS in its loss.</p>
<p>The VGG distance compares feature maps of VGG19 as LPIPS does, with all learned weights equal to 1: features scaled
to length 1 at every position, squared differences added up over the channels, averaged over the positions and added up
over the maps. A network whose loss had such a term, as the shipped models' had, is measured by its own loss: then this
figure judges nothing.</p>
<p>The row of the paper's own network is as published, on other images (Places2) with other masks of the same kind: it
gives the order of magnitude and is no comparison.</p>
"""

_READING = """
<p>Character errors over the length of the text. Substituted and inserted characters are invented ones, and worse than
missing ones. Recovered is the share of the errors that the damage made which the restoration takes back. Every reader
reads the undamaged crop, and the one with the fewest errors there reads the rest; a crop on which even that one errs in
more than a quarter of the characters is left out. Where the text of a page is not known, what the first reader makes of
the undamaged crop stands for it. Where it is known where each character stands, single characters are counted too:
those that are read right on the undamaged crop, by the share of their ink that the hole hides. A character that is
missing after the restoration is a safe error, as everybody sees the gap. One that is wrong, or invented beside it, is
an unsafe one.</p>
"""


def _summary(results: Mapping[str, Any]) -> str:
    names = [method["name"] for method in results["methods"]]
    if not results["pairs"]:
        return "Not a single pair was measured by every method."
    whole = results["all"]["methods"][names[0]]["hole_psnr"]
    text = f"{names[0]}: {whole['mean']:.2f} dB in the hole over {len(results['pairs'])} pairs"
    gain = whole.get("gain")
    if gain is None:
        return text + "."
    filled = [cell for cell in results["cells"] if cell["pairs"]]
    gains = [cell["methods"][names[0]]["hole_psnr"]["gain"] for cell in filled]
    better = sum(g["low"] is not None and g["low"] > 0 for g in gains)
    worse = sum(g["high"] is not None and g["high"] < 0 for g in gains)
    word = "better" if gain["mean"] >= 0 else "worse"
    sure = (
        f"Of {len(filled)} cells it is better in {better} and worse in {worse} with an interval that leaves out zero; "
        "in the others the pairs do not decide."
    )
    if all(g["low"] is None for g in gains):
        sure = "No cell has the six images that an interval of its own needs."
    return (
        f"{text}, {abs(gain['mean']):.2f} dB {word} than the best other method ({gain['other']}; difference "
        f"{interval_text(gain['low'], gain['high'], 2)}). {sure}"
    )


def _losses(results: Mapping[str, Any]) -> str:
    lines = [f"{f['method']} on {f['image']} with {f['mask']}: {f['error']}" for f in results["failures"]]
    text = ""
    if lines:
        items = "".join(f"<li>{escape(line)}</li>" for line in lines)
        text += f"<p><b>{len(lines)} measurements failed</b>; their pairs are in no average:</p><ul>{items}</ul>"
    if results["problems"]:
        items = "".join(f"<li>{escape(problem)}</li>" for problem in results["problems"])
        text += f"<details><summary>{len(results['problems'])} notes on the pairs</summary><ul>{items}</ul></details>"
    return text


def _facts(results: Mapping[str, Any]) -> str:
    rows = [(f"setting: {key}", value) for key, value in results["settings"].items()]
    for method in results["methods"]:
        sha256 = f", sha256 {method['sha256']}" if method["sha256"] else ""
        rows.append((f"method: {method['name']}", f"{method['engine']}{sha256}"))
    rows += [(f"machine: {key}", value) for key, value in results["machine"].items()]
    rows += [(f"version: {key}", value) for key, value in results["versions"].items()]
    body = "".join(f"<tr><td>{escape(key)}</td><td>{escape(_text(value))}</td></tr>" for key, value in rows)
    return f'<table class="facts"><tbody>{body}</tbody></table>'


def _text(value: Any) -> str:
    if value is None:
        return "all"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _column(name: str, text: str, image: NDArray[np.uint8], overview: Hole, detail: Hole, window: Window) -> str:
    """Return a picture and its enlarged part, each with the edge of a hole."""
    parts = ((image, overview), (image[window], detail[window]))
    drawn = (outline(np.ascontiguousarray(part), hole, _WIDTH / part.shape[1]) for part, hole in parts)
    return figure(name, text, [jpeg_source(picture) for picture in drawn])
