"""Rectifier and mask in one step, with one tensor kept for the gradient."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["masked_rectifier"]


def masked_rectifier(features: Tensor, valid: Tensor, slope: float = 0.0) -> Tensor:
    """Rectify features and set their holes to zero, in place.

    Args:
        features: (N, C, H, W), overwritten; what made them must not need them for its gradient.
        valid: (N, 1, H, W), 1 where features are known.
        slope: Of the negative side, 0 for ReLU.

    Returns:
        Features of the same shape and type.
    """
    # A look at the mask costs a processor nothing, a GPU would wait for it. Decoders mostly have no holes.
    if valid.device.type == "cpu" and bool(valid.all()):
        return F.leaky_relu_(features, slope) if slope else F.relu_(features)
    rectified: Tensor = _MaskedRectifier.apply(features, valid.to(features.dtype), slope)
    return rectified


class _MaskedRectifier(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, features: Tensor, valid: Tensor, slope: float) -> Tensor:
        output = F.leaky_relu_(features, slope) if slope else F.relu_(features)
        output.mul_(valid)
        ctx.mark_dirty(output)
        ctx.save_for_backward(output, valid)
        ctx.slope = slope
        return output

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        output, valid = ctx.saved_tensors
        if not ctx.slope:
            # The output is zero in the holes, too.
            return torch.ops.aten.threshold_backward(gradient, output, 0), None, None
        gradient = torch.ops.aten.leaky_relu_backward(gradient, output, ctx.slope, True)
        return gradient.mul_(valid), None, None
