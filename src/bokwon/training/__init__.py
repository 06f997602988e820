"""Training: configuration, data, loop, checkpoints. Needs PyTorch; `train` needs accelerate as well."""

import importlib
from typing import TYPE_CHECKING, Any

from bokwon.training.checkpoint import load_network
from bokwon.training.config import (
    DataConfig,
    FinetuneConfig,
    HubConfig,
    LossConfig,
    OptimizerConfig,
    PagesConfig,
    TrainConfig,
)
from bokwon.training.load_config import load, override, preset, preset_names
from bokwon.training.signals import Interrupted

if TYPE_CHECKING:
    from bokwon.training.loop import train

__all__ = [
    "DataConfig",
    "FinetuneConfig",
    "HubConfig",
    "Interrupted",
    "LossConfig",
    "OptimizerConfig",
    "PagesConfig",
    "TrainConfig",
    "load",
    "load_network",
    "override",
    "preset",
    "preset_names",
    "train",
]


def __getattr__(name: str) -> Any:
    # A checkpoint is read without what only a run needs.
    if name == "train":
        return importlib.import_module("bokwon.training.loop").train
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
