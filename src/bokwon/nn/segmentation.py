"""Segmentation network of plain convolutions: which damage each pixel belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = [
    "CELL",
    "COARSE",
    "CONTRAST",
    "Bottleneck",
    "SegmentationConfig",
    "SegmentationNet",
    "class_loss",
    "scene_loss",
    "standardise",
]

CELL = 16
"""Side of the cells whose mean colour is taken out of the image, pixels."""

CONTRAST = 0.15
"""What the image without its low-pass is divided by: about the root mean square of a written page."""

COARSE = 2
"""Level of the decoder, from the finest, at which the classes are told first: an eighth of the image's size."""


@dataclass(frozen=True)
class SegmentationConfig:
    """Shape of the network.

    Args:
        classes: Channels of the output.
        widths: Channels of the encoder's layers at 1/2, 1/4, 1/8 ... of the image's size; at least three.
        decoder: Channels of the decoder at the same sizes.
        context: Dilations of the layers at the smallest size that let the network see far.
        blocks: Number of residual blocks after each layer of the encoder; empty for none.

    Example:
        >>> SegmentationConfig().multiple  # sides are padded to this
        32
    """

    classes: int = 10
    widths: tuple[int, ...] = (32, 64, 128, 256, 256)
    decoder: tuple[int, ...] = (24, 48, 96, 128, 128)
    context: tuple[int, ...] = (1, 2, 4)
    blocks: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if len(self.widths) < COARSE + 1 or len(self.widths) != len(self.decoder):
            raise ValueError(
                f"widths and decoder need the same number of levels, at least {COARSE + 1}, "
                f"not {len(self.widths)} and {len(self.decoder)}"
            )
        if self.blocks and len(self.blocks) != len(self.widths):
            raise ValueError(f"blocks needs {len(self.widths)} numbers, one for each level, not {len(self.blocks)}")

    @property
    def multiple(self) -> int:
        """Number that height and width must be multiples of, pixels."""
        return int(max(2 ** len(self.widths), CELL))

    @property
    def kernels(self) -> tuple[int, ...]:
        """Kernel sizes of the encoder: those of the network that fills."""
        return (7, 5, 5, *[3] * len(self.widths))[: len(self.widths)]


class Bottleneck(nn.Module):
    """A residual block: to half the channels, at most 96, a 3x3 convolution, and back. It starts as the identity.

    Source: He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, without normalisation.

    Args:
        width: Channels.

    Example:
        >>> x = torch.rand(1, 8, 16, 16)
        >>> torch.equal(Bottleneck(8)(x), x)
        True
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        inner = min(width // 2, 96)
        self.reduce = nn.Conv2d(width, inner, 1)
        self.conv = nn.Conv2d(inner, inner, 3, 1, 1)
        self.expand = nn.Conv2d(inner, width, 1)
        nn.init.zeros_(self.expand.weight)
        assert self.expand.bias is not None
        nn.init.zeros_(self.expand.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Refine features.

        Args:
            x: (N, width, H, W).

        Returns:
            The same shape.
        """
        refined: Tensor = self.expand(torch.relu(self.conv(torch.relu(self.reduce(x)))))
        return x + refined


