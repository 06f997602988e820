"""Methods times pairs: measured once, kept in a journal, and brought together into one set of results."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bokwon.errors import BokwonError, FileAccessError, OutputExistsError
from bokwon.evaluation.data.pairs import Pair, load_pair
from bokwon.evaluation.measure.local import (
    DEVIATIONS,
    THICKNESSES,
    deviation_classes,
    error_by_class,
    thickness_classes,
)
from bokwon.evaluation.measure.machine import metered, versions
from bokwon.evaluation.measure.methods import Method, erase, restore
from bokwon.evaluation.measure.metrics import measure
from bokwon.inpaint.engines.onnx import Engine
from bokwon.inpaint.restorer import Restorer
from bokwon.types import Hole
from bokwon.utilities.atomic import replacing, write_file
from bokwon.utilities.checksums import key_of
from bokwon.utilities.processes import in_processes

__all__ = ["Folders", "Journal", "Task", "measure_all", "open_report", "restored_picture", "run_task"]

JOURNAL = "measured.jsonl"


@dataclass(frozen=True)
class Folders:
    """Where things are.

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
        folders: Where things are.
    """

    pair: Pair
    method: Method
    folders: Folders

    @property
    def key(self) -> str:
        """What the journal knows it by: the content of all that goes in, 20 hexadecimal digits."""
        # The version of the library that fills is not in it on purpose: a report names the one it was begun with.
        method = self.method
        pair = (self.pair.image_sha256, self.pair.mask_sha256, self.pair.window)
        # Without options the same as before there were any.
        parts = (*pair, method.name, method.sha256, *method.options)
        return key_of(parts)

    @property
    def picture(self) -> Path:
        """Where the filled hole is kept: the composite, black outside the hole."""
        return self.folders.report / "restored" / self.method.name / f"{self.key}.png"


def open_report(folder: Path) -> None:
    """Make the folder of a report, or find one there.

    What a report was begun with is kept, so that no table ever mixes versions of libraries that fill.

    Args:
        folder: The folder.

    Raises:
        OutputExistsError: It holds other files, or a report begun with other versions.
        FileAccessError: It cannot be written.
    """
    marker = folder / "versions.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not marker.exists():
            if any(folder.iterdir()):
                raise OutputExistsError(f"{folder} holds other files", "name an empty or a new folder")
            write_text(marker, [json.dumps(versions(), indent=1), "\n"])
            return
        there = json.loads(marker.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or error
        raise FileAccessError(f"cannot write to {folder}: {reason}", "name a folder you may write to") from error
    except ValueError as error:
        raise OutputExistsError(f"{marker} is damaged", "name a new folder, or remove this one") from error
    changed = [name for name, version in versions().items() if there.get(name) != version]
    if changed:
        raise OutputExistsError(
            f"{folder} was begun with other versions of {', '.join(changed)}", "name a new folder, or remove this one"
        )


class Journal:
    """What has been measured, one JSON line each, written as it comes.

    Args:
        path: The file; made when the first record comes.

    Attributes:
        records: Records by key, those of this run and of runs before, without their `key`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.records: dict[str, dict[str, Any]] = {}
        if not path.exists():
            return
        kept = 0
        data = path.read_bytes()
        for line in data.splitlines(keepends=True):
            try:
                record = json.loads(line, object_pairs_hook=_interned)
                self.records[record.pop("key")] = record
            except (ValueError, KeyError, TypeError):
                break
            if not line.endswith(b"\n"):
                break
            kept += len(line)
        if kept < len(data):
            # An interrupted run left half a line: what follows it would be lost with it.
            with path.open("r+b") as stream:
                stream.truncate(kept)

    def add(self, record: dict[str, Any]) -> None:
        """Keep a record; what it is known by is its `key`."""
        self.records[record["key"]] = _interned((name, value) for name, value in record.items() if name != "key")
        with self._path.open("ab") as stream:
            stream.write(json.dumps(record).encode() + b"\n")


def _interned(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    # Tens of thousands of records with the same names: each name is held once.
    return {sys.intern(name): value for name, value in pairs}


def measure_all(
    tasks: Sequence[Task], journal: Journal, jobs: int, progress: Callable[[int, int], None] | None = None
) -> dict[str, str]:
    """Measure what the journal does not have yet.

    Each method runs in processes of its own, with one thread each, so that time and memory are its own.

    Args:
        tasks: All tasks of the report.
        journal: Where records go.
        jobs: Number of processes.
        progress: Told how many tasks are done, and of how many.

    Returns:
        What went wrong, by the key of the task; empty if nothing did. Failures are not kept: the next run tries again.
    """
    report = progress or (lambda _done, _total: None)
    todo = [task for task in tasks if task.key not in journal.records]
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


_ENGINES: dict[Method, Engine | Restorer] = {}


def run_task(task: Task) -> dict[str, Any]:
    """Restore and measure one pair with one method.

    Args:
        task: What to do.

    Returns:
        The journal's record: `key`, figures by name, `seconds`, `cpu_seconds`, `peak_mb`, and squared errors and
        pixels by class of thickness and deviation; or `key` and `error`.
    """
    try:
        truth, hole = load_pair(task.pair, task.folders.images, task.folders.masks)
        if task.method not in _ENGINES:
            _ENGINES.clear()
            _ENGINES[task.method] = task.method.engine()
        damaged = erase(truth, hole)
        with metered() as cost:
            filled = restore(damaged, hole, _ENGINES[task.method])
        _keep_picture(task.picture, filled, hole)
        record: dict[str, Any] = {"key": task.key}
        record.update({name: round(value, 6) for name, value in measure(filled, truth, hole).items()})
        record["seconds"], record["cpu_seconds"] = round(cost.seconds, 4), round(cost.cpu_seconds, 4)
        record["peak_mb"] = None if cost.peak_mb is None else round(cost.peak_mb, 1)
        thickness = error_by_class(filled, truth, hole, thickness_classes(hole), THICKNESSES)
        deviation = error_by_class(filled, truth, hole, deviation_classes(truth), DEVIATIONS)
        record["thickness"], record["thickness_pixels"] = thickness
        record["deviation"], record["deviation_pixels"] = deviation
    except BokwonError as error:
        return {"key": task.key, "error": str(error)}
    # A library that fails on one pair must not take the others with it; the failure is reported by name.
    except Exception as error:
        return {"key": task.key, "error": f"{type(error).__name__}: {error}"}
    return record


def restored_picture(task: Task, truth: NDArray[np.uint8], hole: Hole) -> NDArray[np.uint8]:
    """Return the composite of a task, from the report's folder or restored anew.

    Args:
        task: Pair and method.
        truth: The pair's truth.
        hole: The pair's hole.

    Returns:
        (H, W, 3).
    """
    kept = cv2.imread(str(task.picture), cv2.IMREAD_COLOR) if task.picture.exists() else None
    if kept is None or kept.shape != truth.shape:
        return restore(erase(truth, hole), hole, task.method.engine())
    composite = truth.copy()
    composite[hole] = kept[..., ::-1][hole]
    return composite


def _keep_picture(path: Path, filled: NDArray[np.uint8], hole: Hole) -> None:
    inside = np.where(hole[..., None], filled, 0).astype(np.uint8)
    _, png = cv2.imencode(".png", inside[..., ::-1])
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, png.tobytes(), sync=False)


def write_text(path: Path, parts: Iterable[str]) -> None:
    """Write a text file whole or not at all.

    Args:
        path: The file.
        parts: Its content, which need not be in memory at once.

    Raises:
        FileAccessError: It cannot be written.
    """
    with replacing(path) as stream:
        for part in parts:
            stream.write(part.encode())
