"""The ONNX graph of a `PConvUNet`, operator by operator.

Written out rather than traced: the padding, the pull-push pyramid and the crop depend on the image's size, which a
tracer turns into hundreds of shape operators or, for some pooling options, into a wrong graph. Whatever is written
here is compared with PyTorch at every export.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

from bokwon.nn.functional import upsampling_matrix
from bokwon.nn.lowpass import CELL, LEVELS, MINIMUM_RMS, NEIGHBOURHOOD, OCTAVES, SPARSE, STENCIL, SWEEPS
from bokwon.nn.unet import DecoderBlock, EncoderBlock, PConvUNet

__all__ = ["SCALE", "Graph", "assemble", "build", "phase_kernels", "ratio"]

SCALE = "scale"
"""Name of the input that may be left out."""

_OPSET = 17
_IR_VERSION = 8
_EPSILON = 1e-6
_SMALLEST_STORED_AS_HALF = 256


def build(network: PConvUNet, *, half: bool) -> onnx.ModelProto:
    """Build the graph of a network without batch normalisation.

    Args:
        network: A network from `fold_batch_norm`.
        half: Store the weights as float16 and cast them when the file is loaded.

    Returns:
        A model with inputs `image` (N, 3, H, W) and `valid` (N, 1, H, W) and output `restored` (N, 3, H, W), float32.
        With `base="lowpass"` or "pullpush" there is a third input that may be left out: `scale` (1,), the root mean
        square of the page's residual, which the image is a part of; 0 takes that of each input by itself.
    """
    graph = Graph(half)
    assemble(graph, network, lambda image, valid: _unet(graph, network, image, valid))
    return graph.model()


def assemble(graph: Graph, network: PConvUNet, unet: Callable[[str, str], str]) -> None:
    """Write all of a network's graph, from the inputs to `restored`.

    Args:
        graph: Where to; empty.
        network: A network from `fold_batch_norm`.
        unet: Writes encoder and decoder of partial convolutions: takes the names of image (N, 3, H, W), zero in the
            holes, and mask (N, 1, H, W), H and W multiples of the network's; returns that of the output (N, C, H, W).
    """
    image, valid, height_width = graph.pad("image", "valid", network.config.multiple)
    if network.config.base != "none":
        valid = _dense_evidence(graph, valid)
        image = graph.op("Mul", image, valid)
        low = _lowpass(graph, image, valid)
        residual = graph.op("Mul", graph.op("Sub", image, low), valid)
        scale = _given_or(graph, _rms(graph, residual, valid))
        output = unet(graph.op("Div", residual, scale), valid)
        if network.config.base == "pullpush":
            output = _blend(graph, output, scale, _pull_push(graph, residual, valid))
        else:
            output = graph.op("Mul", output, scale)
        output = graph.op("Add", low, output)
    elif network.config.layer == "conv":
        image = graph.op("Mul", image, valid)
        colour = graph.op("Mul", graph.op("Sub", graph.number(1), valid), graph.constant(network.colour.numpy()))
        output = _plain_unet(graph, network, graph.op("Add", image, colour))
    else:
        output = unet(graph.op("Mul", image, valid), valid)
    graph.op("Slice", output, graph.ints([0, 0]), height_width, graph.ints([2, 3]), out="restored")


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

    def pad(self, image: str, valid: str, multiple: int) -> tuple[str, str, str]:
        """Pad both to a multiple at the right and below; return them and the size (H, W) they had."""
        size = self.op("Slice", self.op("Shape", image), self.ints([2]), self.ints([4]))
        # Mod takes the divisor's sign: what is missing to the next multiple.
        border = self.op("Mod", self.op("Neg", size), self.ints([multiple]))
        pads = self.op("Concat", self.ints([0] * 6), border, axis=0)
        valid = self.op("Pad", valid, pads)
        return self.op("Pad", image, pads), valid, size

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

    def model(self) -> onnx.ModelProto:
        """Return the model with inputs `image`, `valid` and those that may be left out, and output `restored`."""

        def value(name: str, channels: int) -> onnx.ValueInfoProto:
            return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", channels, "H", "W"])

        inputs = [value("image", 3), value("valid", 1)]
        inputs += [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in self.optionals]
        graph = helper.make_graph(self.nodes, "bokwon", inputs, [value("restored", 3)], self.initializers)
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION, producer_name="bokwon"
        )


def _dense_evidence(graph: Graph, valid: str) -> str:
    # As bokwon.nn.lowpass.dense_evidence.
    # Rows, then columns: for OpenVINO the square takes as long as a large convolution.
    reach = NEIGHBOURHOOD // 2
    share = valid
    for kernel, pads in (([NEIGHBOURHOOD, 1], [reach, 0] * 2), ([1, NEIGHBOURHOOD], [0, reach] * 2)):
        share = graph.op("AveragePool", share, kernel_shape=kernel, strides=[1, 1], pads=pads, count_include_pad=1)
    dense = graph.op("Cast", graph.op("Greater", share, graph.number(SPARSE)), to=TensorProto.FLOAT)
    dense = graph.op("Mul", valid, dense)
    known = graph.op("Greater", graph.op("ReduceMax", dense, axes=[1, 2, 3]), graph.number(0))
    return graph.op("Where", known, dense, valid)


def _lowpass(graph: Graph, image: str, valid: str) -> str:
    # As bokwon.nn.lowpass.masked_lowpass.
    total, count = graph.average(image, CELL, CELL, 0, 0), graph.average(valid, CELL, CELL, 0, 0)
    axes, least = graph.ints([2, 3]), graph.number(_EPSILON)
    known = graph.op("Max", graph.op("ReduceSum", count, axes), least)
    filled = graph.op("Div", graph.op("ReduceSum", total, axes), known)
    pyramid = [(total, count)]
    for _ in range(LEVELS):
        total, count = graph.average(total, 2, 2, 0, 1), graph.average(count, 2, 2, 0, 1)
        pyramid.append((total, count))
    zero = graph.number(0)
    for level, (total, count) in enumerate(reversed(pyramid)):
        if level:
            size = graph.op("Slice", graph.op("Shape", total), graph.ints([2]), graph.ints([4]))
            filled = graph.upsample(filled, 2, "linear")
            filled = graph.op("Slice", filled, graph.ints([0, 0]), size, axes)
        mean = graph.op("Div", total, graph.op("Max", count, least))
        filled = graph.op("Where", graph.op("Greater", count, zero), mean, filled)
    return graph.upsample(filled, CELL, "linear")


def _pull_push(graph: Graph, residual: str, valid: str) -> str:
    # As bokwon.nn.lowpass.pull_push.
    stencil = graph.constant(np.tile(np.asarray(STENCIL, np.float32), (3, 1, 1, 1)))
    border, least, zero = graph.ints([0, 0, 1, 1] * 2), graph.number(_EPSILON), graph.number(0)
    pyramid = [(residual, valid)]
    for _ in range(OCTAVES):
        total, count = pyramid[-1]
        pyramid.append((graph.average(total, 2, 2, 0, 0), graph.average(count, 2, 2, 0, 0)))
    filled = zero
    for level, (total, count) in enumerate(reversed(pyramid)):
        known = graph.op("Greater", count, zero)
        # Of a pixel there is nothing to average.
        mean = total if level == OCTAVES else graph.op("Div", total, graph.op("Max", count, least))
        if level == 0:
            filled = graph.op("Where", known, mean, zero)
            continue
        filled = graph.op("Where", known, mean, graph.upsample(filled, 2, "linear"))
        for _ in range(SWEEPS):
            padded = graph.op("Pad", filled, border, mode="edge")
            smooth = graph.op("Conv", padded, stencil, kernel_shape=[3, 3], group=3)
            filled = graph.op("Where", known, filled, smooth)
    return filled


def _blend(graph: Graph, output: str, scale: str, interpolated: str) -> str:
    axis = graph.ints([1])
    colours = graph.op("Slice", output, graph.ints([0]), graph.ints([3]), axis)
    share = graph.op("Sigmoid", graph.op("Slice", output, graph.ints([3]), graph.ints([4]), axis))
    predicted = graph.op("Mul", colours, scale)
    return graph.op("Add", predicted, graph.op("Mul", share, graph.op("Sub", interpolated, predicted)))


def _rms(graph: Graph, residual: str, valid: str) -> str:
    axes = graph.ints([1, 2, 3])
    square = graph.op("ReduceSum", graph.op("Mul", residual, residual), axes)
    known = graph.op("Max", graph.op("ReduceSum", valid, axes), graph.number(1))
    mean = graph.op("Div", square, graph.op("Mul", known, graph.number(3)))
    return graph.op("Sqrt", graph.op("Max", mean, graph.number(MINIMUM_RMS**2)))


def _given_or(graph: Graph, computed: str) -> str:
    given = graph.optional(SCALE)
    return graph.op("Where", graph.op("Greater", given, graph.number(0)), given, computed)


def _unet(graph: Graph, network: PConvUNet, image: str, valid: str) -> str:
    features, mask = image, valid
    passed = []
    for block in network.encoder:
        assert isinstance(block, EncoderBlock)
        passed.append((features, mask))
        side = int(block.conv.kernel_size[0])
        total = graph.average(mask, side, 2, side // 2, side // 2)
        inverse, mask = ratio(graph, total)
        features = _convolve(graph, block.conv.weight, block.conv.bias, features, inverse, stride=2)
        features = graph.op("Mul", graph.op("Relu", features), mask)
    for block in network.decoder:
        assert isinstance(block, DecoderBlock)
        skip, skip_mask = passed.pop()
        channels = block.conv.in_channels - block.skip_channels
        share = channels / block.conv.in_channels
        below = graph.op("Mul", graph.upsample(mask, 2, "nearest"), graph.number(share))
        beside = graph.op("Mul", skip_mask, graph.number(1 - share))
        inverse, mask = ratio(graph, graph.average(graph.op("Add", below, beside), 3, 1, 1, 1))
        up, over = block.conv.weight.detach().split([channels, block.skip_channels], 1)
        features = _convolve_upsampled(graph, up, features)
        skip = _plain_convolve(graph, over, skip, stride=1)
        features = graph.op("Mul", graph.op("Add", features, skip), inverse)
        features = _add_bias(graph, features, block.conv.bias)
        if not block.last:
            features = graph.op("LeakyRelu", features, alpha=0.2)
        features = graph.op("Mul", features, mask)
    return features


def _plain_unet(graph: Graph, network: PConvUNet, features: str) -> str:
    """Encoder and decoder of ordinary convolutions, which know nothing of the mask."""
    passed = []
    for block in network.encoder:
        assert isinstance(block, EncoderBlock)
        passed.append(features)
        features = _plain_convolve(graph, block.conv.weight, features, stride=2)
        features = graph.op("Relu", _add_bias(graph, features, block.conv.bias))
    for block in network.decoder:
        assert isinstance(block, DecoderBlock)
        channels = block.conv.in_channels - block.skip_channels
        up, over = block.conv.weight.detach().split([channels, block.skip_channels], 1)
        skip = _plain_convolve(graph, over, passed.pop(), stride=1)
        features = graph.op("Add", _convolve_upsampled(graph, up, features), skip)
        features = _add_bias(graph, features, block.conv.bias)
        if not block.last:
            features = graph.op("LeakyRelu", features, alpha=0.2)
    return features


def phase_kernels() -> npt.NDArray[np.float32]:
    """Return the matrix (9, 16) from a 3x3 kernel to the four 2x2 kernels of a convolution that also upsamples.

    Applied with a border of one, they give the result from one row above and one column left of the image on, four
    pixels at each place: upper left, upper right, lower left, lower right. Column 4p + t is tap t, in the order of
    rows, of the kernel of pixel p.
    """
    spread = upsampling_matrix(torch.empty(0)).numpy().reshape(9, 4, 4)
    # Which two of the four taps make the first, odd phase of the padded result, and which the second.
    taps = ((2, 0), (3, 1))
    return np.stack([spread[:, y, x] for down in taps for across in taps for y in down for x in across], axis=1)


def _convolve_upsampled(graph: Graph, weight: Tensor, x: str) -> str:
    """Upsample to the nearest and convolve with 3x3, at the lower resolution.

    A transposed 4x4 convolution of stride 2 computes the same, see `bokwon.nn.functional`. As its four phases, 2x2
    convolutions whose results are interleaved, it takes a quarter of the memory: no columns are written out.
    """
    outs, ins = weight.shape[:2]
    # Made of the stored 3x3 kernel when the file is loaded: smaller than the phases, and rounded as the 3x3 one is.
    columns = phase_kernels()
    flat = graph.op("MatMul", graph.weight(weight.flatten(2)), graph.constant(columns))
    phases = graph.op("Transpose", graph.op("Reshape", flat, graph.ints([outs, ins, 4, 4])), perm=[0, 2, 1, 3])
    kernel = graph.op("Reshape", phases, graph.ints([outs * 4, ins, 2, 2]))
    x = graph.op("Conv", x, kernel, kernel_shape=[2, 2], pads=[1] * 4)
    x = graph.op("DepthToSpace", x, blocksize=2, mode="CRD")
    return graph.op("Slice", x, graph.ints([1, 1]), graph.ints([-1, -1]), graph.ints([2, 3]))


def ratio(graph: Graph, average: str) -> tuple[str, str]:
    """Write what a partial convolution multiplies by, and the updated mask.

    Args:
        graph: Where to.
        average: The average of the mask over each window (N, 1, H, W): sum(M) / sum(1).

    Returns:
        Its inverse where it is not zero, else zero; and 1 where it is not zero, else 0.
    """
    mask = graph.op("Cast", graph.op("Greater", average, graph.number(0)), to=TensorProto.FLOAT)
    safe = graph.op("Max", average, graph.number(_EPSILON))
    return graph.op("Div", mask, safe), mask


def _convolve(graph: Graph, weight: Tensor, bias: Tensor | None, x: str, ratio: str, stride: int) -> str:
    # Without the bias in windows that know nothing: the multiplication by the mask comes after the activation.
    return _add_bias(graph, graph.op("Mul", _plain_convolve(graph, weight, x, stride), ratio), bias)


def _plain_convolve(graph: Graph, weight: Tensor, x: str, stride: int) -> str:
    kernel = weight.shape[2]
    return graph.op(
        "Conv",
        x,
        graph.weight(weight),
        kernel_shape=[kernel, kernel],
        strides=[stride, stride],
        pads=[kernel // 2] * 4,
    )


def _add_bias(graph: Graph, x: str, bias: Tensor | None) -> str:
    if bias is None:
        return x
    return graph.op("Add", x, graph.constant(bias.detach().numpy().reshape(1, -1, 1, 1)))
