"""Fills the hole of one page with ONNX Runtime, OpenVINO or classical methods. Needs no PyTorch."""

from bokwon.inpaint.fill import fill_hole
from bokwon.inpaint.models import Model, find_model, list_models, load_model
from bokwon.inpaint.restoration import Restoration
from bokwon.inpaint.restorer import Restorer
from bokwon.inpaint.runtime_facts import RuntimeFacts
from bokwon.inpaint.tiling import Tiling

__all__ = [
    "Model",
    "Restoration",
    "Restorer",
    "RuntimeFacts",
    "Tiling",
    "fill_hole",
    "find_model",
    "list_models",
    "load_model",
]
