"""What evaluation needs beyond the runtime, and ways to measure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("skimage", reason="evaluation needs scikit-image, which is in bokwon[eval]")
pytest.importorskip("matplotlib", reason="evaluation needs matplotlib, which is in bokwon[eval]")


@pytest.fixture
def measure_here() -> Callable[..., tuple[dict[str, Any], list[Any]]]:
    """Measures in this process: `measure_here(material, report, names="telea,identity", fail=None)`.

    The task of number `fail` fails. The results and the tasks are returned.
    """
    from bokwon.evaluation.data.pairs import plan_pairs
    from bokwon.evaluation.measure.benchmark import Folders, Task, run_task
    from bokwon.evaluation.measure.methods import parse_methods
    from bokwon.evaluation.report.results import collect

    def measure(
        material: Any, report: Path, names: str = "telea,identity", fail: int | None = None
    ) -> tuple[dict[str, Any], list[Any]]:
        plan = plan_pairs(material.images, material.masks)
        methods = parse_methods(names)
        folders = Folders(material.images, material.masks, report)
        tasks = {(pair.number, method.name): Task(pair, method, folders) for method in methods for pair in plan.pairs}
        records = {task.key: run_task(task) for task in tasks.values()}
        for record in records.values():
            del record["key"]
        failures = {}
        if fail is not None:
            key = list(tasks.values())[fail].key
            del records[key]
            failures[key] = "it burst"
        return collect(plan, methods, tasks, records, failures, {"seed": 0}, {}), list(tasks.values())

    return measure


@pytest.fixture
def evaluate_few() -> Callable[..., dict[str, Any]]:
    """Makes a report: `evaluate_few(material, report, methods, per_cell=1, **options)`."""
    from bokwon.evaluation.job import Order, evaluate
    from bokwon.evaluation.measure.benchmark import Folders

    def evaluate_these(material: Any, report: Path, methods: str, per_cell: int = 1, **options: Any) -> dict[str, Any]:
        folders = Folders(material.images, material.masks, report)
        order = Order(folders, methods, per_cell=per_cell, **options)
        return evaluate(order, lambda _stage: lambda _done, _total: None)

    return evaluate_these
