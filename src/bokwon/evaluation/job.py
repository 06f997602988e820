"""`bokwon evaluate` as a function: from folders to a report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bokwon.errors import ArgumentError
from bokwon.evaluation.benchmark import JOURNAL, Folders, Journal, Task, measure_all, open_report, write_text
from bokwon.evaluation.legibility import read_pairs, summarise_reading
from bokwon.evaluation.methods import parse_methods
from bokwon.evaluation.pairs import plan_pairs, without_folders
from bokwon.evaluation.perceptual import NOT_ASKED, PERCEPTUAL, load_metrics, measure_perceptual
from bokwon.evaluation.plots import plot_bins, plot_classes, plot_gains, to_png
from bokwon.evaluation.readers import make_reader
from bokwon.evaluation.report import draw_cases, to_html
from bokwon.evaluation.results import collect, to_csv, to_json
from bokwon.evaluation.tables import to_markdown
from bokwon.imaging.output import replacing

__all__ = ["Order", "evaluate"]

Progress = Callable[[str], Callable[[int, int], None]]
"""Told the name of a stage; gives what is told how many are done, and of how many."""


@dataclass(frozen=True)
class Order:
    """What to measure.

    Attributes:
        folders: Images, masks and the report.
        methods: Names with commas, the one of interest first.
        per_cell: Pairs a cell; all masks when None.
        seed: Seed of the pairing.
        jobs: Number of processes, at least 1.
        reader: What reads the pages, a name that `make_reader` knows; nothing is read when None.
        perceptual: Whether LPIPS, FID and Inception Score are tried, for which weights may be downloaded.
    """

    folders: Folders
    methods: str
    per_cell: int | None = None
    seed: int = 0
    jobs: int = 1
    reader: str | None = None
    perceptual: bool = False

    def __post_init__(self) -> None:
        """Check what can be checked before anything is read."""
        if self.jobs < 1:
            raise ArgumentError(f"cannot run {self.jobs} processes", "use 1 or more")


def evaluate(order: Order, progress: Progress) -> dict[str, Any]:
    """Measure and write `results.json`, `pairs.csv`, `table.md` and `report.html` into the report's folder.

    Args:
        order: What to measure.
        progress: Told how far it is.

    Returns:
        What `results.json` holds.

    Raises:
        BokwonError: Bad folders, methods or masks, or a report's folder that is something else.
    """
    folders = order.folders
    methods = parse_methods(order.methods)
    reader = None if order.reader is None else make_reader(order.reader)
    plan = plan_pairs(folders.images, folders.masks, per_cell=order.per_cell, seed=order.seed)
    open_report(folders.report)
    tasks = {(p.number, m.name): Task(p, m, folders) for m in methods for p in plan.pairs}
    journal = Journal(folders.report / JOURNAL)
    failures = measure_all(list(tasks.values()), journal, order.jobs, progress("restoring and measuring"))
    failures = {key: without_folders(error, folders.images, folders.masks) for key, error in failures.items()}
    settings = {
        # Enough to know which folder it was, and no more of where it lay.
        "images": "/".join(folders.images.resolve().parts[-2:]),
        "masks": "/".join(folders.masks.resolve().parts[-2:]),
        "methods": [method.name for method in methods],
        "per_cell": order.per_cell,
        "seed": order.seed,
        "jobs": order.jobs,
        "reader": order.reader or "none",
        "perceptual": order.perceptual,
    }
    extra: dict[str, Any] = {}
    records, empty = journal.records, dict.fromkeys(PERCEPTUAL, NOT_ASKED)
    # Pairs that one method failed on are in no average, of whatever figure.
    broken = {task.pair.number for task in tasks.values() if task.key not in records}
    whole = [task for task in tasks.values() if task.pair.number not in broken]
    if order.perceptual:
        metrics, empty = load_metrics()
        if metrics:
            kept = Journal(folders.report / "perceptual.jsonl")
            lpips, extra["perceptual"] = measure_perceptual(whole, metrics, kept, progress("perceptual figures"))
            records = {key: {**r, "lpips": lpips[key]} if key in lpips else r for key, r in records.items()}
    results = collect(plan, methods, tasks, records, failures, settings, empty)
    if reader is not None:
        found = read_pairs(whole, reader, Journal(folders.report / "read.jsonl"), progress("reading"))
        extra["reading"] = summarise_reading(found, results["pairs"], reader.description)
        results["pairs"] = [{**pair, "reading": found.get(pair["number"])} for pair in results["pairs"]]
    results |= extra
    write_text(folders.report / "results.json", to_json(results))
    write_text(folders.report / "pairs.csv", to_csv(results))
    write_text(folders.report / "table.md", to_markdown(results))
    _write_report(folders, results, tasks)
    return results


def _write_report(folders: Folders, results: dict[str, Any], tasks: dict[tuple[int, str], Task]) -> None:
    plots: dict[str, tuple[bytes, str]] = {}
    if results["pairs"]:
        plots["by_bin"] = (
            to_png(plot_bins(results)),
            "Means by hole ratio and border class. The published figures of the paper's network are context only: they "
            "were measured elsewhere, on other images.",
        )
        if len(results["methods"]) > 1:
            plots["gain"] = (
                to_png(plot_gains(results)),
                "Mean difference in the hole to the best other method of the cell, with its 95 % bootstrap interval.",
            )
        plots["by_class"] = (
            to_png(plot_classes(results)),
            "When do neighbour methods fail? All hole pixels together, by the diameter of the largest disc in the hole "
            "that covers them (left) and by the contrast of the truth in 17 x 17 pixels around them (right).",
        )
    folder = folders.report / "plots"
    folder.mkdir(exist_ok=True)
    for name, (png, _) in plots.items():
        with replacing(folder / f"{name}.png") as stream:
            stream.write(png)
    write_text(folders.report / "report.html", to_html(results, plots, draw_cases(results, tasks)))
