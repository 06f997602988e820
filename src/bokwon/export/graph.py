"""The ONNX graph of a `PConvUNet`, operator by operator.

Written out rather than traced: the padding, the pull-push pyramid and the crop depend on the image's size, which a
tracer turns into hundreds of shape operators or, for some pooling options, into a wrong graph. Every export is
compared with PyTorch.
"""

from __future__ import annotations

from typing import Protocol

import onnx
import torch
from onnx import TensorProto
from torch import Tensor, nn

from bokwon.export.lowpass import EPSILON, blend, dense_evidence, given_or, lowpass, pull_push, rms
from bokwon.export.nodes import Graph
from bokwon.nn.functional import phase_matrix
from bokwon.nn.layers import GatedConv2d
from bokwon.nn.unet import DecoderBlock, EncoderBlock, PConvUNet

__all__ = ["Decoded", "assemble", "build", "mask_ratio"]


class Decoded(Protocol):
    """Writes encoder and decoder of partial convolutions. Their output is that of all pixels, or of some."""

    def write(self, image: str, valid: str) -> str:
        """Take image (N, 3, H, W), zero in the holes, and mask (N, 1, H, W), H and W multiples of the network's.

        Returns:
            The output (N, C, H, W), or that of n pixels (1, C, 1, n).
        """
        ...

    def read(self, x: str) -> str:
        """Take the pixels of the output from an image (N, 3, H, W)."""
        ...

    def read_number(self, x: str) -> str:
        """Take for each pixel of the output the number of its image, from (N, 1, 1, 1)."""
        ...

    def put(self, image: str, output: str) -> str:
        """Return the image (N, 3, H, W) with an output of three channels written into it."""
        ...


class _Everywhere:
    """A `Decoded` that computes all pixels."""

    def __init__(self, graph: Graph, network: PConvUNet) -> None:
        self._graph = graph
        self._network = network

    def write(self, image: str, valid: str) -> str:
        return _unet(self._graph, self._network, image, valid)

    def read(self, x: str) -> str:
        return x

    def read_number(self, x: str) -> str:
        return x

    def put(self, _: str, output: str) -> str:
        return output


def build(network: PConvUNet, *, half: bool) -> onnx.ModelProto:
    """Build the graph of a network without batch normalisation.

    Args:
        network: A network from `fold_batch_norm`.
        half: Store the weights as float16 and cast them when the file is loaded.

    Returns:
        A model with inputs `image` (N, 3, H, W) and `valid` (N, 1, H, W) and output `restored` (N, 3, H, W), float32.
        With any `base` but "none" there is a third input that may be left out: `scale` (1,), the root mean
        square of the page's residual, which the image is a part of; 0 takes that of each input by itself.
    """
    graph = Graph(half)
    assemble(graph, network, _Everywhere(graph, network))
    return graph.model()


def assemble(graph: Graph, network: PConvUNet, unet: Decoded) -> None:
    """Write all of a network's graph, from the inputs to `restored`.

    Args:
        graph: Where to; empty.
        network: A network from `fold_batch_norm`.
        unet: Writes encoder and decoder of partial convolutions.
    """
    (image, valid), height_width = graph.pad(["image", "valid"], network.config.multiple)
    given = image
    if network.config.base != "none":
        evidence = dense_evidence(graph, valid)
        known = graph.op("Mul", image, evidence)
        low = lowpass(graph, known, evidence)
        residual = graph.op("Mul", graph.op("Sub", known, low), evidence)
        scale = given_or(graph, rms(graph, residual, evidence))
        # In units of the contrast until the end.
        residual = graph.op("Div", residual, scale)
        output, low = unet.write(residual, evidence), unet.read(low)
        # Without rows OpenVINO keeps the planes apart, where it else would put three channels side by side.
        planes, shape = graph.ints([0, 0, -1]), graph.op("Shape", low)
        output = graph.op("Reshape", output, planes)
        if network.config.interpolates:
            interpolated = unet.read(pull_push(graph, residual, evidence))
            output = blend(graph, output, graph.op("Reshape", interpolated, planes))
        output = graph.op("Mul", output, graph.op("Reshape", unet.read_number(scale), planes))
        output = graph.op("Add", graph.op("Reshape", low, planes), output)
        output = unet.put(given, graph.op("Reshape", output, shape))
        if network.config.base == "membrane":
            missed = graph.op("Mul", graph.op("Sub", image, output), valid)
            output = graph.op("Add", output, pull_push(graph, missed, valid))
    elif network.config.fills_holes:
        missing = graph.op("Sub", graph.number(1), valid)
        colour = graph.op("Mul", missing, graph.constant(network.colour.numpy()))
        image = _normalize(graph, network, graph.op("Add", graph.op("Mul", image, valid), colour))
        if network.config.layer == "padding":
            everywhere = graph.op("Add", valid, missing)
            output = _finish(graph, network, unet.write(image, everywhere))
        else:
            output = _finish(graph, network, _plain_unet(graph, network, image))
    elif network.config.layer == "gated":
        known = graph.op("Mul", _normalize(graph, network, image), valid)
        output = _finish(graph, network, _plain_unet(graph, network, graph.op("Concat", known, valid, axis=1)))
    else:
        # Masked after the normalisation, because the mean in a hole is not evidence.
        known = graph.op("Mul", _normalize(graph, network, image), valid)
        output = unet.put(given, _finish(graph, network, unet.write(known, valid)))
    graph.op("Slice", output, graph.ints([0, 0]), height_width, graph.ints([2, 3]), out="restored")


