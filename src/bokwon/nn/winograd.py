"""Winograd's method: 3x3 convolutions with a quarter of the multiplications, for float32 on processors.

It rounds more than direct convolution: see `winograd_conv2d`. So it is for training, not for measuring.

Source: Lavin, Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016, sections 4.1 and 4.3.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from bokwon.nn.activation import Context

__all__ = ["pays_off", "winograd_conv2d", "winograd_kernel"]

TILE = 4
"""Side of an output tile, pixels. It needs an input tile of 6x6."""
TILES = 64
"""Least number of tiles that are computed at a time. Their intermediate results stay in the cache of a core."""
SHARE = 512
"""Input times output channels over this number are computed at a time, if these are more tiles. Large kernels do not
stay in the cache; with more tiles at a time they are read less often."""
LEAST_CHANNELS = 64 * 128
"""Least input times output channels. With fewer, transforming the tiles takes longer than the multiplications that it
saves."""

# Interpolation points 0, 1, -1, 2, -2 and infinity.
_INPUT = (
    (4, 0, -5, 0, 1, 0),
    (0, -4, -4, 1, 1, 0),
    (0, 4, -4, -1, 1, 0),
    (0, -2, -1, 2, 1, 0),
    (0, 2, -1, -2, 1, 0),
    (0, 4, 0, -5, 0, 1),
)
_KERNEL = (
    (1 / 4, 0, 0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0, 0, 1),
)
_OUTPUT = ((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1))


def pays_off(input: Tensor, weight: Tensor) -> bool:
    """Tell whether `winograd_conv2d` can take this input, and is faster than `torch.nn.functional.conv2d`.

    Args:
        input: (N, C, H, W).
        weight: Kernel (C_out, C, 3, 3).

    Returns:
        True for float32 on a CPU, sides that are multiples of 4, and enough channels.

    Example:
        >>> weight = torch.empty(256, 128, 3, 3)
        >>> pays_off(torch.empty(1, 128, 32, 32), weight), pays_off(torch.empty(1, 128, 31, 32), weight)
        (True, False)
    """
    return (
        input.device.type == weight.device.type == "cpu"
        and input.dtype == weight.dtype == torch.float32
        and not torch.is_autocast_enabled("cpu")
        and not torch.compiler.is_compiling()
        and input.shape[2] % TILE == input.shape[3] % TILE == 0
        and weight.shape[0] * weight.shape[1] >= LEAST_CHANNELS
    )


def winograd_kernel(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Transform a kernel for `winograd_conv2d`.

    Args:
        weight: (C_out, C, 3, 3). Its transform is computed in float64.

    Returns:
        Kernels of the type of `weight`: (36, C, C_out) for the convolution, and (36, C_out, C) for its gradient.

    Source: Lavin, Gray 2016, equation 8 (U).

    Example:
        >>> [tuple(kernel.shape) for kernel in winograd_kernel(torch.rand(5, 8, 3, 3))]
        [(36, 8, 5), (36, 5, 8)]
    """
    first, second = (_transformed(each).to(weight.dtype) for each in (weight, weight.flip(2, 3).transpose(0, 1)))
    return first, second


def winograd_conv2d(input: Tensor, kernels: tuple[Tensor, Tensor], bias: Tensor | None = None) -> Tensor:
    """Convolve with a 3x3 kernel, stride 1 and padding 1. Only the input gets a gradient.

    Args:
        input: (N, C, H, W), float32 on a CPU, H and W multiples of 4.
        kernels: From `winograd_kernel`.
        bias: (C_out,), or None.

    Returns:
        (N, C_out, H, W) in channels_last. The error by rounding is some 1e-5 of the largest value; that of
        `torch.nn.functional.conv2d` is some 3e-7.

    Source: Lavin, Gray 2016, equation 12: F(4x4, 3x3).

    Example:
        >>> x, weight = torch.rand(1, 8, 16, 16), torch.rand(4, 8, 3, 3)
        >>> winograd_conv2d(x, winograd_kernel(weight)).allclose(F.conv2d(x, weight, padding=1), atol=1e-3)
        True
    """
    output: Tensor = _Winograd.apply(input, *kernels, bias)
    return output


class _Winograd(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Context, input: Tensor, kernel: Tensor, rotated: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(kernel, rotated)
        return _convolve(input, kernel, bias)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Context, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        return _convolve(gradient, ctx.saved_tensors[1], None), None, None, None


def _transformed(weight: Tensor) -> Tensor:
    outs, ins = weight.shape[:2]
    transform = torch.tensor(_KERNEL, dtype=torch.float64)
    rows = weight.detach().double().flatten(2).permute(2, 1, 0).reshape(9, -1)
    return (torch.kron(transform, transform) @ rows).view(36, ins, outs)


def _convolve(input: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
    batch, ins, height, width = input.shape
    outs, down, across = kernel.shape[2], height // TILE, width // TILE
    # One matrix product for rows and columns together: two products, one for each, are too small to be fast.
    spread, gather = (torch.kron(each, each) for each in (input.new_tensor(_INPUT), input.new_tensor(_OUTPUT)))
    padded = F.pad(input, (1, 1, 1, 1)).contiguous(memory_format=torch.channels_last).permute(0, 2, 3, 1)
    image, row, pixel, _ = padded.stride()
    output = torch.empty(batch, outs, height, width, dtype=input.dtype, memory_format=torch.channels_last)
    pixels = output.permute(0, 2, 3, 1)
    for start in range(0, down, step := max(1, max(TILES, ins * outs // SHARE) // across)):
        rows = min(step, down - start)
        tiles = rows * across
        for number in range(batch):
            # The input tiles, with the position in the tile as the first axes. Neighbours overlap by two pixels.
            windows = padded.as_strided(
                (6, 6, rows, across, ins),
                (row, pixel, TILE * row, TILE * pixel, 1),
                number * image + TILE * start * row,
            )
            spectrum = (spread @ windows.reshape(36, -1)).view(36, tiles, ins)
            product = torch.bmm(spectrum, kernel)
            finished = (gather @ product.view(36, -1)).view(TILE, TILE, rows, across, outs)
            if bias is not None:
                finished += bias
            place = pixels[number, TILE * start : TILE * (start + rows)].view(rows, TILE, across, TILE, outs)
            place.copy_(finished.permute(2, 0, 3, 1, 4))
    return output
