"""The damage detector as ONNX: graph, parity, card.

Input `image` (N, 3, H, W), RGB in [0, 1], H and W multiples of the card's `multiple`; output `probabilities`
(N, classes, H, W), which add up to 1 at each pixel. All float32.
"""

from __future__ import annotations

import copy
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import nn

from bokwon.errors import BokwonError
from bokwon.export.nodes import Graph
from bokwon.export.onnx import TOLERANCE, write_card, written
from bokwon.export.session import open_session
from bokwon.nn.segmentation import CELL, COARSE, CONTRAST, Bottleneck, SegmentationNet
from bokwon.synthesis.scenes.classes import CLASSES
from bokwon.training import checkpoint as checkpoints
from bokwon.utilities.json_files import read_object

__all__ = ["LONGEST_SIDE", "build_detector", "export_detector", "export_detector_checkpoint"]

LONGEST_SIDE = 1750
"""Longest side of a page, pixels, at which the detector works: the scale that its scenes are drawn at."""

# Sizes (H, W) at which ONNX Runtime is compared with PyTorch.
_SIZES = ((96, 64), (160, 352))


def export_detector_checkpoint(checkpoint: Path, output: Path, *, half: bool = True, card: Path | None = None) -> float:
    """Write the model file of a detector's checkpoint and its card.

    Args:
        checkpoint: Checkpoint folder, run folder or .safetensors file.
        output: The ONNX file. The card has the same stem and the suffix .json.
        half: Store the weights as float16.
        card: A JSON file whose entries go into the card, such as `calibration`.

    Returns:
        The largest difference between ONNX Runtime and PyTorch, of a probability.
    """
    network, description = checkpoints.load_detector(checkpoint)
    entries = read_object(card, "give a file with a JSON object, {...}") if card else {}
    difference = export_detector(network, output, half=half)
    told: dict[str, Any] = {
        key: description[key] for key in ("step", "images_seen", "seconds", "training") if key in description
    }
    described = {
        "task": "detect",
        "architecture": {
            "class": "SegmentationNet",
            **asdict(network.config),
            "parameters": sum(parameter.numel() for parameter in network.parameters()),
        },
        "classes": list(CLASSES),
        "longest_side": LONGEST_SIDE,
        "multiple": network.config.multiple,
        "storage": "float16" if half else "float32",
        "onnx_parity": difference,
        "trained": told,
    }
    write_card(output.with_suffix(".json"), output, {**described, **entries})
    return difference


def export_detector(network: SegmentationNet, path: Path, *, half: bool = True) -> float:
    """Write a detector as an ONNX file, and check that ONNX Runtime computes the same.

    Args:
        network: The network; it is not changed.
        path: Where the file goes; replaced only on success.
        half: Store the weights as float16. The computation is in float32 all the same.

    Returns:
        The largest difference of a probability.

    Raises:
        BokwonError: It is above `TOLERANCE`.
        FileAccessError: The file cannot be written.
    """
    copied = copy.deepcopy(network).eval()
    if half:
        # Rounded here, so that both sides compute with the same weights.
        for parameter in copied.parameters():
            parameter.data = parameter.data.half().float()
    worst = 0.0
    with written(build_detector(copied, half=half), path) as part:
        session = open_session(part.read_bytes())
        generator = torch.Generator().manual_seed(0)
        for height, width in _SIZES:
            image = torch.rand(1, 3, height, width, generator=generator)
            with torch.no_grad():
                expected = torch.softmax(copied(image), 1).numpy()
            (got,) = session.run(["probabilities"], {"image": image.numpy()})
            worst = max(worst, float(np.abs(got - expected).max()))
        if not worst <= TOLERANCE:
            raise BokwonError(
                f"ONNX Runtime differs from PyTorch by {worst:.2g}, more than {TOLERANCE:g}",
                "do not use this export; report it with the checkpoint",
            )
    return worst


def build_detector(network: SegmentationNet, *, half: bool) -> onnx.ModelProto:
    """Write the graph of a detector.

    Args:
        network: The network.
        half: Store the weights as float16.
    """
    graph = Graph(half)

    def conv(layer: nn.Module, x: str) -> str:
        assert isinstance(layer, nn.Conv2d)
        assert layer.bias is not None
        side, dilation = int(layer.kernel_size[0]), int(layer.dilation[0])
        return graph.op(
            "Conv",
            x,
            graph.weight(layer.weight),
            graph.weight(layer.bias),
            kernel_shape=[side, side],
            strides=[int(layer.stride[0])] * 2,
            pads=[side // 2 * dilation] * 4,
            dilations=[dilation] * 2,
        )

    def relu(x: str) -> str:
        return graph.op("Relu", x)

    def halved(x: str, factor: int) -> str:
        return graph.average(x, factor, factor, 0, 0)

    residual = graph.op("Sub", "image", graph.upsample(halved("image", CELL), CELL, "linear"))
    x = graph.op("Div", residual, graph.number(CONTRAST))
    colours = graph.op("Sub", "image", graph.number(0.5))
    sides = []
    for layer, blocks, side in zip(network.encoder, network.blocks, network.side, strict=True):
        x, colours = relu(conv(layer, x)), halved(colours, 2)
        assert isinstance(blocks, nn.Sequential)
        for block in blocks:
            assert isinstance(block, Bottleneck)
            inner = relu(conv(block.conv, relu(conv(block.reduce, x))))
            x = graph.op("Add", x, conv(block.expand, inner))
        sides.append(conv(side, graph.op("Concat", x, colours, axis=1)))
    x = relu(sides[-1])
    for layer in network.context:
        x = graph.op("Add", x, relu(conv(layer, x)))
    coarse = x
    for level in reversed(range(len(sides))):
        if level < len(sides) - 1:
            x = relu(graph.op("Add", sides[level], graph.upsample(conv(network.up[level], x), 2, "nearest")))
        x = graph.op("Add", x, relu(conv(network.mix[level], x)))
        if level == COARSE:
            coarse = conv(network.coarse, x)
    fine = graph.op("DepthToSpace", conv(network.head, x), blocksize=2, mode="CRD")
    logits = graph.op("Add", fine, graph.upsample(coarse, 8, "nearest"))
    graph.op("Softmax", logits, axis=1, out="probabilities")
    return graph.model({"image": 3}, {"probabilities": network.config.classes})
