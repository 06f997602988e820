"""Masks to holes: how a mask picture is read, where it lies on the image, and whether its hole is plausible.

A hole array is bool (H, W), True where pixels are missing. In mask files white is hole unless the caller says
otherwise.
"""

from bokwon.image_io.masks.given import GivenHole, MaskOptions, hole_of_mask
from bokwon.image_io.masks.hole import LARGE_ABOVE, as_hole, check_hole, check_share, grow_hole, is_large
from bokwon.image_io.masks.placing import MaskView, check_shape, fit_hole
from bokwon.image_io.masks.readings import MaskAs, MaskKind, Reading, Scan, read_samples

__all__ = [
    "LARGE_ABOVE",
    "GivenHole",
    "MaskAs",
    "MaskKind",
    "MaskOptions",
    "MaskView",
    "Reading",
    "Scan",
    "as_hole",
    "check_hole",
    "check_shape",
    "check_share",
    "fit_hole",
    "grow_hole",
    "hole_of_mask",
    "is_large",
    "read_samples",
]
