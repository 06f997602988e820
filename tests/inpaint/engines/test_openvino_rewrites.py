"""Operators that are replaced for OpenVINO compute what those before them did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bokwon.inpaint.engines.openvino import _core
from bokwon.inpaint.engines.openvino_rewrites import tune, window_kernel

openvino = pytest.importorskip("openvino", reason="the extra `openvino` is not installed")
ops = openvino.opset13


def pool(kernel: list[int], strides: list[int], pads: list[int]) -> Callable[[Any], Any]:
    return lambda x: ops.avg_pool(x, strides, pads, pads, kernel, exclude_pad=False)


def neighbourhood(x: Any) -> Any:
    return pool([1, 15], [1, 1], [0, 7])(pool([15, 1], [1, 1], [7, 0])(x))


def enlarged(factor: int) -> Callable[[Any], Any]:
    def write(x: Any) -> Any:
        scales = np.array([1, 1, factor, factor], np.float32)
        return ops.interpolate(
            x, scales, "linear_onnx", "scales", coordinate_transformation_mode="half_pixel", nearest_mode="floor"
        )

    return write


def doubled(x: Any) -> Any:
    phases = np.random.default_rng(1).normal(size=(4 * 8, 3, 2, 2)).astype(np.float32)
    x = ops.depth_to_space(ops.convolution(x, phases, [1, 1], [1, 1], [1, 1], [1, 1]), "depth_first", 2)
    return ops.slice(x, *(np.array(ends, np.int64) for ends in ([1, 1], [-1, -1], [1, 1], [2, 3])))


@pytest.mark.parametrize(
    ("channels", "write", "gone"),
    [
        (1, neighbourhood, {"AvgPool"}),
        (1, pool([7, 7], [2, 2], [3, 3]), {"AvgPool"}),
        (1, pool([5, 5], [2, 2], [2, 2]), {"AvgPool"}),
        (3, pool([16, 16], [16, 16], [0, 0]), {"AvgPool"}),
        (3, enlarged(2), {"Interpolate"}),
        (3, enlarged(16), {"Interpolate"}),
        (3, doubled, {"Convolution", "DepthToSpace", "Slice"}),
        (1, pool([3, 3], [2, 2], [1, 1]), set()),
        (8, pool([2, 2], [2, 2], [0, 0]), set()),
    ],
)
def test_what_is_replaced_is_computed_the_same(channels: int, write: Callable[[Any], Any], gone: set[str]) -> None:
    shape = 2, channels, 48, 32
    given = ops.parameter(shape, np.float32)
    model = openvino.Model([write(given)], [given])
    image = np.random.default_rng(0).random(shape).astype(np.float32)
    kinds, results = [], []
    for _ in range(2):
        compiled = _core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        results.append(np.array(compiled(image)[0]))
        kinds.append({node.get_type_name() for node in model.get_ops()})
        tune(openvino, model)
    assert kinds[0] - kinds[1] == gone
    np.testing.assert_allclose(results[1], results[0], atol=1e-5)


def test_windows_are_counted_in_whole_numbers_that_bfloat16_holds() -> None:
    for side, stride in ((15, 1), (7, 2), (5, 2)):
        kernel = window_kernel(side, stride)
        assert kernel.shape[:2] == (16 // stride**2, 16)
        assert (kernel.sum((1, 2, 3)) == side**2).all()
        assert side**2 <= 256
