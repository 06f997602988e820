"""Checkpoints: a folder with safetensors weights, a JSON description and the state that a run resumes from."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from safetensors.torch import save as serialize
from torch import Tensor

from bokwon.errors import FileAccessError, InputFileError
from bokwon.nn.segmentation import SegmentationConfig, SegmentationNet
from bokwon.nn.unet import PConvUNet, UNetConfig
from bokwon.training.load_config import from_mapping
from bokwon.training.onnx_weights import read_onnx
from bokwon.utilities.atomic import write_file
from bokwon.utilities.checksums import sha256_of_file

__all__ = [
    "all_checkpoints",
    "is_detector",
    "latest",
    "load_detector",
    "load_network",
    "prune",
    "read",
    "save",
    "save_weights",
    "set_aside",
]

WEIGHTS, DESCRIPTION, STATE = "weights.safetensors", "config.json", "state.pt"
_FORMAT = 2


def save(
    folder: Path,
    network: PConvUNet | SegmentationNet,
    description: Mapping[str, Any],
    state: Mapping[str, Any] | None = None,
) -> None:
    """Write a checkpoint, whole or not at all.

    Args:
        folder: Where; an older one is replaced.
        network: What is saved.
        description: Further entries of `config.json`, such as steps and data.
        state: What a run resumes from, written with `torch.save`.

    Raises:
        FileAccessError: If the folder cannot be written.
    """
    # A folder, not a file: `utilities.atomic` cannot swap it.
    part, old = folder.with_name(folder.name + ".part"), folder.with_name(folder.name + ".old")
    try:
        for leftover in (part, old):
            shutil.rmtree(leftover, ignore_errors=True)
        part.mkdir(parents=True)
        save_file(_tensors(network), part / WEIGHTS)
        if state is not None:
            torch.save(dict(state), part / STATE)
        digests = {path.name: sha256_of_file(path) for path in sorted(part.iterdir())}
        entries = {"format": _FORMAT, "network": asdict(network.config), "sha256": digests, **description}
        (part / DESCRIPTION).write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
        if folder.exists():
            folder.replace(old)
        part.replace(folder)
        shutil.rmtree(old, ignore_errors=True)
    except (OSError, RuntimeError, SafetensorError) as error:
        # A full disk is a RuntimeError to torch.save and a SafetensorError to safetensors.
        shutil.rmtree(part, ignore_errors=True)
        reason = getattr(error, "strerror", None) or error
        raise FileAccessError(
            f"the checkpoint {folder} cannot be written: {reason}", "name a writable folder on a disk with free space"
        ) from error


def save_weights(path: Path, network: PConvUNet, dtype: torch.dtype) -> None:
    """Write the weights alone, whole or not at all.

    Args:
        path: The .safetensors file.
        network: What is saved.
        dtype: Type the floating weights are stored in; those it has no finite value for keep their own.

    Raises:
        FileAccessError: If the file cannot be written.
    """
    write_file(path, serialize(_tensors(network, dtype)))


def load_network(folder: Path) -> tuple[PConvUNet, dict[str, Any]]:
    """Read the network of a checkpoint.

    Args:
        folder: A checkpoint; or the folder of a run, whose latest checkpoint is used; or a model file (.onnx) or
            safetensors file with its JSON description beside it. In a model file, batch normalisation is folded into
            the convolutions; see `bokwon.training.onnx_weights`.

    Returns:
        The network in eval mode, float32, and the checkpoint's description.

    Raises:
        FileAccessError: If there is no checkpoint.
        InputFileError: If it is damaged, or weights and description do not fit each other.
    """
    weights, text = _places(folder)
    description = _describe(text)
    if "network" not in description and not weights.exists():
        # A folder of `PConvUNet.save_pretrained`, whose description is the network's alone.
        weights, description = folder / "model.safetensors", {"network": description}
    try:
        network = PConvUNet(**asdict(from_mapping(UNetConfig, description["network"])))
    except (ValueError, KeyError, TypeError) as error:
        raise InputFileError(f"{text} does not describe a network: {error}", "take another checkpoint") from error
    if weights.suffix == ".onnx":
        read_onnx(weights, network, description.get("sha256"))
    else:
        _take_weights(network, weights, description)
    return network.eval(), description


def load_detector(folder: Path) -> tuple[SegmentationNet, dict[str, Any]]:
    """Read the network of a checkpoint of the damage detector, a folder or a .safetensors file; see `load_network`."""
    weights, text = _places(folder)
    description = _describe(text)
    try:
        network = SegmentationNet(from_mapping(SegmentationConfig, description["network"]))
    except (ValueError, KeyError, TypeError) as error:
        raise InputFileError(f"{text} does not describe a damage detector: {error}", "take another one") from error
    if weights.suffix == ".onnx":
        raise InputFileError(f"weights of {weights} cannot be read back", "take its checkpoint")
    _take_weights(network, weights, description)
    return network.eval(), description


def is_detector(folder: Path) -> bool:
    """Return whether a checkpoint is one of the damage detector."""
    description = _describe(_places(folder)[1])
    network = description.get("network")
    return description.get("task") == "detect" or (isinstance(network, dict) and "classes" in network)


def _places(folder: Path) -> tuple[Path, Path]:
    """Return where the weights of a checkpoint lie, and its description."""
    if folder.suffix in (".safetensors", ".onnx"):
        return folder, folder.with_suffix(".json")
    folder = folder if (folder / DESCRIPTION).is_file() else latest(folder) or folder
    return folder / WEIGHTS, folder / DESCRIPTION


def _take_weights(network: torch.nn.Module, path: Path, description: Mapping[str, Any]) -> None:
    tensors = _read_weights(path, description)
    try:
        network.load_state_dict(
            {name: value.float() if value.is_floating_point() else value for name, value in tensors.items()}
        )
    except RuntimeError as error:
        raise InputFileError(
            f"{path} belongs to another network: {str(error).splitlines()[-1].strip()}", "take another checkpoint"
        ) from error


def read(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor], dict[str, Any]]:
    """Read everything that a run resumes from.

    Args:
        folder: A checkpoint.

    Returns:
        Description, weights and state.

    Raises:
        FileAccessError: If a part is missing.
        InputFileError: If a part is damaged.
    """
    description = _describe(folder / DESCRIPTION)
    weights = _read_weights(folder / WEIGHTS, description)
    path = folder / STATE
    _check(path, description)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise _damaged(path, str(error).splitlines()[0] if str(error) else type(error).__name__) from error
    if not isinstance(state, dict):
        raise _damaged(path, "it holds no state")
    return description, weights, state


def latest(run: Path) -> Path | None:
    """Find the newest checkpoint of a run.

    Args:
        run: The run's folder.

    Returns:
        The checkpoint's folder, or None.
    """
    return next(iter(reversed(all_checkpoints(run))), None)


def all_checkpoints(run: Path) -> list[Path]:
    """List the checkpoints of a run, the oldest first.

    Args:
        run: The run's folder.

    Returns:
        Their folders.
    """
    found = [path for path in run.glob("step_*") if not path.suffix and (path / DESCRIPTION).is_file()]
    return sorted(found, key=lambda path: path.name)


def prune(run: Path, keep: int) -> None:
    """Delete all but the newest checkpoints of a run, and what an interrupted write has left.

    Args:
        run: The run's folder.
        keep: How many stay.
    """
    for path in [*all_checkpoints(run)[:-keep], *run.glob("step_*.part"), *run.glob("step_*.old")]:
        shutil.rmtree(path, ignore_errors=True)


def set_aside(folder: Path) -> Path:
    """Rename a checkpoint whose weights proved to be useless, so that no run resumes from it.

    Args:
        folder: The checkpoint.

    Returns:
        Its new name.
    """
    aside = folder.with_name(folder.name + ".bad")
    shutil.rmtree(aside, ignore_errors=True)
    return folder.replace(aside)


def _describe(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise FileAccessError(f"{path} is missing", "give a checkpoint folder, or weights with their card")
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise _damaged(path, str(error)) from error
    if not isinstance(description, dict):
        raise _damaged(path, "it holds no JSON object")
    return description


def _read_weights(path: Path, description: Mapping[str, Any]) -> dict[str, Tensor]:
    _check(path, description)
    try:
        tensors: dict[str, Tensor] = load_file(path)
    except (SafetensorError, RuntimeError, OSError) as error:
        raise _damaged(path, str(error).splitlines()[0]) from error
    return tensors


def _check(path: Path, description: Mapping[str, Any]) -> None:
    if not path.is_file():
        raise FileAccessError(f"{path} is missing", "give a whole checkpoint folder or a .safetensors file")
    # Checkpoints of format 1 and weights beside a card have no digests here.
    digests = description.get("sha256")
    expected = digests.get(path.name) if isinstance(digests, dict) else None
    if expected is not None and sha256_of_file(path) != expected:
        raise _damaged(path, "its sha256 is not the one in config.json")


def _damaged(path: Path, reason: str) -> InputFileError:
    return InputFileError(
        f"{path} is damaged: {reason}", "take another checkpoint; without this folder a run resumes from the one before"
    )


def _tensors(network: PConvUNet | SegmentationNet, dtype: torch.dtype | None = None) -> dict[str, Tensor]:
    return {name: _stored(value.detach(), dtype).cpu().contiguous() for name, value in network.state_dict().items()}


def _stored(value: Tensor, dtype: torch.dtype | None) -> Tensor:
    if dtype is None or not value.is_floating_point():
        return value
    smaller = value.to(dtype)
    # Above 65,504, which variances of batch normalisation reach, float16 has infinity only.
    return smaller if torch.equal(smaller.isfinite(), value.isfinite()) else value
