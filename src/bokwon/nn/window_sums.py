"""Sums over windows, to count mask pixels."""

from __future__ import annotations

from typing import TypeAlias

import torch.nn.functional as F
from torch import Tensor

__all__ = ["Size", "box_sum", "dilate"]

Size: TypeAlias = int | tuple[int, int]


def box_sum(x: Tensor, kernel_size: Size, stride: Size = 1, padding: Size | str = 0, dilation: Size = 1) -> Tensor:
    """Sum over the windows of a convolution, channel by channel. Outside the image there are zeros.

    Args:
        x: (N, C, H, W).
        kernel_size: As in `torch.nn.functional.conv2d`; the next three too.
        stride: Step of the window.
        padding: A size, "same" or "valid".
        dilation: Spacing of the window's elements.

    Returns:
        (N, C, H', W'), as large as a convolution's output, of the type of `x`.

    Example:
        >>> box_sum(torch.tensor([[1.0, 2.0], [3.0, 4.0]]).view(1, 1, 2, 2), 3, padding=1).flatten().tolist()
        [10.0, 10.0, 10.0, 10.0]
    """
    kernel, step, spacing = _pair(kernel_size), _pair(stride), _pair(dilation)
    pads = [_pads(padding, axis, kernel[axis], spacing[axis]) for axis in (0, 1)]
    x = F.pad(x, (*pads[1], *pads[0]))
    if x.device.type == "cpu":
        # On processors, pooling and convolutions of one channel take 4 to 20 times as long as adding rows and columns.
        for axis in (0, 1):
            x = _line_sum(x, axis + 2, kernel[axis], step[axis], spacing[axis])
        return x
    if spacing == (1, 1):
        return F.avg_pool2d(x, kernel, step, divisor_override=1)
    ones = x.new_ones(x.shape[1], 1, *kernel)
    return F.conv2d(x, ones, None, step, 0, spacing, groups=x.shape[1])


def dilate(x: Tensor) -> Tensor:
    """Dilate a mask by one pixel, diagonals included.

    Args:
        x: (N, 1, H, W), 1 or 0.

    Returns:
        (N, 1, H, W), 1 or 0, of the type of `x`.

    Example:
        >>> dilate(torch.tensor([0.0, 0.0, 0.0, 1.0]).view(1, 1, 1, 4)).flatten().tolist()
        [0.0, 0.0, 1.0, 1.0]
    """
    return (box_sum(x, 3, padding=1) > 0).to(x.dtype)


def _line_sum(x: Tensor, axis: int, length: int, stride: int, dilation: int) -> Tensor:
    count = (x.shape[axis] - dilation * (length - 1) - 1) // stride + 1
    span = stride * (count - 1) + 1

    def part(number: int) -> Tensor:
        first = number * dilation
        index = [slice(None)] * x.ndim
        index[axis] = slice(first, first + span, stride)
        return x[tuple(index)]

    total = part(0).clone()
    for number in range(1, length):
        total += part(number)
    return total


def _pair(size: Size) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def _pads(padding: Size | str, axis: int, length: int, dilation: int) -> tuple[int, int]:
    if padding == "valid":
        return 0, 0
    if isinstance(padding, str):
        whole = dilation * (length - 1)
        return whole // 2, whole - whole // 2
    return (_pair(padding)[axis],) * 2
