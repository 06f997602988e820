"""Training: configuration, data, loop, checkpoints. Needs PyTorch; `train` needs accelerate as well."""

from typing import TYPE_CHECKING

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
from bokwon.utilities.lazy_names import lazy_names

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


# A checkpoint is read without what only a run needs.
__getattr__ = lazy_names(__name__, {"train": "bokwon.training.loop"})
