"""Pairs of images and masks, fixed by the seed and the file names."""

from bokwon.evaluation.data.crops import SMALLEST, fit_hole, image_sizes, list_images, read_image, window_of
from bokwon.evaluation.data.mask_cells import check_cell, masks_by_cell, read_or_name
from bokwon.evaluation.data.pairs import Pair, Plan, load_pair, plan_pairs, without_folders

__all__ = [
    "SMALLEST",
    "Pair",
    "Plan",
    "check_cell",
    "fit_hole",
    "image_sizes",
    "list_images",
    "load_pair",
    "masks_by_cell",
    "plan_pairs",
    "read_image",
    "read_or_name",
    "window_of",
    "without_folders",
]
