"""The mean of several runs' weights, which is often better than each of them.

Source: Wortsman et al., "Model soups: averaging weights of multiple fine-tuned models improves accuracy without
    increasing inference time", ICML 2022.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from bokwon.errors import ArgumentError, InputFileError
from bokwon.nn.unet import PConvUNet
from bokwon.training.checkpoint import load_network
from bokwon.training.load_config import differences

__all__ = ["mix_into", "parse_share"]

_LEAST = 1e-6
"""Shares below this are rounding errors."""


def parse_share(text: str) -> tuple[Path, float]:
    """Read CHECKPOINT=SHARE.

    Args:
        text: A checkpoint's path, an equals sign, and a share between 0 and 1.

    Raises:
        ArgumentError: If it is not of this form.
    """
    path, _, number = text.rpartition("=")
    try:
        share = float(number)
    except ValueError:
        share = -1.0
    if not path or not 0 < share < 1:
        raise ArgumentError(
            f"--mix {text} names no checkpoint and share", "write CHECKPOINT=SHARE, as in runs/looks=0.4"
        )
    return Path(path), share


@torch.no_grad()
def mix_into(network: PConvUNet, others: Sequence[tuple[Path, float]]) -> None:
    """Average a network's weights and statistics with those of other checkpoints.

    This is useful for runs that started from the same weights, or if one run continued another.

    Args:
        network: Changed in place. Its share is what the others leave.
        others: Checkpoints and their shares.

    Raises:
        ArgumentError: If the shares leave nothing.
        FileAccessError: If a checkpoint is missing.
        InputFileError: If one is damaged, or belongs to another network.
    """
    rest = 1 - math.fsum(share for _, share in others)
    if rest < _LEAST:
        raise ArgumentError(f"the shares of --mix are {1 - rest:g} together", "let them add up to less than 1")
    state = network.state_dict()
    floating = {name: value for name, value in state.items() if value.is_floating_point()}
    for value in floating.values():
        value.mul_(rest)
    for path, share in others:
        other, _ = load_network(path)
        changed = differences(asdict(other.config), asdict(network.config), "network.")
        if changed:
            raise InputFileError(f"{path} belongs to another network: {', '.join(changed)}", "mix runs of one shape")
        for name, value in other.state_dict().items():
            if name in floating:
                floating[name].add_(value, alpha=share)
