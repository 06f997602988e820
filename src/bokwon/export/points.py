"""The pixels that a decoder has to compute at each resolution for its output at given pixels, in an ONNX graph.

The last layers of a decoder have large maps, but of the output only the pixels in holes are used. So these layers
gather the windows of the pixels that they need, and convolve them side by side, as an image of one row.

The resolutions are those of a U-Net: each has half the height and width of the one before. Indices are flat, and count
through the maps of all images. A map (H, W) gets a border of one pixel, (H + 2, W + 2), so that 3x3 windows never leave
it. A *block* is 2x2 pixels of the bordered map. A convolution of the next lower resolution computes one at each
position, see `bokwon.nn.functional.phase_matrix`. There are (H / 2 + 1, W / 2 + 1) blocks, and each depends on 2x2
pixels of the lower map.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bokwon.export.nodes import Graph

__all__ = ["Points", "Size", "gather_numbers", "gather_pixels", "scatter_pixels", "wanted_points"]


@dataclass(frozen=True)
class Size:
    """Height and width of a resolution, each (1,) whole numbers in the graph.

    Attributes:
        height: Without the border.
        width: Without the border.
    """

    height: str
    width: str

    @classmethod
    def of(cls, graph: Graph, x: str) -> Size:
        """Return the size of (N, C, H, W)."""
        shape = graph.op("Shape", x)
        height, width = (graph.op("Slice", shape, graph.ints([axis]), graph.ints([axis + 1])) for axis in (2, 3))
        return cls(height, width)


class Points:
    """The pixels of one resolution that are computed, in order, and the blocks that they lie in.

    Both lists begin with the first pixel or block, wanted or not: ONNX Runtime does not convolve empty lists.

    Args:
        graph: Where the nodes go.
        wanted: Name of a map (N, 1, H, W), 1 at these pixels and 0 elsewhere; H and W even.

    Attributes:
        size: Size of this resolution.
        lower: Map like `wanted` for the next lower resolution: the pixels that the blocks depend on.
        pixels: (n,) indices of the pixels in the bordered maps.
        blocks: (m,) indices of their blocks in the maps of blocks.
    """

    def __init__(self, graph: Graph, wanted: str) -> None:
        self._graph = graph
        self.size = Size.of(graph, wanted)
        self._bordered = graph.op("Pad", wanted, graph.ints([0, 0, 1, 1] * 2))
        self._blocks = graph.op("MaxPool", self._bordered, kernel_shape=[2, 2], strides=[2, 2])
        self.lower = graph.op("MaxPool", self._blocks, kernel_shape=[2, 2], strides=[1, 1])
        self._across = self._plus(self.size.width, 2)
        self._wanted_pixels, self._wanted_blocks = self._nonzero(self._bordered), self._nonzero(self._blocks)
        self.pixels = graph.op("Concat", self._plus(self._across, 1), self._wanted_pixels, axis=0)
        self.blocks = graph.op("Concat", graph.ints([0]), self._wanted_blocks, axis=0)

    def indices(self) -> str:
        """Return the indices of the pixels in the maps without a border: (n,)."""
        graph = self._graph
        row = graph.op("Div", self.pixels, self._across)
        column = graph.op("Sub", self.pixels, graph.op("Mul", row, self._across))
        # Two rows of border belong to each image before, and one to its own.
        image = graph.op("Div", row, self._plus(self.size.height, 2))
        row = graph.op("Sub", row, graph.op("Add", graph.op("Add", image, image), graph.ints([1])))
        return graph.op("Sub", graph.op("Add", graph.op("Mul", row, self.size.width), column), graph.ints([1]))

    def around(self) -> str:
        """Return the 3x3 windows around the pixels, as indices in the bordered maps: (n, 9)."""
        graph = self._graph
        rows = graph.op("Mul", self._across, graph.ints([-1, 0, 1]))
        offsets = graph.op("Add", self._upright(rows), graph.ints([-1, 0, 1]))
        return graph.op("Add", self._upright(self.pixels), graph.op("Reshape", offsets, graph.ints([-1])))

    def below(self) -> str:
        """Return the pixels that each block depends on, as indices in the lower map with its border: (m, 4)."""
        graph = self._graph
        high, wide = (self._half(length) for length in (self.size.height, self.size.width))
        across = self._plus(wide, 1)
        row = graph.op("Div", self.blocks, across)
        column = graph.op("Sub", self.blocks, graph.op("Mul", row, across))
        # The lower map has one row more than the map of blocks.
        row = graph.op("Add", row, graph.op("Div", row, self._plus(high, 1)))
        across = self._plus(wide, 2)
        first = graph.op("Add", graph.op("Mul", row, across), column)
        rows = self._upright(graph.op("Mul", across, graph.ints([0, 1])))
        offsets = graph.op("Reshape", graph.op("Add", rows, graph.ints([0, 1])), graph.ints([-1]))
        return graph.op("Add", self._upright(first), offsets)

    def phases(self) -> str:
        """Return the indices of the pixels among those of all blocks in the list, four a block: (n,)."""
        graph = self._graph
        two = graph.ints([2])
        row = graph.op("Div", self.pixels, self._across)
        column = graph.op("Sub", self.pixels, graph.op("Mul", row, self._across))
        up, left = (graph.op("Div", axis, two) for axis in (row, column))
        block = graph.op("Add", graph.op("Mul", up, self._half(self._across)), left)
        number = graph.op("Gather", self._positions_in_list(self._blocks, self._wanted_blocks, 1), block)
        down, right = (graph.op("Sub", axis, graph.op("Mul", half, two)) for axis, half in ((row, up), (column, left)))
        return graph.op("Add", graph.op("Mul", graph.op("Add", graph.op("Mul", number, two), down), two), right)

    def positions(self) -> str:
        """Return for each pixel of the bordered maps, flat: 1 + its position in `pixels`, or 0 if it is not wanted."""
        return self._positions_in_list(self._bordered, self._wanted_pixels, 2)

    def _positions_in_list(self, of: str, at: str, first: int) -> str:
        graph = self._graph
        size = graph.op("Reshape", graph.op("Size", of), graph.ints([1]))
        nothing = graph.op("Expand", graph.ints([0]), size)
        last = graph.op("Add", graph.op("Size", at), graph.constant(np.asarray(first, np.int64)))
        start, step = (graph.constant(np.asarray(value, np.int64)) for value in (first, 1))
        return graph.op("ScatterElements", nothing, at, graph.op("Range", start, last, step), axis=0)

    def _nonzero(self, of: str) -> str:
        graph = self._graph
        indices = graph.op("NonZero", graph.op("Reshape", of, graph.ints([-1])))
        return graph.op("Reshape", indices, graph.ints([-1]))

    def _half(self, length: str) -> str:
        return self._graph.op("Div", length, self._graph.ints([2]))

    def _plus(self, length: str, more: int) -> str:
        return self._graph.op("Add", length, self._graph.ints([more]))

    def _upright(self, x: str) -> str:
        return self._graph.op("Reshape", x, self._graph.ints([-1, 1]))


def wanted_points(graph: Graph, wanted: str, count: int) -> list[Points]:
    """Return the points of `count` resolutions, the finest first.

    Args:
        graph: Where the nodes go.
        wanted: Map (N, 1, H, W), 1 at the pixels that matter of the finest; H and W multiples of 2^count.
        count: At least one.
    """
    found = [Points(graph, wanted)]
    while len(found) < count:
        found.append(Points(graph, found[-1].lower))
    return found


def gather_pixels(graph: Graph, x: str, indices: str, channels: int) -> str:
    """Take some pixels of (N, C, H, W): (1, C, 1, n).

    Args:
        graph: Where the nodes go.
        x: The images.
        indices: (n,) from `Points.indices`.
        channels: C.
    """
    flat = graph.op("Reshape", x, graph.ints([-1]))
    return graph.op("Gather", flat, _elements(graph, x, indices, channels))


def gather_numbers(graph: Graph, x: str, indices: str, like: str) -> str:
    """Take for some pixels the number of their image, from (N, 1, 1, 1): (1, 1, 1, n).

    Args:
        graph: Where the nodes go.
        x: The numbers.
        indices: (n,) from `Points.indices`.
        like: Maps (N, C, H, W) of the resolution.
    """
    size = Size.of(graph, like)
    image = graph.op("Div", indices, graph.op("Mul", size.height, size.width))
    found = graph.op("Gather", graph.op("Reshape", x, graph.ints([-1])), image)
    return graph.op("Reshape", found, graph.ints([1, 1, 1, -1]))


def scatter_pixels(graph: Graph, x: str, indices: str, values: str, channels: int) -> str:
    """Put values (1, C, 1, n) in the place of the wanted pixels of (N, C, H, W).

    Args:
        graph: Where the nodes go.
        x: The images.
        indices: (n,) from `Points.indices`.
        values: What to put there.
        channels: C.
    """
    flat, everything = graph.op("Reshape", x, graph.ints([-1])), graph.ints([-1])
    # Without the first, which is not wanted.
    wanted = graph.ints([1]), graph.ints([np.iinfo(np.int64).max])
    indices = graph.op("Slice", indices, *wanted, graph.ints([0]))
    values = graph.op("Slice", values, *wanted, graph.ints([3]))
    elements, values = (
        graph.op("Reshape", each, everything) for each in (_elements(graph, x, indices, channels), values)
    )
    written = graph.op("ScatterElements", flat, elements, values, axis=0)
    return graph.op("Reshape", written, graph.op("Shape", x))


def _elements(graph: Graph, x: str, indices: str, channels: int) -> str:
    """Return the flat indices of all channels of pixels in (N, C, H, W): (1, C, 1, n)."""
    if channels == 1:
        return graph.op("Reshape", indices, graph.ints([1, 1, 1, -1]))
    size = Size.of(graph, x)
    area = graph.op("Mul", size.height, size.width)
    # Each image before brings its other channels.
    image = graph.op("Mul", graph.op("Div", indices, area), graph.op("Mul", area, graph.ints([channels - 1])))
    first = graph.op("Add", indices, image)
    steps = graph.op("Mul", area, graph.ints(range(channels)))
    return graph.op("Add", graph.op("Reshape", steps, graph.ints([1, channels, 1, 1])), first)
