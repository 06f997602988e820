"""Rectifier and mask in one step, with one tensor kept for the gradient."""

from __future__ import annotations

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from bokwon.nn.masks import can_read

__all__ = ["masked_rectifier"]


def masked_rectifier(features: Tensor, valid: Tensor, slope: float = 0.0) -> Tensor:
    """Rectify features and set their holes to zero, in place.

    Args:
        features: (N, C, H, W), finite, overwritten; the operation that made them must not need them for its gradient.
        valid: (N, 1, H, W) or (1, 1, H, W), 1 where features are known, 0 elsewhere.
        slope: Slope for negative values, 0 for ReLU.

    Returns:
        Features of the same shape and type.

    Source: Liu et al. 2018, section 3.2 (ReLU in the encoder, LeakyReLU of slope 0.2 in the decoder).

    Example:
        >>> features = torch.tensor([-1.0, 2.0, 3.0]).view(1, 1, 1, 3)
        >>> masked_rectifier(features, torch.tensor([1.0, 1.0, 0.0]).view(1, 1, 1, 3), slope=0.5).flatten().tolist()
        [-0.5, 2.0, 0.0]
    """
    # Decoders mostly have no holes.
    if can_read(valid) and bool(valid.all()):
        return F.leaky_relu_(features, slope) if slope else F.relu_(features)
    rectified: Tensor = _MaskedRectifier.apply(features, valid.to(features.dtype), slope)
    return rectified


class Context(Protocol):
    """The part of PyTorch's context that autograd functions use here; PyTorch gives it no type."""

    saved_tensors: tuple[Tensor, ...]

    def save_for_backward(self, *tensors: Tensor) -> None:
        """Keep tensors for the backward pass."""
        ...


class _RectifierContext(Context, Protocol):
    slope: float

    def mark_dirty(self, *tensors: Tensor) -> None: ...


class _MaskedRectifier(torch.autograd.Function):
    @staticmethod
    def forward(ctx: _RectifierContext, features: Tensor, valid: Tensor, slope: float) -> Tensor:
        output = F.leaky_relu_(features, slope) if slope else F.relu_(features)
        output.mul_(valid)
        ctx.mark_dirty(output)
        ctx.save_for_backward(output, valid)
        ctx.slope = slope
        return output

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: _RectifierContext, gradient: Tensor) -> tuple[Tensor, None, None]:
        output, valid = ctx.saved_tensors
        if not ctx.slope:
            # The output is zero in the holes, too.
            return torch.ops.aten.threshold_backward(gradient, output, 0), None, None
        gradient = torch.ops.aten.leaky_relu_backward(gradient, output, ctx.slope, True)
        return gradient.mul_(valid), None, None
