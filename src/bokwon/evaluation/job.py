"""`bokwon evaluate` as a function: from folders to a report."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bokwon.errors import ArgumentError
from bokwon.evaluation.benchmark import JOURNAL, Folders, Journal, Task, measure_all, open_report, write_text
from bokwon.evaluation.methods import parse_methods
from bokwon.evaluation.pairs import plan_pairs
from bokwon.evaluation.results import collect, to_csv, to_markdown

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
    """

    folders: Folders
    methods: str
    per_cell: int | None = None
    seed: int = 0
    jobs: int = 1

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
    plan = plan_pairs(folders.images, folders.masks, per_cell=order.per_cell, seed=order.seed)
    open_report(folders.report)
    tasks = {(p.number, m.name): Task(p, m, folders) for m in methods for p in plan.pairs}
    journal = Journal(folders.report / JOURNAL)
    failures = measure_all(list(tasks.values()), journal, order.jobs, progress("pairs"))
    settings = {
        "images": folders.images.name,
        "masks": folders.masks.name,
        "methods": [method.name for method in methods],
        "per_cell": order.per_cell,
        "seed": order.seed,
        "jobs": order.jobs,
    }
    results = collect(plan, methods, tasks, journal.records, failures, settings, {})
    write_text(folders.report / "results.json", json.dumps(results, indent=1) + "\n")
    write_text(folders.report / "pairs.csv", to_csv(results))
    write_text(folders.report / "table.md", to_markdown(results))
    return results
