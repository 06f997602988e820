"""The finish of a fill: patches of the page, its background, its grain, and a limit of its lightness."""

from bokwon.inpaint.finish.background import Background
from bokwon.inpaint.finish.background_estimate import BackgroundEstimate, estimate_background
from bokwon.inpaint.finish.grain import add_grain
from bokwon.inpaint.finish.highlight_limit import LightestKnown
from bokwon.inpaint.finish.patches import PatchMatching, match_patches

__all__ = [
    "Background",
    "BackgroundEstimate",
    "LightestKnown",
    "PatchMatching",
    "add_grain",
    "estimate_background",
    "match_patches",
]
