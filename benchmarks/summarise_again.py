"""Computes the summaries of kept results anew from their pairs, after the way of summarising has changed.

    python benchmarks/summarise_again.py benchmarks/results/evaluate_*.json

Figures of the pairs, methods, machine and versions stay as they were measured.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bokwon.evaluation.measure.perceptual import BY_SET
from bokwon.evaluation.reading.summary import summarise_reading
from bokwon.evaluation.report.results import read_results, summaries, to_json
from bokwon.synthesis.masks.bins import CELLS


def summarise_again(results: Mapping[str, Any]) -> dict[str, Any]:
    """Return results with every summary made from their pairs."""
    names = [method["name"] for method in results["methods"]]
    kept = {row["cell"] for row in results["cells"]}
    cells = [cell for cell in CELLS if cell.folder in kept]
    # Neither is asked for unless it is meant: they are no columns of a report, whose emptiness needs a reason.
    empty = {name: reason for name, reason in results["empty"].items() if name not in BY_SET}
    made = {**results, "empty": empty, **summaries(results["pairs"], names, cells)}
    if "reading" in results:
        found = {pair["number"]: pair["reading"] for pair in results["pairs"] if pair["reading"]}
        made["reading"] = {**results["reading"], **summarise_reading(found, results["pairs"], names)}
    return made


def main() -> None:
    """Rewrite files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs="+")
    for path in parser.parse_args().results:
        path.write_text("".join(to_json(summarise_again(read_results(path)))), encoding="utf-8")


if __name__ == "__main__":
    main()
