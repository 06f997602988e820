"""A checkpoint as it is shipped: model file, card with the facts that the runtime reads, weights for fine-tuning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from bokwon.errors import ArgumentError
from bokwon.export.calibrate import HELD_OUT
from bokwon.export.mix import mix_into
from bokwon.export.onnx import export, export_int8, write_card
from bokwon.inpaint.runtime_facts import PAGE_BASES, TILES, LowPass, RuntimeFacts
from bokwon.nn.lowpass import CELL, LEVELS, MINIMUM_RMS, NEIGHBOURHOOD, SPARSE
from bokwon.nn.unet import EncoderBlock, PConvUNet
from bokwon.training.checkpoint import load_network, save_weights
from bokwon.training.config import DataConfig
from bokwon.training.data.crops import Crops
from bokwon.utilities.json_files import read_object

__all__ = ["export_checkpoint", "facts_of"]

_ORIGIN = ("title", "licence", "converted", "value_range")
_EXAMPLES = 96
_SEED = 1
_SHARE_OF_REACH = 0.71
"""Reach into a hole that the runtime uses, as a share of the encoder's field of view: 96 of 135 pixels."""


def export_checkpoint(
    checkpoint: Path,
    output: Path,
    *,
    half: bool = True,
    weights: bool = False,
    card: Path | None = None,
    int8: Path | None = None,
    examples: DataConfig | None = None,
    mix: Sequence[tuple[Path, float]] = (),
) -> tuple[float, float | None]:
    """Write the model file of a checkpoint and its card.

    Args:
        checkpoint: Checkpoint folder, run folder, .safetensors file or model file.
        output: The ONNX file. The card has the same stem and the suffix .json.
        half: Store the weights as float16.
        weights: Write OUTPUT's stem with the suffix .safetensors too, float16, for fine-tuning.
        card: A JSON file whose entries go into the card.
        int8: Also write this ONNX file, which computes with 8-bit integers, and its card; none by default.
        examples: Images and masks for its calibration; needed for `int8`.
        mix: Further checkpoints and their shares of the weights, see `bokwon.export.mix`.

    Returns:
        The largest difference between ONNX Runtime and PyTorch; and the root mean square change in holes by rounding to
        8 bits, None without `int8`.

    Raises:
        InputFileError: If the checkpoint or the card's file is damaged.
        FileAccessError: If one of them is missing, or the output cannot be written.
        BokwonError: If ONNX Runtime and PyTorch disagree, or rounding changes too much.
    """
    if mix and any(path.suffix == ".onnx" for path in (checkpoint, *(path for path, _ in mix))):
        # Each has batch normalisation folded in with its own statistics.
        raise ArgumentError("weights of model files cannot be averaged", "mix checkpoints or .safetensors files")
    network, description = load_network(checkpoint)
    mix_into(network, mix)
    entries = read_object(card, "give a file with a JSON object, {...}") if card else {}
    # Before anything is written: a source may be missing.
    crops = Crops(examples, _EXAMPLES + HELD_OUT, _SEED) if int8 and examples else None
    difference = export(network, output, half=half)
    if weights:
        save_weights(output.with_suffix(".safetensors"), network, torch.float16)
    told = ("step", "images_seen", "seconds", "training")
    trained: dict[str, Any] = {key: description[key] for key in told if key in description}
    if mix:
        trained["mix"] = [{"checkpoint": str(path), "share": share} for path, share in mix]
    # For a converted checkpoint: its source.
    origin: dict[str, Any] = {key: description[key] for key in _ORIGIN if key in description}
    described = {
        "runtime": asdict(facts_of(network, ("float32", "bfloat16"))),
        "architecture": {
            "class": "PConvUNet",
            **asdict(network.config),
            "parameters": sum(parameter.numel() for parameter in network.parameters()),
        },
        "network": asdict(network.config),
        # Records need this to compute evidence levels.
        "kernels": _kernels(network),
        **origin,
    }
    stored = {"storage": "float16" if half else "float32", "onnx_parity": difference, "trained": trained}
    written = write_card(output.with_suffix(".json"), output, {**described, **stored, **entries})
    if crops is None or int8 is None:
        return difference, None
    drawn = (crops[number] for number in range(len(crops)))
    loss = export_int8(network, int8, [(image.numpy(), valid.numpy()) for image, valid in drawn])
    runtime = asdict(facts_of(network, ("int8",)))
    stored = {"storage": "int8", "int8_of": written["sha256"], "int8_rms": loss, "trained": trained, "runtime": runtime}
    write_card(int8.with_suffix(".json"), int8, {**described, **stored, **entries, "name": int8.stem})
    return difference, loss


def facts_of(network: PConvUNet, precisions: Sequence[str]) -> RuntimeFacts:
    """Return the facts about a network that the runtime needs: the block `runtime` of its card.

    Args:
        network: The network.
        precisions: Precisions of its file, keys of `TILES`.
    """
    sees = sum(kernel // 2 * 2**level for level, kernel in enumerate(_kernels(network)))
    for_pages = network.config.base in PAGE_BASES
    return RuntimeFacts(
        reach=round(_SHARE_OF_REACH * sees),
        multiple=network.config.multiple,
        tile={precision: TILES[precision] for precision in precisions},
        for_pages=for_pages,
        bounded=for_pages,
        lowpass=None if network.config.base == "none" else LowPass(CELL, LEVELS, MINIMUM_RMS, NEIGHBOURHOOD, SPARSE),
    )


def _kernels(network: PConvUNet) -> list[int]:
    return [int(block.conv.kernel_size[0]) for block in network.encoder if isinstance(block, EncoderBlock)]
