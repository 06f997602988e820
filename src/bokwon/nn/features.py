"""Frozen VGG feature maps: what the perceptual and style terms compare."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Literal, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bokwon.errors import ArgumentError, BokwonError, FileAccessError, InputFileError, MissingDependencyError
from bokwon.nn.few_channels import FEW, frozen_conv2d
from bokwon.nn.winograd import pays_off, winograd_conv2d, winograd_kernel

__all__ = ["IMAGENET_MEAN", "IMAGENET_STD", "VGGFeatures"]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

Architecture: TypeAlias = Literal["vgg16", "vgg19"]
Weights: TypeAlias = str | os.PathLike[str] | Mapping[str, Tensor]

# Source: Simonyan & Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", table 1, D and E.
_CONVOLUTIONS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
_CHANNELS = (64, 128, 256, 512, 512)


class VGGFeatures(nn.Module):
    """Feature maps after the pooling layers of a frozen VGG16 or VGG19.

    The parameters never require gradients and the module is always in eval mode; gradients still pass through to
    the images. Wrap the call in `torch.no_grad()` for images whose features need none (the ground truth). Weights are
    kept in channels_last; the maps have the module's dtype, or autocast's.

    Source: Liu et al. 2018, section 3.3 (pool1, pool2 and pool3 of VGG16).

    Args:
        arch: `vgg16` (the paper's) or `vgg19`.
        weights: None takes torchvision's ImageNet weights, downloaded once into `torch.hub.get_dir()`. Otherwise a
            `.safetensors`, `.pth` or `.pt` file, or a state dict, with torchvision's keys `features.N.weight` and
            `features.N.bias`. It needs only the layers up to the deepest tap; a classifier is ignored.
        taps: Names of the pooling layers, `pool1` (stride 2) to `pool5` (stride 32), in the order of the result.
        fast: Compute wide layers by `winograd_conv2d` where it takes less time: in float32 on a processor. Features
            then have errors of some 1e-5 of the largest one. It is meant for training, not for measuring.

    Raises:
        ArgumentError: For an unknown arch, tap or file suffix, or a state dict that does not fit.
        FileAccessError: If the weights file is missing or unreadable, or the default cannot be downloaded.
        InputFileError: If the weights file is damaged or belongs to another network.
        MissingDependencyError: If torchvision (default weights) or safetensors is needed and not installed.

    Example:
        >>> shapes = {0: (64, 3, 3, 3), 2: (64, 64, 3, 3)}  # random weights instead of a download
        >>> state = {f"features.{layer}.weight": torch.rand(shape) for layer, shape in shapes.items()}
        >>> state |= {f"features.{layer}.bias": torch.zeros(64) for layer in shapes}
        >>> [pool1] = VGGFeatures(weights=state, taps=["pool1"])(torch.rand(1, 3, 32, 32))
        >>> pool1.shape
        torch.Size([1, 64, 16, 16])
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        arch: Architecture = "vgg16",
        weights: Weights | None = None,
        taps: Sequence[str] = ("pool1", "pool2", "pool3"),
        fast: bool = False,
    ) -> None:
        super().__init__()
        if arch not in _CONVOLUTIONS:
            raise ArgumentError(f"unknown feature network {arch!r}", f"use one of {', '.join(_CONVOLUTIONS)}")
        names = [f"pool{block + 1}" for block in range(len(_CHANNELS))]
        if isinstance(taps, str) or not taps or len(set(taps)) < len(taps) or not set(taps) <= set(names):
            raise ArgumentError(f"taps are {taps!r}", f"name one or more of {', '.join(names)}, each once")
        self.arch = arch
        self.taps = tuple(taps)
        self.fast = fast
        self._kernels: dict[int, tuple[Tensor, Tensor]] = {}
        self._blocks = _block_indices(arch)[: max(names.index(tap) for tap in taps) + 1]
        self.features = nn.ModuleDict()
        channels = 3
        for block, width in zip(self._blocks, _CHANNELS, strict=False):
            for index in block:
                self.features[str(index)] = nn.Conv2d(channels, width, kernel_size=3, padding=1, device="meta")
                channels = width
        # From "meta": a random initialisation would cost time and move the caller's random state for nothing.
        self.features.to_empty(device="cpu")
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)
        self.register_load_state_dict_post_hook(_forget_kernels)  # type: ignore[no-untyped-call]
        self.load_state_dict(_fitting_state(arch, weights, self.state_dict()))
        self.requires_grad_(False)
        self.to(memory_format=torch.channels_last)
        self.train(False)

    def train(self, mode: bool = True) -> VGGFeatures:
        """Stay in eval mode, whatever the network around it does."""
        return super().train(False)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return the feature maps of a batch.

        Args:
            images: `(N, 3, H, W)` in [0, 1], any float dtype, H and W at least the stride of the deepest tap. They are
                ImageNet-normalised here, not by the caller.

        Returns:
            One map per tap, `(N, C, H / stride, W / stride)`: tap `poolK` has stride 2^K.

        Raises:
            ArgumentError: If the batch has another shape or is not floating point.
        """
        smallest = 2 ** len(self._blocks)
        if images.ndim != 4 or images.shape[1] != 3 or min(images.shape[2:]) < smallest:
            raise ArgumentError(
                f"images have shape {tuple(images.shape)}", f"pass (N, 3, H, W), H and W at least {smallest}"
            )
        if not images.is_floating_point():
            raise ArgumentError(f"images are {images.dtype}", "pass floats in [0, 1]")
        x = images.to(torch.promote_types(images.dtype, torch.float32))
        x = ((x - self.mean) / self.std).to(self._dtype).contiguous(memory_format=torch.channels_last)
        maps = {}
        for number, (*inner, last) in enumerate(self._blocks, start=1):
            for index in inner:
                x = F.relu_(self._convolve(index, x))
            # max and ReLU commute, values and gradients alike; this order clamps a quarter of the elements.
            x = F.relu_(F.max_pool2d(self._convolve(last, x), kernel_size=2))
            maps[f"pool{number}"] = x
        return tuple(maps[tap] for tap in self.taps)

    def _convolve(self, index: int, x: Tensor) -> Tensor:
        layer = self.features[str(index)]
        assert isinstance(layer, nn.Conv2d)
        if self.fast and pays_off(x, layer.weight):
            if index not in self._kernels:
                kernel, rotated = winograd_kernel(layer.weight)
                # In this order they are multiplied faster.
                self._kernels[index] = kernel.mT.contiguous().mT, rotated.mT.contiguous().mT
            return winograd_conv2d(x, self._kernels[index], layer.bias)
        if self.fast and layer.in_channels <= FEW and x.device.type == "cpu" and not torch.compiler.is_compiling():
            return frozen_conv2d(x, layer.weight, layer.bias)
        convolved: Tensor = layer(x)
        return convolved

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> VGGFeatures:
        # `to()` and its like change the type or the device.
        _forget_kernels(self)
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return self

    @property
    def _dtype(self) -> torch.dtype:
        return next(self.parameters()).dtype


def _forget_kernels(features: VGGFeatures, _: object = None) -> None:
    """Forget the transformed kernels, because the weights change."""
    features._kernels = {}


def _block_indices(arch: Architecture) -> list[list[int]]:
    """Return torchvision's layer numbers of the convolutions, block by block."""
    blocks, index = [], 0
    for count in _CONVOLUTIONS[arch]:
        blocks.append([index + 2 * step for step in range(count)])  # each convolution is followed by its ReLU
        index += 2 * count + 1  # and each block by its pooling
    return blocks


