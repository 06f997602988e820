"""Segmentation network of plain convolutions: which damage each pixel belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

__all__ = ["SegmentationConfig", "SegmentationNet", "class_loss"]


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
        self.head = nn.Sequential(nn.Conv2d(widths[0], 4 * self.config.classes, 3, 1, 1), nn.PixelShuffle(2))

    def forward(self, image: Tensor) -> Tensor:
        """Tell the classes of an image's pixels.

        Args:
            image: (N, 3, H, W) in [0, 1], H and W multiples of `config.multiple`.

        Returns:
            (N, classes, H, W), logits.
        """
        x = self.stem(image - 0.5)
        skips = [torch.relu(x + self.top(x))]
        for down, encode in zip(self.down, self.encode, strict=True):
            skips.append(encode(torch.relu(down(skips[-1]))))
        x = skips.pop()
        for up, decode in zip(reversed(self.up), reversed(self.decode), strict=True):
            skip = skips.pop()
            x = skip + nn.functional.interpolate(up(x), scale_factor=2.0, mode="nearest")
            x = torch.relu(x + decode(torch.relu(x)))
        logits: Tensor = self.head(x)
        return logits


def class_loss(
    logits: Tensor, labels: Tensor, *, not_damage: int, ignore: int, weights: Sequence[float] | None = None
) -> Tensor:
    """Cross entropy in which the surroundings need not be told from the sheet where nobody knows.

    Args:
        logits: (N, C, H, W); channels 0 and 1 are no damage.
        labels: int64 (N, H, W): channels, `not_damage` or `ignore`.
        not_damage: Label that channels 0 and 1 answer equally well.
        ignore: Label that does not count.
        weights: How much a pixel of each channel counts, C numbers; all 1 by default.

    Returns:
        Scalar: the mean over the pixels.
    """
    log = torch.log_softmax(logits.float(), 1)
    either = torch.logsumexp(log[:, :2], 1)
    known = labels < logits.shape[1]
    channel = torch.where(known, labels, 0)
    loss = -torch.where(known, log.gather(1, channel[:, None])[:, 0], either) * (labels != ignore)
    if weights is not None:
        loss = loss * torch.tensor(weights, device=loss.device)[channel]
    return loss.mean()
