"""Segmentation network of plain convolutions: which damage each pixel belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["SegmentationConfig", "SegmentationNet", "class_loss", "scene_loss"]


@dataclass(frozen=True)
class SegmentationConfig:
    """Shape of the network.

    Args:
        classes: Channels of the output.
        widths: Channels at 1/2, 1/4, 1/8, 1/16 and 1/32 of the image's size.
        dilations: Dilation of each residual block at the coarsest level.
    """

    classes: int = 10
    widths: tuple[int, ...] = (16, 32, 64, 128, 160)
    dilations: tuple[int, ...] = (1, 2, 4)

    @property
    def multiple(self) -> int:
        """Number that height and width must be multiples of, pixels."""
        return 2 ** len(self.widths)


def _convolution(inputs: int, outputs: int, *, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, dilation, dilation=dilation, bias=False), nn.BatchNorm2d(outputs)
    )


class _Residual(nn.Module):
    """Two convolutions beside the identity."""

    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.first = _convolution(channels, channels, dilation=dilation)
        self.second = _convolution(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        return torch.relu(x + self.second(torch.relu(self.first(x))))


class SegmentationNet(nn.Module):
    """U-Net that works at half resolution and below; pixels are shuffled in and out.

    The classes are first told at an eighth of the image's size, where features are many, then corrected pixel by pixel.

    Args:
        config: The network's shape.
    """

    def __init__(self, config: SegmentationConfig | None = None) -> None:
        super().__init__()
        self.config = config or SegmentationConfig()
        widths = self.config.widths
        self.stem = nn.Sequential(nn.PixelUnshuffle(2), _convolution(12, widths[0]), nn.ReLU())
        self.top = _convolution(widths[0], widths[0])
        self.down = nn.ModuleList(_convolution(a, b, stride=2) for a, b in pairwise(widths))
        last = len(widths) - 2
        self.encode = nn.ModuleList(
            nn.Sequential(*(_Residual(width, d) for d in (self.config.dilations if number == last else (1,))))
            for number, width in enumerate(widths[1:])
        )
        self.up = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in pairwise(widths))
        self.decode = nn.ModuleList(_convolution(a, a) for a in widths[:-1])
        self.coarse = nn.Conv2d(widths[2], self.config.classes, 1)
        self.head = nn.Sequential(nn.Conv2d(widths[0], 4 * self.config.classes, 3, 1, 1), nn.PixelShuffle(2))

    def forward(self, image: Tensor) -> Tensor:
        """Tell the classes of an image's pixels.

        Args:
            image: (N, 3, H, W) in [0, 1], H and W multiples of `config.multiple`.

        Returns:
            (N, classes, H, W), logits.
        """
        fine, coarse = self.features(image)
        logits: Tensor = self.head[1](fine)
        return logits + nn.functional.interpolate(coarse, scale_factor=8.0, mode="nearest")

    def features(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Compute what the logits are made of.

        Args:
            image: As for `forward`.

        Returns:
            Corrections (N, 4 classes, H/2, W/2), which `torch.pixel_shuffle` brings to full size, and the logits at an
            eighth of it, (N, classes, H/8, W/8).
        """
        x = self.stem(image - 0.5)
        skips = [torch.relu(x + self.top(x))]
        for down, encode in zip(self.down, self.encode, strict=True):
            skips.append(encode(torch.relu(down(skips[-1]))))
        x = skips.pop()
        coarse = self.coarse(x) if len(skips) == 2 else x
        for up, decode in zip(reversed(self.up), reversed(self.decode), strict=True):
            skip = skips.pop()
            x = skip + nn.functional.interpolate(up(x), scale_factor=2.0, mode="nearest")
            x = torch.relu(x + decode(torch.relu(x)))
            if len(skips) == 2:
                coarse = self.coarse(x)
        return self.head[0](x), coarse


def scene_loss(network: SegmentationNet, image: Tensor, labels: Tensor, step: int, **told: Any) -> Tensor:
    """Loss of a training step: a quarter of the pixels, another one each step, and the coarse logits by themselves.

    Args:
        network: The network.
        image: (N, 3, H, W) in [0, 1].
        labels: int64 (N, H, W).
        step: Number of the step, which chooses the quarter.
        told: What `class_loss` is told.

    Returns:
        Scalar.
    """
    fine, coarse = network.features(image)
    row, column = step // 2 % 2, step % 2
    count, _, height, width = fine.shape
    quarter = fine.view(count, network.config.classes, 4, height, width)[:, :, 2 * row + column]
    logits = quarter + nn.functional.interpolate(coarse, scale_factor=4.0, mode="nearest")
    # The middle of each cell of 8 x 8 pixels stands for it.
    return class_loss(logits, labels[:, row::2, column::2], **told) + 0.5 * class_loss(
        coarse, labels[:, 4::8, 4::8], **told
    )


def class_loss(
    logits: Tensor,
    labels: Tensor,
    *,
    not_damage: int,
    ignore: int,
    weights: Sequence[float] | None = None,
    parting: float = 1.0,
) -> Tensor:
    """Cross entropy in which the surroundings need not be told from the sheet where nobody knows.

    Args:
        logits: (N, C, H, W); channels 0 and 1 are no damage.
        labels: int64 (N, H, W): channels, `not_damage` or `ignore`.
        not_damage: Label that channels 0 and 1 answer equally well.
        ignore: Label that does not count.
        weights: How much a pixel of each channel counts, C numbers; all 1 by default.
        parting: How much it counts to tell channels 0 and 1 apart, in [0, 1]; the rest of 1 is for telling that it is
            one of the two.

    Returns:
        Scalar: the mean over the pixels.
    """
    log = torch.log_softmax(logits.float(), 1)
    either = torch.logsumexp(log[:, :2], 1)
    known = labels < logits.shape[1]
    channel = torch.where(known, labels, 0)
    own = log.gather(1, channel[:, None])[:, 0]
    own = torch.where(labels < 2, parting * own + (1 - parting) * either, own)
    loss = -torch.where(known, own, either) * (labels != ignore)
    if weights is not None:
        loss = loss * torch.tensor(weights, device=loss.device)[channel]
    return loss.mean()
