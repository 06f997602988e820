"""Graph nodes that compute with 8-bit integers: quantised tensors and their convolutions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from bokwon.export.nodes import Graph

__all__ = [
    "MASK_CHANNELS",
    "TO_FIRST",
    "TO_LAST",
    "Array",
    "Features",
    "Quantization",
    "QuantizedGraph",
    "Ranges",
    "Taps",
    "least_code",
]

Array: TypeAlias = npt.NDArray[np.float64]
Ranges: TypeAlias = Mapping[str, tuple[float, float]]
"""Least and largest value of each tensor that is quantised."""

MASK_CHANNELS = 4
"""How many channels hold the mask.

Four, not one: integer convolutions are fastest where the channels are a multiple of four, and as a sum of four the
mask's share is rounded four times as finely.
"""
TO_LAST, TO_FIRST = [0, 2, 3, 1], [0, 3, 1, 2]
"""Permutations of the axes: channels last, channels first."""

_CODES = 255
_WEIGHT_CODES = 127
"""Of two neighbouring channels' weights together."""
_TINY = 1e-8


@dataclass(frozen=True)
class Quantization:
    """How a tensor is written in 8 bits: value = (code - zero_point) scale."""

    scale: float
    zero_point: int


@dataclass(frozen=True)
class Features:
    """Features (N, H, W, C + 4) with their mask as the last channels.

    Attributes:
        name: Of the tensor.
        observed: The name of its range.
        mask: That of the mask (N, 1, H, W).
        code: What a known pixel is in the mask's channels, in steps of the scale above the zero point.
        positions: None, or `Points.positions` if these are the features of some pixels only, (1, n, 1, C + 4).
    """

    name: str
    observed: str
    mask: str
    code: int
    positions: str | None = None


@dataclass(frozen=True)
class Taps:
    """The kernels of a convolution, and what each of its taps takes from the mask.

    Attributes:
        weight: (outs, ins, K, K).
        mask: (outs, K, K), to be multiplied by a mask of 0 and 1.
    """

    weight: Array
    mask: Array


