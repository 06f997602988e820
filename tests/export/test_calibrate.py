"""Ranges are measured on examples, and what 8 bits cost is measured on others."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from bokwon.errors import ArgumentError, BokwonError
from bokwon.export import calibrate
from bokwon.export.calibrate import HELD_OUT, quantize
from bokwon.export.onnx import export_int8
from bokwon.nn.folding import fold_batch_norm
from bokwon.nn.unet import PConvUNet
from tests.export.calibration import examples, network


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
