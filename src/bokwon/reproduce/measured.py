"""Measures trained networks and other methods on the same pairs, with `bokwon evaluate`."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from bokwon.errors import ArgumentError, BokwonError
from bokwon.evaluation.data.pairs import Pair, load_pair, plan_pairs
from bokwon.evaluation.job import Order, evaluate
from bokwon.evaluation.measure.benchmark import Folders, Task, restored_picture
from bokwon.evaluation.measure.methods import parse_methods
from bokwon.evaluation.report.html import draw_cases
from bokwon.evaluation.report.statistics import METRICS
from bokwon.evaluation.report.tables import PUBLISHED, Table, marked
from bokwon.reproduce.networks import Trained
from bokwon.reproduce.recipe import Progress, Recipe

__all__ = ["Measured", "available", "cell_table", "check_inputs", "inception_table", "measure"]

_FEWEST_FOR_INCEPTION = 10
"""The Inception Score is the mean of ten parts of a set."""


@dataclass(frozen=True)
class Measured:
    """The measurements on one set of pairs.

    Attributes:
        results: The content of `results.json`.
        tasks: Task by pair number and method name.
    """

    results: Mapping[str, Any]
    tasks: Mapping[tuple[int, str], Task]

    @property
    def names(self) -> list[str]:
        """The methods, in order."""
        return [method["name"] for method in self.results["methods"]]

    def cases(self) -> list[str]:
        """Draw the cases worth looking at, one piece of HTML each."""
        return draw_cases(self.results, self.tasks)

    def failures(self) -> list[str]:
        """Return which pairs are left out of the averages, and why."""
        return [
            f"{f['method']} failed on {f['image']} with {f['mask']}: {f['error']}" for f in self.results["failures"]
        ]


def measure(
    recipe: Recipe,
    images: Path,
    masks: Path,
    networks: Sequence[Trained],
    others: str,
    progress: Progress,
    name: str,
    *,
    every_mask: bool = False,
) -> Measured:
    """Measure trained networks and other methods; an interrupted measurement is continued.

    Args:
        recipe: The experiment.
        images: Folder of undamaged images.
        masks: Folder of masks.
        networks: The networks, the one of interest first.
        others: Further methods, as `bokwon evaluate --methods` takes them.
        progress: Receives how many pairs are measured.
        name: Folder of the report, in the folder of the experiment.
        every_mask: Measure on all masks, whatever `recipe.per_cell` is.

    Raises:
        BokwonError: As `bokwon.evaluation.job.evaluate`.
    """
    methods = ",".join([*(f"{each.name}={each.model}" for each in networks), *filter(None, [others])])
    folders = Folders(images, masks, recipe.out / name)
    per_cell = None if every_mask else recipe.per_cell
    order = Order(folders, methods, per_cell=per_cell, seed=recipe.seed, jobs=recipe.jobs)
    results = evaluate(order, progress)
    names = [field.name for field in fields(Pair)]
    pairs = [
        Pair(**{**{key: pair[key] for key in names}, "window": tuple(pair["window"])}) for pair in results["pairs"]
    ]
    tasks = {(pair.number, each.name): Task(pair, each, folders) for each in parse_methods(methods) for pair in pairs}
    return Measured(results, tasks)


def check_inputs(recipe: Recipe, images: Path, masks: Path, names: Sequence[str]) -> None:
    """Check before training that images, masks and further methods can be used.

    Args:
        recipe: The experiment.
        images: Folder of undamaged images.
        masks: Folder of masks.
        names: Names that further methods may not have.

    Raises:
        BokwonError: They cannot.
    """
    plan = plan_pairs(images, masks, per_cell=recipe.per_cell, seed=recipe.seed)
    for method in parse_methods(recipe.methods) if recipe.methods else ():
        if method.name in names:
            raise ArgumentError(f"{method.name} is the name of a network that is trained", "write NAME=METHOD")
        method.check(plan.pairs)


def available(names: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return the methods that can run here, separated by commas, and why the others cannot."""
    there, notes = [], []
    for name in names:
        try:
            parse_methods(name)
        except BokwonError as error:
            notes.append(f"{name} was not measured: {error}")
        else:
            there.append(name)
    return ",".join(there), tuple(notes)


