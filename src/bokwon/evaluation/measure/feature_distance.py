"""A perceptual distance that needs no download: VGG feature maps compared as LPIPS compares them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bokwon.errors import accessing
from bokwon.evaluation.data.pairs import load_pair
from bokwon.evaluation.measure.benchmark import Task, restored_picture
from bokwon.evaluation.measure.journal import Journal
from bokwon.nn.features import VGGFeatures
from bokwon.nn.losses.terms import feature_distance
from bokwon.utilities.checksums import key_of, sha256_of_file
from bokwon.utilities.processes import in_processes

__all__ = ["TAPS", "FeatureNetwork", "measure_features", "open_network"]

TAPS = ("pool1", "pool2", "pool3")
"""Feature maps that are compared; those of the paper's perceptual loss."""


@dataclass(frozen=True)
class FeatureNetwork:
    """Weights of the network that compares.

    Attributes:
        path: VGG19 weights, a file that `VGGFeatures` reads.
        sha256: Its checksum.
    """

    path: Path
    sha256: str

    @property
    def description(self) -> str:
        """Its entry in the report."""
        return f"VGG19 {', '.join(TAPS)}; weights with sha256 {self.sha256}"


@dataclass(frozen=True)
class _Work:
    """All methods of one pair that have not been compared yet."""

    tasks: tuple[Task, ...]
    network: FeatureNetwork


def open_network(path: Path) -> FeatureNetwork:
    """Make sure that a weights file can be used.

    Args:
        path: VGG19 weights in torchvision's key layout, up to block 3 at least: `.safetensors`, `.pth` or `.pt`.

    Raises:
        ArgumentError: It has another suffix.
        FileAccessError: It cannot be read.
        InputFileError: It is damaged, or belongs to another network.
        MissingDependencyError: safetensors is not installed.
    """
    _load(path)
    with accessing(f"{path} cannot be read: {{error}}", "check the file"):
        return FeatureNetwork(path, sha256_of_file(path))


@lru_cache(maxsize=1)
def _load(path: Path) -> VGGFeatures:
    return VGGFeatures("vgg19", path, TAPS)


def measure_features(
    tasks: Sequence[Task],
    network: FeatureNetwork,
    journal: Journal,
    jobs: int,
    progress: Callable[[int, int], None],
) -> dict[str, float]:
    """Measure the distance of every composite to its truth.

    Args:
        tasks: Tasks whose results were measured.
        network: The network that compares.
        journal: Where distances are kept.
        jobs: Number of processes.
        progress: Called with the number of finished tasks and of all tasks.

    Returns:
        The distance by the task's key.
    """
    keys = {task.key: _key(task, network) for task in tasks}
    todo: dict[int, list[Task]] = {}
    for task in tasks:
        if keys[task.key] not in journal.records:
            todo.setdefault(task.pair.number, []).append(task)
    done = len(tasks) - sum(map(len, todo.values()))
    progress(done, len(tasks))
    work = [_Work(tuple(mine), network) for mine in todo.values()]
    if not work:
        return {key: float(journal.records[own]["vgg"]) for key, own in keys.items()}
    for distances in in_processes(_measure, work, min(jobs, len(work)), "the feature network"):
        for key, distance in distances.items():
            journal.add({"key": key, "vgg": round(distance, 6)})
        done += len(distances)
        progress(done, len(tasks))
    return {key: float(journal.records[own]["vgg"]) for key, own in keys.items()}


def _measure(work: _Work) -> dict[str, float]:
    torch.set_num_threads(1)
    first = work.tasks[0]
    truth, hole = load_pair(first.pair, first.folders.images, first.folders.masks)
    network = _load(work.network.path)
    distances = {}
    with torch.inference_mode():
        wanted = network(_tensor(truth))
        for task in work.tasks:
            maps = network(_tensor(restored_picture(task, truth, hole)))
            distances[_key(task, work.network)] = float(feature_distance(maps, wanted))
    return distances


def _key(task: Task, network: FeatureNetwork) -> str:
    return key_of((task.key, network.sha256))


def _tensor(pixels: NDArray[np.uint8]) -> Any:
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))[None].float() / 255
