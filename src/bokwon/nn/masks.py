"""Masks: the forms they may have, the check that they are masks, and features without their holes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import torch
from torch import Tensor

__all__ = ["Valid", "can_read", "check_masks", "check_shapes", "mask_features", "one_mask"]

Valid: TypeAlias = Tensor | Sequence[tuple[Tensor, int]]
"""Which elements are known: one mask (N, 1, H, W) for all channels, one for each channel (N, C, H, W), or
(mask (N, 1, H, W), channels) for each part of a concatenated input. 1 is known, 0 is missing; of any type, True is
known. A batch of one mask, (1, 1, H, W), serves every image."""


def can_read(tensor: Tensor) -> bool:
    """Tell whether a Python branch on a tensor's values costs nothing.

    A GPU would make the host wait for it, and a compiler or tracer would keep the answer of one example for all.

    Args:
        tensor: Any tensor.

    Returns:
        True on a CPU, outside `torch.compile`, `torch.export` and `torch.jit.trace`.

    Example:
        >>> can_read(torch.ones(1)), can_read(torch.ones(1, device="meta"))
        (True, False)
    """
    traced: bool = torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
    return tensor.device.type == "cpu" and not traced and not torch.compiler.is_compiling()


def check_masks(valid: Valid) -> Valid:
    """Refuse masks with values other than 0 and 1, which would silently scale every output wrongly.

    Where reading values would cost time (see `can_read`), a wrong value becomes NaN instead, and so does every
    output that depends on it.

    Args:
        valid: Masks in any form of `Valid`.

    Returns:
        The same masks.

    Raises:
        ValueError: If a mask on a CPU has other values than 0 and 1.

    Example:
        >>> check_masks(torch.tensor([0.0, 0.5, 1.0]).view(1, 1, 1, 3))  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ValueError: the mask has the value 0.5, but must be 1 where the input is known and 0 in holes: ...
    """
    if not isinstance(valid, Tensor):
        return [(_check_mask(mask), channels) for mask, channels in valid]
    return _check_mask(valid)


def _check_mask(mask: Tensor) -> Tensor:
    if mask.dtype == torch.bool:
        return mask
    binary = mask.bool().to(mask.dtype)
    if not can_read(mask):
        wide = mask if mask.is_floating_point() else mask.float()
        return wide.masked_fill(mask != binary, torch.nan)
    if not torch.equal(mask, binary):
        value = mask[mask != binary][0].item()
        raise ValueError(
            f"the mask has the value {value:.6g}, but must be 1 where the input is known and 0 in holes: make it "
            "binary with (mask > 0.5).float(), or (mask > 127).float() if it comes from an image file, and resize "
            "masks with mode='nearest'"
        )
    return mask


def check_shapes(valid: Valid, input_shape: Sequence[int]) -> None:
    """Refuse masks of other shapes than the input's.

    Args:
        valid: Masks in any form of `Valid`.
        input_shape: (N, C, H, W) of the input.

    Raises:
        ValueError: If a mask does not fit the input, or the parts do not add up to its channels.

    Example:
        >>> check_shapes(torch.ones(1, 1, 8, 8), (4, 3, 8, 8))
        >>> check_shapes([(torch.ones(4, 1, 8, 8), 2), (torch.ones(4, 1, 8, 8), 1)], (4, 3, 8, 8))
    """
    batch, channels, height, width = input_shape
    if isinstance(valid, Tensor):
        if not _fits(valid, input_shape, (1, channels)):
            shapes = " or ".join(str((batch, count, height, width)) for count in sorted({1, channels}))
            raise ValueError(
                f"the mask must have the shape {shapes}, not {tuple(valid.shape)}; its batch may be 1 if all images "
                "share it"
            )
        return
    if not valid:
        raise ValueError("at least one mask is needed")
    for mask, _ in valid:
        if not _fits(mask, input_shape, (1,)):
            raise ValueError(f"each mask must have the shape {(batch, 1, height, width)}, not {tuple(mask.shape)}")
    shares = [share for _, share in valid]
    if sum(shares) != channels:
        raise ValueError(f"the masks are for {shares} channels, which are not the input's {channels}")


def _fits(mask: Tensor, shape: Sequence[int], channels: tuple[int, ...]) -> bool:
    if mask.ndim != 4 or tuple(mask.shape[2:]) != tuple(shape[2:]):
        return False
    return mask.shape[0] in (1, shape[0]) and mask.shape[1] in channels


def one_mask(valid: Tensor | None, image: Tensor) -> Tensor:
    """Bring the mask of a batch of images to the form (N, 1, H, W).

    Args:
        valid: (N, 1, H, W); (N, C, H, W) with equal channels; either with a batch of 1 for all images; None if
            everything is known. Values 0 and 1.
        image: (N, C, H, W).

    Returns:
        (N, 1, H, W) of the image's type.

    Raises:
        ValueError: If the mask does not fit the image, is not binary (`check_masks`), or has channels that differ.

    Example:
        >>> one_mask(torch.ones(1, 3, 8, 8), torch.rand(4, 3, 8, 8)).shape
        torch.Size([4, 1, 8, 8])
    """
    batch, channels, height, width = image.shape
    if valid is None:
        return image.new_ones(batch, 1, height, width)
    if not _fits(valid, image.shape, (1, channels)):
        raise ValueError(
            f"valid must have the shape (N, 1, H, W) of the image, {(batch, 1, height, width)}, "
            f"not {tuple(valid.shape)}"
        )
    valid = _check_mask(valid).to(image.dtype)
    first = valid[:, :1]
    if valid.shape[1] > 1:
        if not can_read(valid):
            first = first.masked_fill((valid != first).any(1, keepdim=True), torch.nan)
        elif not torch.equal(valid, first.expand_as(valid)):
            raise ValueError(
                "the channels of valid differ, but one mask holds for all channels of an image: pass "
                "valid.amin(1, keepdim=True) to treat a pixel as missing where any of its channels is"
            )
    return first.expand(batch, -1, -1, -1)


def mask_features(input: Tensor, valid: Valid) -> Tensor:
    """Set the holes of features to zero, also where they are NaN or infinite.

    Args:
        input: Features (N, C, H, W), of any floating type.
        valid: Their masks, in any form of `Valid`. Values 0 and 1, which is not checked.

    Returns:
        Features of the same shape and type, zero where the mask is. No gradient reaches the holes.

    Example:
        >>> features = torch.tensor([1.0, torch.nan]).view(1, 1, 1, 2)
        >>> mask_features(features, torch.tensor([1.0, 0.0]).view(1, 1, 1, 2)).flatten().tolist()
        [1.0, 0.0]
    """
    if isinstance(valid, Tensor):
        return _zero_holes(input, valid)
    parts = input.split([channels for _, channels in valid], 1)
    return torch.cat([_zero_holes(part, mask) for part, (mask, _) in zip(parts, valid, strict=True)], 1)


def _zero_holes(input: Tensor, valid: Tensor) -> Tensor:
    if can_read(input):
        # On a CPU a product takes a fifth of the time of `where`, and is the same unless a hole has NaN or infinity:
        # then the sum is not finite.
        product = input * valid.to(input.dtype)
        if bool(product.detach().sum().isfinite()):
            return product
    return torch.where(valid != 0, input, 0.0)
