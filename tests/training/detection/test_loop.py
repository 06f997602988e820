"""The loop of the damage detector: a run that is saved, resumed or interrupted, or starts from other weights."""

from __future__ import annotations

import json
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bokwon.errors import BokwonError, InputFileError, OutputExistsError
from bokwon.nn.segmentation import SegmentationConfig, SegmentationNet
from bokwon.nn.unet import PConvUNet
from bokwon.training import checkpoint
from bokwon.training.detection import DetectionConfig, train
from bokwon.training.load_config import override
from bokwon.training.signals import Interrupted


def test_a_run_is_saved_and_resumed(tiny: DetectionConfig, tmp_path: Path) -> None:
    seen: list[int] = []
    last = train(tiny, tmp_path / "run", progress=lambda step, figures: seen.append(step))
    assert seen == [1, 2, 3]
    assert last.name == "step_000003"
    assert checkpoint.is_detector(tmp_path / "run")
    with pytest.raises(OutputExistsError):
        train(tiny, tmp_path / "run")
    longer = override(tiny, ["steps=5"])
    assert train(longer, tmp_path / "run", resume=True).name == "step_000005"
    with pytest.raises(InputFileError, match="of another run"):
        train(override(longer, ["network.decoder=[4, 6, 6]"]), tmp_path / "run", resume=True)


def test_the_learning_rate_warms_up_and_falls_as_a_cosine(tiny: DetectionConfig, tmp_path: Path) -> None:
    rates: list[float] = []
    last = train(
        replace(tiny, warmup=2, learning_rate=2e-3, keep=1),
        tmp_path,
        progress=lambda step, figures: rates.append(figures["learning_rate"]),
    )
    # Half of the cosine's 1 at 0 degrees; then 0.75 at 60 and 0.25 at 120.
    assert rates == pytest.approx([1e-3, 1.5e-3, 5e-4])
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [(line["step"], line["learning_rate"]) for line in lines] == list(enumerate(rates, 1))
    # The checkpoint of step 2 made room for the last.
    assert [path.name for path in tmp_path.glob("step_*")] == [last.name] == ["step_000003"]


def test_what_is_saved_is_the_moving_average(tiny: DetectionConfig, tmp_path: Path) -> None:
    # Without a moving average the saved weights are the network's own; with one they stay behind.
    differs = []
    for ema in (0.0, 0.9):
        folder = train(replace(tiny, ema=ema), tmp_path / str(ema))
        _, weights, state = checkpoint.read(folder)
        own = state["network"]
        differs.append(any(not torch.allclose(weights[name], own[name]) for name in own))
    assert differs == [False, True]


def test_an_interrupted_run_is_saved_first(tiny: DetectionConfig, tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        train(tiny, tmp_path, progress=lambda step, figures: signal.raise_signal(signal.SIGINT))
    assert [path.name for path in tmp_path.glob("step_*")] == ["step_000001"]
    seen: list[int] = []
    train(tiny, tmp_path, resume=True, progress=lambda step, figures: seen.append(step))
    assert seen == [2, 3]


def test_a_run_starts_from_the_weights_of_a_detector(tiny: DetectionConfig, tmp_path: Path) -> None:
    torch.manual_seed(5)
    network = SegmentationNet(tiny.network)
    checkpoint.save(tmp_path / "before", network, {})
    # One step at a learning rate too small to change them.
    still = replace(tiny, init=str(tmp_path / "before"), steps=1, learning_rate=1e-12, weight_decay=0.0)
    after, _ = checkpoint.load_detector(train(still, tmp_path / "run"))
    for name, weight in network.state_dict().items():
        assert torch.allclose(after.state_dict()[name], weight, atol=1e-6)


def test_residual_blocks_may_be_added_to_a_detector(tiny: DetectionConfig, tmp_path: Path) -> None:
    torch.manual_seed(5)
    network = SegmentationNet(tiny.network)
    checkpoint.save(tmp_path / "before", network, {})
    deeper = replace(tiny.network, blocks=(0, 0, 1))
    still = replace(tiny, network=deeper, init=str(tmp_path / "before"), steps=1, learning_rate=1e-12, weight_decay=0.0)
    after, _ = checkpoint.load_detector(train(still, tmp_path / "run"))
    assert after.config.blocks == (0, 0, 1)
    image = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        assert torch.allclose(after(image), network(image), atol=1e-4)
    wider = replace(tiny.network, decoder=(4, 4, 8))
    with pytest.raises(InputFileError, match="other layers"):
        train(replace(still, network=wider), tmp_path / "wider")


def test_a_loss_that_is_not_finite_ends_the_run(
    tiny: DetectionConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loss = torch.tensor(float("nan"))
    monkeypatch.setattr("bokwon.training.detection.loop.scene_loss", lambda *inputs, **options: loss)
    with pytest.raises(BokwonError, match="not finite at step 1"):
        train(tiny, tmp_path)
    assert list(tmp_path.glob("step_*")) == []


def test_the_encoder_of_a_network_that_fills_is_taken_over(tiny: DetectionConfig, tmp_path: Path) -> None:
    filler = PConvUNet(levels=4, width=4)
    for module in filler.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 2)
    filler.eval()
    checkpoint.save(tmp_path / "filler", filler, {})
    shape = SegmentationConfig(widths=(4, 8, 16, 32), decoder=(4, 4, 6, 6))
    told = replace(
        tiny,
        network=shape,
        init=str(tmp_path / "filler"),
        steps=1,
        learning_rate=1e-12,
    )
    network, _ = checkpoint.load_detector(train(told, tmp_path / "run"))
    # In the middle, where no border is, a partial convolution of a whole image is a convolution.
    image, valid = torch.rand(1, 3, 128, 128), torch.ones(1, 1, 128, 128)
    ours = image
    with torch.no_grad():
        for layer, block in zip(network.encoder, filler.encoder, strict=True):
            ours = torch.relu(layer(ours))
            image, valid = block(image, valid)
    assert torch.allclose(ours[..., 3:5, 3:5], image[..., 3:5, 3:5], atol=1e-4)
    with pytest.raises(InputFileError, match="other layers"):
        train(replace(told, network=SegmentationConfig(widths=(4, 6, 8), decoder=(4, 4, 6))), tmp_path / "other")
