from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="perceptual figures need PyTorch")

import torch

from bokwon.evaluation import perceptual
from bokwon.evaluation.benchmark import Folders, Journal, Task, run_task
from bokwon.evaluation.methods import parse_methods
from bokwon.evaluation.pairs import plan_pairs


class Distance:
    """Mean absolute difference, called as LPIPS is."""

    def __call__(self, image: Any, target: Any) -> Any:
        assert image.shape == target.shape == (1, 3, 64, 64)
        assert -1 <= float(image.min()) < float(image.max()) <= 1
        return (image - target).abs().mean()


class Count:
    """Counts its updates, as FID and Inception Score are updated."""

    def reset(self) -> None:
        self.updates = 0

    def update(self, image: Any, real: bool = True) -> None:
        assert image.dtype == torch.uint8
        self.updates += real

    def compute(self) -> Any:
        return self.updates


class Score(Count):
    def compute(self) -> Any:
        return self.updates, 0.0


def test_figures_by_pair_and_by_method(material: Any, tmp_path: Path) -> None:
    plan = plan_pairs(material.images, material.masks)
    folders = Folders(material.images, material.masks, tmp_path)
    tasks = [Task(pair, method, folders) for method in parse_methods("telea,identity") for pair in plan.pairs]
    l1 = {task.key: run_task(task)["l1"] for task in tasks}
    metrics = {"LPIPS": Distance(), "FID": Count(), "IS": Score()}
    journal = Journal(tmp_path / "perceptual.jsonl")
    lpips, whole = perceptual.measure_perceptual(tasks, metrics, journal, lambda _done, _total: None)
    # From [0, 1] to [-1, 1] differences double.
    assert {key: 50 * value for key, value in lpips.items()} == pytest.approx(l1, abs=1e-3)
    assert whole == {"telea": {"FID": 6.0, "IS": 6.0}, "identity": {"FID": 6.0, "IS": 6.0}}
    again, _ = perceptual.measure_perceptual(tasks, {"LPIPS": None}, journal, lambda _done, _total: None)
    assert again == pytest.approx(lpips, abs=1e-6)


def test_what_cannot_be_had_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        perceptual, "PERCEPTUAL", {"LPIPS": ("no.such.module", "X", {}), "FID": ("fractions", "Fraction", {"a": 1})}
    )
    metrics, empty = perceptual.load_metrics()
    assert metrics == {}
    assert "pip install" in empty["LPIPS"]
    assert "cannot be had" in empty["FID"]
