"""The ONNX graph of a `PConvUNet` whose convolutions compute with 8-bit integers.

Standard QuantizeLinear and DequantizeLinear nodes, which engines turn into integer arithmetic: activations in unsigned
8 bits with one grid a tensor, weights in signed 8 bits with one a channel. The first and the last layer, masks, ratios
and the low-pass stay float32.

What a partial convolution does besides convolving is written otherwise than in `bokwon.export.graph`, so that fewer
passes over the features are left. With a = sum(M) / sum(1) of each window and r = 1 / a where a > 0, else 0, and an
activation f with f(r x) = r f(x) for r >= 0, as ReLU and leaky ReLU are,

    f((W * x) r + b) [a > 0] = r f(W * x + b a)

and b a is itself a convolution, of the mask with b / k^2 in each tap. So the mask goes along with the features as
further channels, and a layer is one convolution with its activation and one multiplication.

Features are channels-last between the convolutions, which is how integers are convolved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper
from torch import Tensor

from bokwon.errors import ArgumentError
from bokwon.export.graph import Graph, assemble, phase_kernels, ratio
from bokwon.nn.unet import DecoderBlock, EncoderBlock, PConvUNet

__all__ = ["Ranges", "build_quantized", "build_watched"]

Array = npt.NDArray[np.float64]
Ranges = Mapping[str, tuple[float, float]]
"""Least and largest value of each tensor that is quantised."""

_CODES = 255
_WEIGHT_CODES = 127
# Four, not one: integer convolutions are fastest where the channels are a multiple of four, and as a sum of four the
# mask's share is rounded four times as finely.
_MASK_CHANNELS = 4
_TO_LAST, _TO_FIRST = [0, 2, 3, 1], [0, 3, 1, 2]
_TINY = 1e-8


def build_watched(network: PConvUNet) -> tuple[onnx.ModelProto, tuple[str, ...]]:
    """Build the graph in float32, with the tensors that are to be quantised as further outputs.

    Args:
        network: A network from `fold_batch_norm`.

    Returns:
        The model, and the names of those outputs.

    Raises:
        ArgumentError: Its convolutions are not partial ones.
    """
    graph = _QuantizedGraph(None)
    model = _build(graph, network)
    for name in graph.watched:
        model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * 4))
    return model, tuple(graph.watched)


def build_quantized(network: PConvUNet, ranges: Ranges) -> onnx.ModelProto:
    """Build the quantised graph; inputs and output are those of `bokwon.export.graph.build`.

    Args:
        network: A network from `fold_batch_norm`.
        ranges: Those of the tensors that `build_watched` names.

    Raises:
        ArgumentError: Its convolutions are not partial ones.
    """
    return _build(_QuantizedGraph(ranges), network)


def _build(graph: _QuantizedGraph, network: PConvUNet) -> onnx.ModelProto:
    if network.config.layer != "partial":
        raise ArgumentError("this network is one of plain convolutions", "export it without --int8")
    assemble(graph, network, lambda image, valid: _Writer(graph, network).unet(image, valid))
    return graph.model()


@dataclass(frozen=True)
class _Grid:
    """Where the codes of a tensor lie: value = (code - zero) step."""

    step: float
    zero: int


@dataclass(frozen=True)
class _Features:
    """Features (N, H, W, C + 4) with their mask as the last channels.

    Attributes:
        name: Of the tensor.
        watched: The name of its range.
        mask: That of the mask (N, 1, H, W).
        code: Code of a known pixel in the mask's channels, above the grid's zero.
    """

    name: str
    watched: str
    mask: str
    code: int


@dataclass(frozen=True)
class _Taps:
    """The kernels of a convolution, and what each of its taps takes from the mask.

    Attributes:
        weight: (outs, ins, K, K).
        mask: (outs, K, K), to be multiplied by a mask of 0 and 1.
    """

    weight: Array
    mask: Array


class _QuantizedGraph(Graph):
    """A graph whose tensors can be put on a grid of 256 values.

    Args:
        ranges: Of the tensors; None to watch them instead.
    """

    def __init__(self, ranges: Ranges | None) -> None:
        super().__init__(half=False)
        self.ranges = ranges
        self.watched: list[str] = []

    def grid(self, watched: str) -> _Grid | None:
        if self.ranges is None:
            return None
        low, high = self.ranges[watched]
        low, high = min(low, 0.0), max(high, 0.0, low + _TINY)
        step = (high - low) / _CODES
        return _Grid(step, round(-low / step))

    def quantize(self, x: str, watched: str) -> str:
        """Put a tensor on its grid; a second time it costs nothing, and tells engines that it is still there."""
        grid = self.grid(watched)
        if grid is None:
            if watched in self.watched:
                return x
            self.watched.append(watched)
            return self.op("Identity", x, out=watched)
        step, zero = self.number(grid.step), self.constant(np.asarray(grid.zero, np.uint8))
        return self.op("DequantizeLinear", self.op("QuantizeLinear", x, step, zero), step, zero)

    def on_grid(self, kind: str, *inputs: str, watched: str, **attributes: Any) -> str:
        """Move values about, from a grid to the same."""
        return self.quantize(self.op(kind, *inputs, **attributes), watched)

    def convolve(self, x: _Features, taps: _Taps, out: str, *, relu: bool = False, **attributes: Any) -> str:
        """Convolve features and their mask.

        Returns:
            (N, H, W, outs), on the grid `out`.
        """
        first = self.on_grid("Transpose", x.name, watched=x.watched, perm=_TO_FIRST)
        grid = self.grid(x.watched)
        if grid is None:
            share = np.repeat(taps.mask[:, None] / _MASK_CHANNELS, _MASK_CHANNELS, 1)
            inputs = [first, self.floats(np.concatenate([taps.weight, share], 1))]
        else:
            scale = np.maximum(np.abs(taps.weight).max((1, 2, 3)), _TINY) / _WEIGHT_CODES
            codes = np.rint(taps.weight / scale[:, None, None, None])
            known = grid.step * x.code
            mask_codes = _split(taps.mask / (known * scale[:, None, None])).transpose(0, 3, 1, 2)
            # Exact where all of a window is known, whatever was lost in rounding the mask's taps.
            bias = taps.mask.sum((1, 2)) - mask_codes.sum((1, 2, 3)) * scale * known
            codes = np.clip(np.concatenate([codes, mask_codes], 1), -_WEIGHT_CODES, _WEIGHT_CODES)
            inputs = [first, self._codes(codes.astype(np.int8), scale)]
            steps = scale * grid.step
            inputs.append(self._codes(np.rint(bias / steps).astype(np.int32), steps))
        y = self.op("Conv", *inputs, kernel_shape=list(taps.weight.shape[2:]), **attributes)
        y = self.quantize(self.op("Relu", y) if relu else y, out)
        return self.on_grid("Transpose", y, watched=out, perm=_TO_LAST)

    def floats(self, value: Array) -> str:
        return self.constant(value.astype(np.float32))

    def _codes(self, codes: npt.NDArray[np.generic], scale: Array) -> str:
        zero = self.constant(np.zeros(len(codes), codes.dtype))
        return self.op("DequantizeLinear", self.constant(codes), self.floats(scale), zero, axis=0)


class _Writer:
    """Writes encoder and decoder.

    Args:
        graph: Where to.
        network: A network from `fold_batch_norm`.
    """

    def __init__(self, graph: _QuantizedGraph, network: PConvUNet) -> None:
        self._graph = graph
        self._encoder = [block for block in network.encoder if isinstance(block, EncoderBlock)]
        self._decoder = [block for block in network.decoder if isinstance(block, DecoderBlock)]

    def unet(self, image: str, valid: str) -> str:
        graph, levels = self._graph, len(self._encoder)
        bottom = graph.op("Concat", image, valid, axis=1)
        passed: list[_Features] = []
        mask = valid
        for level, block in enumerate(self._encoder):
            side = int(block.conv.kernel_size[0])
            inverse, mask = ratio(graph, graph.average(mask, side, 2, side // 2, side // 2))
            how: dict[str, Any] = {"strides": [2, 2], "pads": [side // 2] * 4}
            if level:
                features = graph.convolve(passed[-1], self._encoder_taps(level), f"encoder_{level}", relu=True, **how)
                # For ONNX Runtime, which else would turn all that follows channels-first again.
                features = graph.op("Reshape", features, graph.ints([0, 0, 0, block.conv.out_channels]))
            else:
                features = graph.op("Relu", self._plain(bottom, self._encoder_taps(0), **how))
                features = graph.op("Transpose", features, perm=_TO_LAST)
            readers = [self._below_taps(0)]
            if level + 1 < levels:
                readers = [self._encoder_taps(level + 1), self._beside_taps(levels - 2 - level)]
            passed.append(self._multiply(features, inverse, mask, f"encoded_{level}", readers))
        below = passed.pop()
        for level, layer in enumerate(self._decoder[:-1]):
            beside = passed.pop()
            inverse, mask = self._update(layer, below.mask, beside.mask)
            watched = f"below_{level}"
            pixels = graph.convolve(below, self._below_taps(level), watched, pads=[1] * 4)
            pixels = self._interleave(pixels, layer.conv.out_channels, below.mask, watched)
            skip = graph.convolve(beside, self._beside_taps(level), f"beside_{level}", pads=[1] * 4)
            features = graph.op("LeakyRelu", graph.quantize(graph.op("Add", pixels, skip), f"sum_{level}"), alpha=0.2)
            below = self._multiply(features, inverse, mask, f"decoded_{level}", [self._below_taps(level + 1)])
        return self._last(below, bottom, valid)

    def _last(self, below: _Features, bottom: str, valid: str) -> str:
        """Write the last layer: both its parts at half the resolution, four pixels at each place."""
        graph, level = self._graph, len(self._decoder) - 1
        block = self._decoder[level]
        inverse, _ = self._update(block, below.mask, valid)
        taps = self._beside_taps(level)
        whole = np.concatenate([taps.weight, taps.mask[:, None]], 1)
        outs = len(whole)
        phases = np.zeros((2, 2, outs, whole.shape[1], 4, 4))
        for down, across in np.ndindex(2, 2):
            phases[down, across, :, :, down : down + 3, across : across + 3] = whole
        kernel = graph.floats(phases.reshape(4 * outs, -1, 4, 4))
        skip = graph.op("Conv", bottom, kernel, kernel_shape=[4, 4], strides=[2, 2], pads=[2] * 4)
        skip = graph.op("Transpose", skip, perm=_TO_LAST)
        pixels = graph.convolve(below, self._below_taps(level), f"below_{level}", pads=[1] * 4)
        output = self._interleave(graph.op("Add", skip, pixels), outs, below.mask, None)
        return graph.op("Mul", graph.op("Transpose", output, perm=_TO_FIRST), inverse)

    def _plain(self, x: str, taps: _Taps, **attributes: Any) -> str:
        """Convolve in float32, the mask as one channel after the features."""
        weight = self._graph.floats(np.concatenate([taps.weight, taps.mask[:, None]], 1))
        return self._graph.op("Conv", x, weight, kernel_shape=list(taps.weight.shape[2:]), **attributes)

    def _multiply(self, features: str, inverse: str, mask: str, watched: str, readers: list[_Taps]) -> _Features:
        """Multiply by the ratio, quantise, and put the mask beside."""
        graph = self._graph
        features = graph.op("Mul", features, graph.op("Transpose", inverse, perm=_TO_LAST))
        features = graph.quantize(features, watched)
        known = graph.op("Transpose", mask, perm=_TO_LAST)
        code, grid = 1, graph.grid(watched)
        if grid is not None:
            code = max(_least_code(taps, grid) for taps in readers)
            known = graph.quantize(graph.op("Mul", known, graph.number(code * grid.step)), watched)
        both = graph.on_grid("Concat", features, *[known] * _MASK_CHANNELS, watched=watched, axis=3)
        return _Features(both, watched, mask, code)

    def _interleave(self, pixels: str, outs: int, mask: str, watched: str | None) -> str:
        """Put four pixels a place, (N, H + 1, W + 1, 4 C), side by side, without the border: (N, 2 H, 2 W, C).

        The sizes are taken from the mask (N, 1, H, W): of codes it would cost to make them floats first.
        """
        graph = self._graph

        def move(kind: str, *inputs: str, **attributes: Any) -> str:
            if watched is None:
                return graph.op(kind, *inputs, **attributes)
            return graph.on_grid(kind, *inputs, watched=watched, **attributes)

        shape = graph.op("Shape", mask)
        count = graph.op("Slice", shape, graph.ints([0]), graph.ints([1]))
        places = graph.op("Add", graph.op("Slice", shape, graph.ints([2]), graph.ints([4])), graph.ints([1]))
        doubled = graph.op("Mul", places, graph.ints([2]))
        pixels = move("Reshape", pixels, graph.ints([0, 0, 0, 2, 2 * outs]))
        pixels = move("Transpose", pixels, perm=[0, 1, 3, 2, 4])
        pixels = move("Reshape", pixels, graph.op("Concat", count, doubled, graph.ints([outs]), axis=0))
        return move("Slice", pixels, graph.ints([1, 1]), graph.ints([-1, -1]), graph.ints([1, 2]))

    def _update(self, block: DecoderBlock, below: str, beside: str) -> tuple[str, str]:
        graph, share = self._graph, _share(block)
        below = graph.op("Mul", graph.upsample(below, 2, "nearest"), graph.number(share))
        beside = graph.op("Mul", beside, graph.number(1 - share))
        return ratio(graph, graph.average(graph.op("Add", below, beside), 3, 1, 1, 1))

    def _encoder_taps(self, level: int) -> _Taps:
        conv = self._encoder[level].conv
        side = int(conv.kernel_size[0])
        return _Taps(_array(conv.weight), _even(_bias(conv.bias, conv.out_channels), side))

    def _below_taps(self, level: int) -> _Taps:
        block = self._decoder[level]
        weight, _ = _parts(block)
        mask = _even(_bias(block.conv.bias, len(weight)) * _share(block), 3)
        both = np.concatenate([weight, mask[:, None]], 1)
        outs, ins = both.shape[:2]
        phases = np.asarray(both.reshape(outs, ins, 9) @ phase_kernels(), np.float64).reshape(outs, ins, 4, 2, 2)
        phases = phases.transpose(2, 0, 1, 3, 4).reshape(4 * outs, ins, 2, 2)
        return _Taps(phases[:, :-1], phases[:, -1])

    def _beside_taps(self, level: int) -> _Taps:
        block = self._decoder[level]
        _, weight = _parts(block)
        return _Taps(weight, _even(_bias(block.conv.bias, len(weight)) * (1 - _share(block)), 3))


def _least_code(taps: _Taps, grid: _Grid) -> int:
    """Return the least code of a known pixel with which no tap of the mask is beyond the codes of the weights.

    The less it is, the larger the taps, and the finer they are rounded.
    """
    largest = np.maximum(np.abs(taps.weight).max((1, 2, 3)), _TINY)
    code = np.abs(taps.mask).max((1, 2)) / (_MASK_CHANNELS * largest * grid.step)
    return int(np.clip(np.ceil(code.max()), 1, _CODES - grid.zero))


def _split(codes: Array) -> Array:
    """Write numbers as sums of four whole ones, as equal as can be: (...) to (..., 4)."""
    return np.floor((np.rint(codes)[..., None] + np.arange(_MASK_CHANNELS)) / _MASK_CHANNELS)


def _share(block: DecoderBlock) -> float:
    """Return what part of a decoder layer's inputs comes from below; the others are the skip connection's."""
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
