"""Definitions of the loss terms, with their published weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bokwon.errors import ArgumentError

__all__ = ["PAPER", "PRESETS", "REIMPLEMENTATION", "LossDefinition"]


@dataclass(frozen=True)
class LossDefinition:
    """The definition of the loss terms, with their published weights.

    Attributes:
        tv_region: Where total variation is taken: between neighbours in the `hole` dilated by one pixel, or in the
            whole `composite`.
        joint_style: True returns style_out + style_comp as one term, `style`; False returns the two.
        normalised_pixels: True computes valid, hole and tv on images normalised by ImageNet's mean and std, False on
            images in [0, 1]. Perceptual and style always use normalised images; the feature network normalises them.
        default_weights: Name and weight of every term, in the order in which reports list them.

    Raises:
        ArgumentError: If `tv_region` has another value, or the weights do not name each term once.

    Source: Liu et al. 2018, section 3.3 (`PAPER`).

    Example:
        >>> import dataclasses
        >>> dataclasses.replace(PAPER, tv_region="composite").weights["style_out"]
        120.0
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
        """A new dict of the default weights."""
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

REIMPLEMENTATION = LossDefinition(
    tv_region="composite",
    joint_style=True,
    normalised_pixels=True,
    default_weights=(("valid", 1.0), ("hole", 6.0), ("tv", 2.0), ("perceptual", 0.05), ("style", 240.0)),
)
"""A variant known from re-implementations of the paper: five terms, pixels normalised."""

PRESETS: Mapping[str, LossDefinition] = {"paper": PAPER, "reimplementation": REIMPLEMENTATION}
