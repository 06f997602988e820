"""The six loss terms of the paper, their variants, and their weighted sum."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import torch
from torch import Tensor

from bokwon.errors import ArgumentError
from bokwon.nn.losses.terms import feature_terms, l1_terms, make_composite, pixel_terms
from bokwon.nn.losses.weights import PAPER, LossDefinition

__all__ = ["l1_losses", "losses", "weighted_sum"]

FeatureExtractor: TypeAlias = Callable[[Tensor], Sequence[Tensor]]


def losses(
    output: Tensor,
    truth: Tensor,
    valid: Tensor,
    *,
    features: FeatureExtractor | None = None,
    composite: Tensor | None = None,
    truth_features: Sequence[Tensor] | None = None,
    definition: LossDefinition = PAPER,
) -> dict[str, Tensor]:
    """Return every loss term by name, unweighted; `weighted_sum` adds them up.

    Source: Liu et al. 2018, section 3.3.

    Args:
        output: The network's prediction, `(N, 3, H, W)` in [0, 1], any float dtype. Gradients reach it.
        truth: The undamaged images, same shape. Gradients do not reach it.
        valid: 1 where pixels are known, 0 in the hole: floats `(N, 1, H, W)`, or `(N, 3, H, W)` with equal channels.
        features: `VGGFeatures`, or another function from images `(B, 3, H, W)` to feature maps `(B, C, h, w)`. None
            leaves the perceptual and style terms out.
        composite: Output in the hole, input outside; from `truth` and `output` by default.
        truth_features: `features(truth)` if it is known already; otherwise computed here, without gradient.
        definition: Definition of the terms.

    Returns:
        Scalars of at least float32, in the definition's order: valid, hole, perceptual, style_out, style_comp, tv
        for `PAPER`; valid, hole, tv, perceptual, style for `REIMPLEMENTATION`.

    Raises:
        ArgumentError: If shapes differ or `valid` has values other than 0 and 1.

    Example:
        >>> truth, valid = torch.rand(2, 3, 16, 16), torch.ones(2, 1, 16, 16)
        >>> valid[..., 4:8, 4:8] = 0
        >>> terms = losses(truth * 0.9, truth, valid, features=lambda images: [images])
        >>> list(terms)
        ['valid', 'hole', 'perceptual', 'style_out', 'style_comp', 'tv']
        >>> weighted_sum(terms, PAPER.weights).shape
        torch.Size([])
    """
    _check_images(output, truth, composite)
    known = _mask(valid, output)
    # Differences of pixels and sums over a whole batch need more digits than bfloat16 has.
    dtype = torch.promote_types(output.dtype, torch.float32)
    output, truth, known = output.to(dtype), truth.detach().to(dtype), known.to(dtype)
    composite = make_composite(output, truth, known) if composite is None else composite.to(dtype)

    terms = pixel_terms(output, composite, truth, known, definition)
    if features is not None:
        if truth_features is None:
            with torch.no_grad():
                truth_features = features(truth)
        # One pass for output and composite.
        maps = features(torch.cat([output, composite]))
        perceptual, style_out, style_comp = feature_terms(maps, truth_features)
        style = {"style": style_out + style_comp, "style_out": style_out, "style_comp": style_comp}
        terms |= {"perceptual": perceptual, **style}
    elif truth_features is not None:
        raise ArgumentError("truth_features are given without features", "pass the network that made them as well")
    return {name: terms[name] for name, _ in definition.default_weights if name in terms}


def l1_losses(output: Tensor, truth: Tensor, valid: Tensor, *, definition: LossDefinition = PAPER) -> dict[str, Tensor]:
    """Return only the terms valid and hole, unweighted, as `losses` does.

    Args:
        output: The network's prediction, `(N, 3, H, W)` in [0, 1], any float dtype.
        truth: The undamaged images, same shape.
        valid: 1 where pixels are known, 0 in the hole.
        definition: Definition of the terms.

    Returns:
        Scalars of at least float32.

    Raises:
        ArgumentError: If shapes differ or `valid` has values other than 0 and 1.

    Source: Liu et al. 2018, section 3.3, L_valid and L_hole.

    Example:
        >>> truth, valid = torch.zeros(1, 3, 2, 2), torch.tensor([1.0, 1.0, 1.0, 0.0]).view(1, 1, 2, 2)
        >>> {name: float(term) for name, term in l1_losses(truth + 0.5, truth, valid).items()}
        {'valid': 0.375, 'hole': 0.125}
    """
    _check_images(output, truth, None)
    known = _mask(valid, output)
    dtype = torch.promote_types(output.dtype, torch.float32)
    return l1_terms(output.to(dtype), truth.detach().to(dtype), known.to(dtype), definition)


def weighted_sum(terms: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """Return the sum of weight x term.

    Args:
        terms: What `losses` returned.
        weights: A finite weight >= 0 for every term. A name without a term must have weight 0.

    Returns:
        A scalar.

    Raises:
        ArgumentError: If a term has no weight, a weight other than 0 has no term, a weight is negative or not finite,
            or all weights are 0.

    Source: Liu et al. 2018, equation of L_total in section 3.3.

    Example:
        >>> weighted_sum({"valid": torch.tensor(2.0), "hole": torch.tensor(0.5)}, {"valid": 1, "hole": 6}).item()
        5.0
    """
    for name in terms.keys() - weights.keys():
        raise ArgumentError(f"no weight for the loss term {name!r}", "add one (0 leaves the term out of the sum)")
    for name, weight in weights.items():
        if not math.isfinite(weight) or weight < 0:
            raise ArgumentError(f"loss weight {name} is {weight}", "use a finite number >= 0")
        if weight and name not in terms:
            raise ArgumentError(
                f"a weight for {name!r}, but no such term among {', '.join(terms)}",
                "drop it or set it to 0; perceptual and style terms need a feature network",
            )
    used = [terms[name] * weights[name] for name in terms if weights[name]]
    if not used:
        raise ArgumentError("all loss weights are 0", "give at least one term a weight")
    return torch.stack(used).sum()


def _check_images(output: Tensor, truth: Tensor, composite: Tensor | None) -> None:
    images = {"output": output, "truth": truth} | ({} if composite is None else {"composite": composite})
    for name, tensor in images.items():
        if tensor.ndim != 4 or tensor.shape[1] != 3 or not tensor.is_floating_point():
            raise ArgumentError(
                f"{name} is {tensor.dtype} of shape {tuple(tensor.shape)}", "pass floats (N, 3, H, W) in [0, 1]"
            )
        if tensor.shape != output.shape:
            shapes = f"{tuple(tensor.shape)}, output {tuple(output.shape)}"
            raise ArgumentError(f"{name} has shape {shapes}", "pass images of one shape")


def _mask(valid: Tensor, output: Tensor) -> Tensor:
    """Check the mask, and return it with one channel."""
    size, batch = tuple(output.shape[2:]), output.shape[0]
    if tuple(valid.shape) not in ((batch, 1, *size), (batch, 3, *size)):
        raise ArgumentError(
            f"valid has shape {tuple(valid.shape)}, the images {tuple(output.shape)}",
            "pass (N, 1, H, W); bring a mask to the images' size with nearest-neighbour interpolation",
        )
    if not valid.is_floating_point():
        # A bool array is a hole everywhere else in bokwon, where True means missing.
        raise ArgumentError(f"valid is {valid.dtype}", "pass floats, 1 known and 0 hole: `(~hole).float()`")
    one = valid[:, :1]
    if not bool(((one == 0) | (one == 1)).all()) or (valid.shape[1] == 3 and not bool((valid == one).all())):
        raise ArgumentError(
            "valid is not a mask: it has values besides 0 and 1, or channels that differ",
            "do not normalise masks like images, threshold them after loading, resize them with nearest neighbour",
        )
    return one
