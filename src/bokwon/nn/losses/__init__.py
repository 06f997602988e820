"""The six terms of the paper, their weights and their sum."""

from bokwon.nn.losses.terms import (
    feature_distance,
    feature_terms,
    gram,
    l1_terms,
    make_composite,
    pixel_terms,
    total_variation,
)
from bokwon.nn.losses.total import l1_losses, losses, weighted_sum
from bokwon.nn.losses.weights import PAPER, PRESETS, SEED, LossDefinition

__all__ = [
    "PAPER",
    "PRESETS",
    "SEED",
    "LossDefinition",
    "feature_distance",
    "feature_terms",
    "gram",
    "l1_losses",
    "l1_terms",
    "losses",
    "make_composite",
    "pixel_terms",
    "total_variation",
    "weighted_sum",
]
