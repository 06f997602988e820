"""3x3 convolutions with few output channels, in blocks of 2x2 pixels.

The vector registers of a processor hold 8 or 16 numbers. A convolution with three output channels uses only a part of
each. As one with twelve, four pixels at a time, it takes less than half of the time, with 16 products instead of 9.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from bokwon.nn.activation import Context

__all__ = ["FEW", "block_kernels", "frozen_conv2d"]

FEW = 4
"""Largest number of channels for which blocks are faster."""


def block_kernels(weight: Tensor) -> Tensor:
    """Make kernels that compute the pixels of a block side by side, with stride 2.

    Args:
        weight: (C_out, C, 3, 3).

    Returns:
        (4 C_out, C, 4, 4), in the order of `torch.nn.functional.pixel_shuffle`. With padding 1 the first block begins
        at the first pixel, with padding 2 one row above and one column left of it.

    Example:
        >>> image, weight = torch.rand(1, 8, 6, 6), torch.rand(3, 8, 3, 3)
        >>> blocks = F.conv2d(image, block_kernels(weight), stride=2, padding=1)
        >>> torch.allclose(F.pixel_shuffle(blocks, 2), F.conv2d(image, weight, padding=1), atol=1e-5)
        True
    """
    shifted = [F.pad(weight, (across, 1 - across, down, 1 - down)) for down in (0, 1) for across in (0, 1)]
    return torch.stack(shifted, 1).flatten(0, 1)


def frozen_conv2d(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Convolve few channels with a 3x3 kernel, stride 1 and padding 1. Only the input gets a gradient.

    Args:
        input: (N, C, H, W), C at most `FEW`.
        weight: (C_out, C, 3, 3).
        bias: (C_out,), or None.

    Returns:
        (N, C_out, H, W).

    Example:
        >>> frozen_conv2d(torch.rand(1, 3, 8, 8), torch.rand(64, 3, 3, 3)).shape
        torch.Size([1, 64, 8, 8])
    """
    output: Tensor = _FrozenConv.apply(input, weight, bias)
    return output


class _FrozenConv(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Context, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(weight)
        return F.conv2d(input, weight, bias, padding=1)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Context, gradient: Tensor) -> tuple[Tensor, None, None]:
        [weight] = ctx.saved_tensors
        height, width = gradient.shape[2:]
        if height % 2 or width % 2:
            gradient = F.pad(gradient, (0, width % 2, 0, height % 2))
        kernels = block_kernels(weight.to(gradient.dtype).flip(2, 3).transpose(0, 1))
        found = F.pixel_shuffle(F.conv2d(gradient, kernels, stride=2, padding=1), 2)
        return found[..., :height, :width], None, None