def cell_table(measured: Measured, key: str) -> Table:
    """Return a metric as the paper prints it: one row per method, one column per cell, the published row below.

    Args:
        measured: The measurements.
        key: The figure, a key of `METRICS`.
    """
    metric, cells = METRICS[key], measured.results["cells"]
    arrow = "higher" if metric.higher_is_better else "lower"
    heads = (f"{metric.title}, mean ({arrow} is better)", *(cell["name"] for cell in cells))
    texts: dict[str, list[str]] = {name: [name] for name in measured.names}
    for cell in cells:
        means = [cell["methods"].get(name, {}).get(key, {}).get("mean") for name in measured.names]
        for name, text in zip(measured.names, marked(key, means), strict=True):
            texts[name].append(text)
    rows = [tuple(row) for row in texts.values()]
    if key in PUBLISHED:
        known = [PUBLISHED[key]["border" if cell["border"] else "inner"][cell["bin"] - 1] for cell in cells]
        rows.append(("PConv as published, on Places2", *(f"{value:.2f}" for value in known)))
    rows.append(("pairs", *(str(cell["pairs"]) for cell in cells)))
    return Table(heads, tuple(rows))


def inception_table(measured: Measured, weights: Path | None) -> tuple[Table, str]:
    """Return the Inception Score by method and cell, and why it is empty where it is.

    Args:
        measured: The measurements.
        weights: The weights of the Inception network that torch-fidelity publishes; None measures nothing.

    Returns:
        The table, and a sentence; empty where all cells have a score.
    """
    cells = measured.results["cells"]
    heads = ("Inception Score (higher is better)", *(cell["name"] for cell in cells))
    metric, reason = _inception(weights)
    rows = []
    for name in measured.names:
        scores = ["-"] * len(cells)
        for place, cell in enumerate(cells):
            if metric is not None and cell["pairs"] >= _FEWEST_FOR_INCEPTION:
                scores[place] = f"{_score(metric, _tasks_in(measured, name, cell)):.2f}"
        rows.append((name, *scores))
    if not reason and any("-" in row for row in rows):
        reason = f"The Inception Score needs {_FEWEST_FOR_INCEPTION} pairs in a cell; raise --per-cell."
    return Table(heads, tuple(rows)), reason


def _inception(weights: Path | None) -> tuple[Any, str]:
    if weights is None:
        return None, "The Inception Score was not asked for: name the Inception network's weights with --inception."
    try:
        fid: Any = importlib.import_module("torchmetrics.image.fid")
        inception: Any = importlib.import_module("torchmetrics.image.inception")
        network = fid.NoTrainInceptionV3("inception-v3-compat", ["logits_unbiased"], str(weights))
        return inception.InceptionScore(feature=network), ""
    except ImportError as error:
        return None, f'The Inception Score needs pip install "bokwon[perceptual]": {error}.'
    # Whatever a wrong file makes of it.
    except Exception as error:
        line = " ".join(str(error).split())[:160]
        return None, f"The Inception Score is empty: {weights.name} holds no weights of its network ({line})."


def _tasks_in(measured: Measured, name: str, cell: Mapping[str, Any]) -> list[Task]:
    numbers = [
        p["number"] for p in measured.results["pairs"] if (p["bin"], p["border"]) == (cell["bin"], cell["border"])
    ]
    return [measured.tasks[number, name] for number in numbers]


def _score(metric: Any, tasks: Sequence[Task]) -> float:
    torch: Any = importlib.import_module("torch")
    metric.reset()
    torch.manual_seed(0)
    for task in tasks:
        truth, hole = load_pair(task.pair, task.folders.images, task.folders.masks)
        pixels = np.ascontiguousarray(restored_picture(task, truth, hole).transpose(2, 0, 1))
        with torch.inference_mode():
            metric.update(torch.from_numpy(pixels)[None])
    return float(metric.compute()[0])
