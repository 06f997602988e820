"""The finish of a fill: parts of the page, its rules, its background, its grain, and a limit of its lightness."""

from bokwon.inpaint.finish.background import Background
from bokwon.inpaint.finish.background_estimate import BackgroundEstimate, estimate_background
from bokwon.inpaint.finish.grain import add_grain
from bokwon.inpaint.finish.highlight_limit import LightestKnown
from bokwon.inpaint.finish.patches import PatchMatching, match_patches
from bokwon.inpaint.finish.rules import draw_rules

__all__ = [
    "Background",
    "BackgroundEstimate",
    "LightestKnown",
    "PatchMatching",
    "add_grain",
    "draw_rules",
    "estimate_background",
    "match_patches",
]
