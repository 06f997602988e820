from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the VGG distance needs PyTorch")

import torch

from bokwon.errors import FileAccessError, InputFileError
from bokwon.evaluation.data.pairs import load_pair, plan_pairs
from bokwon.evaluation.job import Order, evaluate
from bokwon.evaluation.measure.benchmark import Folders, Task, restored_picture, run_task
from bokwon.evaluation.measure.feature_distance import measure_features, open_network
from bokwon.evaluation.measure.journal import Journal
from bokwon.evaluation.measure.methods import parse_methods
from bokwon.evaluation.report.statistics import METRICS
from bokwon.nn.features import VGGFeatures
from bokwon.nn.losses.terms import feature_distance


def test_the_distance_by_hand() -> None:
    # Two channels, two positions. (3, 4) and (4, 3) have length 5: (0.6, 0.8) and (0.8, 0.6) differ by 0.04 + 0.04.
    # (1, 0) and (0, 7) stand at a right angle: 2. Mean over the positions: 1.04.
    first = torch.tensor([[3.0, 1.0], [4.0, 0.0]]).reshape(1, 2, 1, 2)
    second = torch.tensor([[4.0, 0.0], [3.0, 7.0]]).reshape(1, 2, 1, 2)
    assert float(feature_distance([first], [second])) == pytest.approx(1.04)
    # A second map adds to it: nothing against something is 1, nothing against nothing 0.
    nothing = torch.zeros(1, 3, 1, 2)
    something = torch.tensor([2.0, 0.0, 2.0, 0.0, 1.0, 0.0]).reshape(1, 3, 1, 2)
    assert float(feature_distance([first, nothing], [second, something])) == pytest.approx(1.04 + 0.5)
    assert float(feature_distance([first, something], [first, something])) == 0.0


def test_only_the_direction_counts_and_never_more_than_two_a_map() -> None:
    generator = torch.Generator().manual_seed(0)
    first, second = (torch.rand(4, 8, 5, 6, generator=generator) for _ in range(2))
    distances = feature_distance([first], [second])
    assert distances.shape == (4,)
    assert bool(((distances > 0) & (distances < 2)).all())
    torch.testing.assert_close(feature_distance([3 * first], [0.1 * second]), distances)


def test_gradients_are_finite_where_nothing_is_seen() -> None:
    first = torch.zeros(1, 3, 2, 2)
    first[0, 0, 0, 0] = 1.0
    first.requires_grad_()
    second = torch.rand(1, 3, 2, 2, generator=torch.Generator().manual_seed(0))
    feature_distance([first], [second]).sum().backward()
    assert first.grad is not None
    assert bool(first.grad.isfinite().all())
    assert float(first.grad[0, :, 0, 0].abs().sum()) > 0


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """VGG19 up to block 3 with random weights."""
    layers = {0: (3, 64), 2: (64, 64), 5: (64, 128), 7: (128, 128), 10: (128, 256)}
    layers |= dict.fromkeys((12, 14, 16), (256, 256))
    generator = torch.Generator().manual_seed(1)
    state = {}
    for index, (inward, outward) in layers.items():
        spread = (2 / (9 * inward)) ** 0.5
        state[f"features.{index}.weight"] = spread * torch.randn(outward, inward, 3, 3, generator=generator)
        state[f"features.{index}.bias"] = torch.zeros(outward)
    torch.save(state, tmp_path / "vgg19.pth")
    return tmp_path / "vgg19.pth"


def test_every_composite_is_compared_with_its_truth_and_only_once(material: Any, tmp_path: Path, weights: Path) -> None:
    plan = plan_pairs(material.images, material.masks, per_cell=1)
    folders = Folders(material.images, material.masks, tmp_path / "report")
    tasks = [Task(pair, method, folders) for method in parse_methods("telea,identity") for pair in plan.pairs]
    for task in tasks:
        run_task(task)
    network = open_network(weights)
    told: list[tuple[int, int]] = []
    journal = Journal(tmp_path / "features.jsonl")
    found = measure_features(tasks, network, journal, 1, lambda done, total: told.append((done, total)))
    assert told == [(0, 4), (2, 4), (4, 4)]
    truth, hole = load_pair(tasks[0].pair, material.images, material.masks)
    vgg = VGGFeatures("vgg19", weights)
    with torch.no_grad():
        maps = [
            vgg(torch.from_numpy(image.transpose(2, 0, 1).copy())[None].float() / 255)
            for image in (truth, restored_picture(tasks[0], truth, hole))
        ]
        assert found[tasks[0].key] == pytest.approx(float(feature_distance(*maps)), abs=1e-5)
    # Doing nothing is worse than doing something.
    assert found[tasks[2].key] > found[tasks[0].key]
    assert measure_features(tasks, network, Journal(tmp_path / "features.jsonl"), 1, lambda *_: None) == found
    assert not METRICS["vgg"].higher_is_better


def test_weights_that_are_missing_or_damaged_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError, match=r"vgg19\.pth"):
        open_network(tmp_path / "vgg19.pth")
    (tmp_path / "broken.pth").write_bytes(b"no weights")
    with pytest.raises(InputFileError, match=r"broken\.pth"):
        open_network(tmp_path / "broken.pth")


def test_a_report_has_the_distance_as_a_figure(material: Any, tmp_path: Path, weights: Path) -> None:
    folders = Folders(material.images, material.masks, tmp_path / "report")
    order = Order(folders, "telea,identity", per_cell=1, features=weights)
    results = evaluate(order, lambda _stage: lambda _done, _total: None)
    figures = {name: results["all"]["methods"][name]["vgg"] for name in ("telea", "identity")}
    assert 0 < figures["telea"]["mean"] < figures["identity"]["mean"]
    assert figures["telea"]["gain"]["mean"] > 0
    assert "VGG distance" not in results["empty"]
    assert "sha256" in results["features"]
    assert str(tmp_path) not in (folders.report / "results.json").read_text()
    assert ",tint,vgg,lpips,st_lpips," in (folders.report / "pairs.csv").read_text()
    assert "| VGG distance: mean (lower is better) |" in (folders.report / "table.md").read_text()