def _fitting_state(arch: Architecture, weights: Weights | None, wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors that `wanted` names, from the weights the user chose."""
    state: Mapping[str, object]
    error: type[BokwonError]
    if isinstance(weights, Mapping):
        state, source, error = weights, "the state dict", ArgumentError
    else:
        path = _downloaded(arch) if weights is None else Path(weights)
        state, source, error = _read(path), str(path), InputFileError
    fix = f"give {arch} weights with torchvision's keys, {next(iter(wanted))} to {list(wanted)[-1]}"
    # VGG16, VGG19 and their batch-norm variants share layer numbers and shapes: a foreign number gives a file away.
    own = {index for block in _block_indices(arch) for index in block}
    numbers = {key: re.match(r"features\.(\d+)\.", key) for key in state}
    foreign = [key for key, match in numbers.items() if match and int(match[1]) not in own]
    if foreign:
        raise error(f"{source} is not of {arch}: it has {foreign[0]}", fix)
    tensors = {key: value for key in wanted if isinstance(value := state.get(key), Tensor)}
    missing = [key for key in wanted if key not in tensors]
    if missing:
        raise error(f"{source} lacks {', '.join(missing[:3])}{', ...' if len(missing) > 3 else ''}", fix)
    for key, tensor in wanted.items():
        if tensors[key].shape != tensor.shape:
            raise error(f"{key} in {source} has shape {tuple(tensors[key].shape)}, not {tuple(tensor.shape)}", fix)
    return tensors


def _read(path: Path) -> Mapping[str, object]:
    """Read a state dict from a safetensors or PyTorch file."""
    if path.suffix not in (".safetensors", ".pth", ".pt"):
        raise ArgumentError(f"weights file {path} has an unknown suffix", "give a .safetensors, .pth or .pt file")
    if not path.is_file():
        raise FileAccessError(f"weights file {path} does not exist or is not a file", "check the path")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except ModuleNotFoundError as error:
        raise MissingDependencyError(f"{path} cannot be read: {error}", "pip install 'bokwon[train]'") from error
    except OSError as error:
        raise FileAccessError(f"weights file {path} cannot be read: {error}", "check its permissions") from error
    except Exception as error:  # the unpickler of a damaged file may raise nearly anything
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputFileError(f"weights file {path} is damaged: {reason}", "download it again") from error
    if not isinstance(state, Mapping):
        raise InputFileError(f"weights file {path} holds no state dict", "save the tensors by name")
    return state


def _downloaded(arch: Architecture) -> Path:
    """Return the file of torchvision's ImageNet weights, after fetching it if this machine has it not yet."""
    try:
        from torchvision.models import VGG16_Weights, VGG19_Weights
    except (ImportError, RuntimeError) as error:  # RuntimeError: built for another version of torch
        raise MissingDependencyError(
            f"the default {arch} weights need torchvision: {error}", "pip install 'bokwon[train]' or pass weights=FILE"
        ) from error
    url = {"vgg16": VGG16_Weights, "vgg19": VGG19_Weights}[arch].IMAGENET1K_V1.url
    # torchvision's own cache folder, so that one download serves both.
    path = Path(torch.hub.get_dir(), "checkpoints", url.rsplit("/", 1)[-1])
    if path.is_file():
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path), hash_prefix=path.stem.rsplit("-", 1)[-1])
    except (OSError, HTTPException, RuntimeError) as error:  # RuntimeError: the hash is not the published one
        raise FileAccessError(
            f"ImageNet weights of {arch} could not be downloaded from {url}: {error}",
            f"go online once, put the file at {path}, or pass weights=FILE (.safetensors or .pth)",
        ) from error
    return path
