"""Model files, images and masks small enough to be made on the spot."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image

from bokwon.synthesis.masks.bins import Cell
from bokwon.synthesis.masks.generate import make_mask

if TYPE_CHECKING:
    from bokwon.nn.unet import PConvUNet

# CI uses the same examples every time, other runs use new ones. No test may fail because a machine is busy.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("desk", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "desk")

_MEAN = """<ir_version: 8, opset_import: ["" : 17]>
mean (float[N,3,H,W] image, float[N,1,H,W] valid) => (float[N,3,H,W] image_out)
<float least = {0.000001}>
{
  known = Mul(image, valid)
  total = ReduceMean<axes=[2,3], keepdims=1>(known)
  share = ReduceMean<axes=[2,3], keepdims=1>(valid)
  divisor = Max(share, least)
  mean = Div(total, divisor)
  factor = Cast<to=1>(stored)
  nothing = Mul(image, factor)
  image_out = Add(nothing, mean)
}"""


WriteModel = Callable[..., Path]


def _write_model(path: Path, graph: str = _MEAN, *, stored: float = 0.0) -> Path:
    # A test that makes a model file needs the package that the runtime does without.
    from onnx import numpy_helper, parser

    model = parser.parse_model(graph)
    model.graph.initializer.append(numpy_helper.from_array(np.array([stored], np.float16), "stored"))
    path.write_bytes(model.SerializeToString())
    card = {
        "name": path.stem,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "architecture": {},
        "licence": "Apache-2.0",
        "date": "2020-01-01",
    }
    path.with_suffix(".json").write_text(json.dumps(card))
    return path


@pytest.fixture(scope="session")
def write_model() -> WriteModel:
    """Writes an ONNX file from its text form, with a float16 number named `stored` inside, and its card."""
    return _write_model


@pytest.fixture(scope="session")
def mean_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that fills with the mean colour of the known pixels, with its card."""
    return _write_model(tmp_path_factory.mktemp("models") / "mean.onnx")


def _make_network(**config: Any) -> PConvUNet:
    import torch

    from bokwon.nn.unet import PConvUNet

    torch.manual_seed(0)
    network = PConvUNet(**{"levels": 4, "width": 8, **config})
    with torch.no_grad():
        for _ in range(3):
            network(torch.rand(4, 3, 64, 64), (torch.rand(4, 1, 64, 64) > 0.3).float())
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5)
                module.bias.uniform_(-0.5, 0.5)
    return network.eval()


@pytest.fixture(scope="session")
def make_network() -> Callable[..., PConvUNet]:
    """Makes a small network, `make_network(levels=4, width=8, ...)`, whose batch normalisation has statistics."""
    return _make_network


_CELLS = (Cell(2, True), Cell(3, False))
_PER_CELL = 3


@dataclass(frozen=True)
class Material:
    """Folders of images, 90 x 80 and 64 x 64, and of masks in the cells 10-20/border and 20-30/inner, three each."""

    images: Path
    masks: Path


def write_images(folder: Path, sizes: list[tuple[int, int]]) -> None:
    folder.mkdir(parents=True)
    for index, (width, height) in enumerate(sizes):
        rng = np.random.default_rng(index)
        rows, columns = np.mgrid[0:height, 0:width]
        smooth = 127 + 80 * np.sin(rows / 9 + index) * np.cos(columns / 7)
        pixels = smooth[..., None] + rng.normal(0, 4, (height, width, 3))
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(folder / f"{index}.png")


def write_masks(folder: Path, *, invert: bool = False, flat: bool = False) -> None:
    for cell in _CELLS:
        for index in range(_PER_CELL):
            rng = np.random.default_rng([cell.bin, index])
            hole = make_mask(rng, (64, 64), "strokes", cell.ratio, cell.border_class)
            name = f"{cell.folder.replace('/', '_')}_{index}.png" if flat else f"{cell.folder}/{index}.png"
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(hole != invert).save(folder / name)


@pytest.fixture
def mask_folder() -> Callable[..., None]:
    """Writes masks of two cells, three of each, 64 x 64: `mask_folder(path, invert=False, flat=False)`."""
    return write_masks


@pytest.fixture
def material(tmp_path: Path) -> Material:
    """Returns folders of images and masks for `bokwon evaluate`."""
    pytest.importorskip("skimage", reason="evaluation needs scikit-image, which is in bokwon[eval]")
    pytest.importorskip("matplotlib", reason="evaluation needs matplotlib, which is in bokwon[eval]")
    write_images(tmp_path / "images", [(90, 80), (64, 64)])
    write_masks(tmp_path / "masks")
    return Material(tmp_path / "images", tmp_path / "masks")


_COLOUR_KEY = """<ir_version: 8, opset_import: ["" : 17]>
key (float[N,3,H,W] image) => (float[N,10,H,W] probabilities)
{
  logits = Conv(image, weight, bias)
  probabilities = Softmax<axis=1>(logits)
}"""


def _write_colour_key(path: Path, *, longest_side: int = 1750, **entries: object) -> Path:
    from onnx import numpy_helper, parser

    from bokwon.types import DETECTOR_CLASSES

    classes = ["sound", "surroundings", *DETECTOR_CLASSES]
    weight, bias = np.zeros((10, 3, 1, 1), np.float32), np.full(10, -20, np.float32)
    bias[0] = 0
    for name, strong, weak in (("missing paper", 0, 1), ("scratch", 2, 0), ("readable stain", 1, 0)):
        weight[classes.index(name), [strong, weak], 0, 0] = 40, -40
    # Black is what lies around the sheet.
    weight[1], bias[1] = -80, 20
    model = parser.parse_model(_COLOUR_KEY)
    model.graph.initializer.extend([numpy_helper.from_array(weight, "weight"), numpy_helper.from_array(bias, "bias")])
    path.write_bytes(model.SerializeToString())
    card = {
        "name": path.stem,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "classes": classes,
        "longest_side": longest_side,
        "multiple": 32,
        **entries,
    }
    path.with_suffix(".json").write_text(json.dumps(card))
    return path


@pytest.fixture(scope="session")
def write_colour_key() -> WriteModel:
    """Writes a damage detector that goes by colour, and its card.

    Red is missing paper, blue a scratch, green a readable stain, black lies around the sheet.
    """
    return _write_colour_key


@pytest.fixture(scope="session")
def colour_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A damage detector that goes by colour; see `write_colour_key`."""
    return _write_colour_key(tmp_path_factory.mktemp("detectors") / "key.onnx")
