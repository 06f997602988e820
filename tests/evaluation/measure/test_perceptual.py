from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="perceptual figures need PyTorch")

import torch

from bokwon.evaluation.data.pairs import plan_pairs
from bokwon.evaluation.measure import perceptual
from bokwon.evaluation.measure.benchmark import Folders, Task, run_task
from bokwon.evaluation.measure.journal import Journal
from bokwon.evaluation.measure.methods import parse_methods
from bokwon.evaluation.report.tables import cost_table


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
    by_pair, whole = perceptual.measure_perceptual(tasks, metrics, journal, lambda _done, _total: None)
    # From [0, 1] to [-1, 1] differences double.
    assert {key: 50 * figures["lpips"] for key, figures in by_pair.items()} == pytest.approx(l1, abs=1e-3)
    assert whole == {"telea": {"FID": 6.0, "IS": 6.0}, "identity": {"FID": 6.0, "IS": 6.0}}
    # What is kept is not measured again, and another figure joins it.
    metrics = {"LPIPS": None, "ST-LPIPS": Distance()}
    again, _ = perceptual.measure_perceptual(tasks, metrics, journal, lambda _done, _total: None)
    for key, figures in again.items():
        assert figures == pytest.approx({"lpips": l1[key] / 50, "st_lpips": l1[key] / 50}, abs=1e-4)
    metrics = {"LPIPS": None, "ST-LPIPS": None}
    kept = Journal(tmp_path / "perceptual.jsonl")
    third, _ = perceptual.measure_perceptual(tasks, metrics, kept, lambda _done, _total: None)
    assert third.keys() == again.keys()
    for key, figures in third.items():
        assert figures == pytest.approx(again[key], abs=1e-6)


def test_fid_and_inception_score_stand_in_the_table_only_where_they_were_asked_for() -> None:
    cost = {"seconds": 1.0, "cpu_seconds": 0.5, "peak_mb": 70.0}
    results: dict[str, Any] = {"all": {"methods": {"telea": cost, "ns": cost}}}
    assert cost_table(results, ["telea"]).heads == (
        "all pairs", "median time, s", "median processor time, s", "peak memory, MiB"
    )  # fmt: skip
    results["perceptual"] = {"telea": {"FID": 12.346}}
    table = cost_table(results, ["telea", "ns"])
    assert table.heads[4:] == ("FID",)
    assert [row[4:] for row in table.rows] == [("12.35",), ("",)]


