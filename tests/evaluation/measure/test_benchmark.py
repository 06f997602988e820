from __future__ import annotations

from pathlib import Path
from typing import Any

from bokwon.evaluation.data.pairs import plan_pairs
from bokwon.evaluation.measure.benchmark import Folders, Task, run_task
from bokwon.evaluation.measure.methods import parse_methods
from bokwon.evaluation.report.results import collect

ROOT = Path(__file__).parents[3]

Measured = tuple[dict[str, Any], list[Task]]


def run(material: Any, report: Path, names: str = "telea,identity", fail: int | None = None) -> Measured:
    """Measure in this process and collect; the task of this number fails."""
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


def test_a_damaged_image_becomes_an_error_record(material: Any, tmp_path: Path) -> None:
    pair = plan_pairs(material.images, material.masks).pairs[0]
    (material.images / pair.image).write_bytes(b"gone")
    record = run_task(Task(pair, parse_methods("telea")[0], Folders(material.images, material.masks, tmp_path)))
    assert pair.image in record["error"]
