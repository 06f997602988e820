"""Rewrites a model's graph for OpenVINO: some operators are replaced by equivalent ones that it computes faster.

OpenVINO's convolutions are close to the limits of a processor. Its pooling and interpolation of images with few
channels are not: they always compute sixteen channels at a time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["tune", "window_kernel"]

_FEW = 4
"""Largest number of channels that are pooled by a convolution, whose work grows with its square."""
_CHANNELS_APART = 4
"""From this factor on, each channel is enlarged as a separate image, which saves reordering the result."""
_COUNTED = range(5, 17, 2)
"""Sides of the windows that are counted by a convolution of blocks: counts below 256 are exact in bfloat16."""
_BLOCK = 4
"""Side of the blocks of pixels that become channels for counting windows."""


def tune(openvino: Any, model: Any) -> None:
    """Replace operators that are slow in OpenVINO, in place.

    Args:
        openvino: The module.
        model: Its model, for one size of image. Without such operators it stays as it is.
    """
    ops, replace = openvino.opset13, openvino.utils.replace_node
    for node in model.get_ordered_ops():
        write = _WRITERS.get(node.get_type_name())
        instead = write(ops, node) if write else None
        if instead is not None:
            instead.set_friendly_name(node.get_friendly_name())
            replace(node, instead)
    model.validate_nodes_and_infer_types()


def enlarging_kernel(factor: int) -> NDArray[np.float32]:
    """Return the taps of an interpolation: (factor^2, 1, 3, 3), a row of pixels after the other, on a repeated border.

    Args:
        factor: How many times as large, linear between the centres of pixels.
    """
    positions = (np.arange(factor) + 0.5) / factor + 0.5
    before = np.floor(positions).astype(int)
    weights = np.zeros((factor, 3))
    weights[np.arange(factor), before] = 1 - (positions - before)
    weights[np.arange(factor), before + 1] = positions - before
    taps = np.einsum("ay,bx->abyx", weights, weights)
    return np.asarray(taps.reshape(factor**2, 1, 3, 3), np.float32)


def window_kernel(side: int, stride: int) -> NDArray[np.float32]:
    """Return the taps, 1 or 0, that add up windows in a mask whose pixels lie in blocks, as 16 channels.

    Args:
        side: Of the window, odd.
        stride: 1 or 2; windows are centred on the first of so many pixels.

    Returns:
        (16 / stride^2, 16, k, k) with k odd.
    """
    reach, windows = side // 2, _BLOCK // stride
    # A window reaches `reach` before the first pixel of a block, and as far behind the last it is centred on.
    blocks = max(-(-reach // _BLOCK), (reach + _BLOCK - stride) // _BLOCK)
    kernel = np.zeros((windows, windows, _BLOCK, _BLOCK, 2 * blocks + 1, 2 * blocks + 1), np.float32)
    for top, left, down, across in np.ndindex(windows, windows, side, side):
        y, x = top * stride + down - reach, left * stride + across - reach
        kernel[top, left, y % _BLOCK, x % _BLOCK, y // _BLOCK + blocks, x // _BLOCK + blocks] = 1
    return kernel.reshape(windows**2, _BLOCK**2, 2 * blocks + 1, 2 * blocks + 1)


def _pool(ops: Any, node: Any) -> Any:
    """Average by convolutions: masks over large windows, and pictures over cells."""
    kernel, strides, begin, end = _pooling(node)
    channels = _channels(node.input(0))
    if channels is None or channels > _FEW or node.get_attributes()["exclude-pad"]:
        return None
    if channels == 1:
        source, side = node.input_value(0), kernel[1]
        inner = source.get_node()
        if inner.get_type_name() == "AvgPool" and kernel == [1, side] and _pooling(inner)[:2] == ([side, 1], strides):
            # Rows and then columns.
            source = inner.input_value(0)
        elif kernel != [side, side] or begin != end or begin != [side // 2] * 2:
            return None
        counted = side in _COUNTED and strides in ([1, 1], [2, 2])
        return _count(ops, source, side, strides[0]) if counted else None
    if kernel != strides or any(begin + end):
        return None
    taps = np.zeros((channels, channels, *kernel), np.float32)
    taps[range(channels), range(channels)] = 1 / (kernel[0] * kernel[1])
    return ops.convolution(node.input_value(0), taps, strides, begin, end, [1, 1])


def _pooling(node: Any) -> tuple[list[int], list[int], list[int], list[int]]:
    found = node.get_attributes()
    kernel, strides, begin, end = (list(found[key]) for key in ("kernel", "strides", "pads_begin", "pads_end"))
    return kernel, strides, begin, end


def _count(ops: Any, mask: Any, side: int, stride: int) -> Any:
    """Average a mask over windows centred on its pixels, or on every other one."""
    shape = mask.get_partial_shape()
    if shape.is_dynamic or any(length.get_length() % _BLOCK for length in list(shape)[2:]):
        return None
    kernel = window_kernel(side, stride)
    border = [kernel.shape[2] // 2] * 2
    blocks = ops.space_to_depth(mask, "blocks_first", _BLOCK)
    counts = ops.convolution(blocks, kernel, [1, 1], border, border, [1, 1])
    return ops.multiply(ops.depth_to_space(counts, "blocks_first", _BLOCK // stride), np.float32(1 / side**2))


def _enlarge(ops: Any, node: Any) -> Any:
    """Interpolate by a convolution that computes all pixels of a cell as channels."""
    channels, how = _channels(node.input(0)), node.get_attributes()
    scales = node.input_value(1).get_node()
    if channels is None or channels > _FEW or how["mode"] != "linear_onnx" or scales.get_type_name() != "Constant":
        return None
    if how["coordinate_transformation_mode"] != "half_pixel" or how["shape_calculation_mode"] != "scales":
        return None
    factor = int(scales.get_data()[-1])
    if [float(scale) for scale in scales.get_data()] != [1, 1, factor, factor]:
        return None
    border = _ints(0, 0, 1, 1)
    taps = enlarging_kernel(factor)
    x = ops.pad(node.input_value(0), border, border, "edge")
    if factor < _CHANNELS_APART:
        taps = np.tile(taps, (channels, 1, 1, 1, 1))
        x = ops.group_convolution(x, taps, [1, 1], [0, 0], [0, 0], [1, 1])
        return ops.depth_to_space(x, "depth_first", factor)
    x = ops.reshape(x, _ints(-1, 1, 0, 0), special_zero=True)
    x = ops.convolution(x, taps, [1, 1], [0, 0], [0, 0], [1, 1])
    x = ops.depth_to_space(x, "depth_first", factor)
    return ops.reshape(x, _ints(-1, channels, 0, 0), special_zero=True)


def _double(ops: Any, node: Any) -> Any:
    """Interleave within the convolution: a transposed one instead of four, their interleaving and a cut."""
    interleaved = node.input_value(0).get_node()
    if interleaved.get_type_name() != "DepthToSpace" or _numbers(node)[:2] != [[1, 1], [-1, -1]]:
        return None
    how = interleaved.get_attributes()
    phases = interleaved.input_value(0).get_node()
    if phases.get_type_name() != "Convolution" or (how["mode"], how["block_size"]) != ("depth_first", 2):
        return None
    how, kernel = phases.get_attributes(), phases.input_value(1)
    if list(how["pads_begin"]) != [1, 1] or list(how["pads_end"]) != [1, 1] or list(kernel.get_shape())[2:] != [2, 2]:
        return None
    outs, ins = kernel.get_shape()[0] // 4, kernel.get_shape()[1]
    if outs <= _FEW:
        # The last layer: what follows the last convolution stays float32, and a transposed one does not count as such.
        return None
    # Written as operators, as what the kernel is made of may be; all is folded when the model is compiled.
    taps = ops.reshape(kernel, _ints(outs, 2, 2, ins, 2, 2), special_zero=False)
    for axis in (4, 5):
        taps = ops.gather(taps, _ints(1, 0), _ints(axis))
    taps = ops.transpose(taps, _ints(3, 0, 4, 1, 5, 2))
    taps = ops.reshape(taps, _ints(ins, outs, 4, 4), special_zero=False)
    return ops.convolution_backprop_data(
        phases.input_value(0), taps, strides=[2, 2], pads_begin=[1, 1], pads_end=[1, 1]
    )


_WRITERS = {"AvgPool": _pool, "Interpolate": _enlarge, "Slice": _double}


def _channels(port: Any) -> int | None:
    shape = port.get_partial_shape()
    return shape[1].get_length() if len(shape) == 4 and shape[1].is_static else None


def _numbers(node: Any) -> list[list[int]]:
    """Return what a node's constant inputs say."""
    given = [value.get_node() for value in node.input_values()]
    return [list(each.get_data().reshape(-1)) for each in given if each.get_type_name() == "Constant"]


def _ints(*values: int) -> NDArray[np.int64]:
    return np.asarray(values, np.int64)