def save_small(state: dict[str, Any], path: Path) -> None:
    """Save weights of the right shapes in a small file: all of a tensor is one number, stored once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(0)
    small = {
        key: (torch.rand((), generator=generator) * 0.01).to(tensor.dtype).expand(tensor.shape)
        for key, tensor in state.items()
    }
    torch.save(small, path)


@pytest.mark.filterwarnings("ignore")
def test_lpips_is_loaded_from_weights_that_are_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("torchmetrics", reason="LPIPS needs torchmetrics")
    models = pytest.importorskip("torchvision.models", reason="LPIPS needs torchvision")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    name = models.AlexNet_Weights.DEFAULT.url.rsplit("/", 1)[-1]
    with torch.device("meta"):
        state = models.alexnet(weights=None).state_dict()
    save_small(state, tmp_path / "hub" / "checkpoints" / name)
    metrics, empty = perceptual.load_metrics(["LPIPS"])
    assert empty == {}
    image = torch.linspace(-1, 1, 3 * 64 * 64).reshape(1, 3, 64, 64)
    assert float(metrics["LPIPS"](image, image)) == pytest.approx(0, abs=1e-6)
    assert float(metrics["LPIPS"](image, image.flip(-1).abs())) > 0


@pytest.mark.filterwarnings("ignore")
def test_fid_is_loaded_from_weights_that_are_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("torchmetrics", reason="FID needs torchmetrics")
    fidelity = pytest.importorskip(
        "torch_fidelity.feature_extractor_inceptionv3", reason="FID's network needs torch-fidelity"
    )
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    wanted: dict[str, Any] = {}
    with monkeypatch.context() as without_weights:
        network = fidelity.FeatureExtractorInceptionV3
        without_weights.setattr(fidelity, "load_state_dict_from_url", lambda *_args, **_kwargs: {})
        without_weights.setattr(network, "load_state_dict", lambda self, _state: wanted.update(self.state_dict()))
        perceptual.load_metrics(["FID"])
    name = fidelity.URL_INCEPTION_V3.rsplit("/", 1)[-1]
    save_small(wanted, tmp_path / "hub" / "checkpoints" / name)
    metrics, empty = perceptual.load_metrics(["FID"])
    assert empty == {}
    metrics["FID"].update(torch.zeros(2, 3, 64, 64, dtype=torch.uint8), real=True)


@pytest.mark.filterwarnings("ignore")
def test_without_a_network_the_reason_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any) -> None:
    pytest.importorskip("torchmetrics", reason="LPIPS needs torchmetrics")
    pytest.importorskip("torchvision", reason="LPIPS needs torchvision")

    def refuse(*_args: Any, **_kwargs: Any) -> None:
        raise OSError("Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    # The shift-tolerant LPIPS carries its weights, and needs none.
    metrics, empty = perceptual.load_metrics(["LPIPS", "FID", "IS"])
    assert metrics == {}
    assert set(empty) == {"LPIPS", "FID", "IS"}
    assert "its weights cannot be had" in empty["LPIPS"]
    assert "Name or service not known" in empty["LPIPS"]
    assert all("cannot be had" in reason or "pip install" in reason for reason in empty.values())
    # Libraries that download do not write over the progress bar.
    assert capsys.readouterr() == ("", "")
    assert socket.getdefaulttimeout() is None


def test_what_cannot_be_had_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        perceptual, "PERCEPTUAL", {"LPIPS": ("no.such.module", "X", {}), "FID": ("fractions", "Fraction", {"a": 1})}
    )
    metrics, empty = perceptual.load_metrics(list(perceptual.PERCEPTUAL))
    assert metrics == {}
    assert "pip install" in empty["LPIPS"]
    assert "cannot be had" in empty["FID"]


_PACKAGE = """
from IPython import embed
from torchsummary import summary

class LPIPS:
    def __init__(self, **settings):
        self.settings = settings

    def eval(self):
        return self
"""


def test_the_shift_tolerant_lpips_is_the_one_of_alexnet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its package imports two others, which it does not need and nobody has to install."""
    (tmp_path / "stlpips_pytorch").mkdir()
    (tmp_path / "stlpips_pytorch/__init__.py").touch()
    (tmp_path / "stlpips_pytorch/stlpips.py").write_text(_PACKAGE)
    for name in ("stlpips_pytorch", "stlpips_pytorch.stlpips", "IPython", "torchsummary"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    real = perceptual.find_spec
    monkeypatch.setattr(perceptual, "find_spec", lambda name: None if name == "torchsummary" else real(name))
    metrics, empty = perceptual.load_metrics(["ST-LPIPS"])
    # Not by monkeypatch, which would put it back.
    for name in ("stlpips_pytorch", "stlpips_pytorch.stlpips"):
        del sys.modules[name]
    assert empty == {}
    assert metrics["ST-LPIPS"].settings == {"net": "alex", "variant": "shift_tolerant", "verbose": False}
    assert "torchsummary" not in sys.modules


@pytest.mark.filterwarnings("ignore")
def test_the_shift_tolerant_lpips_tells_a_blur_from_a_shift() -> None:
    pytest.importorskip("stlpips_pytorch", reason="ST-LPIPS needs stlpips-pytorch, which is in bokwon[perceptual]")
    metrics, empty = perceptual.load_metrics(["ST-LPIPS"])
    assert empty == {}
    generator = torch.Generator().manual_seed(0)
    image = torch.rand((1, 3, 65, 64), generator=generator) * 2 - 1
    with torch.inference_mode():
        same = float(metrics["ST-LPIPS"](image[..., 1:, :], image[..., 1:, :]))
        shifted = float(metrics["ST-LPIPS"](image[..., 1:, :], image[..., :-1, :]))
        flat = float(metrics["ST-LPIPS"](image[..., 1:, :], torch.zeros_like(image[..., 1:, :])))
    assert same == pytest.approx(0, abs=1e-6)
    assert 0 < shifted < flat
