"""What makes a fill look like the page around it: the page's own patches, its paper, its grain."""

from bokwon.inpaint.finish.background import Paper
from bokwon.inpaint.finish.background_estimate import Survey, survey
from bokwon.inpaint.finish.grain import add_grain
from bokwon.inpaint.finish.highlight_limit import LightestKnown
from bokwon.inpaint.finish.patches import match_patches

__all__ = ["LightestKnown", "Paper", "Survey", "add_grain", "match_patches", "survey"]
