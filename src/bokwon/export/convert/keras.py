"""Weights that Keras wrote: HDF5 files with a group for each layer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bokwon.errors import InputFileError, importing
from bokwon.export.convert.network import HEAD, NORM

__all__ = ["read_keras"]

_LEVELS = 8
_CONVOLUTIONS = 2 * _LEVELS
# In the order of `NORM`.
_NORM = ("gamma", "beta", "moving_mean", "moving_variance")
_ENCODER_NORM, _NORM_LAYER = "EncBN", "batch_normalization"


def read_keras(path: Path) -> dict[str, Tensor]:
    """Read the weights of MathiasGruber/PConv-Keras, saved with or without the model around them.

    Args:
        path: The .h5 file.

    Returns:
        Tensors by the names of `LAYOUTS["keras"]`: kernels as (outs, ins, K, K), layers numbered from 1.

    Raises:
        MissingDependencyError: h5py is not installed.
        InputFileError: The file is no HDF5, or a layer is missing.
    """
    with importing("reading Keras weights needs h5py", "install it with: pip install 'bokwon[train,keras]'"):
        import h5py
    arrays: dict[str, Any] = {}

    def collect(name: str, found: Any) -> None:
        parts = name.split("/")
        if isinstance(found, h5py.Dataset) and parts[0] != "optimizer_weights" and len(parts) > 1:
            # model_weights/p_conv2d_1/p_conv2d_1/img_kernel:0
            arrays[f"{parts[-2]}/{parts[-1].split(':')[0]}"] = found[()]

    try:
        with h5py.File(path, "r") as file:
            file.visititems(collect)
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise InputFileError(f"{path} cannot be read as HDF5: {error}", "give the .h5 file that Keras wrote") from error
    return _renamed(arrays, path)


def _renamed(arrays: Mapping[str, Any], path: Path) -> dict[str, Tensor]:
    convolutions = _in_order(arrays, "p_conv2d", _CONVOLUTIONS, path)
    # The first layer of the encoder and the last of the decoder have none.
    if any(name.startswith(_ENCODER_NORM) for name in arrays):
        norms = _in_order(arrays, _ENCODER_NORM, _LEVELS - 1, path) + _in_order(arrays, _NORM_LAYER, _LEVELS - 1, path)
    else:
        norms = _in_order(arrays, _NORM_LAYER, _CONVOLUTIONS - 2, path)
    state: dict[str, Tensor] = {}
    for number, (convolution, norm) in enumerate(zip(convolutions, [None, *norms, None], strict=True), 1):
        target = f"p_conv2d_{number}"
        state[f"{target}/img_kernel"] = _kernel(arrays, f"{convolution}/img_kernel", path)
        state[f"{target}/bias"] = _tensor(arrays, f"{convolution}/bias", path)
        if norm is not None:
            for part, called in zip(NORM, _NORM, strict=True):
                state[f"{target}/norm.{part}"] = _tensor(arrays, f"{norm}/{called}", path)
    state[f"{HEAD}.weight"] = _kernel(arrays, "outputs_img/kernel", path)
    state[f"{HEAD}.bias"] = _tensor(arrays, "outputs_img/bias", path)
    return state


def _in_order(arrays: Mapping[str, Any], kind: str, count: int, path: Path) -> list[str]:
    """Return the layers of a kind, in the order they were made.

    Keras counts through a session, so the numbers in a file may start anywhere.
    """
    pattern = re.compile(rf"{kind}_?(\d*)")
    found = {match: match[1] for name in arrays if (match := pattern.fullmatch(name.split("/")[0]))}
    numbers = {int(number or 0): match[0] for match, number in found.items()}
    if len(numbers) > count:
        raise _refused(path, f"it has {len(numbers)} layers {kind} in place of {count}")
    if len(numbers) < count:
        first = 0 if 0 in numbers else (min(numbers, default=1) - 1) // count * count + 1
        absent = next(number for number in range(first, first + count) if number not in numbers)
        separator = "" if kind == _ENCODER_NORM else "_"
        raise _refused(path, f"{kind}{separator}{absent} is missing")
    return [numbers[number] for number in sorted(numbers)]


def _kernel(arrays: Mapping[str, Any], name: str, path: Path) -> Tensor:
    kernel = _tensor(arrays, name, path)
    if kernel.ndim != 4:
        raise _refused(path, f"{name} has the shape {tuple(kernel.shape)}, and kernels have four axes")
    return kernel.permute(3, 2, 0, 1)


def _tensor(arrays: Mapping[str, Any], name: str, path: Path) -> Tensor:
    if name not in arrays:
        raise _refused(path, f"{name} is missing")
    try:
        return torch.from_numpy(np.asarray(arrays[name], np.float32))
    except (ValueError, TypeError) as error:
        raise _refused(path, f"{name} holds no numbers") from error


def _refused(path: Path, reason: str) -> InputFileError:
    return InputFileError(
        f"{path} holds no whole weights of PConv-Keras: {reason}", "give the .h5 file as it was published"
    )
