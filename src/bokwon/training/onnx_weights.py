"""The weights of an exported model file, back in the network they came from.

`bokwon.export.graph` folds batch normalisation into the convolutions. It stores the folded kernels as they are, except
that of the last layer's skip connection, which stands as one of 4x4 for four pixels. So they can be read back exactly.
The statistics of batch normalisation are gone: `restore_norms` measures them anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from bokwon.errors import InputFileError, accessing
from bokwon.nn.unet import DecoderBlock, EncoderBlock, PConvUNet

__all__ = ["read_onnx", "restore_norms"]

_KERNEL_NORM = 4.0
"""Norm of each output channel's kernel in front of batch normalisation, which does not see it. The shipped networks had
3 to 7 when they were trained; folded they have 0.2 to 1, and steps of the same learning rate would be too large."""


def read_onnx(path: Path, network: PConvUNet, sha256: str | None = None) -> None:
    """Load the weights of a float model file into a network; the two then compute the same.

    Batch normalisation gets statistics that change nothing in evaluation mode; before training, call `restore_norms`.

    Args:
        path: The ONNX file, from `bokwon export`.
        network: A network of its shape; changed in place.
        sha256: Checksum that the file must have.

    Raises:
        FileAccessError: There is no such file.
        InputFileError: It is damaged, an int8 model, or belongs to another network.
    """
    import onnx

    with accessing(f"{path} cannot be read: {{error}}", "give a model file"):
        data = path.read_bytes()
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise InputFileError(f"{path} is not the file its card describes", "copy both from the same export")
    try:
        below, beside, biases = _tensors(onnx.load_from_string(data).graph)
        _fill_head(network, beside, biases)
        _fill(network, below, beside, biases)
    # Protobuf's errors have no common base but Exception; too few tensors or another shape is any of several.
    except Exception as error:
        raise InputFileError(
            f"{path} holds no float weights of its card's network: {error}",
            "give a model file from bokwon export, and not its int8 model",
        ) from error


@torch.no_grad()
def restore_norms(network: PConvUNet, batches: Iterable[tuple[Tensor, Tensor]]) -> None:
    """Measure the statistics of batch normalisation, and set its weights so that evaluation mode computes the same.

    Training mode, which normalises by each batch, then computes about the same, too.

    Args:
        network: Changed in place.
        batches: Images (N, 3, H, W) and valid (N, 1, H, W) such as the network will be trained on.
    """
    training = network.training
    network.eval()
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    # Values, their squares, and how many there are, of each channel.
    sums = {norm: torch.zeros(3, norm.num_features, dtype=torch.float64) for norm in norms}

    def add_moments(norm: nn.BatchNorm2d, inputs: tuple[Tensor, ...]) -> None:
        features = inputs[0].double()
        moments = [features, features.square(), torch.ones_like(features)]
        sums[norm] += torch.stack([each.sum((0, 2, 3)) for each in moments]).cpu()

    handles = [norm.register_forward_pre_hook(add_moments) for norm in norms]
    for image, valid in batches:
        network(image, valid)
    for handle in handles:
        handle.remove()
    for norm, (total, square, count) in sums.items():
        assert norm.running_mean is not None
        assert norm.running_var is not None
        mean = total / count
        variance = (square / count - mean**2).clamp(min=0)
        slope = norm.weight.double().cpu() / (norm.running_var.double().cpu() + norm.eps).sqrt()
        norm.bias.copy_(norm.bias.double().cpu() + slope * (mean - norm.running_mean.double().cpu()))
        norm.weight.copy_(slope * (variance + norm.eps).sqrt())
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
    network.train(training)


def _tensors(graph: Any) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """Return the kernels for upsampled features (O, I, 9), those of other convolutions, and the biases, in order."""
    from onnx import numpy_helper

    stored = {each.name: each for each in graph.initializer}
    for node in graph.node:
        if node.op_type == "Cast" and node.input[0] in stored:
            stored[node.output[0]] = stored[node.input[0]]
    found: dict[str, list[Tensor]] = {"MatMul": [], "Conv": [], "Add": []}
    for node in graph.node:
        place = {"MatMul": 0, "Conv": 1, "Add": 1}.get(node.op_type)
        if place is None or node.input[place] not in stored:
            continue
        value = torch.from_numpy(numpy_helper.to_array(stored[node.input[place]]).copy()).float()
        # Kernels that count masks or smooth single channels have one input channel; added scalars are left out too.
        if (value.ndim == 4 and len(value) == 1) if node.op_type == "Add" else value.shape[1] > 1:
            found[node.op_type].append(value)
    return found["MatMul"], found["Conv"], found["Add"]


@torch.no_grad()
def _fill_head(network: PConvUNet, beside: list[Tensor], biases: list[Tensor]) -> None:
    """Take what follows the last layer off the lists."""
    if network.config.normalizes:
        # The mean that is added to come back into the image's units.
        biases.pop()
    if network.head is not None:
        assert network.head.bias is not None
        network.head.weight.copy_(beside.pop())
        network.head.bias.copy_(biases.pop().flatten())


@torch.no_grad()
def _fill(network: PConvUNet, below: list[Tensor], beside: list[Tensor], biases: list[Tensor]) -> None:
    encoder = [block for block in network.encoder if isinstance(block, EncoderBlock)]
    decoder = [block for block in network.decoder if isinstance(block, DecoderBlock)]
    kernels = beside[: len(encoder)]
    for up, over in zip(below, beside[len(encoder) :], strict=True):
        if over.shape[2] == 4:
            # Four pixels at each place, of which the first has its kernel in the upper left.
            over = over.unflatten(0, (-1, 4))[:, 0, :, :3, :3]
        kernels.append(torch.cat([up.unflatten(2, (3, 3)), over], 1))
    blocks: list[EncoderBlock | DecoderBlock] = [*encoder, *decoder]
    for block, kernel, bias in zip(blocks, kernels, biases, strict=True):
        # Four pixels at each place have the same bias.
        shift = bias.flatten()[:: bias.numel() // len(kernel)]
        if kernel.shape != block.conv.weight.shape:
            raise ValueError(f"a kernel is {tuple(kernel.shape)}, not {tuple(block.conv.weight.shape)}")
        if not isinstance(block.norm, nn.BatchNorm2d):
            assert block.conv.bias is not None
            block.conv.weight.copy_(kernel)
            block.conv.bias.copy_(shift)
            continue
        assert block.norm.running_mean is not None
        assert block.norm.running_var is not None
        # Gates, which come after the features, are not normalised.
        count = block.norm.num_features
        # Powers of two do not change rounding.
        larger = torch.exp2((_KERNEL_NORM / kernel[:count].flatten(1).norm(dim=1).clamp(min=1e-6)).log2().round())
        block.conv.weight.copy_(kernel)
        block.conv.weight[:count] *= larger.view(-1, 1, 1, 1)
        if block.conv.bias is not None:
            block.conv.bias.copy_(shift)
            block.conv.bias[:count] = 0
        block.norm.running_mean.zero_()
        block.norm.running_var.copy_(larger**2 - block.norm.eps)
        block.norm.weight.fill_(1.0)
        block.norm.bias.copy_(shift[:count])
