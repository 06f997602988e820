"""Partial convolution as pure functions.

Source: Liu et al., "Image Inpainting for Irregular Holes Using Partial Convolutions", ECCV 2018, equations 1 and 2.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from bokwon.nn.few_channels import FEW, block_kernels
from bokwon.nn.masks import Valid, check_masks, check_shapes, mask_features
from bokwon.nn.window_sums import Size, box_sum
from bokwon.nn.winograd import pays_off, winograd_conv2d, winograd_kernel

__all__ = [
    "partial_conv2d",
    "phase_matrix",
    "upsampled_conv2d",
    "upsampled_partial_conv2d",
    "upsampling_matrix",
    "window_count",
]


def partial_conv2d(
    input: Tensor,
    valid: Valid | None,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
    *,
    holes_are_zero: bool = False,
) -> tuple[Tensor, Tensor]:
    r"""Convolve the known part of the input, divide by the known share of each window, and update the mask.

    For a window X with mask M: :math:`W^T (X \odot M) \frac{sum(1)}{sum(M)} + b` where :math:`sum(M) > 0`, else 0.
    sum(1) counts every element of the window, including channels. Zero padding counts as hole. With `valid=None` this
    is partial convolution based padding (Liu et al., arXiv 1811.11718).

    Args:
        input: Features (N, C, H, W) or (C, H, W), any floating type. Holes may have any values, also NaN and infinity.
        valid: Which elements of `input` are known, 1 or 0: (N, 1, H, W) for a mask that all channels share,
            (N, C, H, W) for one mask per channel, a sequence of (mask (N, 1, H, W), channels) for a concatenated
            input, or None if everything is known. One mask (N = 1) may serve all images. Without N if `input` has none.
        weight: Kernel (C_out, C / groups, kH, kW).
        bias: (C_out,), or None.
        stride: As in `torch.nn.functional.conv2d`; the next three too.
        padding: A size, "same" or "valid".
        dilation: Spacing of the kernel's elements.
        groups: Blocks of channels that are convolved separately.
        holes_are_zero: Set it if the holes of `input` are zero and the masks 0 or 1, as this function returns them. The
            function then neither masks nor checks.

    Returns:
        The features (N, C_out, H', W'), zero where no element of the window was known; and the updated mask (N, 1, H',
        W'), or (N, C_out, H', W') if groups have different masks. N of the mask is 1 if that of `valid` is. Without N
        if `input` has none. The mask has the type of `valid`.

    Raises:
        ValueError: If the masks do not fit the input, or have values other than 0 and 1. Values are checked only on
            CPUs. On a GPU and under `torch.compile`, outputs that depend on a wrong value become NaN.

    Source: Liu et al. 2018, equations 1 and 2.

    Example:
        >>> image = torch.tensor([[6.0, 5.0, 4.0]]).view(1, 1, 1, 3)
        >>> valid = torch.tensor([[1.0, 1.0, 0.0]]).view(1, 1, 1, 3)
        >>> mean = torch.full((1, 1, 1, 3), 1 / 3)
        >>> output, updated = partial_conv2d(image, valid, mean)
        >>> output.item(), updated.item()  # the mean of the two known pixels
        (5.5, 1.0)
    """
    if input.ndim == 3:
        output, updated = partial_conv2d(
            input[None],
            _with_batch(valid),
            weight,
            bias,
            stride,
            padding,
            dilation,
            groups,
            holes_are_zero=holes_are_zero,
        )
        return output[0], updated[0]
    if input.ndim != 4:
        raise ValueError(f"input must have the shape (N, C, H, W) or (C, H, W), not {tuple(input.shape)}")
    if valid is None:
        valid, holes_are_zero = input.new_ones(1, 1, *input.shape[2:]), True
    check_shapes(valid, input.shape)
    mask_dtype = _first(valid).dtype
    if not holes_are_zero:
        valid = check_masks(valid)
        input = mask_features(input, valid)
    count = window_count(valid, input.shape, weight.shape, stride, padding, dilation, groups)
    output = F.conv2d(input, weight, None, stride, padding, dilation, groups)
    return _rescale(output, count, weight[0].numel(), bias, mask_dtype)


def upsampled_partial_conv2d(
    input: Tensor,
    valid: Tensor,
    skip: Tensor,
    skip_valid: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    holes_are_zero: bool = False,
    fast: bool = False,
) -> tuple[Tensor, Tensor]:
    """Upsample features twofold, concatenate those of a skip connection, and convolve partially with a 3x3 kernel.

    The result is that of nearest upsampling of `input` and `valid`, concatenation, and `partial_conv2d` with padding 1.
    The upsampled and the concatenated tensor are never made: a 3x3 convolution of nearest-upsampled features equals a
    transposed 4x4 convolution of stride 2, which needs 16 products for four output pixels instead of 36.

    Args:
        input: Features (N, C, H, W), any floating type.
        valid: Their mask (N, 1, H, W), 1 or 0, or (1, 1, H, W) for all images.
        skip: Features (N, C_skip, 2 H, 2 W).
        skip_valid: Their mask (N, 1, 2 H, 2 W), or (1, 1, 2 H, 2 W).
        weight: Kernel (C_out, C + C_skip, 3, 3).
        bias: (C_out,), or None.
        holes_are_zero: As in `partial_conv2d`, for both inputs.
        fast: As in `upsampled_conv2d`.

    Returns:
        The features (N, C_out, 2 H, 2 W) and the updated mask (N, 1, 2 H, 2 W), of the type of `skip_valid`. N of the
        mask is 1 if that of both masks is.

    Raises:
        ValueError: If the shapes do not fit each other, or as in `partial_conv2d` if a mask is not binary.

    Source: Liu et al. 2018, section 3.2 (the decoder).

    Example:
        >>> below, beside = torch.rand(1, 8, 4, 4), torch.rand(1, 3, 8, 8)
        >>> masks = torch.ones(1, 1, 4, 4), torch.ones(1, 1, 8, 8)
        >>> output, updated = upsampled_partial_conv2d(below, masks[0], beside, masks[1], torch.rand(5, 11, 3, 3))
        >>> output.shape
        torch.Size([1, 5, 8, 8])
    """
    _check_upsampling(input, skip, weight)
    check_shapes(valid, (*input.shape[:1], 1, *input.shape[2:]))
    check_shapes(skip_valid, (*skip.shape[:1], 1, *skip.shape[2:]))
    mask_dtype = skip_valid.dtype
    if not holes_are_zero:
        [(valid, _), (skip_valid, _)] = check_masks([(valid, 1), (skip_valid, 1)])
        input, skip = mask_features(input, valid), mask_features(skip, skip_valid)
    upsampled = F.interpolate(valid.float(), scale_factor=2.0, mode="nearest")
    parts = ((upsampled, input.shape[1]), (skip_valid, skip.shape[1]))
    count = window_count(parts, (skip.shape[0], weight.shape[1], *skip.shape[2:]), weight.shape, padding=1)
    return _rescale(upsampled_conv2d(input, skip, weight, fast=fast), count, weight[0].numel(), bias, mask_dtype)


def upsampled_conv2d(
    input: Tensor, skip: Tensor, weight: Tensor, bias: Tensor | None = None, *, fast: bool = False
) -> Tensor:
    """Upsample features twofold, concatenate those of a skip connection, and convolve with a 3x3 kernel.

    The upsampled and the concatenated tensor are never made; see `upsampled_partial_conv2d`.

    Args:
        input: Features (N, C, H, W).
        skip: Features (N, C_skip, 2 H, 2 W).
        weight: Kernel (C_out, C + C_skip, 3, 3).
        bias: (C_out,), or None.
        fast: Use `winograd_conv2d` where it takes less time: in float32 on a processor, for wide layers. Its errors are
            some 1e-5 of the largest value. It is meant for training.

    Returns:
        (N, C_out, 2 H, 2 W).

    Raises:
        ValueError: If the shapes do not fit each other.

    Example:
        >>> upsampled_conv2d(torch.rand(1, 8, 4, 4), torch.rand(1, 3, 8, 8), torch.rand(5, 11, 3, 3)).shape
        torch.Size([1, 5, 8, 8])
    """
    _check_upsampling(input, skip, weight)
    below, beside = weight.split([input.shape[1], skip.shape[1]], 1)
    if weight.shape[0] <= FEW:
        return _upsampled_to_few(input, skip, below, beside, bias)
    output = F.conv_transpose2d(input, _upsampling_kernel(below), bias, stride=2, padding=1)
    if fast and pays_off(skip, beside, learns=True):
        return output.add_(winograd_conv2d(skip, winograd_kernel(beside)))
    return output.add_(F.conv2d(skip, beside, padding=1))


def window_count(
    valid: Valid,
    input_shape: Sequence[int],
    weight_shape: Sequence[int],
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Count the known elements in every window of a convolution, including channels: the paper's sum(M).

    A mask that all channels share is counted once, and the count is multiplied by the channels. This is exact, and
    costs about 1/C of a convolution of all channels.

    Args:
        valid: The masks, as for `partial_conv2d` with N. Values 0 and 1, which is not checked.
        input_shape: (N, C, H, W) of the features.
        weight_shape: (C_out, C / groups, kH, kW) of the kernel.
        stride: As in `torch.nn.functional.conv2d`; the next three too.
        padding: A size, "same" or "valid".
        dilation: Spacing of the kernel's elements.
        groups: Blocks of channels that are convolved separately.

    Returns:
        Counts (N, 1, H', W'), or (N, C_out, H', W') if groups have different masks. N is 1 if that of the masks is.
        They are float32, which is exact: float16 overflows, and bfloat16 cannot count above 256.

    Raises:
        ValueError: If the masks do not fit the input, or the input does not fit the kernel.

    Source: Liu et al. 2018, equation 1.

    Example:
        >>> window_count(torch.ones(1, 1, 2, 2), (1, 5, 2, 2), (8, 5, 3, 3), padding=1).flatten().tolist()
        [20.0, 20.0, 20.0, 20.0]
    """
    if weight_shape[1] * groups != input_shape[1]:
        raise ValueError(f"the kernel takes {weight_shape[1] * groups} channels, the input has {input_shape[1]}")
    check_shapes(valid, input_shape)
    channels = input_shape[1] // groups
    with torch.no_grad(), torch.autocast(_first(valid).device.type, enabled=False):
        if isinstance(valid, Tensor):
            total = valid.float()
            total = total * channels if total.shape[1] == 1 else total.unflatten(1, (groups, channels)).sum(2)
        elif groups == 1:
            total = torch.stack(torch.broadcast_tensors(*[mask.float() * share for mask, share in valid])).sum(0)
        else:
            batch = max(mask.shape[0] for mask, _ in valid)
            masks = [mask.float().expand(batch, share, -1, -1) for mask, share in valid]
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

    Example:
        >>> kernel = torch.rand(5, 8, 3, 3)
        >>> (kernel.flatten(2) @ upsampling_matrix(kernel)).view(5, 8, 4, 4).shape
        torch.Size([5, 8, 4, 4])
    """
    placement = like.new_tensor([[0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]])
    return torch.kron(placement, placement).T.contiguous()


def phase_matrix(like: Tensor) -> Tensor:
    """Make the matrix (9, 16) that turns a 3x3 kernel into the four 2x2 kernels that upsample and convolve.

    Applied to (H, W) with padding 1, the 2x2 kernels give (H + 1, W + 1) blocks of 2x2 output pixels. The first block
    begins one row above and one column left of the output (2 H, 2 W).

    Args:
        like: A tensor of the type and on the device that the matrix shall have.

    Returns:
        (9, 16), zeros and ones. Column 4p + t is tap t, in the order of rows, of the kernel of pixel p of the block:
        upper left, upper right, lower left, lower right.

    Example:
        >>> kernel = torch.rand(5, 8, 3, 3)
        >>> (kernel.flatten(2) @ phase_matrix(kernel)).view(5, 8, 4, 2, 2).shape
        torch.Size([5, 8, 4, 2, 2])
    """
    # In one direction, down or across, a block has two output pixels and depends on two input pixels. Element [a, t, k]
    # is 1 if, for output pixel a, tap k of the kernel falls on input pixel t.
    taps = like.new_tensor([[[1, 1, 0], [0, 0, 1]], [[1, 0, 0], [0, 1, 1]]])
    return torch.einsum("atk,bul->klabtu", taps, taps).reshape(9, 16)


def _rescale(
    output: Tensor, count: Tensor, window: int, bias: Tensor | None, mask_dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    with torch.no_grad():
        # Not count > 0: that would hide the NaN of a mask that is not binary.
        known = count != 0
        # In at least float32, and never 1 / (sum + epsilon): in float16 that is infinite in an empty window, and
        # inf * 0 is NaN.
        count = count.to(torch.promote_types(output.dtype, torch.float32))
        ratio = torch.where(known, window / count.clamp(min=1), 0.0).to(output.dtype)
    # In place: a convolution does not need its output again, and each further tensor is a trip through memory.
    output = output.mul_(ratio)
    if bias is not None:
        output = output.addcmul_(bias.to(output.dtype).view(1, -1, 1, 1), known.to(output.dtype))
    return output, known.to(mask_dtype)


def _upsampling_kernel(weight: Tensor) -> Tensor:
    # Transposed convolutions keep their kernels as (in, out, kH, kW). Their order is changed before they are enlarged.
    outs, ins = weight.shape[:2]
    kernel: Tensor = weight.transpose(0, 1).reshape(-1, 9) @ upsampling_matrix(weight)
    return kernel.view(ins, outs, 4, 4)


def _upsampled_to_few(input: Tensor, skip: Tensor, below: Tensor, beside: Tensor, bias: Tensor | None) -> Tensor:
    """Compute `upsampled_conv2d` in blocks of 2x2 pixels; see `phase_matrix` and `block_kernels`."""
    outs, ins = below.shape[:2]
    phases = (below.flatten(2) @ phase_matrix(below)).view(outs, ins, 4, 2, 2).transpose(1, 2).flatten(0, 1)
    output = F.conv2d(input, phases, None if bias is None else bias.repeat_interleave(4), padding=1)
    output = output.add_(F.conv2d(skip, block_kernels(beside), stride=2, padding=2))
    return F.pixel_shuffle(output, 2)[..., 1:-1, 1:-1].contiguous()


def _first(valid: Valid) -> Tensor:
    return valid if isinstance(valid, Tensor) else valid[0][0]


def _with_batch(valid: Valid | None) -> Valid | None:
    if valid is None:
        return None
    return valid[None] if isinstance(valid, Tensor) else [(mask[None], channels) for mask, channels in valid]


def _check_upsampling(input: Tensor, skip: Tensor, weight: Tensor) -> None:
    if tuple(weight.shape[2:]) != (3, 3):
        raise ValueError(f"the kernel must be 3x3, not {tuple(weight.shape[2:])}")
    if input.ndim != 4 or skip.ndim != 4 or [*skip.shape[2:]] != [2 * side for side in input.shape[2:]]:
        raise ValueError(f"skip must be (N, C_skip, 2 H, 2 W) of input {tuple(input.shape)}, not {tuple(skip.shape)}")
    if weight.shape[1] != input.shape[1] + skip.shape[1]:
        channels = f"{input.shape[1]} + {skip.shape[1]}"
        raise ValueError(f"the kernel takes {weight.shape[1]} channels, the inputs have {channels}")
