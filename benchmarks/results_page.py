"""Draws the tables and plots of docs/research/results.md again from the results that are kept in benchmarks/results.

    python benchmarks/results_page.py [PAGE] [--results FOLDER] [--plots FOLDER]

What stands in the page between `<!-- WHAT -->` and `<!-- end -->` is replaced; the rest is left as it is. WHAT is one
of

    table NAME FIGURE mean|median       a figure by cell and method, such as `table evaluate_pages hole_psnr mean`
    overview NAME                       all figures' means over all pairs
    costs NAME                          time and memory by method
    reading NAME                        character error rates, and the first method against the others
    compare NAME ONE TWO FIGURE         method TWO against method ONE, cell by cell
    plot NAME bins|gain|class           a plot, drawn into the folder of plots as NAME_gain.png
    empty NAME                          why columns are empty
    about NAME                          pairs, settings, machine, models and versions of the run

and NAME.json lies in benchmarks/results: the `results.json` of a report. A block that cannot be made, because its file
is missing or a figure was not measured, stays as it is and is named; the exit code is 1 then.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bokwon.errors import ArgumentError, BokwonError
from bokwon.evaluation.reading.tables import reading_note, reading_tables
from bokwon.evaluation.report.compare import compare, format_comparison
from bokwon.evaluation.report.markdown import table_text
from bokwon.evaluation.report.plots import plot_bins, plot_classes, plot_gains, to_png
from bokwon.evaluation.report.results import read_results
from bokwon.evaluation.report.tables import Table, cost_table, figure_table, interval_text, overview_table

ROOT = Path(__file__).resolve().parent.parent
PLOTS = {"bins": plot_bins, "gain": plot_gains, "class": plot_classes}
TITLES = {
    "bins": "By hole ratio and border class",
    "gain": "Gain by cell",
    "class": "Error by thickness of the hole and by contrast",
}
_BLOCK = re.compile(r"(<!-- (?!end |not run: )([a-z]+ [^>]*?) -->\n).*?(<!-- end -->)", re.DOTALL)


def fill(text: str, results: Path, plots: Path, page: Path) -> tuple[str, dict[Path, bytes], list[str]]:
    """Fill every block of a page.

    Args:
        text: The page.
        results: Folder of the results.
        plots: Folder that plots are meant for.
        page: Where the page lies, from which pictures are named.

    Returns:
        The page, the plots by path, and what went wrong, a line a block.
    """
    drawn: dict[Path, bytes] = {}
    wrong: list[str] = []

    def one(match: re.Match[str]) -> str:
        try:
            return make(match)
        except BokwonError as error:
            wrong.append(f"{match[2]}: {error}")
            return match[0]

    def make(match: re.Match[str]) -> str:
        kind, name, *rest = match[2].split()
        found = read_results(results / f"{name}.json")
        if kind == "plot":
            path = plots / f"{name}_{rest[0]}.png"
            drawn[path] = to_png(PLOTS[rest[0]](found))
            link = Path(os.path.relpath(path.resolve(), page.resolve().parent)).as_posix()
            body = f"![{TITLES[rest[0]]}]({link})"
        else:
            body = block(kind, found, rest)
        return f"{match[1]}\n{body.strip()}\n\n{match[3]}"

    return _BLOCK.sub(one, text), drawn, wrong


def block(kind: str, results: Mapping[str, Any], rest: list[str]) -> str:
    """Return the Markdown of one block."""
    names = [method["name"] for method in results["methods"]]
    if kind == "table":
        figure, statistic = rest
        if figure not in results["all"]["methods"][names[0]]:
            raise ArgumentError(f"{figure} has not been measured", "measure it, or take the block out of the page")
        return table_text(figure_table(results, names, figure, statistic))
    if kind == "overview":
        return table_text(overview_table(results, names))
    if kind == "costs":
        return table_text(cost_table(results, names))
    if kind == "reading":
        return "\n\n".join([reading_note(results), *(table_text(table) for table in reading_tables(results))])
    if kind == "compare":
        one, two, figure = rest
        return format_comparison(compare(results, results, figure, (one, two)))
    if kind == "empty":
        return "\n".join(f"- {column}: {reason}" for column, reason in results["empty"].items())
    if kind == "about":
        return about(results)
    raise ArgumentError(f"no block is called {kind!r}", "see the head of benchmarks/results_page.py")


def about(results: Mapping[str, Any]) -> str:
    """Return a table of what was run, and the first method's gain over all pairs."""
    machine, settings = results["machine"], results["settings"]
    rows = [
        ("pairs", f"{len(results['pairs'])} ({settings['images']} with {settings['masks']}, seed {settings['seed']})"),
        ("failed", str(len(results["failures"]))),
        ("machine", f"{machine['processor']}, {machine['cores']} cores, one thread a method"),
        ("versions", ", ".join(f"{name} {version}" for name, version in results["versions"].items())),
    ]
    rows += [(method["name"], method["engine"]) for method in results["methods"]]
    rows += [(f"{method['name']}, sha256", method["sha256"][:12]) for method in results["methods"] if method["sha256"]]
    gain = results["all"]["methods"][results["methods"][0]["name"]]["hole_psnr"].get("gain")
    if gain is not None:
        interval = interval_text(gain["low"], gain["high"], 2)
        rows.append(("all pairs, dB in the hole", f"{gain['mean']:+.2f} {interval} against {gain['other']}"))
    return table_text(Table(("the run", ""), tuple(rows)))


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=Path, nargs="?", default=ROOT / "docs" / "research" / "results.md")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results")
    parser.add_argument("--plots", type=Path, default=ROOT / "docs" / "gallery")
    arguments = parser.parse_args()
    text = arguments.page.read_text(encoding="utf-8")
    filled, drawn, wrong = fill(text, arguments.results, arguments.plots, arguments.page)
    for path, png in drawn.items():
        path.write_bytes(png)
    arguments.page.write_text(filled, encoding="utf-8")
    print(f"{len(_BLOCK.findall(text)) - len(wrong)} blocks made, {len(drawn)} plots among them")
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
