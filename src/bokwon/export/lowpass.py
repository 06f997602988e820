"""Low-pass, contrast and pull-push interpolation, around the network in its ONNX graph."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from bokwon.export.nodes import Graph
from bokwon.nn.lowpass import CELL, LEVELS, MINIMUM_RMS, NEIGHBOURHOOD, OCTAVES, SPARSE, STENCIL, SWEEPS

__all__ = ["EPSILON", "SCALE", "blend", "dense_evidence", "given_or", "lowpass", "pull_push", "rms"]

SCALE = "scale"
"""Name of the input that may be left out."""
EPSILON = 1e-6
"""Replaces divisors that are zero."""


def dense_evidence(graph: Graph, valid: str) -> str:
    """Write `bokwon.nn.lowpass.dense_evidence`: the mask without known pixels that stand nearly alone."""
    # Rows, then columns: for OpenVINO the square takes as long as a large convolution.
    reach = NEIGHBOURHOOD // 2
    share = valid
    for kernel, pads in (([NEIGHBOURHOOD, 1], [reach, 0] * 2), ([1, NEIGHBOURHOOD], [0, reach] * 2)):
        share = graph.op("AveragePool", share, kernel_shape=kernel, strides=[1, 1], pads=pads, count_include_pad=1)
    dense = graph.op("Cast", graph.op("Greater", share, graph.number(SPARSE)), to=TensorProto.FLOAT)
    dense = graph.op("Mul", valid, dense)
    # All of these are 0 or 1, so sum and product choose. `Where` with one number an image takes four times as long.
    nothing = graph.op("Sub", graph.number(1), graph.op("ReduceMax", dense, axes=[1, 2, 3]))
    return graph.op("Add", dense, graph.op("Mul", nothing, valid))


def lowpass(graph: Graph, image: str, valid: str) -> str:
    """Write `bokwon.nn.lowpass.masked_lowpass` of an image that is zero in its holes."""
    total, count = graph.average(image, CELL, CELL, 0, 0), graph.average(valid, CELL, CELL, 0, 0)
    axes, least = graph.ints([2, 3]), graph.number(EPSILON)
    known = graph.op("Max", graph.op("ReduceSum", count, axes), least)
    filled = graph.op("Div", graph.op("ReduceSum", total, axes), known)
    pyramid = [(total, count)]
    for _ in range(LEVELS):
        total, count = graph.average(total, 2, 2, 0, 1), graph.average(count, 2, 2, 0, 1)
        pyramid.append((total, count))
    zero = graph.number(0)
    for level, (total, count) in enumerate(reversed(pyramid)):
        if level:
            size = graph.op("Slice", graph.op("Shape", total), graph.ints([2]), graph.ints([4]))
            filled = graph.upsample(filled, 2, "linear")
            filled = graph.op("Slice", filled, graph.ints([0, 0]), size, axes)
        mean = graph.op("Div", total, graph.op("Max", count, least))
        filled = graph.op("Where", graph.op("Greater", count, zero), mean, filled)
    return graph.upsample(filled, CELL, "linear")


def pull_push(graph: Graph, residual: str, valid: str) -> str:
    """Write `bokwon.nn.lowpass.pull_push` of a residual that is zero in the holes.

    The known part is zero in the holes, so it is added to what fills them: `Where` takes twice as long.
    """
    stencil = graph.constant(np.tile(np.asarray(STENCIL, np.float32), (3, 1, 1, 1)))
    border, least = graph.ints([0, 0, 1, 1] * 2), graph.number(EPSILON)
    pyramid = [(residual, valid)]
    for _ in range(OCTAVES):
        total, count = pyramid[-1]
        pyramid.append((graph.average(total, 2, 2, 0, 0), graph.average(count, 2, 2, 0, 0)))
    filled = ""
    for level, (total, count) in enumerate(reversed(pyramid)):
        # A single pixel needs no average.
        mean = total if level == OCTAVES else graph.op("Div", total, graph.op("Max", count, least))
        if level == 0:
            filled = mean
            continue
        hole = graph.op("Cast", graph.op("Equal", count, graph.number(0)), to=TensorProto.FLOAT)
        filled = graph.op("Add", mean, graph.op("Mul", graph.upsample(filled, 2, "linear"), hole))
        for _ in range(SWEEPS):
            padded = graph.op("Pad", filled, border, mode="edge")
            smooth = graph.op("Conv", padded, stencil, kernel_shape=[3, 3], group=3)
            filled = graph.op("Add", mean, graph.op("Mul", smooth, hole))
    return filled


def blend(graph: Graph, output: str, interpolated: str) -> str:
    """Write the mixture of the prediction (three channels, and a fourth with the share) with an interpolation."""
    axis = graph.ints([1])
    colours = graph.op("Slice", output, graph.ints([0]), graph.ints([3]), axis)
    share = graph.op("Sigmoid", graph.op("Slice", output, graph.ints([3]), graph.ints([4]), axis))
    return graph.op("Add", colours, graph.op("Mul", share, graph.op("Sub", interpolated, colours)))


def rms(graph: Graph, residual: str, valid: str) -> str:
    """Write the root mean square of the residual where it is known."""
    axes = graph.ints([1, 2, 3])
    square = graph.op("ReduceSum", graph.op("Mul", residual, residual), axes)
    known = graph.op("Max", graph.op("ReduceSum", valid, axes), graph.number(1))
    mean = graph.op("Div", square, graph.op("Mul", known, graph.number(3)))
    return graph.op("Sqrt", graph.op("Max", mean, graph.number(MINIMUM_RMS**2)))


def given_or(graph: Graph, computed: str) -> str:
    """Write the input `scale` with a value to take where it is left out."""
    given = graph.optional(SCALE)
    return graph.op("Where", graph.op("Greater", given, graph.number(0)), given, computed)
