"""A graph that is written node by node computes what its methods say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from onnx import TensorProto, numpy_helper

from bokwon.export.nodes import Graph
from bokwon.export.session import open_session

IMAGE = np.random.default_rng(1).random((2, 3, 12, 20)).astype(np.float32)
VALID = (np.random.default_rng(2).random((2, 1, 12, 20)) > 0.3).astype(np.float32)


def run(write: Callable[[Graph], str], *, half: bool = False, **more: np.ndarray) -> np.ndarray:
    """Compute what is written as the output of a model."""
    graph = Graph(half)
    graph.op("Identity", write(graph), out="restored")
    session = open_session(graph.model().SerializeToString())
    (found,) = session.run(None, {"image": IMAGE, "valid": VALID, **more})
    return np.asarray(found)


def test_both_inputs_are_padded_to_a_multiple_at_the_right_and_below() -> None:
    padded = run(lambda graph: graph.pad(["image", "valid"], 8)[0][0])
    np.testing.assert_array_equal(padded, np.pad(IMAGE, [(0, 0), (0, 0), (0, 4), (0, 4)]))
    assert run(lambda graph: graph.pad(["image", "valid"], 4)[0][0]).shape == IMAGE.shape
    mask = run(lambda graph: graph.pad(["image", "valid"], 8)[0][1])
    np.testing.assert_array_equal(mask, np.pad(VALID, [(0, 0), (0, 0), (0, 4), (0, 4)]))


def test_what_lies_outside_counts_as_zero_in_averages() -> None:
    found = run(lambda graph: graph.average("image", 3, 2, 1, 1))
    expected = F.avg_pool2d(torch.from_numpy(IMAGE), 3, 2, 1, count_include_pad=True).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(("mode", "torchs"), [("linear", "bilinear"), ("nearest", "nearest")])
@pytest.mark.parametrize("factor", [2, 16])
def test_images_are_enlarged_as_pytorch_enlarges_them(mode: str, torchs: str, factor: int) -> None:
    found = run(lambda graph: graph.upsample("image", factor, mode))
    corners = {"align_corners": False} if torchs == "bilinear" else {}
    expected = F.interpolate(torch.from_numpy(IMAGE), scale_factor=float(factor), mode=torchs, **corners).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(("half", "size", "kind"), [(True, 256, TensorProto.FLOAT16), (True, 255, TensorProto.FLOAT)])
def test_large_weights_are_stored_as_float16_and_computed_with_in_float32(half: bool, size: int, kind: int) -> None:
    graph = Graph(half)
    value = torch.linspace(0, 1, size)
    graph.weight(value)
    (stored,) = graph.initializers
    assert stored.data_type == kind
    np.testing.assert_allclose(numpy_helper.to_array(stored), value.numpy(), atol=1e-3)
    assert [node.op_type for node in graph.nodes] == (["Cast"] if kind == TensorProto.FLOAT16 else [])


def test_an_input_may_be_left_out() -> None:
    def write(graph: Graph) -> str:
        return graph.op("Add", "image", graph.optional("scale"))

    np.testing.assert_array_equal(run(write), IMAGE)
    np.testing.assert_allclose(run(write, scale=np.array([2.0], np.float32)), IMAGE + 2, atol=1e-6)
