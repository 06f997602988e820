"""The terms of the loss, one function for each."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from bokwon.errors import ArgumentError
from bokwon.nn.activation import Context
from bokwon.nn.features import IMAGENET_STD
from bokwon.nn.losses.weights import LossDefinition
from bokwon.nn.window_sums import dilate

__all__ = ["feature_distance", "feature_terms", "gram", "l1_terms", "make_composite", "pixel_terms", "total_variation"]


def make_composite(output: Tensor, image: Tensor, valid: Tensor) -> Tensor:
    """Return the composite: `image` where valid, `output` in the hole, bit for bit.

    Args:
        output: `(N, C, H, W)`.
        image: Same shape, the network's input, or the ground truth in training.
        valid: `(N, 1, H, W)`, 1 known, 0 hole.

    Returns:
        `(N, C, H, W)`.

    Source: Liu et al. 2018, section 3.3, I_comp.

    Example:
        >>> output, image = torch.full((1, 1, 1, 2), 0.7), torch.full((1, 1, 1, 2), 0.2)
        >>> composite = make_composite(output, image, torch.tensor([1.0, 0.0]).view(1, 1, 1, 2))
        >>> torch.equal(composite[..., 0], image[..., 0]), torch.equal(composite[..., 1], output[..., 1])
        (True, True)
    """
    return torch.where(valid.bool(), image, output)


def l1_terms(output: Tensor, truth: Tensor, valid: Tensor, definition: LossDefinition) -> dict[str, Tensor]:
    """Return the terms valid and hole. Each is a mean over all N x C x H x W elements, not only over the hole.

    Source: Liu et al. 2018, section 3.3; for the denominator, the authors in NVIDIA/partialconv, issue 9.

    Args:
        output: `(N, 3, H, W)` in [0, 1], as is the next.
        truth: The undamaged images.
        valid: `(N, 1, H, W)`, 1 known, 0 hole.
        definition: Scale of the pixels.

    Returns:
        Scalars "valid" and "hole".

    Example:
        >>> truth, valid = torch.zeros(1, 3, 2, 2), torch.tensor([1.0, 1.0, 1.0, 0.0]).view(1, 1, 2, 2)
        >>> from bokwon.nn.losses import PAPER
        >>> {name: float(term) for name, term in l1_terms(truth + 0.5, truth, valid, PAPER).items()}
        {'valid': 0.375, 'hole': 0.125}
    """
    distance = (output - truth).abs()
    if definition.normalised_pixels:
        # The means cancel in every difference.
        distance = distance * _scale(output)
    # Channels first: a mask multiplied into three interleaved channels costs as much as into sixteen.
    distance = distance.sum(1, keepdim=True)
    return {
        "valid": (distance * valid).sum() / output.numel(),
        "hole": (distance * (1 - valid)).sum() / output.numel(),
    }


def pixel_terms(
    output: Tensor, composite: Tensor, truth: Tensor, valid: Tensor, definition: LossDefinition
) -> dict[str, Tensor]:
    """Return valid, hole and tv.

    Source: Liu et al. 2018, section 3.3.

    Args:
        output: `(N, 3, H, W)` in [0, 1], as are the next two.
        composite: Output in the hole, known pixels outside.
        truth: The undamaged images.
        valid: `(N, 1, H, W)`, 1 known, 0 hole.
        definition: Scale of the pixels and region of tv.

    Returns:
        Scalars "valid", "hole" and "tv".

    Example:
        >>> from bokwon.nn.losses import PAPER
        >>> image, valid = torch.full((1, 3, 4, 4), 0.5), torch.zeros(1, 1, 4, 4)
        >>> {name: float(term) for name, term in pixel_terms(image, image, image, valid, PAPER).items()}
        {'valid': 0.0, 'hole': 0.0, 'tv': 0.0}
    """
    terms = l1_terms(output, truth, valid, definition)
    if definition.normalised_pixels:
        composite = composite * _scale(composite)
    terms["tv"] = total_variation(composite, dilate(1 - valid) if definition.tv_region == "hole" else None)
    return terms


def total_variation(images: Tensor, region: Tensor | None = None) -> Tensor:
    """Return the L1 distance between right and lower neighbours, summed and divided by the number of elements.

    Source: Liu et al. 2018, section 3.3, L_tv.

    Args:
        images: `(N, C, H, W)`.
        region: `(N, 1, H, W)`. A pair counts if both of its pixels are 1. None: every pair counts.

    Returns:
        A scalar, in the unit of the images.

    Example:
        >>> total_variation(torch.tensor([0.0, 1.0, 1.0, 3.0]).view(1, 1, 1, 4)).item()  # (1 + 0 + 2) / 4
        0.75
    """
    across = (images[..., :, 1:] - images[..., :, :-1]).abs()
    down = (images[..., 1:, :] - images[..., :-1, :]).abs()
    if region is not None:
        across = across.sum(1, keepdim=True) * (region[..., :, 1:] * region[..., :, :-1])
        down = down.sum(1, keepdim=True) * (region[..., 1:, :] * region[..., :-1, :])
    return (across.sum() + down.sum()) / images.numel()


def gram(features: Tensor) -> Tensor:
    """Return the Gram matrix: inner products of the channels over all positions, divided by C H W.

    Source: Liu et al. 2018, section 3.3, K_p.

    Args:
        features: `(N, C, H, W)`, any float dtype. Sums are in at least float32, also under autocast.

    Returns:
        `(N, C, C)` in at least float32.

    Example:
        >>> gram(torch.tensor([[1.0, 2.0], [3.0, 4.0]]).view(1, 2, 1, 2)).mul(4).tolist()
        [[[5.0, 11.0], [11.0, 25.0]]]
    """
    channels, height, width = features.shape[1:]
    # Positions before channels: no copy in channels_last.
    rows = features.permute(0, 2, 3, 1).flatten(1, 2)
    rows = rows.to(torch.promote_types(rows.dtype, torch.float32))
    with torch.autocast(features.device.type, enabled=False):
        products: Tensor = _Products.apply(rows)
        return products / (channels * height * width)


class _Products(torch.autograd.Function):
    """Inner products of the columns (N, P, C) with each other. The gradient takes one matrix product instead of two."""

    @staticmethod
    def forward(ctx: Context, rows: Tensor) -> Tensor:
        ctx.save_for_backward(rows)
        return torch.bmm(rows.transpose(1, 2), rows)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Context, gradient: Tensor) -> Tensor:
        return torch.bmm(ctx.saved_tensors[0], gradient + gradient.transpose(1, 2))


def feature_terms(maps: Sequence[Tensor], truth_maps: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """Return the perceptual term (output plus composite), style_out and style_comp.

    Mean absolute differences, of the maps and of their Gram matrices, summed over the maps.

    Source: Liu et al. 2018, section 3.3, L_perceptual, L_style_out, L_style_comp.

    Args:
        maps: Feature maps `(2N, C, h, w)` of the outputs, then of the composites.
        truth_maps: Those of the ground truth, `(N, C, h, w)`.

    Returns:
        Three scalars of at least float32.

    Raises:
        ArgumentError: If the two do not match.

    Example:
        >>> maps = [torch.tensor([[1.0, 2.0], [3.0, 4.0]]).view(2, 1, 1, 2)]
        >>> [float(term) for term in feature_terms(maps, [torch.zeros(1, 1, 1, 2)])]
        [5.0, 2.5, 12.5]
    """
    expected = [(each.shape[0] // 2, *each.shape[1:]) for each in maps]
    given = [tuple(each.shape) for each in truth_maps]
    if given != expected:
        raise ArgumentError(
            f"ground-truth features have shapes {given}, not {expected}",
            "compute them from the same images by the same network",
        )
    perceptual, style = [], []
    for both, truth in zip(maps, truth_maps, strict=True):
        # (2, N, ...): output and composite are compared with the same ground truth in one operation.
        difference = both.reshape(2, *truth.shape) - truth
        total = difference.abs().sum(dtype=torch.promote_types(difference.dtype, torch.float32))
        perceptual.append(total / truth.numel())
        style.append((gram(both).reshape(2, *truth.shape[:2], -1) - gram(truth)).abs().mean(dim=(1, 2, 3)))
    style_out, style_comp = torch.stack(style).sum(dim=0).unbind()
    return torch.stack(perceptual).sum(), style_out, style_comp


def feature_distance(first: Sequence[Tensor], second: Sequence[Tensor]) -> Tensor:
    """Return the distance between feature maps, as in LPIPS.

    At every position, the features of a map are scaled to length 1. Squared differences are summed over the channels,
    averaged over the positions, and summed over the maps:
    `sum over taps of mean over (h, w) of |a / |a| - b / |b||^2`. This is LPIPS with all its learned weights equal to 1.
    Features after a ReLU are not negative, so each map adds a value from 0 to 2.

    Args:
        first: Maps (N, C, H, W), one per tap.
        second: Maps of the same shapes.

    Returns:
        (N,).

    Source: Zhang, Isola, Efros, Shechtman, Wang, "The Unreasonable Effectiveness of Deep Features as a Perceptual
        Metric", CVPR 2018, equation 1.

    Example:
        >>> across, down = torch.tensor([3.0, 0.0]).view(1, 2, 1, 1), torch.tensor([0.0, 5.0]).view(1, 2, 1, 1)
        >>> feature_distance([across], [down]).tolist(), feature_distance([across], [2 * across]).tolist()
        ([2.0], [0.0])
    """
    parts = [(_unit(a) - _unit(b)).square().sum(dim=1).mean(dim=(1, 2)) for a, b in zip(first, second, strict=True)]
    return torch.stack(parts).sum(dim=0)


def _scale(images: Tensor) -> Tensor:
    return 1 / images.new_tensor(IMAGENET_STD).view(1, 3, 1, 1)


def _unit(features: Tensor) -> Tensor:
    # Features that are all zero have no direction. They stay zero, and so does their gradient: without the limit
    # the gradient of the root would be infinite.
    features = features.to(torch.promote_types(features.dtype, torch.float32))
    return features / features.square().sum(dim=1, keepdim=True).clamp_min(1e-20).sqrt()
