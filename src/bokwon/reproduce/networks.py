"""Trains and exports the networks of an experiment one by one, and reuses them when it is continued."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from bokwon.export.model import export_checkpoint
from bokwon.nn.unet import PConvUNet, UNetConfig
from bokwon.nn.unet_config import Layer
from bokwon.reproduce.recipe import Progress
from bokwon.training.config import TrainConfig
from bokwon.training.load_config import override
from bokwon.training.loop import train
from bokwon.utilities.json_files import read_object

__all__ = ["Trained", "Variant", "equal_width", "parameters_of", "train_variants"]


@dataclass(frozen=True)
class Variant:
    """One of the networks that are compared.

    Attributes:
        name: Its name in tables and folders.
        changes: Settings in which it differs, `key=value`.
    """

    name: str
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trained:
    """A network that was trained.

    Attributes:
        name: The variant's name.
        model: Its model file.
        parameters: How many there are.
        steps: Optimiser steps.
        seconds: What they took.
    """

    name: str
    model: Path
    parameters: int
    steps: int
    seconds: float


def train_variants(out: Path, config: TrainConfig, variants: Sequence[Variant], progress: Progress) -> list[Trained]:
    """Train the variants on the same images and masks, with the same seed, and export them.

    A variant that has a model file is not trained again. An interrupted run continues from its last checkpoint.

    Args:
        out: The experiment's folder; runs go to `runs`, model files to `models`.
        config: Settings that all variants share.
        variants: How they differ.
        progress: Receives how many steps are made.

    Raises:
        BokwonError: As `bokwon.training.train`.
        Interrupted: A signal arrived; a checkpoint is written first.
    """
    models = out / "models"
    models.mkdir(exist_ok=True)
    found = []
    for variant in variants:
        chosen = override(config, variant.changes)
        model, run = models / f"{variant.name}.onnx", out / "runs" / variant.name
        # The card is written last.
        if not model.with_suffix(".json").exists():
            last = train(chosen, run, resume=True, progress=_report(progress(f"training {variant.name}"), chosen))
            export_checkpoint(last, model, half=False)
        card = read_object(model.with_suffix(".json"), "start the experiment anew in another folder")
        told = card["trained"]
        found.append(
            Trained(variant.name, model, int(card["architecture"]["parameters"]), told["step"], told["seconds"])
        )
    return found


def equal_width(config: UNetConfig, layer: Layer) -> int:
    """Return the width at which a network of another layer comes nearest to a network's parameter count.

    Args:
        config: The network.
        layer: The other layer.

    Example:
        >>> equal_width(UNetConfig(levels=4, width=24), "gated")  # two kernels in each layer: narrower by sqrt(2)
        17
    """
    if layer != "gated":
        return config.width

    def parameters(width: int) -> int:
        return parameters_of(replace(config, layer=layer, width=width, max_width=None))

    wanted = parameters_of(config)
    narrower = bisect.bisect_right(range(1, config.width + 1), wanted, key=parameters)
    return min((max(1, narrower), narrower + 1), key=lambda width: abs(parameters(width) - wanted))


def parameters_of(config: UNetConfig) -> int:
    """Return how many parameters a network has."""
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in PConvUNet(**asdict(config)).parameters())


def _report(report: Callable[[int, int], None], config: TrainConfig) -> Callable[[int, dict[str, float]], None]:
    def tell(step: int, figures: dict[str, float]) -> None:
        if config.minutes:
            report(round(figures["seconds"]), round(60 * config.minutes))
        else:
            report(step, config.total_steps)

    return tell
