"""LPIPS, shift-tolerant LPIPS, FID and Inception Score of others' packages, or the reason why they are not available.

None of them is in a loss, so they judge all methods alike.
"""

from __future__ import annotations

import importlib
import socket
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from importlib.util import find_spec
from io import StringIO
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokwon.evaluation.data.pairs import load_pair
from bokwon.evaluation.measure.benchmark import Task, restored_picture
from bokwon.evaluation.measure.journal import Journal

__all__ = ["BY_PAIR", "BY_SET", "NOT_ASKED", "PERCEPTUAL", "load_metrics", "measure_perceptual"]

PERCEPTUAL: dict[str, tuple[str, str, dict[str, Any]]] = {
    "ST-LPIPS": ("stlpips_pytorch.stlpips", "LPIPS", {"net": "alex", "variant": "shift_tolerant", "verbose": False}),
    "LPIPS": ("torchmetrics.image.lpip", "LearnedPerceptualImagePatchSimilarity", {"net_type": "alex"}),
    "FID": ("torchmetrics.image.fid", "FrechetInceptionDistance", {}),
    "IS": ("torchmetrics.image.inception", "InceptionScore", {}),
}
"""Figure -> module and class, and its settings.

Source of ST-LPIPS: Ghildyal and Liu, "Shift-tolerant Perceptual Similarity Metric", ECCV 2022.
"""
BY_PAIR, BY_SET = {"LPIPS": "lpips", "ST-LPIPS": "st_lpips"}, ("FID", "IS")
"""Figures of single pairs, and their names in records; and of all pairs of a method together, which say little below
some thousands of images.
"""
_NOT_NEEDED = {"torchsummary": "summary", "IPython": "embed"}
"""Modules that stlpips_pytorch imports a name of, and never uses."""
NOT_ASKED = "not asked for (--perceptual, which may download weights)"
_PATIENCE = 15.0
_FEWEST = 2


def load_metrics(names: Sequence[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Load the metrics that are available.

    Args:
        names: Figures, of `PERCEPTUAL`.

    Returns:
        The metrics by name; and for each that is not available, the reason.
    """
    metrics: dict[str, Any] = {}
    empty: dict[str, str] = {}
    with _patience(), _stand_ins():
        for name in names:
            module, cls, settings = PERCEPTUAL[name]
            try:
                metrics[name] = getattr(importlib.import_module(module), cls)(**settings).eval()
            except ImportError as error:
                empty[name] = f'pip install "bokwon[perceptual]" ({_line(error)})'
            # Downloads can raise any error; it is reported as the reason, and the run goes on.
            except Exception as error:
                empty[name] = f"its weights cannot be had ({_line(error)})"
    return metrics, empty


def measure_perceptual(
    tasks: Sequence[Task], metrics: dict[str, Any], journal: Journal, progress: Callable[[int, int], None]
) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, float]]]:
    """Measure the composites of all tasks.

    Args:
        tasks: Tasks whose results were measured.
        metrics: What `load_metrics` gives.
        journal: Where figures of single pairs are kept.
        progress: Called with how many tasks are done, and of how many.

    Returns:
        Figures of single pairs by the task's key, under their names in records; and FID and Inception Score over all
        pairs by method.
    """
    torch: Any = importlib.import_module("torch")
    by_pair: dict[str, dict[str, float]] = {}
    whole: dict[str, dict[str, float]] = {}
    done = 0
    for method in dict.fromkeys(task.method for task in tasks):
        mine = [task for task in tasks if task.method == method]
        for name in metrics.keys() & BY_SET:
            metrics[name].reset()
        for task in mine:
            by_pair[task.key] = _one(torch, task, metrics, journal)
            done += 1
            progress(done, len(tasks))
        if metrics.keys() & BY_SET and len(mine) >= _FEWEST:
            whole[method.name] = _whole(metrics)
    return by_pair, whole


def _one(torch: Any, task: Task, metrics: dict[str, Any], journal: Journal) -> dict[str, float]:
    """Return the figures of one pair, and add it to those of its set."""
    kept = journal.records.get(task.key, {})
    figures = {own: float(kept[own]) for name, own in BY_PAIR.items() if name in metrics and own in kept}
    todo = {name: own for name, own in BY_PAIR.items() if name in metrics and own not in kept}
    if not todo and not metrics.keys() & BY_SET:
        return figures
    truth, hole = load_pair(task.pair, task.folders.images, task.folders.masks)
    image, target = (_tensor(torch, pixels) for pixels in (restored_picture(task, truth, hole), truth))
    with torch.inference_mode():
        for name, own in todo.items():
            # Their range is [-1, 1].
            figures[own] = float(metrics[name](image.float() / 127.5 - 1, target.float() / 127.5 - 1))
        if "FID" in metrics:
            metrics["FID"].update(target, real=True)
            metrics["FID"].update(image, real=False)
        if "IS" in metrics:
            metrics["IS"].update(image)
    if todo:
        rounded = {own: round(value, 6) for own, value in figures.items()}
        journal.add({"key": task.key, **kept, **rounded})
    return figures


def _whole(metrics: dict[str, Any]) -> dict[str, float]:
    values = {}
    if "FID" in metrics:
        values["FID"] = round(float(metrics["FID"].compute()), 4)
    if "IS" in metrics:
        values["IS"] = round(float(metrics["IS"].compute()[0]), 4)
    return values


def _tensor(torch: Any, pixels: NDArray[np.uint8]) -> Any:
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))[None]


def _line(error: BaseException) -> str:
    return " ".join((str(error) or type(error).__name__).split())[:160]


@contextmanager
def _patience() -> Iterator[None]:
    """Give downloads some seconds to answer, not minutes."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_PATIENCE)
    try:
        # Libraries print their downloads on the terminal; here the report tells the result.
        with warnings.catch_warnings(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        socket.setdefaulttimeout(before)


@contextmanager
def _stand_ins() -> Iterator[None]:
    """Put empty modules in the place of those that stlpips_pytorch imports for nothing, where they are not there."""
    lacking = [name for name in _NOT_NEEDED if name not in sys.modules and find_spec(name) is None]
    for name in lacking:
        module = ModuleType(name)
        setattr(module, _NOT_NEEDED[name], None)
        sys.modules[name] = module
    try:
        yield
    finally:
        for name in lacking:
            del sys.modules[name]
