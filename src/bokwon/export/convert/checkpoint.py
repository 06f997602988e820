"""Converts a checkpoint of another implementation to a checkpoint or model file of bokwon."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bokwon.errors import ArgumentError, FileAccessError, InputFileError, OutputExistsError
from bokwon.export.convert.keras import read_keras
from bokwon.export.convert.layouts import LAYOUTS
from bokwon.export.convert.network import to_network
from bokwon.export.model import export_checkpoint
from bokwon.export.onnx import write_card
from bokwon.nn.unet import PConvUNet
from bokwon.training import checkpoint as checkpoints

__all__ = ["UNKNOWN_LICENCE", "convert_checkpoint", "read_tensors"]

UNKNOWN_LICENCE = "unknown"
"""The licence on the card if none is given."""


def convert_checkpoint(
    layout: str, source: Path, output: Path, *, licence: str | None = None, half: bool = True
) -> PConvUNet:
    """Turn a checkpoint of another implementation into one of ours.

    Args:
        layout: A name of `LAYOUTS`.
        source: The checkpoint as it was published.
        output: A model file (.onnx) or float32 weights (.safetensors), each with its card, or the folder of a
            checkpoint.
        licence: Licence of the weights, for the card.
        half: Store the weights of a model file as float16.

    Returns:
        The network, in eval mode.

    Raises:
        ArgumentError: There is no such layout.
        OutputExistsError: The output already exists.
        FileAccessError: The checkpoint cannot be read, or the output not written.
        InputFileError: The checkpoint is damaged, partial or of another layout.
        MissingDependencyError: h5py is not installed, for Keras.
    """
    if layout not in LAYOUTS:
        raise ArgumentError(f"there is no layout {layout!r}", f"choose one of {', '.join(LAYOUTS)}")
    is_file = output.suffix in (".onnx", ".safetensors")
    for path in (output, output.with_suffix(".json")) if is_file else (output,):
        if path.exists():
            raise OutputExistsError(f"{path} already exists", "name another output, or move it away")
    if not output.parent.is_dir():
        raise FileAccessError(f"the folder {output.parent} is missing", "make it first")
    tensors = read_keras(_existing(source)) if layout == "keras" else read_tensors(_existing(source))
    network = to_network(LAYOUTS[layout], tensors, source)
    description = _describe(layout, source, licence)
    if output.suffix == ".onnx":
        with tempfile.TemporaryDirectory() as folder:
            checkpoint = Path(folder) / "checkpoint"
            checkpoints.save(checkpoint, network, description)
            export_checkpoint(checkpoint, output, half=half)
    elif output.suffix == ".safetensors":
        checkpoints.save_weights(output, network, torch.float32)
        write_card(output.with_suffix(".json"), output, {"network": asdict(network.config), **description})
    else:
        checkpoints.save(output, network, description)
    return network


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read what `torch.save` wrote: a dictionary of tensors, or one that holds it as `state_dict` or `model`.

    The file is not trusted: only tensors and plain values are unpickled.

    Args:
        path: The file.

    Returns:
        Tensors by name, on the CPU.

    Raises:
        InputFileError: It is damaged, or holds something else.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (MemoryError, FileNotFoundError, PermissionError):
        raise
    except Exception as error:
        # A damaged or malicious pickle can raise any error in the reader.
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise InputFileError(
            f"{path} cannot be read without running code from it: {reason}",
            "load it with the program that wrote it, and save its state_dict() alone with torch.save",
        ) from error
    for key in ("state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping):
        raise InputFileError(f"{path} holds a {type(content).__name__}, no tensors by name", "give a state_dict")
    return {str(name): value for name, value in content.items() if isinstance(value, Tensor)}


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise FileAccessError(f"{path} is {'a folder' if path.is_dir() else 'missing'}", "name the checkpoint's file")
    return path


def _describe(layout: str, source: Path, licence: str | None) -> dict[str, Any]:
    return {
        "title": f"Converted from {source.name}, a checkpoint of {LAYOUTS[layout].repository}",
        "licence": licence or UNKNOWN_LICENCE,
        "converted": {
            "layout": layout,
            "repository": LAYOUTS[layout].repository,
            "file": source.name,
            "sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
        },
        # Range of input and output; inside, the network uses its mean and std.
        "value_range": [0.0, 1.0],
    }