class SegmentationNet(nn.Module):
    """The encoder of a network that fills, and a light decoder that tells classes.

    The encoder sees the image without its low-pass, as the filler's does; the decoder is given the colours at each size
    besides. The classes are first told at an eighth of the image's size, where features
    are many, then corrected pixel by pixel; pixels are shuffled out of the finest level, at half the size.

    Args:
        config: The network's shape.

    Example:
        >>> SegmentationNet()(torch.rand(1, 3, 64, 64)).shape
        torch.Size([1, 10, 64, 64])
    """

    def __init__(self, config: SegmentationConfig | None = None) -> None:
        super().__init__()
        self.config = config or SegmentationConfig()
        widths, decoder = self.config.widths, self.config.decoder
        inputs = (3, *widths[:-1])
        self.encoder = nn.ModuleList(
            nn.Conv2d(a, b, kernel, 2, kernel // 2)
            for a, b, kernel in zip(inputs, widths, self.config.kernels, strict=True)
        )
        self.blocks = nn.ModuleList(
            nn.Sequential(*(Bottleneck(width) for _ in range(count)))
            for width, count in zip(widths, self.config.blocks or (0,) * len(widths), strict=True)
        )
        self.side = nn.ModuleList(nn.Conv2d(a + 3, b, 1) for a, b in zip(widths, decoder, strict=True))
        self.up = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in pairwise(decoder))
        self.context = nn.ModuleList(
            nn.Conv2d(decoder[-1], decoder[-1], 3, 1, dilation, dilation) for dilation in self.config.context
        )
        self.mix = nn.ModuleList(nn.Conv2d(a, a, 3, 1, 1) for a in decoder)
        self.coarse = nn.Conv2d(decoder[COARSE], self.config.classes, 1)
        self.head = nn.Conv2d(decoder[0], 4 * self.config.classes, 3, 1, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Tell the classes of an image's pixels.

        Args:
            image: (N, 3, H, W) in [0, 1], H and W multiples of `config.multiple`.

        Returns:
            (N, classes, H, W), logits.
        """
        fine, coarse = self.features(image)
        return F.pixel_shuffle(fine, 2) + F.interpolate(coarse, scale_factor=8.0, mode="nearest")

    def features(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Compute what the logits are made of.

        Args:
            image: As for `forward`.

        Returns:
            Corrections (N, 4 classes, H/2, W/2), which `torch.pixel_shuffle` brings to full size, and the logits at an
            eighth of it, (N, classes, H/8, W/8).
        """
        x = standardise(image)
        colours = image - 0.5
        sides = []
        for layer, blocks, side in zip(self.encoder, self.blocks, self.side, strict=True):
            x = blocks(torch.relu(layer(x)))
            colours = F.avg_pool2d(colours, 2)
            sides.append(side(torch.cat([x, colours.to(x.dtype)], 1)))
        x = torch.relu(sides[-1])
        for layer in self.context:
            x = x + torch.relu(layer(x))
        coarse = x
        for level in reversed(range(len(sides))):
            if level < len(sides) - 1:
                x = torch.relu(sides[level] + F.interpolate(self.up[level](x), scale_factor=2.0, mode="nearest"))
            x = x + torch.relu(self.mix[level](x))
            if level == COARSE:
                coarse = self.coarse(x)
        return self.head(x), coarse


def standardise(image: Tensor) -> Tensor:
    """Take an image's low-pass away and bring the contrast of a written page to about 1, as networks that fill do.

    One contrast for all images: what is damage on a page must not depend on what else is on it.

    Args:
        image: (N, 3, H, W), H and W multiples of `CELL`.

    Returns:
        (N, 3, H, W).

    Example:
        >>> standardise(torch.rand(1, 3, 32, 32)).shape
        torch.Size([1, 3, 32, 32])
    """
    low = F.interpolate(F.avg_pool2d(image, CELL), scale_factor=float(CELL), mode="bilinear", align_corners=False)
    return (image - low) / CONTRAST


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

    Example:
        >>> labels = torch.zeros(1, 64, 64, dtype=torch.long)
        >>> scene_loss(SegmentationNet(), torch.rand(1, 3, 64, 64), labels, 0, not_damage=254, ignore=255).shape
        torch.Size([])
    """
    fine, coarse = network.features(image)
    row, column = step // 2 % 2, step % 2
    count, _, height, width = fine.shape
    quarter = fine.view(count, network.config.classes, 4, height, width)[:, :, 2 * row + column]
    logits = quarter + F.interpolate(coarse, scale_factor=4.0, mode="nearest")
    # Each cell of 8 x 8 pixels is represented by its middle.
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

    Example:
        >>> class_loss(torch.zeros(1, 3, 1, 2), torch.full((1, 1, 2), 2), not_damage=254, ignore=255)  # log 3
        tensor(1.0986)
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