class QuantizedGraph(Graph):
    """A graph whose tensors can be quantised.

    Args:
        ranges: Of the tensors; None to observe them instead.
    """

    def __init__(self, ranges: Ranges | None) -> None:
        super().__init__(half=False)
        self.ranges = ranges
        self.observed: list[str] = []

    def quantization(self, observed: str) -> Quantization | None:
        """Return how a tensor is quantised; None where it is observed instead."""
        if self.ranges is None:
            return None
        low, high = self.ranges[observed]
        low, high = min(low, 0.0), max(high, 0.0, low + _TINY)
        scale = (high - low) / _CODES
        return Quantization(scale, round(-low / scale))

    def quantize(self, x: str, observed: str | None) -> str:
        """Round a tensor to its 256 values; a second time it costs nothing, and tells engines that it still has them.

        Args:
            x: The tensor.
            observed: The name of its range; None leaves it in float32.
        """
        if observed is None:
            return x
        params = self.quantization(observed)
        if params is None:
            if observed in self.observed:
                return x
            self.observed.append(observed)
            return self.op("Identity", x, out=observed)
        scale, zero = self.number(params.scale), self.constant(np.asarray(params.zero_point, np.uint8))
        return self.op("DequantizeLinear", self.op("QuantizeLinear", x, scale, zero), scale, zero)

    def move(self, kind: str, *inputs: str, observed: str | None, **attributes: Any) -> str:
        """Add a node that only moves values: quantised tensors stay quantised."""
        return self.quantize(self.op(kind, *inputs, **attributes), observed)

    def border(self, x: str, observed: str) -> str:
        """Put a border of one pixel of zeros around (N, H, W, C); quantised tensors stay quantised."""
        pads, params = self.ints([0, 1, 1, 0] * 2), self.quantization(observed)
        if params is None:
            return self.op("Pad", x, pads)
        scale, zero = self.number(params.scale), self.constant(np.asarray(params.zero_point, np.uint8))
        codes = self.op("Pad", self.op("QuantizeLinear", x, scale, zero), pads, zero)
        return self.op("DequantizeLinear", codes, scale, zero)

    def convolve(
        self, x: Features, taps: Taps, out: str, *, relu: bool = False, windows: bool = False, **attributes: Any
    ) -> str:
        """Convolve features and their mask.

        Args:
            x: The features.
            taps: Kernels.
            out: The name of the result's range.
            relu: Whether a ReLU follows.
            windows: Whether the features are windows side by side, tap after tap with all channels of each:
                (1, n, 1, K K (C + 4)).
            attributes: Those of the convolution.

        Returns:
            (N, H, W, outs), quantised as `out`; of windows (1, n, 1, outs).
        """

        def ordered(kernel: npt.NDArray[Any]) -> npt.NDArray[Any]:
            return kernel.transpose(0, 2, 3, 1).reshape(len(kernel), -1, 1, 1) if windows else kernel

        first = self.move("Transpose", x.name, observed=x.observed, perm=TO_FIRST)
        params = self.quantization(x.observed)
        if params is None:
            inputs = [first, self.floats(ordered(np.concatenate([taps.weight, _shared(taps.mask)], 1)))]
        else:
            known = params.scale * x.code
            # As coarse as the mask's taps need, too: what is cut off of one would be missing wherever only a part of a
            # window is known.
            pairs = np.maximum(_pairs(taps.weight), _pairs(_shared(taps.mask)) / known)
            scale = np.maximum(pairs, _TINY) / _WEIGHT_CODES
            codes = np.rint(taps.weight / scale[:, None, None, None])
            mask_codes = _split(taps.mask / (known * scale[:, None, None])).transpose(0, 3, 1, 2)
            # Exact where all of a window is known, whatever was lost in rounding the mask's taps.
            bias = taps.mask.sum((1, 2)) - mask_codes.sum((1, 2, 3)) * scale * known
            codes = ordered(np.concatenate([codes, mask_codes], 1).astype(np.int8))
            bias_scale = scale * params.scale
            bias_codes = np.rint(bias / bias_scale).astype(np.int32)
            inputs = [first, self._codes(codes, scale), self._codes(bias_codes, bias_scale)]
        sides = [1, 1] if windows else list(taps.weight.shape[2:])
        y = self.op("Conv", *inputs, kernel_shape=sides, **attributes)
        y = self.quantize(self.op("Relu", y) if relu else y, out)
        return self.move("Transpose", y, observed=out, perm=TO_LAST)

    def floats(self, value: Array) -> str:
        """Add an array as float32."""
        return self.constant(value.astype(np.float32))

    def _codes(self, codes: npt.NDArray[np.generic], scale: Array) -> str:
        zero = self.constant(np.zeros(len(codes), codes.dtype))
        return self.op("DequantizeLinear", self.constant(codes), self.floats(scale), zero, axis=0)


def least_code(taps: Taps, params: Quantization) -> int:
    """Return the least code of a known pixel with which no tap of the mask is beyond the codes of the weights.

    The less it is, the larger the taps, and the finer they are rounded.
    """
    code = _pairs(_shared(taps.mask)) / (np.maximum(_pairs(taps.weight), _TINY) * params.scale)
    return int(np.clip(np.ceil(code.max()), 1, _CODES - params.zero_point))


def _pairs(taps: Array) -> Array:
    """Return how much two neighbouring channels weigh together at most: (outs, ins, K, K) to (outs,).

    Processors without VNNI add their products in 16 bits, which hold 255 (127 + 1) and no more (`vpmaddubsw`).
    """
    outs, ins = taps.shape[:2]
    weights = np.abs(taps)
    if ins % 2:
        # The last of a tap stands beside the first of the next one.
        return np.asarray(2 * weights.max((1, 2, 3)))
    return np.asarray(weights.reshape(outs, ins // 2, 2, -1).sum(2).max((1, 2)))


def _shared(mask: Array) -> Array:
    """Divide the mask's taps among its channels: (outs, K, K) to (outs, 4, K, K)."""
    return np.repeat(mask[:, None] / MASK_CHANNELS, MASK_CHANNELS, 1)


def _split(codes: Array) -> Array:
    """Write numbers as sums of four whole ones, as equal as can be: (...) to (..., 4)."""
    return np.floor((np.rint(codes)[..., None] + np.arange(MASK_CHANNELS)) / MASK_CHANNELS)
