"""Maps the tensors of a foreign checkpoint to a network of bokwon that computes the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from bokwon.errors import InputFileError
from bokwon.export.convert.layouts import Layout
from bokwon.nn.unet import PConvUNet

__all__ = ["HEAD", "NORM", "to_network"]

HEAD = "head"
"""Name of the 1x1 convolution after the last layer, in layouts that have one."""
NORM = ("weight", "bias", "running_mean", "running_var")
"""What batch normalisation consists of."""

_EPSILON = 1e-5
"""What `torch.nn.BatchNorm2d` adds to the variance."""
_NO_STATE = "num_batches_tracked"


def to_network(layout: Layout, state: Mapping[str, Tensor], path: Path) -> PConvUNet:
    """Map a checkpoint's tensors.

    The two networks differ in one case only. If even the last layer sees no known pixel, as in an image that is all
    hole, biases and normalisation may give another constant.

    Args:
        layout: Names and meaning of the tensors.
        state: Tensors by name.
        path: Their file, for messages.

    Returns:
        The network in eval mode, float32.

    Raises:
        InputFileError: A tensor is missing, is not in the layout, or has another shape or values that are not finite.
    """
    return _Mapping(layout, state, path).network()


class _Mapping:
    """A conversion of one checkpoint.

    Args:
        layout: Names and meaning of the tensors.
        state: Tensors by name.
        path: The file they are from.
    """

    def __init__(self, layout: Layout, state: Mapping[str, Tensor], path: Path) -> None:
        self._layout, self._path = layout, path
        self._state = {
            name: value
            for name, value in _without_prefix(state, layout.prefix).items()
            if not name.endswith((*layout.ignored, _NO_STATE))
        }
        self._levels = layout.levels or _count_levels(layout, self._state)
        self._taken: set[str] = set()
        self._named: dict[str, str] = {}

    def network(self) -> PConvUNet:
        tensors: dict[str, Tensor] = {}
        channels = [3]
        for level in range(1, self._levels + 1):
            target = f"encoder.{level - 1}"
            found = self._layer(self._layout.encoder_layer(level), target, first=level == 1)
            channels.append(len(found[f"{target}.conv.weight"]))
            tensors |= found
        for level in range(self._levels, 0, -1):
            target = f"decoder.{self._levels - level}"
            found = self._layer(self._layout.decoder_layer(level, self._levels), target, last=level == 1)
            weight = found[f"{target}.conv.weight"]
            if self._layout.skip_first:
                beside = channels[level - 1]
                found[f"{target}.conv.weight"] = torch.cat([weight[:, beside:], weight[:, :beside]], 1)
            tensors |= found
        if self._layout.head == "leaky_conv_sigmoid":
            for part in ("weight", "bias"):
                tensors[f"head.{part}"] = self._take(f"{HEAD}.{part}", f"head.{part}")
        foreign = sorted(set(self._state) - self._taken)
        if foreign:
            raise self._refused(f"it holds {foreign[0]}, which this layout does not have")
        return self._filled(tensors, channels)

    def _layer(self, name: str, target: str, *, first: bool = False, last: bool = False) -> dict[str, Tensor]:
        """Return the tensors of one of our layers, float64."""
        layout = self._layout
        weight = self._take(name + layout.weight, f"{target}.conv.weight", ndim=4)
        outs, ins, *kernel = weight.shape
        # Ours multiplies by C K K / sum(M).
        weight = weight / {"window": 1, "plane": ins, "none": ins * kernel[0] * kernel[1]}[layout.ratio]
        bias = weight.new_zeros(outs)
        if layout.biases == "all" or last or (first and layout.biases == "ends"):
            bias = self._take(name + layout.bias, f"{target}.conv.bias")
        if last or (first and not layout.first_norm):
            return {f"{target}.conv.weight": weight, f"{target}.conv.bias": bias}
        norm = {part: self._take(f"{name}{layout.norm}.{part}", f"{target}.norm.{part}") for part in NORM}
        # Our convolutions have no bias before a normalisation, which would subtract it again.
        norm["running_mean"] = norm["running_mean"] - bias
        norm["running_var"] = norm["running_var"] + layout.epsilon - _EPSILON
        if not first:
            return {f"{target}.conv.weight": weight, **{f"{target}.norm.{part}": norm[part] for part in NORM}}
        # Our first layer has no normalisation, so this one becomes part of the convolution.
        scale = norm["weight"] / (norm["running_var"] + _EPSILON).sqrt()
        return {
            f"{target}.conv.weight": weight * scale.view(-1, 1, 1, 1),
            f"{target}.conv.bias": norm["bias"] - norm["running_mean"] * scale,
        }

    def _take(self, name: str, target: str, ndim: int | None = None) -> Tensor:
        value = self._state.get(name)
        if value is None:
            raise self._refused(f"{name} is missing")
        if ndim is not None and value.ndim != ndim:
            raise self._refused(f"{name} has the shape {tuple(value.shape)}, and kernels have four axes")
        if not bool(value.isfinite().all()):
            raise self._refused(f"{name} has values that are not finite")
        self._taken.add(name)
        self._named[target] = name
        return value.detach().double()

    def _filled(self, tensors: dict[str, Tensor], channels: list[int]) -> PConvUNet:
        layout, width, widest = self._layout, channels[1], max(channels[1:])
        try:
            network = PConvUNet(
                self._levels,
                width,
                None if widest == 8 * width else widest,
                mean=layout.mean,
                std=layout.std,
                head=layout.head,
            )
        except ValueError as error:
            raise self._refused(str(error)) from error
        expected = network.state_dict()
        for name, value in tensors.items():
            if value.shape != expected[name].shape:
                raise self._refused(
                    f"{self._named.get(name, name)} has the shape {tuple(value.shape)} in place of "
                    f"{tuple(expected[name].shape)}"
                )
        network.load_state_dict({**expected, **{name: value.float() for name, value in tensors.items()}})
        return network.eval()

    def _refused(self, reason: str) -> InputFileError:
        return InputFileError(
            f"{self._path} is no whole checkpoint of {self._layout.repository}: {reason}",
            "give the file as it was published, or name the layout that it has",
        )


def _without_prefix(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    # `module.` stands before everything that was trained on several GPUs.
    names = {name.removeprefix("module."): value for name, value in state.items()}
    if not any(name.startswith(prefix) for name in names):
        return names
    return {name.removeprefix(prefix): value for name, value in names.items() if name.startswith(prefix)}


def _count_levels(layout: Layout, state: Mapping[str, Tensor]) -> int:
    patterns = [
        re.compile(re.escape(pattern).replace(r"\{n\}", r"(\d{1,2})") + re.escape(layout.weight))
        for pattern in (layout.encoder, layout.decoder)
    ]
    found = [pattern.fullmatch(name) for name in state for pattern in patterns]
    return max([2, *(int(match[1]) for match in found if match)])
