"""Partial convolution as pure functions.

Source: Liu et al., "Image Inpainting for Irregular Holes Using Partial Convolutions", ECCV 2018, equations 1 and 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from bokwon.nn.window_sums import Size, box_sum

__all__ = [
    "Valid",
    "mask_features",
    "partial_conv2d",
    "upsampled_conv2d",
    "upsampled_partial_conv2d",
    "window_count",
]

Valid: TypeAlias = Tensor | Sequence[tuple[Tensor, int]]
"""What is known: one mask (N, 1, H, W), one mask a channel (N, C, H, W), or (mask, channels) for each part of a
concatenated input. 1 is known, 0 is missing."""


def partial_conv2d(
    input: Tensor,
    valid: Valid,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
    *,
    holes_are_zero: bool = False,
) -> tuple[Tensor, Tensor]:
    r"""Convolve only what is known, rescale by how much that is, and say what is known afterwards.

    For a window X with mask M: :math:`W^T (X \odot M) \frac{sum(1)}{sum(M)} + b` where :math:`sum(M) > 0`, else 0.
    sum(1) counts every element of the window, channels included. Zero padding counts as hole, so that this is also
    partial-convolution-based padding (Liu et al., arXiv 1811.11718).

    Args:
        input: Features (N, C, H, W), any floating type.
        valid: Which elements of `input` are known: (N, 1, H, W) for a mask shared by all channels, (N, C, H, W) for
            one a channel, or a sequence of (mask (N, 1, H, W), channels) for a concatenated input. Values 0 or 1.
        weight: Kernel (C_out, C / groups, kH, kW).
        bias: (C_out,), or None.
        stride: As in `torch.nn.functional.conv2d`, like the next three.
        padding: A size, "same" or "valid".
        dilation: Spacing of the kernel's elements.
        groups: Blocks of channels that are convolved apart.
        holes_are_zero: The holes of `input` are zero already, so that masking it again can be spared.

    Returns:
        The features (N, C_out, H', W'), zero where no element of the window was known, and the updated mask:
        (N, 1, H', W'), or (N, C_out, H', W') where groups see different masks. The mask has the masks' type.

    Raises:
        ValueError: If the masks do not fit the input.
    """
    count = window_count(valid, input.shape, weight.shape, stride, padding, dilation, groups)
    if not holes_are_zero:
        input = mask_features(input, valid)
    output = F.conv2d(input, weight, None, stride, padding, dilation, groups)
    return _rescale(output, count, weight[0].numel(), bias, _mask_dtype(valid))


def upsampled_partial_conv2d(
    input: Tensor,
    valid: Tensor,
    skip: Tensor,
    skip_valid: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    holes_are_zero: bool = False,
) -> tuple[Tensor, Tensor]:
    """Upsample features twofold, concatenate them with a skip connection's and convolve partially with a 3x3 kernel.

    The same as nearest upsampling of `input` and `valid`, concatenation and `partial_conv2d` with padding 1, without
    forming the upsampled or the concatenated tensor: a 3x3 convolution of nearest-upsampled features is a transposed
    4x4 convolution of stride 2 (16 products for four output pixels instead of 36).

    Args:
        input: Features (N, C, H, W).
        valid: Their mask (N, 1, H, W).
        skip: Features (N, C_skip, 2 H, 2 W).
        skip_valid: Their mask (N, 1, 2 H, 2 W).
        weight: Kernel (C_out, C + C_skip, 3, 3).
        bias: (C_out,), or None.
        holes_are_zero: The holes of both inputs are zero already.

    Returns:
        The features (N, C_out, 2 H, 2 W) and the updated mask (N, 1, 2 H, 2 W).

    Raises:
        ValueError: If the shapes do not fit each other.

    Source: Liu et al. 2018, section 3.2 (the decoder).
    """
    channels, skip_channels = input.shape[1], skip.shape[1]
    if weight.shape[2:] != (3, 3):
        raise ValueError(f"the kernel must be 3x3, not {tuple(weight.shape[2:])}")
    parts = ((F.interpolate(valid, scale_factor=2.0, mode="nearest"), channels), (skip_valid, skip_channels))
    shape = (skip.shape[0], channels + skip_channels, skip.shape[2], skip.shape[3])
    count = window_count(parts, shape, weight.shape, padding=1)
    if not holes_are_zero:
        input, skip = mask_features(input, valid), mask_features(skip, skip_valid)
    return _rescale(upsampled_conv2d(input, skip, weight), count, weight[0].numel(), bias, skip_valid.dtype)


def upsampled_conv2d(input: Tensor, skip: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Upsample features twofold, concatenate them with a skip connection's and convolve with a 3x3 kernel.

    Neither the upsampled nor the concatenated tensor is formed, see `upsampled_partial_conv2d`.

    Args:
        input: Features (N, C, H, W).
        skip: Features (N, C_skip, 2 H, 2 W).
        weight: Kernel (C_out, C + C_skip, 3, 3).
        bias: (C_out,), or None.

    Returns:
        (N, C_out, 2 H, 2 W).
    """
    below, beside = weight.split([input.shape[1], skip.shape[1]], 1)
    output = F.conv_transpose2d(input, _upsampling_kernel(below), stride=2, padding=1)
    return output.add_(F.conv2d(skip, beside, bias, padding=1))


