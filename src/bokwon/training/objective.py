"""The loss of a run: its terms and weights at each step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bokwon.nn.features import VGGFeatures
from bokwon.nn.losses.terms import feature_distance
from bokwon.nn.losses.total import l1_losses, losses, weighted_sum
from bokwon.nn.losses.weights import PRESETS
from bokwon.training.config import LossConfig, TrainConfig

__all__ = ["Objective", "charbonnier_in_holes", "loss_weights", "psnr_in_holes", "squared_in_holes", "windows"]

BEST_PSNR = 40.0
"""PSNR of a perfect fill, dB. It keeps the logarithm from following noise below 1 % of the range."""
_NEAR = 0.02
"""Distance, as a share of the range, below which an output counts as right."""


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
    return _mean_in_holes((output - truth).square().mean(1, keepdim=True), valid)


def charbonnier_in_holes(output: Tensor, truth: Tensor, valid: Tensor, doubt: float = 1.0) -> Tensor:
    """Mean over the pixels in holes of a generalised Charbonnier distance, (d^2 + 0.02^2)^(1/4).

    The squared distance is smallest at the mean of the possible values, and L1 at the median. This distance grows ever
    more slowly and is smallest near the mode: ink where ink is likely, else paper, and no gray between them.

    Args:
        output: (N, 3, H, W).
        truth: (N, 3, H, W) in [0, 1].
        valid: (N, 1, H, W), 1 where a pixel is known.
        doubt: Factor for pixels that are nearer to ink than the truth. With 2, ink has to be twice as likely as paper.
            The most common value of an image counts as its paper, dark or bright.

    Returns:
        A scalar; 0 without holes. d is the root mean square of a pixel's distance over its channels.

    Source: Sun, Roth and Black, "Secrets of optical flow estimation and their principles", CVPR 2010, section 3.
    """
    difference = output - truth
    distance = (difference.square().mean(1, keepdim=True) + _NEAR**2) ** 0.25
    if doubt != 1.0:
        light = truth.mean(1, keepdim=True)
        # The few values far from the mean are ink; paper is on the other side.
        skewness = (light - light.mean((2, 3), keepdim=True)).pow(3).mean((2, 3), keepdim=True)
        too_much_ink = difference.detach().mean(1, keepdim=True) * skewness > 0
        distance = torch.where(too_much_ink, doubt * distance, distance)
    return _mean_in_holes(distance, valid)


def _mean_in_holes(distance: Tensor, valid: Tensor) -> Tensor:
    hole = 1 - valid
    return (distance * hole).sum() / hole.sum().clamp(min=1)


def psnr_in_holes(output: Tensor, truth: Tensor, valid: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in the hole, image by image, averaged over the images that have one.

    This is what evaluation measures. Large and small holes count alike. So does the same relative reduction of the
    error on a blank and on a full page.

    Args:
        output: (N, 3, H, W).
        truth: (N, 3, H, W) in [0, 1].
        valid: (N, 1, H, W), 1 where a pixel is known.

    Returns:
        A scalar, dB, below `BEST_PSNR`; 0 without holes.
    """
    hole = 1 - valid
    missing = hole.sum((1, 2, 3))
    error = ((output - truth).square().mean(1, keepdim=True) * hole).sum((1, 2, 3)) / missing.clamp(min=1)
    ratio = -10 * torch.log10(error + 10 ** (-BEST_PSNR / 10))
    damaged = (missing > 0).to(ratio.dtype)
    return (ratio * damaged).sum() / damaged.sum().clamp(min=1)


def windows(images: Sequence[Tensor], size: int, step: int) -> tuple[Tensor, ...]:
    """Cut one window out of every image, at the same places of each of the given batches.

    Args:
        images: Batches (N, C, H, W) of the same N, H and W.
        size: Side, pixels; 0, or a side that is not below the images', gives the images themselves.
        step: The places depend on it alone, so that a resumed run takes the same.

    Returns:
        Batches (N, C, size, size).
    """
    count, _, height, width = images[0].shape
    if not 0 < size < min(height, width):
        return tuple(images)
    rng = np.random.default_rng((size, step))
    tops = rng.integers(height - size + 1, size=count)
    lefts = rng.integers(width - size + 1, size=count)
    return tuple(
        torch.stack([image[:, y : y + size, x : x + size] for image, y, x in zip(batch, tops, lefts, strict=True)])
        for batch in images
    )


class Objective:
    """The weighted sum of the loss terms, and how it changes in the course of a run.

    The feature network is not part of the trained network and of no checkpoint.

    Args:
        config: The run.
        device: Where the feature network works.
        dtype: Type the feature network computes in.

    Raises:
        BokwonError: If the weights of the feature network are not available.
    """

    def __init__(self, config: TrainConfig, device: torch.device, dtype: torch.dtype = torch.float32) -> None:
        self.config = config.loss
        self.definition = PRESETS[config.loss.terms]
        self.weights = loss_weights(config.loss)
        self.first_with_all = round(config.loss.features_from * config.total_steps)
        self.features: VGGFeatures | None = None
        if config.loss.features != "none":
            weights = Path(config.loss.features_file) if config.loss.features_file else None
            self.features = VGGFeatures(config.loss.features, weights, fast=True).to(device, dtype)

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
        output = output.float()
        terms = l1_losses(output, truth, valid, definition=self.definition)
        if everything:
            parts = windows((output, truth, valid), self.config.features_crop, step)
            maps: list[Sequence[Tensor]] = []
            everywhere = losses(*parts, features=self._recorded(maps), definition=self.definition)
            terms = {name: terms.get(name, term) for name, term in everywhere.items()}
        if self.config.average == "region":
            # From means over the image to means over the pixels that the term is about.
            known = valid.mean()
            least = 1 / valid.numel()
            terms["hole"] = terms["hole"] / (1 - known).clamp(min=least)
            terms["valid"] = terms["valid"] / known.clamp(min=least)
        total = weighted_sum(terms, {name: self.weights[name] for name in terms})
        if self.config.square:
            terms["square"] = squared_in_holes(output, truth, valid)
            total = total + self.config.square * terms["square"]
        if self.config.charbonnier:
            terms["charbonnier"] = charbonnier_in_holes(output, truth, valid, self.config.doubt)
            total = total + self.config.charbonnier * terms["charbonnier"]
        if self.config.psnr:
            terms["psnr"] = psnr_in_holes(output, truth, valid)
            total = total - self.config.psnr * terms["psnr"]
        if everything and self.config.feature_distance:
            # The maps of the truth; of the outputs, then the composites.
            wanted, both = maps
            composites = [each.chunk(2)[1] for each in both]
            terms["feature_distance"] = feature_distance(composites, wanted).mean()
            total = total + self.config.feature_distance * terms["feature_distance"]
        return total, {name: term.detach() for name, term in terms.items()}

    def _recorded(self, maps: list[Sequence[Tensor]]) -> Callable[[Tensor], Sequence[Tensor]] | None:
        """Return the feature network, such that every result is added to `maps` as well: it costs most of a step."""
        network = self.features
        if network is None:
            return None

        def features(images: Tensor) -> Sequence[Tensor]:
            maps.append(network(images))
            return maps[-1]

        return features
