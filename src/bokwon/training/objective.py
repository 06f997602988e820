"""The loss of a run: which terms at which step, and what they weigh."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from bokwon.nn.features import VGGFeatures
from bokwon.nn.losses import PRESETS, losses, weighted_sum
from bokwon.training.config import LossConfig, TrainConfig

__all__ = ["Objective", "loss_weights", "squared_in_holes"]

_PIXEL_TERMS = ("valid", "hole")


def loss_weights(config: LossConfig) -> dict[str, float]:
    """Return the weight of every term: the definition's, or what the configuration says.

    Args:
        config: Definition and weights.

    Returns:
        Weights by name, in the definition's order.
    """
    weights = PRESETS[config.terms].weights
    for name in weights:
        chosen = getattr(config, name)
        if chosen is not None:
            weights[name] = chosen
    return weights


def squared_in_holes(output: Tensor, truth: Tensor, valid: Tensor) -> Tensor:
    """Mean squared distance over the elements in holes.

    Args:
        output: (N, 3, H, W).
        truth: (N, 3, H, W).
        valid: (N, 1, H, W), 1 where a pixel is known.

    Returns:
        A scalar; 0 without holes.
    """
    hole = 1 - valid
    return ((output - truth).square().mean(1, keepdim=True) * hole).sum() / hole.sum().clamp(min=1)


class Objective:
    """The weighted sum of the loss terms, and how it changes in the course of a run.

    The feature network is no part of the trained network: no checkpoint carries it.

    Args:
        config: The run.
        device: Where the feature network works.
        dtype: Type the feature network computes in.

    Raises:
        BokwonError: If the feature network's weights cannot be had.
    """

    def __init__(self, config: TrainConfig, device: torch.device, dtype: torch.dtype = torch.float32) -> None:
        self.config = config.loss
        self.definition = PRESETS[config.loss.terms]
        self.weights = loss_weights(config.loss)
        self.first_with_all = round(config.loss.features_from * config.total_steps)
        self.features: VGGFeatures | None = None
        if config.loss.features != "none":
            weights = Path(config.loss.features_file) if config.loss.features_file else None
            self.features = VGGFeatures(config.loss.features, weights).to(device, dtype)

    def __call__(self, step: int, output: Tensor, truth: Tensor, valid: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Compare an output with the truth.

        Args:
            step: Step from 0.
            output: (N, 3, H, W), any float type.
            truth: (N, 3, H, W) in [0, 1].
            valid: (N, 1, H, W), 1 where a pixel is known.

        Returns:
            The weighted sum, and the unweighted terms by name, detached.
        """
        everything = step >= self.first_with_all
        terms = losses(
            output.float(), truth, valid, features=self.features if everything else None, definition=self.definition
        )
        if not everything:
            terms = {name: terms[name] for name in _PIXEL_TERMS}
        if self.config.average == "region":
            # From means over the image to means over the pixels that the term is about.
            known = valid.mean()
            least = 1 / valid.numel()
            terms["hole"] = terms["hole"] / (1 - known).clamp(min=least)
            terms["valid"] = terms["valid"] / known.clamp(min=least)
        total = weighted_sum(terms, {name: self.weights[name] for name in terms})
        if self.config.square:
            terms["square"] = squared_in_holes(output.float(), truth, valid)
            total = total + self.config.square * terms["square"]
        return total, {name: term.detach() for name, term in terms.items()}