def window_count(
    valid: Valid,
    input_shape: Sequence[int],
    weight_shape: Sequence[int],
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Count the known elements, channels included, in every window of a convolution: the paper's sum(M).

    A mask that all channels share is counted once and multiplied, which is exact and costs about 1/C of a
    convolution of the mask in all channels.

    Args:
        valid: The masks, as for `partial_conv2d`.
        input_shape: (N, C, H, W) of the features.
        weight_shape: (C_out, C / groups, kH, kW) of the kernel.
        stride: As in `torch.nn.functional.conv2d`, like the next three.
        padding: A size, "same" or "valid".
        dilation: Spacing of the kernel's elements.
        groups: Blocks of channels that are convolved apart.

    Returns:
        Counts (N, 1, H', W'), or (N, C_out, H', W') where groups see different masks. Always float32: float16
        overflows and bfloat16 cannot count above 256.

    Raises:
        ValueError: If the masks do not fit the input, or the input does not fit the kernel.
    """
    _check(valid, input_shape, weight_shape, groups)
    channels = input_shape[1] // groups
    with torch.no_grad(), torch.autocast(_device(valid), enabled=False):
        if isinstance(valid, Tensor):
            total = valid.float()
            total = total * channels if total.shape[1] == 1 else total.unflatten(1, (groups, channels)).sum(2)
        elif groups == 1:
            total = torch.stack([mask.float() * share for mask, share in valid]).sum(0)
        else:
            masks = [mask.float().expand(-1, share, -1, -1) for mask, share in valid]
            total = torch.cat(masks, 1).unflatten(1, (groups, channels)).sum(2)
        count = box_sum(total, (weight_shape[2], weight_shape[3]), stride, padding, dilation)
        if count.shape[1] > 1:
            count = count.repeat_interleave(weight_shape[0] // groups, 1)
    return count


def upsampling_matrix(like: Tensor) -> Tensor:
    """Make the matrix (9, 16) from 3x3 kernels to the 4x4 ones that also upsample.

    Nearest upsampling is a transposed convolution of stride 2 with a 2x2 kernel of ones; a convolution after it is one
    with the full convolution of both kernels, which transposed convolutions take flipped.

    Args:
        like: A tensor of the type and on the device that the matrix shall have.

    Returns:
        (9, 16), zeros and ones.
    """
    spread = like.new_tensor([[0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]])
    return torch.kron(spread, spread).T.contiguous()


def mask_features(input: Tensor, valid: Valid) -> Tensor:
    """Set the holes of features to zero.

    Args:
        input: Features (N, C, H, W).
        valid: Their masks, as for `partial_conv2d`.

    Returns:
        Features of the same shape and type, zero where the mask is.
    """
    if isinstance(valid, Tensor):
        return input * valid.to(input.dtype)
    features = input.split([channels for _, channels in valid], 1)
    return torch.cat([part * mask.to(part.dtype) for part, (mask, _) in zip(features, valid, strict=True)], 1)


def _rescale(
    output: Tensor, count: Tensor, window: int, bias: Tensor | None, mask_dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    with torch.no_grad():
        known = count > 0
        # In float32, and never 1 / (sum + epsilon): in float16 that is infinite in an empty window, and inf * 0 is NaN.
        ratio = torch.where(known, window / count.clamp(min=1), 0.0).to(output.dtype)
    # In place: a convolution does not need its output again, and each further tensor is a trip through memory.
    output = output.mul_(ratio)
    if bias is not None:
        output = output.addcmul_(bias.to(output.dtype).view(1, -1, 1, 1), known.to(output.dtype))
    return output, known.to(mask_dtype)


def _upsampling_kernel(weight: Tensor) -> Tensor:
    # Transposed convolutions keep their kernels as (in, out, kH, kW).
    kernel: Tensor = weight.flatten(2) @ upsampling_matrix(weight)
    return kernel.reshape(*kernel.shape[:2], 4, 4).transpose(0, 1)


def _mask_dtype(valid: Valid) -> torch.dtype:
    return valid.dtype if isinstance(valid, Tensor) else valid[0][0].dtype


def _device(valid: Valid) -> str:
    return (valid if isinstance(valid, Tensor) else valid[0][0]).device.type


def _check(valid: Valid, input_shape: Sequence[int], weight_shape: Sequence[int], groups: int) -> None:
    batch, channels, height, width = input_shape
    if weight_shape[1] * groups != channels:
        raise ValueError(f"the kernel takes {weight_shape[1] * groups} channels, the input has {channels}")
    if isinstance(valid, Tensor):
        allowed: tuple[tuple[int, ...], ...] = ((batch, 1, height, width), (batch, channels, height, width))
        if tuple(valid.shape) not in allowed:
            raise ValueError(f"the mask must have the shape {allowed[0]} or {allowed[1]}, not {tuple(valid.shape)}")
        return
    if not valid:
        raise ValueError("at least one mask is needed")
    for mask, _ in valid:
        if tuple(mask.shape) != (batch, 1, height, width):
            raise ValueError(f"each mask must have the shape {(batch, 1, height, width)}, not {tuple(mask.shape)}")
    shares = [share for _, share in valid]
    if sum(shares) != channels:
        raise ValueError(f"the masks are for {shares} channels, which are not the input's {channels}")
