"""A checkpoint as it is shipped: model file, card, and weights for fine-tuning."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from bokwon.errors import FileAccessError, InputFileError
from bokwon.export.onnx import export, write_card
from bokwon.nn.unet import EncoderBlock
from bokwon.training import checkpoint as checkpoints

__all__ = ["export_checkpoint"]


def export_checkpoint(
    checkpoint: Path, output: Path, *, half: bool = True, weights: bool = False, card: Path | None = None
) -> float:
    """Write the model file of a checkpoint and its card.

    Args:
        checkpoint: Checkpoint folder, run folder or .safetensors file.
        output: The ONNX file. The card has the same stem and the suffix .json.
        half: Store the weights as float16.
        weights: Write OUTPUT's stem with the suffix .safetensors too, float16, for fine-tuning.
        card: A JSON file whose entries go into the card.

    Returns:
        The largest difference between ONNX Runtime and PyTorch.

    Raises:
        InputFileError: If the checkpoint or the card's file is damaged.
        FileAccessError: If one of them is missing, or the output cannot be written.
        BokwonError: If ONNX Runtime and PyTorch disagree.
    """
    network, description = checkpoints.load_network(checkpoint)
    entries = _read(card) if card else {}
    difference = export(network, output, half=half)
    if weights:
        checkpoints.save_weights(output.with_suffix(".safetensors"), network, torch.float16)
    trained = {key: description[key] for key in ("step", "images_seen", "seconds", "training") if key in description}
    write_card(
        output.with_suffix(".json"),
        output,
        {
            "architecture": {
                "class": "PConvUNet",
                **asdict(network.config),
                "parameters": sum(parameter.numel() for parameter in network.parameters()),
            },
            "network": asdict(network.config),
            # What a record needs to say how far the evidence lies.
            "kernels": [int(block.conv.kernel_size[0]) for block in network.encoder if isinstance(block, EncoderBlock)],
            "storage": "float16" if half else "float32",
            "onnx_parity": difference,
            "trained": trained,
            **entries,
        },
    )
    return difference


def _read(path: Path) -> dict[str, Any]:
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileAccessError(f"{path} cannot be read: {error.strerror}", "give a JSON file") from error
    except ValueError as error:
        raise InputFileError(f"{path} is not JSON: {error}", "mend the file") from error
    if not isinstance(entries, dict):
        raise InputFileError(f"{path} holds no JSON object", "write one as {...}")
    return entries
