"""The ranges of a network's tensors, measured on examples, and what rounding to 8 bits costs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import onnx

from bokwon.errors import ArgumentError, BokwonError
from bokwon.export.quantized import Ranges, build_quantized, build_watched
from bokwon.nn.unet import PConvUNet
from bokwon.telemetry import switch_off_telemetry

__all__ = ["HELD_OUT", "LARGEST_LOSS", "Example", "quantize"]

Example: TypeAlias = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]
"""An image (3, H, W) in [0, 1], and (1, H, W), 1 where a pixel is known."""

HELD_OUT = 8
"""The last examples are not measured: they show what rounding costs."""
LARGEST_LOSS = 0.03
"""Root mean square of what rounding changes within holes, in units of the image's range, beyond which it is refused."""

# What few values exceed would make the grid of all the others coarse. On pages 99.9 % and 99.99 % both lose more.
_SHARE = 99.98
_SAMPLES = 100_000


def quantize(network: PConvUNet, examples: Sequence[Example]) -> tuple[onnx.ModelProto, float]:
    """Build the 8-bit graph of a network.

    Args:
        network: A network from `fold_batch_norm`.
        examples: Crops with holes such as it will be given; more than `HELD_OUT`.

    Returns:
        The model, and the root mean square of what rounding changes in the holes of the examples held out, in
        units of the image's range.

    Raises:
        ArgumentError: The network is one of plain convolutions, or there are too few examples.
        BokwonError: Rounding changes more than `LARGEST_LOSS`.
    """
    if len(examples) <= HELD_OUT:
        raise ArgumentError(f"{len(examples)} examples are too few", f"give more than {HELD_OUT}")
    watched, names = build_watched(network)
    model = build_quantized(network, _measure(watched, names, examples[:-HELD_OUT]))
    exact, rounded = _Session(watched), _Session(model)
    squares, count = 0.0, 0
    for image, valid in examples[-HELD_OUT:]:
        hole = np.broadcast_to(valid == 0, image.shape)
        difference = rounded.run(["restored"], image, valid)[0] - exact.run(["restored"], image, valid)[0]
        squares += float((difference[0][hole] ** 2).sum())
        count += int(hole.sum())
    loss = float(np.sqrt(squares / max(count, 1)))
    if not loss <= LARGEST_LOSS:
        raise BokwonError(
            f"8 bits change this network's holes by {loss:.2g}, more than {LARGEST_LOSS:g}",
            "calibrate with images and masks like those it was trained on, or export without --int8",
        )
    return model, loss


def _measure(watched: onnx.ModelProto, names: Sequence[str], examples: Sequence[Example]) -> Ranges:
    session = _Session(watched)
    rng = np.random.default_rng(0)
    seen: dict[str, list[npt.NDArray[np.float32]]] = {name: [] for name in names}
    for image, valid in examples:
        for name, values in zip(names, session.run(list(names), image, valid), strict=True):
            flat = values.reshape(-1)
            seen[name].append(flat if flat.size <= _SAMPLES else rng.choice(flat, _SAMPLES, replace=False))
    ranges = {}
    for name, samples in seen.items():
        low, high = np.percentile(np.concatenate(samples), [100 - _SHARE, _SHARE])
        ranges[name] = (float(low), float(high))
    return ranges


class _Session:
    def __init__(self, model: onnx.ModelProto) -> None:
        switch_off_telemetry()
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        data = model.SerializeToString()
        self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])

    def run(
        self, names: list[str], image: npt.NDArray[np.float32], valid: npt.NDArray[np.float32]
    ) -> list[npt.NDArray[np.float32]]:
        inputs = {"image": image[None] * valid[None], "valid": valid[None]}
        return [np.asarray(value) for value in self._session.run(names, inputs)]
