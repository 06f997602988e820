"""What a run that trains the damage detector is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from bokwon.errors import ArgumentError
from bokwon.nn.segmentation import SegmentationConfig

__all__ = ["DetectionConfig", "ScenesConfig"]


@dataclass(frozen=True)
class ScenesConfig:
    """The sources of the scenes.

    Args:
        folder: Folder of the scenes, which are made once. If empty, `scenes` in the run's folder.
        count: Scenes to make.
        size: Side of a scene, pixels.
        pages: Folders of scans of whole, sound pages.
        crops: Folders of windows of such scans.
        photos: Folders of photographs.
        films: Folder with a folder for each kind of film damage, gray = coverage.
        papers: Folder of pictures of surfaces.
        exclude: Names, without suffix, of files that are not to be used, such as damaged pages.
        exclude_fonts: Words that the path of a font must not contain.
    """

    folder: str = ""
    count: int = 8000
    size: int = 448
    pages: tuple[str, ...] = ()
    crops: tuple[str, ...] = ()
    photos: tuple[str, ...] = ()
    films: str = ""
    papers: str = ""
    exclude: tuple[str, ...] = ()
    exclude_fonts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.count < 1 or self.size < 64:
            raise ArgumentError(
                f"scenes.count is {self.count} and scenes.size {self.size}", "give at least 1 scene of 64 pixels"
            )


@dataclass(frozen=True)
class DetectionConfig:
    """A whole run.

    Args:
        kind: Distinguishes this configuration from that of a network that fills.
        network: The network's shape.
        init: Weights to start from: a checkpoint of a damage detector. Or, for the encoder alone, those of a network
            that fills: `.safetensors` with the card beside it.
        scenes: The training images.
        steps: Optimiser steps.
        batch: Crops in a step.
        crop: Side of a crop, pixels; a multiple of 32.
        learning_rate: Highest learning rate of Muon; it falls as a cosine.
        weight_decay: Decoupled.
        warmup: Steps of linear warm-up.
        ema: Decay of the exponential moving average of the weights, which is saved.
        area_weight: Weight of a pixel of missing paper, abrasion or a stain; a sound pixel has weight 1.
        line_weight: Weight of a pixel of tears, creases, scratches, film and dust, which cover few pixels.
        parting: Weight of separating the sheet from its surroundings, in [0, 1].
        precision: "fp32", "bf16" or "auto".
        seed: Of weights and crops.
        save_every: Steps between checkpoints.
        keep: Checkpoints that are kept.
        workers: Processes that cut crops; 0 cuts them in the training process.
    """

    kind: Literal["detection"] = "detection"
    network: SegmentationConfig = field(default_factory=SegmentationConfig)
    init: str = ""
    scenes: ScenesConfig = field(default_factory=ScenesConfig)
    steps: int = 4000
    batch: int = 6
    crop: int = 320
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    warmup: int = 100
    ema: float = 0.998
    area_weight: float = 2.0
    line_weight: float = 4.0
    parting: float = 0.3
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    seed: int = 0
    save_every: int = 200
    keep: int = 2
    workers: int = 1

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "save_every", "keep"):
            if getattr(self, name) < 1:
                raise ArgumentError(f"{name} is {getattr(self, name)}", "give a positive number")
        if self.crop < 1 or self.crop % self.network.multiple:
            raise ArgumentError(f"crop is {self.crop}", f"give a multiple of {self.network.multiple}")
        if not self.crop <= self.scenes.size:
            raise ArgumentError(
                f"crop is {self.crop}, more than a scene's {self.scenes.size} pixels", "set a larger scenes.size"
            )
        if self.learning_rate <= 0 or self.weight_decay < 0 or self.warmup < 0 or self.workers < 0:
            raise ArgumentError(
                "learning_rate, weight_decay, warmup or workers is out of range",
                "give a positive learning rate, and 0 or more for the others",
            )
        if self.area_weight <= 0 or self.line_weight <= 0 or not 0 <= self.ema < 1:
            raise ArgumentError(
                "area_weight, line_weight or ema is out of range",
                "give positive weights, and an ema from 0 to below 1",
            )
