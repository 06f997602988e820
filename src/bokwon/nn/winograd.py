"""Winograd's method: 3x3 convolutions with a quarter of the multiplications, for float32 on processors.

It rounds more than direct convolution: see `winograd_conv2d`. So it is for training, not for measuring.

Source: Lavin, Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016, sections 4.1 and 4.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import torch
from torch import Tensor

from bokwon.nn.activation import Context

__all__ = ["pays_off", "winograd_conv2d", "winograd_kernel"]

TILE = 4
"""Side of an output tile, pixels. It needs an input tile of 6x6."""
TILES = 64
"""Least number of tiles that are computed at a time. Their intermediate results stay in the cache of a core."""
SHARE = 512
"""With large kernels more tiles are computed at a time: input times output channels, divided by this number. Such
kernels do not stay in the cache; with more tiles at a time they are read less often."""
LEAST_CHANNELS = 64 * 128
"""Least input times output channels. With fewer, transforming the tiles takes longer than the multiplications that it
saves."""
LEAST_TILES = 64
"""Least number of tiles for a kernel that is transformed each time. With fewer, that takes longer than the
multiplications that it saves."""

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


def pays_off(input: Tensor, weight: Tensor, *, learns: bool = False) -> bool:
    """Tell whether `winograd_conv2d` can take this input, and is faster than `torch.nn.functional.conv2d`.

    Args:
        input: (N, C, H, W).
        weight: Kernel (C_out, C, 3, 3).
        learns: Whether the kernel changes from step to step, and so has to be transformed each time.

    Returns:
        True for float32 on a CPU, sides that are multiples of 4, enough channels, and enough pixels if it learns.

    Example:
        >>> weight = torch.empty(256, 128, 3, 3)
        >>> pays_off(torch.empty(1, 128, 32, 32), weight), pays_off(torch.empty(1, 128, 31, 32), weight)
        (True, False)
    """
    batch, _, height, width = input.shape
    return (
        input.device.type == weight.device.type == "cpu"
        and input.dtype == weight.dtype == torch.float32
        and not torch.is_autocast_enabled("cpu")
        and not torch.compiler.is_compiling()
        and height % TILE == width % TILE == 0
        and weight.shape[0] * weight.shape[1] >= LEAST_CHANNELS
        and (not learns or batch * height * width >= LEAST_TILES * TILE**2)
    )


def winograd_kernel(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Transform a kernel for `winograd_conv2d`.

    Args:
        weight: (C_out, C, 3, 3). Gradients reach it through the first result.

    Returns:
        Kernels (36, C_out, C) for the convolution, and (36, C, C_out) for the gradient of its input.

    Source: Lavin, Gray 2016, equation 8 (U).

    Example:
        >>> [tuple(kernel.shape) for kernel in winograd_kernel(torch.rand(5, 8, 3, 3))]
        [(36, 5, 8), (36, 8, 5)]
    """
    transform = weight.new_tensor(_KERNEL)
    straight, turned = (torch.kron(each, each) for each in (transform, transform.flip(1)))
    # (C_out, 9, C), which becomes (C_out, 36, C). In this order kernels in channels_last are not copied.
    taps = weight.flatten(2).transpose(1, 2)
    return (straight @ taps).transpose(0, 1), (turned @ taps.detach()).permute(1, 2, 0)


def winograd_conv2d(input: Tensor, kernels: tuple[Tensor, Tensor], bias: Tensor | None = None) -> Tensor:
    """Convolve with a 3x3 kernel, stride 1 and padding 1. Input and kernel get gradients, the bias none.

    Args:
        input: (N, C, H, W), float32 on a CPU, H and W multiples of 4.
        kernels: From `winograd_kernel`.
        bias: (C_out,), or None.

    Returns:
        (N, C_out, H, W) in channels_last. The error by rounding is some 1e-5 of the largest value; that of
        `torch.nn.functional.conv2d` is some 3e-7. The same holds for the gradients.

    Source: Lavin, Gray 2016, equation 12: F(4x4, 3x3).

    Example:
        >>> x, weight = torch.rand(1, 8, 16, 16), torch.rand(4, 8, 3, 3)
        >>> direct = torch.nn.functional.conv2d(x, weight, padding=1)
        >>> winograd_conv2d(x, winograd_kernel(weight)).allclose(direct, atol=1e-3)
        True
    """
    output: Tensor = _Winograd.apply(input, *kernels, bias)
    return output


class _WinogradContext(Context, Protocol):
    needs_input_grad: tuple[bool, ...]


