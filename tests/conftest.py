"""Model files small enough to be made on the spot, that keep the contract of every model file."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

# CI looks at the same examples every time; at a desk each run looks further.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

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
