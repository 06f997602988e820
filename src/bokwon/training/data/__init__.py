"""Images, masks and crops that a run trains on."""

from bokwon.training.data.config import DataConfig, HubConfig, PagesConfig
from bokwon.training.data.crops import Batches, Crops, Picks, make_loader, open_batches
from bokwon.training.data.hub import HubSource
from bokwon.training.data.images import Files, ImageSource, Pages, find_images, open_source
from bokwon.training.data.masks import GeneratedHoles, HoleFiles, HoleSource, open_holes, read_manifest
from bokwon.training.data.named import CELEBA_HQ_TRAIN, NAMES, Named, list_named
from bokwon.training.data.rgb import to_rgb

__all__ = [
    "CELEBA_HQ_TRAIN",
    "NAMES",
    "Batches",
    "Crops",
    "DataConfig",
    "Files",
    "GeneratedHoles",
    "HoleFiles",
    "HoleSource",
    "HubConfig",
    "HubSource",
    "ImageSource",
    "Named",
    "Pages",
    "PagesConfig",
    "Picks",
    "find_images",
    "list_named",
    "make_loader",
    "open_batches",
    "open_holes",
    "open_source",
    "read_manifest",
    "to_rgb",
]
