"""The ONNX graph of a `PConvUNet` whose convolutions compute with 8-bit integers.

Standard QuantizeLinear and DequantizeLinear nodes, which engines turn into integer arithmetic: activations in unsigned
8 bits with one scale and zero point a tensor, weights in signed 8 bits with one scale a channel. The first and the last
layer, masks, ratios and the low-pass stay float32.

What a partial convolution does besides convolving is written otherwise than in `bokwon.export.graph`, so that fewer
passes over the features are left. With a = sum(M) / sum(1) of each window and r = 1 / a where a > 0, else 0, and an
activation f with f(r x) = r f(x) for r >= 0, as ReLU and leaky ReLU are,

    f((W * x) r + b) [a > 0] = r f(W * x + b a)

and b a is itself a convolution, of the mask with b / k^2 in each tap. So the mask goes along with the features as
further channels, and a layer is one convolution with its activation and one multiplication.

Features are channels-last between the convolutions, which is how integers are convolved.

The output of the network is needed in the holes alone. So the last layers of the decoder, whose maps are the largest,
compute only the pixels that the holes depend on, see `bokwon.export.points`. Known pixels come back as they were given.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper
from torch import Tensor

from bokwon.errors import ArgumentError
from bokwon.export.graph import assemble, mask_ratio
from bokwon.export.points import Points, gather_numbers, gather_pixels, scatter_pixels, wanted_points
from bokwon.export.quantized_nodes import (
    MASK_CHANNELS,
    TO_LAST,
    Array,
    Features,
    QuantizedGraph,
    Ranges,
    Taps,
    least_code,
)
from bokwon.nn.few_channels import block_kernels
from bokwon.nn.functional import phase_matrix
from bokwon.nn.unet import DecoderBlock, EncoderBlock, PConvUNet

__all__ = ["build_observed", "build_quantized"]

_GATHERED = 5
"""Number of decoder layers, from the surface, that compute only some pixels. Further down nearly all are needed."""


def build_observed(network: PConvUNet) -> tuple[onnx.ModelProto, tuple[str, ...]]:
    """Build the graph in float32, for every pixel; the tensors that are to be quantised are further outputs.

    Args:
        network: A network from `fold_batch_norm`.

    Returns:
        The model, and the names of those outputs.

    Raises:
        ArgumentError: Its convolutions are not partial ones.
    """
    graph = QuantizedGraph(None)
    model = _build(graph, network, everywhere=True)
    for name in graph.observed:
        model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * 4))
    return model, tuple(graph.observed)


def build_quantized(network: PConvUNet, ranges: Ranges, *, everywhere: bool = False) -> onnx.ModelProto:
    """Build the quantised graph.

    Inputs and output are those of `bokwon.export.graph.build`, but known pixels come back as they were given.

    Args:
        network: A network from `fold_batch_norm`.
        ranges: Those of the tensors that `build_observed` names.
        everywhere: Also compute known pixels, instead of giving them back. `base="membrane"` always computes them.

    Raises:
        ArgumentError: Its convolutions are not partial ones.
    """
    return _build(QuantizedGraph(ranges), network, everywhere=everywhere)


def _build(graph: QuantizedGraph, network: PConvUNet, *, everywhere: bool) -> onnx.ModelProto:
    if network.config.layer != "partial":
        raise ArgumentError(
            f"only partial convolutions are quantized, and this network has network.layer={network.config.layer!r}",
            "export it without --int8",
        )
    assemble(graph, network, _Writer(graph, network, everywhere or network.config.base == "membrane"))
    return graph.model()


class _Writer:
    """A `Decoded` that computes only the pixels that are wanted.

    Args:
        graph: Where to.
        network: A network from `fold_batch_norm`.
        everywhere: Whether all pixels are wanted, or only those of the holes.
    """

    def __init__(self, graph: QuantizedGraph, network: PConvUNet, everywhere: bool) -> None:
        self._graph = graph
        self._encoder = [block for block in network.encoder if isinstance(block, EncoderBlock)]
        self._decoder = [block for block in network.decoder if isinstance(block, DecoderBlock)]
        self._everywhere = everywhere
        self._multiple = network.config.multiple
        self._indices = ""
        self._like = ""

    def read(self, x: str) -> str:
        return gather_pixels(self._graph, x, self._indices, 3)

    def read_number(self, x: str) -> str:
        return gather_numbers(self._graph, x, self._indices, self._like)

    def put(self, image: str, output: str) -> str:
        return scatter_pixels(self._graph, image, self._indices, output, 3)

    def write(self, image: str, valid: str) -> str:
        graph, levels = self._graph, len(self._encoder)
        points = wanted_points(graph, self._wanted(valid), min(_GATHERED, levels))
        self._indices, self._like = points[0].indices(), valid
        bottom = graph.op("Concat", image, valid, axis=1)
        passed: list[Features] = []
        mask = valid
        for level, block in enumerate(self._encoder):
            side = int(block.conv.kernel_size[0])
            ratio, mask = mask_ratio(graph, graph.average(mask, side, 2, side // 2, side // 2))
            how: dict[str, Any] = {"strides": [2, 2], "pads": [side // 2] * 4}
            if level:
                features = graph.convolve(passed[-1], self._encoder_taps(level), f"encoder_{level}", relu=True, **how)
                # For ONNX Runtime, which else would turn all that follows channels-first again.
                features = graph.op("Reshape", features, graph.ints([0, 0, 0, block.conv.out_channels]))
            else:
                features = graph.op("Relu", self._plain(bottom, self._encoder_taps(0), **how))
                features = graph.op("Transpose", features, perm=TO_LAST)
            readers = [self._below_taps(0)]
            if level + 1 < levels:
                readers = [self._encoder_taps(level + 1), self._beside_taps(levels - 2 - level)]
            last = graph.op("Transpose", ratio, perm=TO_LAST), graph.op("Transpose", mask, perm=TO_LAST)
            passed.append(self._multiply(features, *last, mask, f"encoded_{level}", readers))
        below = passed.pop()
        for level, layer in enumerate(self._decoder[:-1]):
            resolution = levels - 1 - level
            at = points[resolution] if resolution < len(points) else None
            beside = passed.pop()
            ratio, mask = self._update(layer, below.mask, beside.mask)
            pixels = self._from_below(level, below, at)
            if at is None:
                skip = graph.convolve(beside, self._beside_taps(level), f"beside_{level}", pads=[1] * 4)
                last = graph.op("Transpose", ratio, perm=TO_LAST), graph.op("Transpose", mask, perm=TO_LAST)
            else:
                taps, indices = self._beside_taps(level), at.indices()
                windows = self._windows(beside, at.around(), taps)
                skip = graph.convolve(windows, taps, f"beside_{level}", windows=True)
                last = self._row(ratio, indices), self._row(mask, indices)
            features = graph.op("LeakyRelu", graph.quantize(graph.op("Add", pixels, skip), f"sum_{level}"), alpha=0.2)
            below = self._multiply(features, *last, mask, f"decoded_{level}", [self._below_taps(level + 1)])
            below = replace(below, positions=at.positions() if at else None)
        return self._last(below, bottom, valid, points[0])

    def _wanted(self, valid: str) -> str:
        """Return where an output is wanted, (N, 1, H, W): not in what was padded, unless everywhere."""
        graph = self._graph
        if self._everywhere:
            return graph.op("Add", valid, graph.op("Sub", graph.number(1), valid))
        (wanted,), _ = graph.pad([graph.op("Sub", graph.number(1), "valid")], self._multiple)
        return wanted

    def _last(self, below: Features, bottom: str, valid: str, at: Points) -> str:
        """Write the last layer: both its parts at half the resolution, in blocks of 2x2 pixels."""
        graph, level = self._graph, len(self._decoder) - 1
        block = self._decoder[level]
        ratio, _ = self._update(block, below.mask, valid)
        taps = self._beside_taps(level)
        whole = np.concatenate([taps.weight, taps.mask[:, None]], 1)
        outs = len(whole)
        # Channels of the kernel: the pixels of the block first, then the channels of the output.
        blocks = block_kernels(torch.from_numpy(whole)).unflatten(0, (outs, 4)).transpose(0, 1).flatten(0, 1)
        skip = graph.op("Conv", bottom, graph.floats(blocks.numpy()), kernel_shape=[4, 4], strides=[2, 2], pads=[2] * 4)
        skip = graph.op("Reshape", graph.op("Transpose", skip, perm=TO_LAST), graph.ints([-1, 4 * outs]))
        skip = graph.op("Gather", skip, at.blocks)
        taps = self._below_taps(level)
        pixels = graph.convolve(self._windows(below, at.below(), taps), taps, f"below_{level}", windows=True)
        output = graph.op("Add", skip, graph.op("Reshape", pixels, graph.ints([-1, 4 * outs])))
        output = graph.op("Gather", graph.op("Reshape", output, graph.ints([-1, outs])), at.phases())
        output = graph.op("Reshape", graph.op("Transpose", output, perm=[1, 0]), graph.ints([1, outs, 1, -1]))
        return graph.op("Mul", output, gather_pixels(graph, ratio, self._indices, 1))

    def _from_below(self, level: int, below: Features, at: Points | None) -> str:
        """Write the part of a layer that comes from below, in full or at some pixels (1, n, 1, C)."""
        graph, observed, taps = self._graph, f"below_{level}", self._below_taps(level)
        outs = len(taps.weight) // 4
        if at is None:
            pixels = graph.convolve(below, taps, observed, pads=[1] * 4)
            return self._interleave(pixels, outs, below.mask, observed)
        pixels = graph.convolve(self._windows(below, at.below(), taps), taps, observed, windows=True)
        pixels = graph.move("Reshape", pixels, graph.ints([-1, outs]), observed=observed)
        pixels = graph.move("Gather", pixels, at.phases(), observed=observed)
        return graph.move("Reshape", pixels, graph.ints([1, -1, 1, outs]), observed=observed)

    def _windows(self, x: Features, at: str, taps: Taps) -> Features:
        """Gather windows of features, tap after tap with all channels of each: (1, n, 1, K K (C + 4)).

        Args:
            x: The features.
            at: (n, K K) from `Points`.
            taps: The kernels that will be applied.
        """
        graph, (_, ins, *sides) = self._graph, taps.weight.shape
        flat, observed = graph.ints([-1, ins + MASK_CHANNELS]), x.observed
        if x.positions is None:
            rows = graph.border(x.name, observed)
        else:
            # Position 0 stands for all pixels that were not computed: zero.
            outside = graph.quantize(graph.floats(np.zeros((1, 1, 1, ins + MASK_CHANNELS))), observed)
            rows = graph.move("Concat", outside, x.name, observed=observed, axis=1)
            at = graph.op("Gather", x.positions, at)
        rows = graph.move("Reshape", rows, flat, observed=observed)
        windows = graph.move("Gather", rows, at, observed=observed)
        whole = graph.ints([1, -1, 1, int(np.prod(sides)) * (ins + MASK_CHANNELS)])
        return replace(x, name=graph.move("Reshape", windows, whole, observed=observed))

    def _row(self, x: str, indices: str) -> str:
        """Take some pixels of (N, 1, H, W): (1, n, 1, 1)."""
        return self._graph.op("Reshape", gather_pixels(self._graph, x, indices, 1), self._graph.ints([1, -1, 1, 1]))

    def _plain(self, x: str, taps: Taps, **attributes: Any) -> str:
        """Convolve in float32, the mask as one channel after the features."""
        weight = self._graph.floats(np.concatenate([taps.weight, taps.mask[:, None]], 1))
        return self._graph.op("Conv", x, weight, kernel_shape=list(taps.weight.shape[2:]), **attributes)

    def _multiply(
        self, features: str, ratio: str, known: str, mask: str, observed: str, readers: list[Taps]
    ) -> Features:
        """Multiply by the ratio, quantise, and append the mask. Ratio and `known`, the mask, are channels-last."""
        graph = self._graph
        features = graph.quantize(graph.op("Mul", features, ratio), observed)
        code, params = 1, graph.quantization(observed)
        if params is not None:
            code = max(least_code(taps, params) for taps in readers)
            known = graph.quantize(graph.op("Mul", known, graph.number(code * params.scale)), observed)
        both = graph.move("Concat", features, *[known] * MASK_CHANNELS, observed=observed, axis=3)
        return Features(both, observed, mask, code)

    def _interleave(self, pixels: str, outs: int, mask: str, observed: str) -> str:
        """Put blocks of 2x2 pixels, (N, H + 1, W + 1, 4 C), side by side, without the border: (N, 2 H, 2 W, C).

        The sizes are taken from the mask (N, 1, H, W): of codes it would cost to make them floats first.
        """
        graph = self._graph
        shape = graph.op("Shape", mask)
        count = graph.op("Slice", shape, graph.ints([0]), graph.ints([1]))
        blocks = graph.op("Add", graph.op("Slice", shape, graph.ints([2]), graph.ints([4])), graph.ints([1]))
        doubled = graph.op("Mul", blocks, graph.ints([2]))
        pixels = graph.move("Reshape", pixels, graph.ints([0, 0, 0, 2, 2 * outs]), observed=observed)
        pixels = graph.move("Transpose", pixels, observed=observed, perm=[0, 1, 3, 2, 4])
        shape = graph.op("Concat", count, doubled, graph.ints([outs]), axis=0)
        pixels = graph.move("Reshape", pixels, shape, observed=observed)
        ends = graph.ints([1, 1]), graph.ints([-1, -1]), graph.ints([1, 2])
        return graph.move("Slice", pixels, *ends, observed=observed)

    def _update(self, block: DecoderBlock, below: str, beside: str) -> tuple[str, str]:
        graph, share = self._graph, _share(block)
        below = graph.op("Mul", graph.upsample(below, 2, "nearest"), graph.number(share))
        beside = graph.op("Mul", beside, graph.number(1 - share))
        return mask_ratio(graph, graph.average(graph.op("Add", below, beside), 3, 1, 1, 1))

    def _encoder_taps(self, level: int) -> Taps:
        conv = self._encoder[level].conv
        side = int(conv.kernel_size[0])
        return Taps(_array(conv.weight), _even(_bias(conv.bias, conv.out_channels), side))

    def _below_taps(self, level: int) -> Taps:
        block = self._decoder[level]
        weight, _ = _parts(block)
        mask = _even(_bias(block.conv.bias, len(weight)) * _share(block), 3)
        both = np.concatenate([weight, mask[:, None]], 1)
        outs, ins = both.shape[:2]
        phases = np.asarray(both.reshape(outs, ins, 9) @ phase_matrix(torch.empty(0)).numpy(), np.float64)
        phases = phases.reshape(outs, ins, 4, 2, 2).transpose(2, 0, 1, 3, 4).reshape(4 * outs, ins, 2, 2)
        return Taps(phases[:, :-1], phases[:, -1])

    def _beside_taps(self, level: int) -> Taps:
        block = self._decoder[level]
        _, weight = _parts(block)
        return Taps(weight, _even(_bias(block.conv.bias, len(weight)) * (1 - _share(block)), 3))


def _share(block: DecoderBlock) -> float:
    """Return the share of a decoder layer's inputs from the layer below. The others are from the skip connection."""
    return 1 - block.skip_channels / block.conv.in_channels


def _parts(block: DecoderBlock) -> tuple[Array, Array]:
    weight = _array(block.conv.weight)
    below = block.conv.in_channels - block.skip_channels
    return weight[:, :below], weight[:, below:]


def _even(total: Array, side: int) -> Array:
    """Spread (outs,) evenly over the taps: (outs, K, K)."""
    return np.tile(total[:, None, None] / side**2, (1, side, side))


def _bias(bias: Tensor | None, outs: int) -> Array:
    return np.zeros(outs) if bias is None else _array(bias)


def _array(tensor: Tensor) -> Array:
    return np.asarray(tensor.detach().double().numpy())
