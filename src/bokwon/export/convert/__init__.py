"""Published checkpoints of other implementations as networks of ours."""

from bokwon.export.convert.checkpoint import convert_checkpoint
from bokwon.export.convert.layouts import LAYOUTS, Layout
from bokwon.export.convert.network import to_network

__all__ = ["LAYOUTS", "Layout", "convert_checkpoint", "to_network"]
