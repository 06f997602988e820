"""Training of the network that finds damage."""

from typing import TYPE_CHECKING

from bokwon.training.detection.config import DetectionConfig, ScenesConfig
from bokwon.utilities.lazy_names import lazy_names

if TYPE_CHECKING:
    from bokwon.training.detection.loop import train
    from bokwon.training.detection.scene_files import SceneCrops, augment, make_scenes

__all__ = ["DetectionConfig", "SceneCrops", "ScenesConfig", "augment", "make_scenes", "train"]

# Configurations are loaded by a module that the loop imports, and without what only a run needs.
__getattr__ = lazy_names(
    __name__,
    {
        "SceneCrops": "bokwon.training.detection.scene_files",
        "augment": "bokwon.training.detection.scene_files",
        "make_scenes": "bokwon.training.detection.scene_files",
        "train": "bokwon.training.detection.loop",
    },
)