class _Winograd(torch.autograd.Function):
    @staticmethod
    def forward(ctx: _WinogradContext, input: Tensor, kernel: Tensor, rotated: Tensor, bias: Tensor | None) -> Tensor:
        # Only the gradient of the kernel needs the input again.
        ctx.save_for_backward(rotated, *([input] if ctx.needs_input_grad[1] else []))
        return _convolve(input, kernel, bias)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: _WinogradContext, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        rotated, *inputs = ctx.saved_tensors
        return (
            _convolve(gradient, rotated, None) if ctx.needs_input_grad[0] else None,
            _kernel_gradient(inputs[0], gradient) if inputs else None,
            None,
            None,
        )


def _convolve(input: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
    batch, ins, height, width = input.shape
    outs, padded = kernel.shape[1], _padded(input)
    output = torch.empty(batch, outs, height, width, dtype=input.dtype, memory_format=torch.channels_last)
    tiles = _tiles(output)
    spread, gather = input.new_tensor(_INPUT), input.new_tensor(_OUTPUT)
    for part in _parts(batch, height, width, ins * outs):
        product = torch.bmm(_transform(spread, _windows(padded, part)).view(36, -1, ins), kernel.transpose(1, 2))
        finished = _transform(gather, product.view(6, 6, -1)).view(TILE, TILE, *tiles[part].shape[:3], outs)
        if bias is not None:
            finished += bias
        tiles[part].copy_(finished.permute(2, 3, 4, 0, 1, 5))
    return output


def _kernel_gradient(input: Tensor, gradient: Tensor) -> Tensor:
    """Return the gradient of the transformed kernel, (36, C_out, C): the steps of `_convolve` transposed."""
    batch, ins, height, width = input.shape
    outs, padded = gradient.shape[1], _padded(input)
    tiles = _tiles(gradient.contiguous(memory_format=torch.channels_last))
    spread, gather = input.new_tensor(_INPUT), input.new_tensor(_OUTPUT).T.contiguous()
    total = input.new_zeros(36, outs, ins)
    for part in _parts(batch, height, width, ins * outs):
        seen = _transform(spread, _windows(padded, part)).view(36, -1, ins)
        wanted = _transform(gather, tiles[part].permute(3, 4, 0, 1, 2, 5)).view(36, -1, outs)
        total.baddbmm_(wanted.transpose(1, 2), seen)
    return total


def _parts(batch: int, height: int, width: int, channels: int) -> Iterator[tuple[slice, slice]]:
    """Divide the tiles of all images into parts that are computed at a time: images, and rows of tiles."""
    down, across, wanted = height // TILE, width // TILE, max(TILES, channels // SHARE)
    images, rows = max(1, wanted // (down * across)), min(down, max(1, wanted // across))
    for image in range(0, batch, images):
        for row in range(0, down, rows):
            yield slice(image, min(batch, image + images)), slice(row, min(down, row + rows))


def _padded(input: Tensor) -> Tensor:
    """Add a border of one pixel, zero: (N, H + 2, W + 2, C)."""
    batch, channels, height, width = input.shape
    padded = input.new_empty(batch, height + 2, width + 2, channels)
    # `torch.nn.functional.pad` would first set everything to zero.
    padded[:, 0], padded[:, -1], padded[:, :, 0], padded[:, :, -1] = 0, 0, 0, 0
    padded[:, 1:-1, 1:-1] = input.permute(0, 2, 3, 1)
    return padded


def _windows(padded: Tensor, part: tuple[slice, slice]) -> Tensor:
    """View the input tiles, with the position in the tile first: (6, 6, images, rows, columns, C)."""
    images, rows = part
    _, _, width, channels = padded.shape
    image, row, pixel, _ = padded.stride()
    return padded.as_strided(
        (6, 6, images.stop - images.start, rows.stop - rows.start, width // TILE, channels),
        (row, pixel, image, TILE * row, TILE * pixel, 1),
        images.start * image + TILE * rows.start * row,
    )


def _tiles(maps: Tensor) -> Tensor:
    """View maps (N, C, H, W) in channels_last as tiles: (N, rows, columns, 4, 4, C)."""
    batch, channels, height, width = maps.shape
    pixels = maps.permute(0, 2, 3, 1).view(batch, height // TILE, TILE, width // TILE, TILE, channels)
    return pixels.transpose(2, 3)


def _transform(matrix: Tensor, tiles: Tensor) -> Tensor:
    """Multiply tiles (n, n, ...) by a matrix (m, n) from both sides: (m, m, the product of the other sizes)."""
    side = len(tiles)
    rows = (matrix @ tiles.reshape(side, -1)).view(len(matrix), side, -1)
    return matrix @ rows
