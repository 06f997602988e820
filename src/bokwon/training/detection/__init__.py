"""Training of the network that finds damage."""

import importlib
from typing import TYPE_CHECKING, Any

from bokwon.training.detection.config import DetectionConfig, ScenesConfig

if TYPE_CHECKING:
    from bokwon.training.detection.loop import train
    from bokwon.training.detection.scene_files import SceneCrops, augment, make_scenes

__all__ = ["DetectionConfig", "SceneCrops", "ScenesConfig", "augment", "make_scenes", "train"]

_MODULES = {
    "SceneCrops": "bokwon.training.detection.scene_files",
    "augment": "bokwon.training.detection.scene_files",
    "make_scenes": "bokwon.training.detection.scene_files",
    "train": "bokwon.training.detection.loop",
}


def __getattr__(name: str) -> Any:
    # Configurations are loaded by a module that the loop imports, and without what only a run needs.
    if name in _MODULES:
        return getattr(importlib.import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
