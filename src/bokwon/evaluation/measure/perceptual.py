"""LPIPS, FID and Inception Score through torchmetrics, or the reason why they are not available."""

from __future__ import annotations

import importlib
import socket
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokwon.evaluation.data.pairs import load_pair
from bokwon.evaluation.measure.benchmark import Task, restored_picture
from bokwon.evaluation.measure.journal import Journal

__all__ = ["BY_PAIR", "BY_SET", "NOT_ASKED", "PERCEPTUAL", "load_metrics", "measure_perceptual"]

PERCEPTUAL = {
    "LPIPS": ("torchmetrics.image.lpip", "LearnedPerceptualImagePatchSimilarity", {"net_type": "alex"}),
    "FID": ("torchmetrics.image.fid", "FrechetInceptionDistance", {}),
    "IS": ("torchmetrics.image.inception", "InceptionScore", {}),
}
"""Figure -> module and class of torchmetrics, and its settings."""
BY_PAIR, BY_SET = ("LPIPS",), ("FID", "IS")
"""Figures of single pairs; and of all pairs of a method together, which say little below some thousands of images."""
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
    with _patience():
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
) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Measure the composites of all tasks.

    Args:
        tasks: Tasks whose results were measured.
        metrics: The metrics that `load_metrics` returned.
        journal: Where LPIPS of each pair is kept.
        progress: Called with the number of finished tasks and of all tasks.

    Returns:
        LPIPS by the task's key; and FID and Inception Score over all pairs by method.
    """
    torch: Any = importlib.import_module("torch")
    lpips: dict[str, float] = {}
    whole: dict[str, dict[str, float]] = {}
    done = 0
    for method in dict.fromkeys(task.method for task in tasks):
        mine = [task for task in tasks if task.method == method]
        for name in metrics.keys() & BY_SET:
            metrics[name].reset()
        for task in mine:
            _one(torch, task, metrics, journal, lpips)
            done += 1
            progress(done, len(tasks))
        if metrics.keys() & BY_SET and len(mine) >= _FEWEST:
            whole[method.name] = _whole(metrics)
    return lpips, whole


def _one(torch: Any, task: Task, metrics: dict[str, Any], journal: Journal, lpips: dict[str, float]) -> None:
    kept = journal.records.get(task.key)
    if kept is not None and not metrics.keys() & BY_SET:
        lpips[task.key] = float(kept["lpips"])
        return
    truth, hole = load_pair(task.pair, task.folders.images, task.folders.masks)
    image, target = (_tensor(torch, pixels) for pixels in (restored_picture(task, truth, hole), truth))
    with torch.inference_mode():
        if "LPIPS" in metrics:
            # Its range is [-1, 1].
            value = float(metrics["LPIPS"](image.float() / 127.5 - 1, target.float() / 127.5 - 1))
            lpips[task.key] = value
            if kept is None:
                journal.add({"key": task.key, "lpips": round(value, 6)})
        if "FID" in metrics:
            metrics["FID"].update(target, real=True)
            metrics["FID"].update(image, real=False)
        if "IS" in metrics:
            metrics["IS"].update(image)


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
