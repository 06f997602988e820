"""What makes a fill look like the page around it: paper, ink, ruled lines, grain."""

from bokwon.inpaint.finish.background import Paper
from bokwon.inpaint.finish.background_estimate import Survey, survey
from bokwon.inpaint.finish.grain import add_grain
from bokwon.inpaint.finish.highlight_limit import LightestKnown
from bokwon.inpaint.finish.ink import sharpen_ink

__all__ = ["LightestKnown", "Paper", "Survey", "add_grain", "sharpen_ink", "survey"]
