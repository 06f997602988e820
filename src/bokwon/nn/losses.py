"""The six loss terms of the paper, their variants, and their weighted sum."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from bokwon.errors import ArgumentError
from bokwon.nn.features import IMAGENET_STD

__all__ = [
    "PAPER",
    "PRESETS",
    "SEED",
    "LossDefinition",
    "feature_terms",
    "gram",
    "losses",
    "make_composite",
    "pixel_terms",
    "total_variation",
    "weighted_sum",
]

FeatureExtractor: TypeAlias = Callable[[Tensor], Sequence[Tensor]]


@dataclass(frozen=True)
class LossDefinition:
    """What the terms are and the weights published with them.

    Attributes:
        tv_region: Where total variation counts: between neighbours that both lie in the `hole` dilated by one pixel,
            or everywhere in the `composite`.
        joint_style: True returns style_out + style_comp as one term, `style`; False returns the two.
        normalised_pixels: True takes valid, hole and tv on images after ImageNet mean/std normalisation; False in
            [0, 1]. Perceptual and style always see normalised images, normalised once, by the feature network.
        default_weights: Name and weight of every term, in the order of reports.
    """

    tv_region: Literal["hole", "composite"]
    joint_style: bool
    normalised_pixels: bool
    default_weights: tuple[tuple[str, float], ...]

    def __post_init__(self) -> None:
        if self.tv_region not in ("hole", "composite"):
            raise ArgumentError(f"tv_region is {self.tv_region!r}", "use 'hole' or 'composite'")
        style = ["style"] if self.joint_style else ["style_out", "style_comp"]
        expected = sorted(["valid", "hole", "perceptual", "tv", *style])
        names = [name for name, _ in self.default_weights]
        if sorted(names) != expected:
            raise ArgumentError(f"weights name {', '.join(names)}", f"name each once: {', '.join(expected)}")

    @property
    def weights(self) -> dict[str, float]:
        """A fresh dict of the default weights, for `weighted_sum` or to change."""
        return dict(self.default_weights)


PAPER = LossDefinition(
    tv_region="hole",
    joint_style=False,
    normalised_pixels=False,
    default_weights=(
        ("valid", 1.0),
        ("hole", 6.0),
        ("perceptual", 0.05),
        ("style_out", 120.0),
        ("style_comp", 120.0),
        ("tv", 0.1),
    ),
)
"""L_total of Liu et al. 2018, section 3.3."""

SEED = LossDefinition(
    tv_region="composite",
    joint_style=True,
    normalised_pixels=True,
    default_weights=(("valid", 1.0), ("hole", 6.0), ("tv", 2.0), ("perceptual", 0.05), ("style", 240.0)),
)
"""As in a review's re-implementation of the paper: five terms, pixels normalised."""

PRESETS: Mapping[str, LossDefinition] = {"paper": PAPER, "seed": SEED}


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
        definition: What the terms are.

    Returns:
        Scalars of at least float32, in the definition's order: valid, hole, perceptual, style_out, style_comp, tv
        for `PAPER`; valid, hole, tv, perceptual, style for `SEED`.

    Raises:
        ArgumentError: If shapes disagree or `valid` is not a mask of zeros and ones.
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


def weighted_sum(terms: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """Return the sum of weight x term, a scalar.

    Args:
        terms: What `losses` returned.
        weights: A finite weight >= 0 for every term. A name without a term must have weight 0.

    Raises:
        ArgumentError: If a term has no weight or a weight no term, a weight is negative or not finite, or all are 0.
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


def make_composite(output: Tensor, image: Tensor, valid: Tensor) -> Tensor:
    """Return `image` where valid, `output` in the hole, bit for bit.

    Args:
        output: `(N, C, H, W)`.
        image: Same shape; what stands outside the hole: the network's input, or the ground truth in training.
        valid: `(N, 1, H, W)`, 1 known, 0 hole.
    """
    return torch.where(valid.bool(), image, output)


def pixel_terms(
    output: Tensor, composite: Tensor, truth: Tensor, valid: Tensor, definition: LossDefinition
) -> dict[str, Tensor]:
    """Return valid, hole and tv: each a mean over all N x C x H x W elements, however small the hole.

    Source: Liu et al. 2018, section 3.3; the authors on the denominator in NVIDIA/partialconv, issue 9.

    Args:
        output: `(N, 3, H, W)` in [0, 1], as are the next two.
        composite: Output in the hole, known pixels outside.
        truth: The undamaged images.
        valid: `(N, 1, H, W)`, 1 known, 0 hole.
        definition: Scale of the pixels and region of tv.
    """
    if definition.normalised_pixels:
        # The means cancel in every difference.
        scale = 1 / output.new_tensor(IMAGENET_STD).view(1, 3, 1, 1)
        output, composite, truth = output * scale, composite * scale, truth * scale
    distance = (output - truth).abs()
    hole = 1 - valid
    region = F.max_pool2d(hole, kernel_size=3, stride=1, padding=1) if definition.tv_region == "hole" else None
    return {
        "valid": (distance * valid).mean(),
        "hole": (distance * hole).mean(),
        "tv": total_variation(composite, region),
    }


def total_variation(images: Tensor, region: Tensor | None = None) -> Tensor:
    """Return the L1 distance between right and lower neighbours, summed and divided by the number of elements.

    Source: Liu et al. 2018, section 3.3, L_tv.

    Args:
        images: `(N, C, H, W)`.
        region: `(N, 1, H, W)`, 1 where a pixel counts: only pairs with both in the region do. None: every pair.
    """
    across = (images[..., :, 1:] - images[..., :, :-1]).abs()
    down = (images[..., 1:, :] - images[..., :-1, :]).abs()
    if region is not None:
        across = across * (region[..., :, 1:] * region[..., :, :-1])
        down = down * (region[..., 1:, :] * region[..., :-1, :])
    return (across.sum() + down.sum()) / images.numel()


def gram(features: Tensor) -> Tensor:
    """Return the channels' inner products over all positions, times 1 / (C H W).

    Source: Liu et al. 2018, section 3.3, K_p.

    Args:
        features: `(N, C, H, W)`, any float dtype; summed in at least float32, also under autocast.

    Returns:
        `(N, C, C)` in at least float32.
    """
    channels, height, width = features.shape[1:]
    # Positions before channels: no copy in channels_last.
    rows = features.permute(0, 2, 3, 1).flatten(1, 2)
    rows = rows.to(torch.promote_types(rows.dtype, torch.float32))
    with torch.autocast(features.device.type, enabled=False):
        return torch.bmm(rows.transpose(1, 2), rows) / (channels * height * width)


def feature_terms(maps: Sequence[Tensor], truth_maps: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """Return the perceptual term (output plus composite), style_out and style_comp.

    Mean absolute differences, of the maps and of their Gram matrices, summed over the maps.

    Source: Liu et al. 2018, section 3.3, L_perceptual, L_style_out, L_style_comp.

    Args:
        maps: Feature maps `(2N, C, h, w)` of the outputs, then of the composites.
        truth_maps: Those of the ground truth, `(N, C, h, w)`.

    Raises:
        ArgumentError: If the two do not match.
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
    """Return the mask with one channel, after refusing what is none."""
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
            "valid is no mask: it has values besides 0 and 1, or channels that differ",
            "do not normalise masks like images, threshold them after loading, resize them with nearest neighbour",
        )
    return one
