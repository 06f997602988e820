"""The low-pass of an image with holes: partial convolution with constant kernels."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from bokwon.nn.window_sums import box_sum

__all__ = [
    "CELL",
    "LEVELS",
    "MINIMUM_RMS",
    "NEIGHBOURHOOD",
    "OCTAVES",
    "SPARSE",
    "STENCIL",
    "SWEEPS",
    "dense_evidence",
    "masked_lowpass",
    "masked_rms",
    "pull_push",
]

CELL = 16
LEVELS = 6
"""Pull-push levels: 16 pixels doubled six times reach 1024; beyond it, the mean of the image."""
MINIMUM_RMS = 0.02
"""So that a blank page does not blow up its noise."""

OCTAVES = 4
"""Halvings from the pixel to the cell of 16, which is where the low-pass takes over."""
SWEEPS = 2
STENCIL = ((1 / 12, 2 / 12, 1 / 12), (2 / 12, 0.0, 2 / 12), (1 / 12, 2 / 12, 1 / 12))
"""Mean of the eight neighbours, the near ones twice: one step towards the solution of Laplace's equation."""

NEIGHBOURHOOD = 15
SPARSE = 0.1
"""A known pixel counts as evidence if more than this share of its 15x15 neighbourhood is known."""


def dense_evidence(valid: Tensor) -> Tensor:
    """Leave out the known pixels that stand nearly alone in a hole.

    A partial convolution takes what little its window knows for the whole window: one dark pixel left in the middle
    of a hole becomes a dark window, and a bright halo around it.

    Args:
        valid: (N, 1, H, W), 1 where a pixel is known.

    Returns:
        (N, 1, H, W), 1 where a known pixel has known neighbours. An image without any such pixel keeps all.

    Example:
        >>> valid = torch.ones(1, 1, 64, 64)
        >>> valid[..., 16:48, 16:48] = 0
        >>> valid[..., 32, 32] = 1
        >>> int((valid - dense_evidence(valid)).sum())  # the lone pixel
        1
    """
    count = box_sum(valid.float(), NEIGHBOURHOOD, padding=NEIGHBOURHOOD // 2)
    dense = valid * (count > SPARSE * NEIGHBOURHOOD**2).to(valid.dtype)
    return torch.where(dense.amax((1, 2, 3), keepdim=True) > 0, dense, valid)


def masked_lowpass(image: Tensor, valid: Tensor) -> Tensor:
    """Average the known pixels in cells of 16x16, fill cells without known pixels, and interpolate.

    A cell without known pixels takes the same average at half the resolution, bilinearly interpolated, and so on
    (pull-push). If the coarsest level has none either, it takes the mean of all known pixels.

    Args:
        image: (N, C, H, W), zero in the holes; H and W are multiples of 16.
        valid: (N, 1, H, W), 1 where a pixel is known.

    Returns:
        (N, C, H, W), smooth, in the range of the known pixels. Zero if nothing is known.

    Source: pull-push of Gortler et al., "The Lumigraph", SIGGRAPH 1996, section 3.4.

    Example:
        >>> valid = torch.ones(1, 1, 32, 32)
        >>> valid[..., 16:] = 0
        >>> masked_lowpass(0.5 * valid, valid).unique()
        tensor([0.5000])
    """
    total, count = F.avg_pool2d(image, CELL), F.avg_pool2d(valid, CELL)
    mean = total.sum((2, 3), keepdim=True) / count.sum((2, 3), keepdim=True).clamp(min=1e-6)
    pyramid = [(total, count)]
    for _ in range(LEVELS):
        total, count = _half(total), _half(count)
        pyramid.append((total, count))
    filled = _fill(*pyramid.pop(), mean)
    while pyramid:
        total, count = pyramid.pop()
        coarse = F.interpolate(filled, scale_factor=2.0, mode="bilinear", align_corners=False)
        filled = _fill(total, count, coarse[..., : total.shape[2], : total.shape[3]])
    return F.interpolate(filled, scale_factor=float(CELL), mode="bilinear", align_corners=False)


def masked_rms(residual: Tensor, valid: Tensor, minimum: float = MINIMUM_RMS) -> Tensor:
    """Take the root mean square over the known pixels of all channels, image by image.

    Args:
        residual: (N, C, H, W), zero in the holes.
        valid: (N, 1, H, W), 1 where a pixel is known.
        minimum: Lower limit, in the unit of the residual.

    Returns:
        (N, 1, 1, 1), at least `minimum`.

    Example:
        >>> residual = torch.tensor([0.3, 0.4, 0.0]).view(1, 1, 1, 3)
        >>> round(masked_rms(residual, torch.tensor([1.0, 1.0, 0.0]).view(1, 1, 1, 3)).item() ** 2, 6)
        0.125
    """
    known = valid.sum((1, 2, 3), keepdim=True).clamp(min=1) * residual.shape[1]
    square: Tensor = (residual * residual).sum((1, 2, 3), keepdim=True) / known
    return square.clamp(min=minimum**2).sqrt()


def pull_push(residual: Tensor, valid: Tensor) -> Tensor:
    """Interpolate into the holes from their rims, coarse to fine.

    Pixels in holes take the interpolated average of the known ones at half the resolution, and so on down to cells of
    16 pixels, which are zero without known pixels. At each resolution `SWEEPS` steps of smoothing join what was
    filled to what is known. Where a hole is a few pixels wide this is close to the smoothest surface through its rim.

    Args:
        residual: (N, C, H, W), an image minus its low-pass, zero in the holes; H and W are multiples of 16.
        valid: (N, 1, H, W), 1 where a pixel is known.

    Returns:
        (N, C, H, W), equal to `residual` where a pixel is known, and in its range elsewhere.

    Source: pull-push of Gortler et al., "The Lumigraph", SIGGRAPH 1996, section 3.4; the smoothing is Jacobi's.

    Example:
        >>> valid = torch.ones(1, 1, 16, 16)
        >>> valid[..., 4:8, 4:8] = 0
        >>> filled = pull_push(0.25 * valid, valid)
        >>> filled.min().item(), filled.max().item()
        (0.25, 0.25)
    """
    pyramid = [(residual, valid)]
    for _ in range(OCTAVES):
        total, count = pyramid[-1]
        pyramid.append((F.avg_pool2d(total, 2), F.avg_pool2d(count, 2)))
    total, count = pyramid.pop()
    filled = _fill(total, count, torch.zeros_like(total))
    while pyramid:
        total, count = pyramid.pop()
        filled = F.interpolate(filled, scale_factor=2.0, mode="bilinear", align_corners=False)
        filled = _fill(total, count, filled)
        for _ in range(SWEEPS):
            filled = torch.where(count > 0, filled, _smooth(filled))
    return filled


def _smooth(x: Tensor) -> Tensor:
    around = F.pad(x, (1, 1, 1, 1), mode="replicate")
    if x.device.type == "cpu":
        # `STENCIL` is (1, 2, 1) down times (1, 2, 1) across, without the centre, over 12. On processors these sums take
        # a fifth of the time of a convolution with one group for each channel.
        down = (around[..., :-2, :] + around[..., 2:, :]).add_(around[..., 1:-1, :], alpha=2)
        both = (down[..., :-2] + down[..., 2:]).add_(down[..., 1:-1], alpha=2)
        return both.sub_(x, alpha=4).div_(12)
    stencil = x.new_tensor(STENCIL).expand(x.shape[1], 1, 3, 3)
    # A convolution that autocast must not round: what it fills is part of the output.
    with torch.autocast(x.device.type, enabled=False):
        return F.conv2d(around, stencil, groups=x.shape[1])


def _half(x: Tensor) -> Tensor:
    # With an unknown border, which only odd sizes reach.
    return F.avg_pool2d(F.pad(x, (0, 1, 0, 1)), 2)


def _fill(total: Tensor, count: Tensor, otherwise: Tensor) -> Tensor:
    return torch.where(count > 0, total / count.clamp(min=1e-6), otherwise)
