"""Measures every method on every pair once, and keeps the records in a journal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bokwon.errors import BokwonError
from bokwon.evaluation.data.pairs import Pair, load_pair
from bokwon.evaluation.measure.filler import Filler
from bokwon.evaluation.measure.ink import INK_FIGURES, measure_ink
from bokwon.evaluation.measure.journal import Journal
from bokwon.evaluation.measure.local import (
    DEVIATIONS,
    THICKNESSES,
    deviation_classes,
    error_by_class,
    thickness_classes,
)
from bokwon.evaluation.measure.methods import Method, erase
from bokwon.evaluation.measure.metrics import measure
from bokwon.types import Hole
from bokwon.utilities.atomic import write_file
from bokwon.utilities.checksums import key_of
from bokwon.utilities.processes import in_processes

__all__ = ["JOURNAL", "Folders", "Task", "measure_all", "restored_picture", "run_task"]

JOURNAL = "measured.jsonl"


@dataclass(frozen=True)
class Folders:
    """The folders of a report.

    Attributes:
        images: Undamaged images.
        masks: Masks.
        report: The report.
    """

    images: Path
    masks: Path
    report: Path


@dataclass(frozen=True)
class Task:
    """One method on one pair.

    Attributes:
        pair: The pair.
        method: The method.
        folders: The folders of a report.
    """

    pair: Pair
    method: Method
    folders: Folders

    @property
    def key(self) -> str:
        """Its key in the journal: a hash of all inputs, 20 hexadecimal digits."""
        # Library versions are not part of the key: a report keeps those that it was started with.
        method = self.method
        pair = (self.pair.image_sha256, self.pair.mask_sha256, self.pair.window)
        # Without options, the key is the one of earlier versions.
        parts = (*pair, method.name, method.sha256, *method.options, *method.digest(self.pair.name))
        return key_of(parts)

    @property
    def picture(self) -> Path:
        """File with the filled hole: the composite, black outside the hole."""
        return self.folders.report / "restored" / self.method.name / f"{self.key}.png"


def measure_all(
    tasks: Sequence[Task], journal: Journal, jobs: int, progress: Callable[[int, int], None] | None = None
) -> dict[str, str]:
    """Measure the tasks that are not in the journal yet.

    Each method runs in separate processes with one thread, so that its time and memory can be measured.

    Args:
        tasks: All tasks of the report.
        journal: Where records go.
        jobs: Number of processes.
        progress: Called with the number of finished tasks and of all tasks.

    Returns:
        Errors by the key of the task; empty if there were none. Errors are not kept: the next run tries again.
    """
    report = progress or (lambda _done, _total: None)
    # Records of earlier versions have no figures of ink.
    todo = [task for task in tasks if not journal.records.get(task.key, {}).keys() >= set(INK_FIGURES)]
    done = len(tasks) - len(todo)
    report(done, len(tasks))
    failures: dict[str, str] = {}
    for method in dict.fromkeys(task.method for task in todo):
        mine = [task for task in todo if task.method == method]
        for record in in_processes(run_task, mine, min(jobs, len(mine)), method.name):
            if "error" in record:
                failures[record["key"]] = record["error"]
            else:
                journal.add(record)
            done += 1
            report(done, len(tasks))
    return failures


_FILLERS: dict[Method, Filler] = {}


def run_task(task: Task) -> dict[str, Any]:
    """Restore and measure one pair with one method.

    Args:
        task: What to do.

    Returns:
        The journal's record: `key`, figures by name (those of ink None where too little is hidden), `seconds`,
        `cpu_seconds`, `peak_mb`, and squared errors and pixels by class of thickness and deviation; or `key` and
        `error`.
    """
    try:
        truth, hole = load_pair(task.pair, task.folders.images, task.folders.masks)
        if task.method not in _FILLERS:
            _FILLERS.clear()
            _FILLERS[task.method] = task.method.filler()
        damaged = erase(truth, hole)
        filled, cost = _FILLERS[task.method].run(damaged, hole, task.pair.name)
        _keep_picture(task.picture, filled, hole)
        record: dict[str, Any] = {"key": task.key}
        record.update({name: round(value, 6) for name, value in measure(filled, truth, hole).items()})
        ink = measure_ink(filled, truth, hole)
        record.update({name: None if value is None else round(value, 4) for name, value in ink.items()})
        for name, digits in (("seconds", 4), ("cpu_seconds", 4), ("peak_mb", 1)):
            value = getattr(cost, name)
            record[name] = None if value is None else round(value, digits)
        thickness = error_by_class(filled, truth, hole, thickness_classes(hole), THICKNESSES)
        deviation = error_by_class(filled, truth, hole, deviation_classes(truth), DEVIATIONS)
        record["thickness"], record["thickness_pixels"] = thickness
        record["deviation"], record["deviation_pixels"] = deviation
    except BokwonError as error:
        return {"key": task.key, "error": str(error)}
    # A library that fails on one pair must not stop the others; the failure is reported.
    except Exception as error:
        return {"key": task.key, "error": f"{type(error).__name__}: {error}"}
    return record


def restored_picture(task: Task, truth: NDArray[np.uint8], hole: Hole) -> NDArray[np.uint8]:
    """Return the composite of a task, from the folder of the report, or restored anew.

    Args:
        task: Pair and method.
        truth: The pair's truth.
        hole: The pair's hole.

    Returns:
        (H, W, 3).
    """
    kept = cv2.imread(str(task.picture), cv2.IMREAD_COLOR) if task.picture.exists() else None
    if kept is None or kept.shape != truth.shape:
        return task.method.filler().run(erase(truth, hole), hole, task.pair.name)[0]
    composite = truth.copy()
    composite[hole] = kept[..., ::-1][hole]
    return composite


def _keep_picture(path: Path, filled: NDArray[np.uint8], hole: Hole) -> None:
    inside = np.where(hole[..., None], filled, 0).astype(np.uint8)
    _, png = cv2.imencode(".png", inside[..., ::-1])
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, png.tobytes(), sync=False)
