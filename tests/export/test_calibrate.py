"""Ranges are measured on examples, and what 8 bits cost is measured on others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from PIL import Image

from bokwon.errors import ArgumentError, BokwonError
from bokwon.export import calibrate
from bokwon.export.calibrate import HELD_OUT, Example, quantize
from bokwon.export.onnx import export_int8, fold_batch_norm
from bokwon.nn.unet import PConvUNet


def network(base: str = "pullpush", *, width: int = 8) -> PConvUNet:
    """A small network whose normalisation has seen images, as a trained one's has."""
    torch.manual_seed(3)
    made = PConvUNet(levels=4, width=width, base=base)
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.ndim == 1:
                parameter.add_(torch.randn_like(parameter) * 0.3)
        for _ in range(20):
            made(torch.rand(2, 3, 64, 64), (torch.rand(2, 1, 64, 64) > 0.2).float())
    return made.eval()


def examples(count: int = 12, size: int = 96) -> list[Example]:
    """Smooth pictures with holes of every kind: thin, wide, and all but everything."""
    rng = np.random.default_rng(5)
    found = []
    for number in range(count):
        small = Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).resize((size, size))
        valid = np.ones((1, size, size), np.float32)
        side = 6 + number * size // (2 * count)
        top, left = rng.integers(0, size - side, 2)
        valid[:, top : top + side, left : left + side] = 0
        valid *= rng.random((1, size, size)) > 0.1
        found.append((np.asarray(small, np.float32).transpose(2, 0, 1) / 255, valid))
    return found


def test_too_much_loss_plain_convolutions_and_too_few_examples_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ArgumentError, match="only partial convolutions are quantized"):
        quantize(fold_batch_norm(PConvUNet(levels=3, width=4, layer="conv").eval()), examples())
    with pytest.raises(ArgumentError, match="too few"):
        quantize(fold_batch_norm(network()), examples(HELD_OUT))
    monkeypatch.setattr(calibrate, "LARGEST_LOSS", 0)
    with pytest.raises(BokwonError, match="8 bits change"):
        export_int8(network(), tmp_path / "small-int8.onnx", examples())
    assert not list(tmp_path.iterdir())


def test_the_first_examples_give_the_ranges_and_the_last_ones_the_loss(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Random weights amplify what trained ones do not.
    monkeypatch.setattr(calibrate, "LARGEST_LOSS", 10)
    folded, drawn = fold_batch_norm(network()), examples()
    model, loss = quantize(folded, drawn)
    assert loss > 0
    darker = [(image**2, valid) for image, valid in drawn[-HELD_OUT:]]
    other, other_loss = quantize(folded, [*drawn[:-HELD_OUT], *darker])
    assert other.SerializeToString() == model.SerializeToString()
    assert other_loss != loss
    measured = [(image**2, valid) for image, valid in drawn[:-HELD_OUT]]
    assert quantize(folded, [*measured, *drawn[-HELD_OUT:]])[0].SerializeToString() != model.SerializeToString()
    onnx.checker.check_model(model, full_check=True)
