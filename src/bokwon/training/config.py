"""The configuration of a training run: frozen dataclasses that check their values. `load_config` reads TOML."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from bokwon.errors import ArgumentError
from bokwon.nn.unet import UNetConfig
from bokwon.training.data.config import DataConfig, HubConfig, PagesConfig

__all__ = [
    "DataConfig",
    "FinetuneConfig",
    "HubConfig",
    "LossConfig",
    "OptimizerConfig",
    "PagesConfig",
    "TrainConfig",
]

Schedule = Literal["cosine", "constant"]

_TERMS = ("valid", "hole", "perceptual", "style_out", "style_comp", "style", "tv")


@dataclass(frozen=True)
class LossConfig:
    """The terms of the loss and their weights.

    Args:
        terms: Definition of the terms and their default weights, "paper" or "reimplementation"; see
            docs/research/losses.md.
        average: What `hole` and `valid` are averaged over: the whole "image", as in the paper, or their "region", that
            is the pixels of the hole or the known pixels. With "region", small holes count as much as large ones.
        features: Network of the perceptual and style terms: "vgg16", "vgg19", or "none" to leave these terms out.
        features_file: File of its weights. If empty, torchvision's ImageNet weights are downloaded once.
        features_from: Share of the run after which the perceptual, style and total variation terms are added to the L1
            terms; 0 uses all terms from the start.
        features_crop: Side of a random window in each image, pixels, for the perceptual, style and total variation
            terms; 0 uses the whole crop, as in the paper. Half the side needs a quarter of the time, which makes
            training with these terms possible without a GPU.
        valid: Weight of the L1 term on known pixels. For this and the next six weights, None takes that of the
            definition.
        hole: Weight of the L1 term in holes.
        perceptual: Weight of the distance of feature maps.
        style_out: Weight of the distance of the output's Gram matrices (only for "paper").
        style_comp: Weight of the distance of the composite's Gram matrices (only for "paper").
        style: Weight of the sum of both (only for "reimplementation").
        tv: Weight of total variation.
        square: Weight of the mean squared distance in holes. L1 leads to the median of the possible values, the square
            to their mean: more PSNR, but softer strokes.
        charbonnier: Weight of a generalised Charbonnier distance in holes, exponent 1/2. It leads to the most likely
            value: ink or paper, where the square and the PSNR lead to gray.
        doubt: Factor in `charbonnier` for pixels that are darker than the truth. With 2, ink must be twice as likely as
            paper.
        psnr: Weight of the PSNR in the hole, dB, averaged over images. It is subtracted, because more is better. Unlike
            `square`, it gives the same weight to small and large holes, and to faint and strong pages.
        feature_distance: Weight of `bokwon.nn.losses.terms.feature_distance` between composite and truth, in the
            windows of `features_crop`. With "vgg19" it is the VGG distance of `bokwon evaluate --features`. The
            perceptual term is dominated by strong features; this one counts faint strokes as much.
    """

    terms: Literal["paper", "reimplementation"] = "paper"
    average: Literal["image", "region"] = "image"
    features: Literal["vgg16", "vgg19", "none"] = "vgg16"
    features_file: str = ""
    features_from: float = 0.0
    features_crop: int = 0
    valid: float | None = None
    hole: float | None = None
    perceptual: float | None = None
    style_out: float | None = None
    style_comp: float | None = None
    style: float | None = None
    tv: float | None = None
    square: float = 0.0
    charbonnier: float = 0.0
    doubt: float = 1.0
    psnr: float = 0.0
    feature_distance: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.features_from < 1:
            raise ArgumentError(
                f"loss.features_from is {self.features_from}",
                'give a share of the run from 0 to below 1; loss.features="none" leaves the feature terms out',
            )
        if self.features_crop and self.features_crop < 16:
            raise ArgumentError(
                f"loss.features_crop is {self.features_crop}", "give at least 16 pixels, or 0 for the whole crop"
            )
        for name in (*_TERMS, "square", "charbonnier", "psnr", "feature_distance"):
            weight = getattr(self, name)
            if weight is not None and not (math.isfinite(weight) and weight >= 0):
                raise ArgumentError(f"loss.{name} is {weight}", "give a finite weight >= 0")
        if not (math.isfinite(self.doubt) and self.doubt > 0):
            raise ArgumentError(f"loss.doubt is {self.doubt}", "give a finite number > 0; 1 weighs ink like paper")
        if self.feature_distance and self.features == "none":
            raise ArgumentError(
                f'loss.feature_distance is {self.feature_distance}, but loss.features is "none"',
                'set loss.features="vgg19" or "vgg16"',
            )
        foreign = ("style",) if self.terms == "paper" else ("style_out", "style_comp")
        for name in foreign:
            if getattr(self, name) is not None:
                raise ArgumentError(
                    f'loss.{name} is not a term of loss.terms="{self.terms}"', "see docs/research/losses.md"
                )


@dataclass(frozen=True)
class OptimizerConfig:
    """The optimiser of phase 1. Phase 2 has its own learning rate and schedule.

    Args:
        name: "adam", "adamw" (decoupled weight decay), or "muon": `bokwon.training.muon.Muon` for the kernels between
            features, and "adamw" for the rest.
        learning_rate: Highest learning rate.
        weight_decay: Of "adamw" and "muon".
        warmup: Steps of linear warm-up.
        schedule: "cosine" falls to zero at the phase's last step; "constant" stays.
        ema: Decay of the exponential moving average of the weights, which is saved; 0 saves the last weights.
    """

    name: Literal["adam", "adamw", "muon"] = "adamw"
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    warmup: int = 50
    schedule: Schedule = "cosine"
    ema: float = 0.999

    def __post_init__(self) -> None:
        if self.learning_rate <= 0 or self.weight_decay < 0 or self.warmup < 0:
            raise ArgumentError(
                "optimizer.learning_rate, weight_decay or warmup is out of range",
                "give a positive learning rate, and 0 or more for the others",
            )
        if not 0 <= self.ema < 1:
            raise ArgumentError(f"optimizer.ema is {self.ema}", "give a decay from 0 to below 1")


@dataclass(frozen=True)
class FinetuneConfig:
    """Phase 2: fine-tuning with the encoder's batch normalisation frozen.

    Args:
        steps: Optimiser steps after those of phase 1; 0 leaves phase 2 out.
        learning_rate: Highest learning rate.
        schedule: "cosine" or "constant".
        freeze_encoder_norm: Freeze the encoder's batch normalisation.
    """

    steps: int = 0
    learning_rate: float = 5e-5
    schedule: Schedule = "constant"
    freeze_encoder_norm: bool = True

    def __post_init__(self) -> None:
        if self.steps < 0 or self.learning_rate <= 0:
            raise ArgumentError(
                "finetune.steps or finetune.learning_rate is out of range",
                "give a positive learning rate, and 0 steps or more",
            )


@dataclass(frozen=True)
class TrainConfig:
    """A whole run.

    Args:
        network: The network's shape.
        init: Weights to start from instead of random ones: a model file (`.onnx`) or a `.safetensors` file with its
            card beside it, a checkpoint, or the folder of a run. Optimiser and moving average start afresh.
        data: Images and masks.
        loss: Terms of the loss and their weights.
        optimizer: The optimiser.
        finetune: Phase 2.
        steps: Optimiser steps of phase 1.
        minutes: Time limit of the run. The learning rate then falls with the elapsed time or the steps, whichever is
            further, and the run ends with the first of both. When a run is resumed, the time before its checkpoint
            counts. 0: no limit.
        batch: Images a process works on at a time.
        accumulate: Batches whose gradients are averaged for one optimiser step.
        precision: "fp32", "bf16" or "fp16" (with loss scaling, on GPUs). "auto" is bfloat16 if the hardware supports
            it, else float32.
        seed: Of weights, crops and masks.
        save_every: Steps between checkpoints.
        keep: Checkpoints that are kept.
        tensorboard: Write scalars and pictures for TensorBoard into the run's folder `tensorboard`.
        pictures_every: Steps between pictures.
    """

    network: UNetConfig = field(default_factory=lambda: UNetConfig(levels=7, width=32, base="pullpush"))
    init: str = ""
    data: DataConfig = field(default_factory=DataConfig)
    loss: LossConfig = field(
        default_factory=lambda: LossConfig(average="region", features="none", valid=0.7, hole=0.3, psnr=0.02, tv=0.0)
    )
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    finetune: FinetuneConfig = field(default_factory=FinetuneConfig)
    steps: int = 4000
    minutes: float = 0.0
    batch: int = 8
    accumulate: int = 1
    precision: Literal["auto", "bf16", "fp16", "fp32"] = "auto"
    seed: int = 0
    save_every: int = 200
    keep: int = 2
    tensorboard: bool = True
    pictures_every: int = 200

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "accumulate", "save_every", "keep", "pictures_every"):
            if getattr(self, name) < 1:
                raise ArgumentError(f"{name} is {getattr(self, name)}", "give a positive number")
        if not (math.isfinite(self.minutes) and self.minutes >= 0):
            raise ArgumentError(f"minutes is {self.minutes}", "give 0 or more")
        by_steps = self.finetune.steps or (self.loss.features != "none" and self.loss.features_from)
        if self.minutes and by_steps:
            raise ArgumentError(
                "minutes goes with one phase and one loss, and finetune.steps or loss.features_from divides the run",
                "set finetune.steps=0 and loss.features_from=0, or minutes=0",
            )
        if self.seed < 0:
            raise ArgumentError(f"seed is {self.seed}", "give 0 or more")
        deepest = math.ceil(self.data.crop / self.network.multiple)
        if self.data.crop < self.network.multiple:
            raise ArgumentError(
                f"{self.network.levels} levels halve {self.data.crop} pixel crops to less than one pixel",
                "set a larger data.crop or fewer network.levels",
            )
        if self.batch * deepest**2 < 2:
            raise ArgumentError(
                "batch normalisation needs more than one value a channel, and the deepest layer has one",
                "set a larger batch or data.crop, or fewer network.levels",
            )

    @property
    def total_steps(self) -> int:
        """Optimiser steps of both phases."""
        return self.steps + self.finetune.steps
