"""Writing an ONNX graph operator by operator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

__all__ = ["Graph"]

_OPSET = 17
_IR_VERSION = 8
_SMALLEST_STORED_AS_HALF = 256
_INPUTS, _OUTPUTS = {"image": 3, "valid": 1}, {"restored": 3}


class Graph:
    """Nodes and initialisers as they come; names are numbers.

    Args:
        half: Store the weights as float16.
    """

    def __init__(self, half: bool) -> None:
        self.half = half
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.optionals: list[str] = []

    def op(self, kind: str, *inputs: str, out: str = "", **attributes: Any) -> str:
        """Add a node with one output; return that output's name."""
        out = out or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [out], out, **attributes))
        return out

    def constant(self, value: npt.NDArray[np.generic]) -> str:
        """Add an array; return its name."""
        name = f"constant_{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(value, name))
        return name

    def ints(self, values: Sequence[int]) -> str:
        """Add whole numbers, as shapes and axes are given."""
        return self.constant(np.asarray(values, np.int64))

    def number(self, value: float) -> str:
        """Add one float32."""
        return self.constant(np.asarray(value, np.float32))

    def weight(self, value: Tensor) -> str:
        """Add a float32 tensor, which may be stored as float16."""
        array = value.detach().numpy()
        if self.half and array.size >= _SMALLEST_STORED_AS_HALF:
            return self.op("Cast", self.constant(array.astype(np.float16)), to=TensorProto.FLOAT)
        return self.constant(array.astype(np.float32))

    def optional(self, name: str) -> str:
        """Add an input (1,) that is 0 where it is left out: an initialiser that callers may override."""
        self.initializers.append(numpy_helper.from_array(np.zeros(1, np.float32), name))
        self.optionals.append(name)
        return name

    def pad(self, maps: Sequence[str], multiple: int) -> tuple[list[str], str]:
        """Pad maps (N, C, H, W) of one size to a multiple at the right and below; return them and that size (H, W)."""
        size = self.op("Slice", self.op("Shape", maps[0]), self.ints([2]), self.ints([4]))
        # Mod takes the divisor's sign: what is missing to the next multiple.
        border = self.op("Mod", self.op("Neg", size), self.ints([multiple]))
        pads = self.op("Concat", self.ints([0] * 6), border, axis=0)
        return [self.op("Pad", each, pads) for each in maps], size

    def average(self, x: str, kernel: int, stride: int, before: int, after: int) -> str:
        """Average over windows; what lies outside of the image counts as zero."""
        return self.op(
            "AveragePool",
            x,
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=[before, before, after, after],
            count_include_pad=1,
        )

    def upsample(self, x: str, factor: int, mode: str) -> str:
        """Enlarge, "linear" or "nearest"."""
        how = {"linear": "half_pixel", "nearest": "asymmetric"}[mode]
        scales = self.constant(np.asarray([1, 1, factor, factor], np.float32))
        return self.op("Resize", x, "", scales, mode=mode, coordinate_transformation_mode=how, nearest_mode="floor")

    def model(self, inputs: Mapping[str, int] = _INPUTS, outputs: Mapping[str, int] = _OUTPUTS) -> onnx.ModelProto:
        """Return the model; inputs that may be left out follow the others.

        Args:
            inputs: Names of the inputs (N, C, H, W), and their channels; by default those of a model that fills.
            outputs: The same of the outputs.
        """

        def values(channels: Mapping[str, int]) -> list[onnx.ValueInfoProto]:
            return [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", count, "H", "W"])
                for name, count in channels.items()
            ]

        optionals = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in self.optionals]
        graph = helper.make_graph(
            self.nodes, "bokwon", [*values(inputs), *optionals], values(outputs), self.initializers
        )
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION, producer_name="bokwon"
        )
