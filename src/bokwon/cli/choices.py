"""What the options of `bokwon restore` may say."""

from __future__ import annotations

import math
from enum import Enum
from typing import Annotated

import typer

from bokwon.errors import ArgumentError

__all__ = [
    "STANDARD",
    "EngineName",
    "Ensemble",
    "Format",
    "Grain",
    "Ink",
    "Letters",
    "MaxMpixels",
    "Method",
    "Polarity",
    "Precision",
    "pixels_of",
]

STANDARD = "-"
"""In place of a file: standard input or output."""
_MEGA = 1_000_000

MaxMpixels = Annotated[float, typer.Option("--max-mpixels", min=0.000001, help="Refuse larger images, in megapixels.")]


class Polarity(str, Enum):
    """Which side of a mask is hole."""

    white = "white"
    black = "black"


class Method(str, Enum):
    """What fills the holes."""

    model = "model"
    telea = "telea"
    ns = "ns"


class Letters(str, Enum):
    """Whether strokes may be made up."""

    restore = "restore"
    leave = "leave"


class Grain(str, Enum):
    """Whether what is filled gets the grain of the paper."""

    auto = "auto"
    off = "off"
    match = "match"


class Ink(str, Enum):
    """Whether fills come out as ink or paper."""

    auto = "auto"
    off = "off"
    sharpen = "sharpen"
    clear = "clear"


class Ensemble(str, Enum):
    """Of how many views of a tile the mean is taken."""

    one = "1"
    two = "2"
    four = "4"


class EngineName(str, Enum):
    """What runs model files."""

    auto = "auto"
    onnx = "onnx"
    openvino = "openvino"


class Precision(str, Enum):
    """What a model computes with."""

    auto = "auto"
    float32 = "float32"
    bfloat16 = "bfloat16"
    int8 = "int8"


class Format(str, Enum):
    """Formats that can be written."""

    png = "png"
    tiff = "tiff"
    jpeg = "jpeg"
    webp = "webp"
    bmp = "bmp"
    jpeg2000 = "jpeg2000"


def pixels_of(megapixels: float) -> int:
    """Return the limit that --max-mpixels sets.

    Raises:
        ArgumentError: It is no number.
    """
    if not math.isfinite(megapixels):
        raise ArgumentError(f"--max-mpixels {megapixels} is no number of megapixels", "give a number, such as 2000")
    return round(megapixels * _MEGA)
