"""Batch normalisation folded into the convolutions before it."""

from __future__ import annotations

import copy

from torch import nn

from bokwon.errors import ArgumentError
from bokwon.nn.unet import DecoderBlock, EncoderBlock, PConvUNet

__all__ = ["fold_batch_norm"]


def fold_batch_norm(network: PConvUNet) -> PConvUNet:
    """Move batch normalisation into the convolutions before it.

    This is exact for partial convolutions too. The two differ only in windows without known pixels; these are zero in
    every layer, and masked in the next.

    Args:
        network: The network; it is not changed.

    Returns:
        A copy in eval mode without normalisation layers.

    Raises:
        ArgumentError: If the network has region normalisation: its statistics are those of each image.

    Example:
        >>> folded = fold_batch_norm(PConvUNet(levels=3, width=4))
        >>> any(isinstance(module, torch.nn.BatchNorm2d) for module in folded.modules())
        False
    """
    if network.config.norm != "batch":
        raise ArgumentError(
            f"the network has network.norm={network.config.norm!r}, which takes its statistics from each image: a page "
            "is filled in tiles, and tiles with statistics of their own do not fit each other",
            "train with network.norm=batch, or call the network in Python (bokwon.nn.PConvUNet) on whole images",
        )
    network = copy.deepcopy(network).eval()
    for block in network.modules():
        if isinstance(block, (EncoderBlock, DecoderBlock)) and isinstance(block.norm, nn.BatchNorm2d):
            _fold(block.conv, block.norm)
            block.norm = None
    return network


def _fold(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    assert norm.running_var is not None
    assert norm.running_mean is not None
    scale = norm.weight.data / (norm.running_var + norm.eps).sqrt()
    bias = norm.running_mean.new_zeros(len(conv.weight)) if conv.bias is None else conv.bias.data.clone()
    # Gates, which come after the features, are not normalised.
    count = norm.num_features
    conv.weight.data[:count] *= scale.view(-1, 1, 1, 1)
    bias[:count] = norm.bias.data + (bias[:count] - norm.running_mean) * scale
    conv.bias = nn.Parameter(bias)
