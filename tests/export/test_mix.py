"""The mean of several runs' weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bokwon.errors import ArgumentError, InputFileError
from bokwon.export.mix import mix_into, parse_share
from bokwon.nn.unet import PConvUNet
from bokwon.training.checkpoint import save


def network(seed: int, width: int = 4) -> PConvUNet:
    torch.manual_seed(seed)
    return PConvUNet(levels=2, width=width).eval()


@pytest.mark.parametrize(("text", "path", "share"), [("runs/a=0.4", "runs/a", 0.4), ("a=b=1e-3", "a=b", 0.001)])
def test_a_share_stands_behind_the_last_equals_sign(text: str, path: str, share: float) -> None:
    assert parse_share(text) == (Path(path), share)


@pytest.mark.parametrize("text", ["runs/a", "=0.4", "a=", "a=0", "a=1", "a=-0.2", "a=half", "a=nan"])
def test_what_is_no_share_is_told(text: str) -> None:
    with pytest.raises(ArgumentError, match=r"write CHECKPOINT=SHARE"):
        parse_share(text)


def test_weights_and_statistics_are_averaged_by_their_shares(tmp_path: Path) -> None:
    own, others = network(0), [network(1), network(2)]
    for other in others:
        other.encoder[1].norm.running_mean.normal_()
    for number, other in enumerate(others):
        save(tmp_path / str(number), other, {})
    before = {name: value.clone() for name, value in own.state_dict().items()}
    mix_into(own, [(tmp_path / "0", 0.25), (tmp_path / "1", 0.35)])
    for name, value in own.state_dict().items():
        if value.is_floating_point():
            one, two = (other.state_dict()[name] for other in others)
            torch.testing.assert_close(value, 0.4 * before[name] + 0.25 * one + 0.35 * two)


def test_shares_leave_something_and_networks_are_of_one_shape(tmp_path: Path) -> None:
    save(tmp_path / "same", network(1), {})
    save(tmp_path / "wide", network(1, width=5), {})
    with pytest.raises(ArgumentError, match="add up to less than 1"):
        mix_into(network(0), [(tmp_path / "same", 0.5), (tmp_path / "same", 0.5)])
    with pytest.raises(InputFileError, match=r"network\.width"):
        mix_into(network(0), [(tmp_path / "wide", 0.5)])
