"""Measures the ranges of a network's tensors on examples, and the cost of rounding to 8 bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt
import onnx

from bokwon.errors import ArgumentError, BokwonError
from bokwon.export.quantized import build_observed, build_quantized
from bokwon.export.quantized_nodes import Ranges
from bokwon.export.session import open_session
from bokwon.nn.unet import PConvUNet

if TYPE_CHECKING:
    import onnxruntime

__all__ = ["HELD_OUT", "LARGEST_LOSS", "Example", "quantize"]

Array: TypeAlias = npt.NDArray[np.float32]
Example: TypeAlias = tuple[Array, Array]
"""An image (3, H, W) in [0, 1], and (1, H, W), 1 where a pixel is known."""

HELD_OUT = 8
"""The last examples are held out, to measure the cost of rounding."""
LARGEST_LOSS = 0.03
"""Largest accepted change within holes by rounding: root mean square, in units of the image's range."""

# A few large values would make the grid of all others coarse. On pages 99.98 % gives 0.01 dB more PSNR, but
# worse L1 and SSIM, and fills that depend more on the tiles. Beyond 99.99 % every figure is worse.
_SHARE = 99.95
_SAMPLES = 100_000


def quantize(network: PConvUNet, examples: Sequence[Example]) -> tuple[onnx.ModelProto, float]:
    """Build the 8-bit graph of a network.

    Args:
        network: A network from `fold_batch_norm`.
        examples: Crops with holes such as it will be given; more than `HELD_OUT`.

    Returns:
        The model, and the root mean square change by rounding in the holes of the examples held out, in units of
        the image's range.

    Raises:
        ArgumentError: The network has other layers than partial convolutions, or there are too few examples.
        BokwonError: Rounding changes more than `LARGEST_LOSS`.
    """
    if len(examples) <= HELD_OUT:
        raise ArgumentError(f"{len(examples)} examples are too few", f"give more than {HELD_OUT}")
    observed, names = build_observed(network)
    model = build_quantized(network, _measure(observed, names, examples[:-HELD_OUT]))
    exact, rounded = (open_session(graph.SerializeToString()) for graph in (observed, model))
    squares, count = 0.0, 0
    for image, valid in examples[-HELD_OUT:]:
        hole = np.broadcast_to(valid == 0, image.shape)
        filled, expected = (_run(session, ["restored"], (image, valid))[0][0] for session in (rounded, exact))
        squares += float(((filled - expected)[hole] ** 2).sum())
        count += int(hole.sum())
    loss = float(np.sqrt(squares / max(count, 1)))
    if not loss <= LARGEST_LOSS:
        raise BokwonError(
            f"rounding to 8 bits changes the fills of this network by {loss:.2g}, more than {LARGEST_LOSS:g}",
            "calibrate with images and masks like those it was trained on, or export without --int8",
        )
    return model, loss


def _measure(observed: onnx.ModelProto, names: Sequence[str], examples: Sequence[Example]) -> Ranges:
    session = open_session(observed.SerializeToString())
    rng = np.random.default_rng(0)
    seen: dict[str, list[Array]] = {name: [] for name in names}
    for example in examples:
        for name, values in zip(names, _run(session, names, example), strict=True):
            flat = values.reshape(-1)
            seen[name].append(flat if flat.size <= _SAMPLES else rng.choice(flat, _SAMPLES))
    limits = {name: np.percentile(np.concatenate(samples), [100 - _SHARE, _SHARE]) for name, samples in seen.items()}
    return {name: (float(low), float(high)) for name, (low, high) in limits.items()}


def _run(session: onnxruntime.InferenceSession, names: Sequence[str], example: Example) -> list[Array]:
    image, valid = example
    return [
        np.asarray(found) for found in session.run(names, {"image": image[None] * valid[None], "valid": valid[None]})
    ]
