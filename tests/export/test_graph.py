"""The identities that make a network's graph small: kernels that upsample, and masks that are counted by averages."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from bokwon.export.graph import build, mask_ratio
from bokwon.export.nodes import Graph
from bokwon.export.session import open_session
from bokwon.nn.folding import fold_batch_norm
from bokwon.nn.unet import PConvUNet


def test_the_ratio_is_finite_and_zero_where_nothing_is_known() -> None:
    graph = Graph(half=False)
    ratio, mask = mask_ratio(graph, "valid")
    graph.op("Concat", ratio, mask, mask, axis=1, out="restored")
    session = open_session(graph.model().SerializeToString())
    share = np.array([0.0, 0.25, 1.0], np.float32).reshape(1, 1, 1, 3)
    (found,) = session.run(None, {"image": np.zeros((1, 3, 1, 3), np.float32), "valid": share})
    np.testing.assert_allclose(found[0, 0, 0], [0, 4, 1])
    np.testing.assert_array_equal(found[0, 1, 0], [0, 1, 1])


@pytest.mark.parametrize(("base", "inputs"), [("none", 2), ("lowpass", 3), ("membrane", 3)])
def test_a_graph_is_valid_and_takes_a_scale_only_with_a_base(base: str, inputs: int) -> None:
    model = build(fold_batch_norm(PConvUNet(levels=4, width=4, base=base)), half=True)  # type: ignore[arg-type]
    onnx.checker.check_model(model, full_check=True)
    assert len(model.graph.input) == inputs
    assert [output.name for output in model.graph.output] == ["restored"]
    # Nothing of the image's size is written into it.
    sides = model.graph.output[0].type.tensor_type.shape.dim[2:]
    assert [side.dim_param for side in sides] == ["H", "W"]
