"""The straightforward way to write partial convolutions and their training step, to compare with.

As most public implementations do it: the mask has all channels and is convolved with a kernel of ones like the image,
features are upsampled and concatenated before they are convolved, everything is float32 in the default layout, and
the features of the ground truth are computed beside those of the output and again beside those of the composite.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class NaivePartialConv2d(nn.Conv2d):
    """Partial convolution with a mask in all channels."""

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """Convolve (N, C, H, W) with its mask (N, C, H, W)."""
        with torch.no_grad():
            ones = torch.ones_like(self.weight)
            count = F.conv2d(mask, ones, None, self.stride, self.padding)
            known = (count > 0).to(x.dtype)
            ratio = self.weight[0].numel() / count.clamp(min=1) * known
        output = F.conv2d(x * mask, self.weight, None, self.stride, self.padding) * ratio
        if self.bias is not None:
            output = output + self.bias.view(1, -1, 1, 1) * known
        return output, known


class NaiveUNet(nn.Module):
    """The paper's U-Net of `NaivePartialConv2d`."""

    def __init__(self, levels: int, width: int) -> None:
        super().__init__()
        channels = [min(width * 2**level, 8 * width) for level in range(levels)]
        kernels = [7, 5, 5, *[3] * levels][:levels]
        self.encoder = nn.ModuleList(
            NaivePartialConv2d(i, o, k, 2, k // 2, bias=n == 0)
            for n, (i, o, k) in enumerate(zip([3, *channels], channels, kernels, strict=False))
        )
        self.encoder_norms = nn.ModuleList(nn.BatchNorm2d(o) for o in channels[1:])
        outs = [*channels[-2::-1], 3]
        below, over = [channels[-1], *channels[-2::-1]], [*channels[-2::-1], 3]
        self.decoder = nn.ModuleList(
            NaivePartialConv2d(b + s, o, 3, padding=1, bias=n == levels - 1)
            for n, (b, s, o) in enumerate(zip(below, over, outs, strict=True))
        )
        self.decoder_norms = nn.ModuleList(nn.BatchNorm2d(o) for o in outs[:-1])

    def forward(self, image: Tensor, valid: Tensor) -> Tensor:
        """Predict (N, 3, H, W) from the image, zero in its holes, and its mask (N, 1, H, W)."""
        x, mask = image, valid.expand_as(image)
        passed = []
        for number, conv in enumerate(self.encoder):
            passed.append((x, mask))
            x, mask = conv(x, mask)
            x = F.relu(self.encoder_norms[number - 1](x) if number else x)
        for number, conv in enumerate(self.decoder):
            skip, skip_mask = passed.pop()
            x = torch.cat([F.interpolate(x, scale_factor=2), skip], 1)
            mask = torch.cat([F.interpolate(mask, scale_factor=2), skip_mask], 1)
            x, mask = conv(x, mask)
            if number < len(self.decoder_norms):
                x = F.leaky_relu(self.decoder_norms[number](x), 0.2)
        return x


def naive_losses(features: nn.Module, output: Tensor, truth: Tensor, valid: Tensor) -> Tensor:
    """The paper's weighted sum, written straightforwardly."""
    composite = valid * truth + (1 - valid) * output
    hole = 1 - valid
    total = F.l1_loss(valid * output, valid * truth) + 6 * F.l1_loss(hole * output, hole * truth)
    for image in (output, composite):
        maps, truths = features(image), features(truth)
        total = total + 0.05 * sum(F.l1_loss(a, b) for a, b in zip(maps, truths, strict=True))
        total = total + 120 * sum(F.l1_loss(_gram(a), _gram(b)) for a, b in zip(maps, truths, strict=True))
    region = (F.conv2d(hole, torch.ones(1, 1, 3, 3), padding=1) > 0).float()
    across = (composite[..., 1:] - composite[..., :-1]) * region[..., 1:] * region[..., :-1]
    down = (composite[..., 1:, :] - composite[..., :-1, :]) * region[..., 1:, :] * region[..., :-1, :]
    return total + 0.1 * (across.abs().sum() + down.abs().sum()) / output.numel()


class NaiveFeatures(nn.Module):
    """VGG16's pool1 to pool3, in the default layout, as torchvision writes it."""

    def __init__(self, state: dict[str, Tensor]) -> None:
        super().__init__()
        self.convolutions = nn.ModuleDict()
        for index in (0, 2, 5, 7, 10, 12, 14):
            out, channels = state[f"features.{index}.weight"].shape[:2]
            self.convolutions[str(index)] = nn.Conv2d(channels, out, 3, padding=1)
        self.convolutions.load_state_dict({name.removeprefix("features."): value for name, value in state.items()})
        self.requires_grad_(False)
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))

    def forward(self, image: Tensor) -> Sequence[Tensor]:
        """Return three feature maps of (N, 3, H, W)."""
        x, maps = (image - self.mean) / self.std, []
        for block in ((0, 2), (5, 7), (10, 12, 14)):
            for index in block:
                x = F.relu(self.convolutions[str(index)](x))
            x = F.max_pool2d(x, 2)
            maps.append(x)
        return maps


def vgg16_state(seed: int = 0) -> dict[str, Tensor]:
    """Random weights of VGG16's first three blocks: time does not depend on their values."""
    generator = torch.Generator().manual_seed(seed)
    state, channels = {}, 3
    for index, width in ((0, 64), (2, 64), (5, 128), (7, 128), (10, 256), (12, 256), (14, 256)):
        scale = (2 / (9 * channels)) ** 0.5
        state[f"features.{index}.weight"] = torch.randn(width, channels, 3, 3, generator=generator) * scale
        state[f"features.{index}.bias"] = torch.zeros(width)
        channels = width
    return state


def _gram(x: Tensor) -> Tensor:
    batch, channels, height, width = x.shape
    rows = x.reshape(batch, channels, height * width)
    return rows @ rows.transpose(1, 2) / (channels * height * width)