def _normalize(graph: Graph, network: PConvUNet, image: str) -> str:
    if not network.config.normalizes:
        return image
    image = graph.op("Sub", image, graph.constant(network.mean.numpy()))
    return graph.op("Div", image, graph.constant(network.std.numpy()))


def _finish(graph: Graph, network: PConvUNet, output: str) -> str:
    """Write the head, and the way back into the image's units."""
    if network.config.head == "tanh":
        output = graph.op("Tanh", output)
    elif network.head is not None:
        output = _plain_convolve(graph, network.head.weight, graph.op("LeakyRelu", output, alpha=0.2), stride=1)
        output = graph.op("Sigmoid", _add_bias(graph, output, network.head.bias))
    if not network.config.normalizes:
        return output
    output = graph.op("Mul", output, graph.constant(network.std.numpy()))
    return graph.op("Add", output, graph.constant(network.mean.numpy()))


def _unet(graph: Graph, network: PConvUNet, image: str, valid: str) -> str:
    features, mask = image, valid
    passed = []
    for block in network.encoder:
        assert isinstance(block, EncoderBlock)
        passed.append((features, mask))
        side = int(block.conv.kernel_size[0])
        total = graph.average(mask, side, 2, side // 2, side // 2)
        ratio, mask = mask_ratio(graph, total)
        features = _convolve(graph, block.conv.weight, block.conv.bias, features, ratio, stride=2)
        features = graph.op("Mul", graph.op("Relu", features), mask)
    for block in network.decoder:
        assert isinstance(block, DecoderBlock)
        skip, skip_mask = passed.pop()
        channels = block.conv.in_channels - block.skip_channels
        share = channels / block.conv.in_channels
        up, over = block.conv.weight.detach().split([channels, block.skip_channels], 1)
        if block.last:
            return _last(graph, up, over, block.conv.bias, (features, mask), (skip, skip_mask))
        below = graph.op("Mul", graph.upsample(mask, 2, "nearest"), graph.number(share))
        beside = graph.op("Mul", skip_mask, graph.number(1 - share))
        ratio, mask = mask_ratio(graph, graph.average(graph.op("Add", below, beside), 3, 1, 1, 1))
        features = _cut(graph, _convolve_upsampled(graph, up, features))
        skip = _plain_convolve(graph, over, skip, stride=1)
        features = graph.op("Mul", graph.op("Add", features, skip), ratio)
        features = graph.op("LeakyRelu", _add_bias(graph, features, block.conv.bias), alpha=0.2)
        features = graph.op("Mul", features, mask)
    return features


def _last(
    graph: Graph, up: Tensor, over: Tensor, bias: Tensor | None, below: tuple[str, str], beside: tuple[str, str]
) -> str:
    """Write the last layer: all of it at half the resolution, four pixels at each place, and then interleaved.

    Few channels of full size take longer than four times as many of half of it.

    Args:
        graph: Where to.
        up: The part of the kernel (O, I, 3, 3) for what is upsampled.
        over: The part for what is of full size.
        bias: (O,).
        below: Features and mask of half the size.
        beside: Those of full size.
    """

    def at_half(up: Tensor, over: Tensor, lower: str, upper: str) -> str:
        kernel = _quartered(over)
        # The kernel that averages masks stays exact.
        stored = graph.weight(kernel) if over.shape[1] > 1 else graph.constant(kernel.numpy())
        full = graph.op("Conv", upper, stored, kernel_shape=[4, 4], strides=[2, 2], pads=[2] * 4)
        return graph.op("Add", _convolve_upsampled(graph, up, lower), full)

    share = up.shape[1] / (up.shape[1] + over.shape[1])
    # The same in each of the channels, so that nothing need be repeated.
    even = torch.full((len(up), 1, 3, 3), 1 / 9)
    ratio, mask = mask_ratio(graph, at_half(even * share, even * (1 - share), below[1], beside[1]))
    features = graph.op("Mul", at_half(up, over, below[0], beside[0]), ratio)
    if bias is not None:
        features = graph.op("Mul", _add_bias(graph, features, bias.detach().repeat_interleave(4)), mask)
    return _cut(graph, features)


def _quartered(weight: Tensor) -> Tensor:
    """Return a 3x3 kernel (O, I, 3, 3) as one of stride 2 that gives four pixels at each place: (4 O, I, 4, 4)."""
    outs, ins = weight.shape[:2]
    kernels = weight.new_zeros(outs, 2, 2, ins, 4, 4)
    for down in range(2):
        for across in range(2):
            kernels[:, down, across, :, down : down + 3, across : across + 3] = weight
    return kernels.flatten(0, 2)


def _plain_unet(graph: Graph, network: PConvUNet, features: str) -> str:
    """Encoder and decoder of ordinary or gated convolutions, without a mask of their own."""
    passed = []
    for block in network.encoder:
        assert isinstance(block, EncoderBlock)
        passed.append(features)
        features = _add_bias(graph, _plain_convolve(graph, block.conv.weight, features, stride=2), block.conv.bias)
        features = _activate(graph, block.conv, features, 0.0)
    for block in network.decoder:
        assert isinstance(block, DecoderBlock)
        channels = block.conv.in_channels - block.skip_channels
        up, over = block.conv.weight.detach().split([channels, block.skip_channels], 1)
        skip = _plain_convolve(graph, over, passed.pop(), stride=1)
        features = graph.op("Add", _cut(graph, _convolve_upsampled(graph, up, features)), skip)
        features = _add_bias(graph, features, block.conv.bias)
        if not block.last:
            features = _activate(graph, block.conv, features, 0.2)
    return features


def _activate(graph: Graph, conv: nn.Conv2d, features: str, slope: float) -> str:
    if not isinstance(conv, GatedConv2d):
        return _rectify(graph, features, slope)
    channels, axis = conv.out_channels // 2, graph.ints([1])
    gates = graph.op("Slice", features, graph.ints([channels]), graph.ints([2 * channels]), axis)
    features = graph.op("Slice", features, graph.ints([0]), graph.ints([channels]), axis)
    return graph.op("Mul", _rectify(graph, features, slope), graph.op("Sigmoid", gates))


def _rectify(graph: Graph, features: str, slope: float) -> str:
    return graph.op("LeakyRelu", features, alpha=slope) if slope else graph.op("Relu", features)


def _convolve_upsampled(graph: Graph, weight: Tensor, x: str) -> str:
    """Upsample to the nearest and convolve with 3x3, at the lower resolution.

    A transposed 4x4 convolution of stride 2 computes the same, see `bokwon.nn.functional`. As its four phases, 2x2
    convolutions whose results are interleaved, it takes a quarter of the memory: no columns are written out.
    """
    outs, ins = weight.shape[:2]
    # Made of the stored 3x3 kernel when the file is loaded: smaller than the phases, and rounded as the 3x3 one is.
    matrix = graph.constant(phase_matrix(torch.empty(0)).numpy())
    flat = graph.op("MatMul", graph.weight(weight.flatten(2)), matrix)
    phases = graph.op("Transpose", graph.op("Reshape", flat, graph.ints([outs, ins, 4, 4])), perm=[0, 2, 1, 3])
    kernel = graph.op("Reshape", phases, graph.ints([outs * 4, ins, 2, 2]))
    return graph.op("Conv", x, kernel, kernel_shape=[2, 2], pads=[1] * 4)


def _cut(graph: Graph, x: str) -> str:
    """Put four pixels at each place (N, 4 C, H + 1, W + 1) side by side, without the border: (N, C, 2 H, 2 W)."""
    x = graph.op("DepthToSpace", x, blocksize=2, mode="CRD")
    return graph.op("Slice", x, graph.ints([1, 1]), graph.ints([-1, -1]), graph.ints([2, 3]))


def mask_ratio(graph: Graph, average: str) -> tuple[str, str]:
    """Write the ratio that a partial convolution multiplies by, and the updated mask.

    Args:
        graph: Where to.
        average: The average of the mask over each window (N, 1, H, W): sum(M) / sum(1).

    Returns:
        sum(1) / sum(M) where that is finite, else zero; and the mask, 1 where it is, else 0.
    """
    mask = graph.op("Cast", graph.op("Greater", average, graph.number(0)), to=TensorProto.FLOAT)
    safe = graph.op("Max", average, graph.number(EPSILON))
    return graph.op("Div", mask, safe), mask


def _convolve(graph: Graph, weight: Tensor, bias: Tensor | None, x: str, ratio: str, stride: int) -> str:
    # No bias in windows without known pixels: the mask is multiplied after the activation.
    return _add_bias(graph, graph.op("Mul", _plain_convolve(graph, weight, x, stride), ratio), bias)


def _plain_convolve(graph: Graph, weight: Tensor, x: str, stride: int) -> str:
    kernel = weight.shape[2]
    return graph.op(
        "Conv",
        x,
        graph.weight(weight),
        kernel_shape=[kernel, kernel],
        strides=[stride, stride],
        pads=[kernel // 2] * 4,
    )


def _add_bias(graph: Graph, x: str, bias: Tensor | None) -> str:
    if bias is None:
        return x
    return graph.op("Add", x, graph.constant(bias.detach().numpy().reshape(1, -1, 1, 1)))
