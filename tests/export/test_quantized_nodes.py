"""Tensors and kernels in 8 bits: what rounding keeps exact."""

from __future__ import annotations

import numpy as np
import pytest

from bokwon.export.quantized_nodes import MASK_CHANNELS, QuantizedGraph, Taps, least_code
from bokwon.export.session import open_session

IMAGE = np.random.default_rng(1).uniform(-1, 3, (1, 3, 10, 12)).astype(np.float32)


def run(graph: QuantizedGraph, name: str) -> np.ndarray:
    graph.op("Identity", name, out="restored")
    session = open_session(graph.model().SerializeToString())
    valid = np.ones((1, 1, 10, 12), np.float32)
    return np.asarray(session.run(None, {"image": IMAGE, "valid": valid})[0])


@pytest.mark.parametrize(("low", "high"), [(-1.0, 3.0), (0.5, 3.0), (-1.0, -0.5), (0.0, 0.0)])
def test_the_range_takes_in_zero_which_stays_exact(low: float, high: float) -> None:
    params = QuantizedGraph({"x": (low, high)}).quantization("x")
    assert params is not None
    assert 0 <= params.zero_point <= 255
    least, most = (params.scale * (code - params.zero_point) for code in (0, 255))
    assert least <= min(low, 0) + params.scale
    assert most >= max(high, 0) - params.scale


def test_tensors_are_rounded_to_their_256_values() -> None:
    graph = QuantizedGraph({"x": (-1.0, 3.0)})
    found = run(graph, graph.quantize("image", "x"))
    assert 0 < np.abs(found - IMAGE).max() <= 4 / 255 / 2 + 1e-6
    assert len(np.unique(found)) <= 256


def test_without_ranges_tensors_are_only_observed() -> None:
    graph = QuantizedGraph(None)
    assert graph.quantization("x") is None
    assert graph.quantize("image", None) == "image"
    seen = graph.quantize("image", "x")
    assert (seen, graph.observed) == ("x", ["x"])
    np.testing.assert_array_equal(run(graph, seen), IMAGE)


def test_the_code_of_a_known_pixel_is_the_least_that_keeps_the_mask_s_taps_in_range() -> None:
    rng = np.random.default_rng(2)
    params = QuantizedGraph({"x": (0.0, 2.0)}).quantization("x")
    assert params is not None
    weight, mask = rng.normal(size=(5, 8, 3, 3)), rng.normal(size=(5, 3, 3))
    code = least_code(Taps(weight, mask), params)
    assert 1 <= code <= 255 - params.zero_point

    def fits(code: int) -> bool:
        # Two neighbouring channels weigh together; the mask is shared by four.
        shared = np.abs(mask[:, None] / MASK_CHANNELS).repeat(2, 1).sum(1).max((1, 2)) / (code * params.scale)
        pairs = np.abs(weight).reshape(5, 4, 2, 9).sum(2).max((1, 2))
        return bool((shared <= pairs).all())

    assert fits(code)
    assert code == 1 or not fits(code - 1)
