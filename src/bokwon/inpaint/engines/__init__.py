"""What fills a tile: ONNX Runtime, OpenVINO, OpenCV and others behind one base class."""

from bokwon.inpaint.engines.base import Engine, ModelEngine
from bokwon.inpaint.engines.biharmonic import BiharmonicEngine
from bokwon.inpaint.engines.mirrored_views import EnsembleEngine
from bokwon.inpaint.engines.onnx import OnnxEngine
from bokwon.inpaint.engines.opencv import OpenCVEngine
from bokwon.inpaint.engines.openvino import OpenVinoEngine
from bokwon.inpaint.engines.patchmatch import PatchMatchEngine
from bokwon.inpaint.engines.select import ENGINES, PRECISIONS, LoadedModel, load, load_engine

__all__ = [
    "ENGINES",
    "PRECISIONS",
    "BiharmonicEngine",
    "Engine",
    "EnsembleEngine",
    "LoadedModel",
    "ModelEngine",
    "OnnxEngine",
    "OpenCVEngine",
    "OpenVinoEngine",
    "PatchMatchEngine",
    "load",
    "load_engine",
]
