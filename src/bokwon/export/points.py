"""The pixels that a decoder has to compute at each resolution for its output at given pixels, in an ONNX graph.

A decoder ends in layers whose maps are large, and of its output only the pixels of holes are used. So these layers
gather the windows of the pixels that matter, and compute them side by side, as an image of one row.

The resolutions are those of a U-Net: each is half of the one before. Coordinates of a resolution (H, W) are those of
its map with a border of one, (H + 2, W + 2), so that windows of 3x3 never leave it. A *place* stands for four pixels of
this map, side by side, that a convolution of the next lower resolution gives at once. There are (H / 2 + 1, W / 2 + 1),
and each sees four pixels of the lower map.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bokwon.export.nodes import Graph

__all__ = ["Points", "Size", "read_columns", "read_images", "wanted_points", "write_columns"]


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
    """The pixels of one resolution that are computed, in order, and the places they come from.

    Each list begins with one that nobody asked for, the first of the map: ONNX Runtime does not convolve empty lists.

    Args:
        graph: Where the nodes go.
        wanted: Name of a map (N, 1, H, W), 1 at these pixels and 0 elsewhere; H and W even.

    Attributes:
        size: Size of this resolution.
        lower: Map like `wanted` for the next lower resolution: the pixels that the places see.
        pixels: (n,) where the pixels lie in the bordered maps of all images, flat.
        places: (m,) where their places lie in the maps of places, flat.
    """

    def __init__(self, graph: Graph, wanted: str) -> None:
        self._graph = graph
        self.size = Size.of(graph, wanted)
        self._bordered = graph.op("Pad", wanted, graph.ints([0, 0, 1, 1] * 2))
        self._places = graph.op("MaxPool", self._bordered, kernel_shape=[2, 2], strides=[2, 2])
        self.lower = graph.op("MaxPool", self._places, kernel_shape=[2, 2], strides=[1, 1])
        self._across = self._plus(self.size.width, 2)
        self._wanted, self._seen = self._found(self._bordered), self._found(self._places)
        self.pixels = graph.op("Concat", self._plus(self._across, 1), self._wanted, axis=0)
        self.places = graph.op("Concat", graph.ints([0]), self._seen, axis=0)

    def columns(self) -> str:
        """Return where the pixels lie in the maps without a border: (n,), counted through all images."""
        graph = self._graph
        row = graph.op("Div", self.pixels, self._across)
        column = graph.op("Sub", self.pixels, graph.op("Mul", row, self._across))
        # Two rows of border belong to each image before, and one to its own.
        image = graph.op("Div", row, self._plus(self.size.height, 2))
        row = graph.op("Sub", row, graph.op("Add", graph.op("Add", image, image), graph.ints([1])))
        return graph.op("Sub", graph.op("Add", graph.op("Mul", row, self.size.width), column), graph.ints([1]))

    def around(self) -> str:
        """Return the windows of 3x3 of the pixels, (n, 9), as places in the bordered maps."""
        graph = self._graph
        rows = graph.op("Mul", self._across, graph.ints([-1, 0, 1]))
        offsets = graph.op("Add", self._upright(rows), graph.ints([-1, 0, 1]))
        return graph.op("Add", self._upright(self.pixels), graph.op("Reshape", offsets, graph.ints([-1])))

    def below(self) -> str:
        """Return what each place sees, (m, 4), in the bordered maps of the next lower resolution."""
        graph = self._graph
        high, wide = (self._half(length) for length in (self.size.height, self.size.width))
        across = self._plus(wide, 1)
        row = graph.op("Div", self.places, across)
        column = graph.op("Sub", self.places, graph.op("Mul", row, across))
        # An image has one row more there than places.
        row = graph.op("Add", row, graph.op("Div", row, self._plus(high, 1)))
        across = self._plus(wide, 2)
        first = graph.op("Add", graph.op("Mul", row, across), column)
        rows = self._upright(graph.op("Mul", across, graph.ints([0, 1])))
        offsets = graph.op("Reshape", graph.op("Add", rows, graph.ints([0, 1])), graph.ints([-1]))
        return graph.op("Add", self._upright(first), offsets)

    def phases(self) -> str:
        """Return for each pixel where it lies among the four pixels of each of the places: (n,)."""
        graph = self._graph
        two = graph.ints([2])
        row = graph.op("Div", self.pixels, self._across)
        column = graph.op("Sub", self.pixels, graph.op("Mul", row, self._across))
        up, left = (graph.op("Div", axis, two) for axis in (row, column))
        place = graph.op("Add", graph.op("Mul", up, self._half(self._across)), left)
        number = graph.op("Gather", self._numbers(self._places, self._seen, 1), place)
        down, right = (graph.op("Sub", axis, graph.op("Mul", half, two)) for axis, half in ((row, up), (column, left)))
        return graph.op("Add", graph.op("Mul", graph.op("Add", graph.op("Mul", number, two), down), two), right)

    def numbers(self) -> str:
        """Return a bordered map of all images, flat: 1 and the number of a wanted pixel in the list, 0 elsewhere."""
        return self._numbers(self._bordered, self._wanted, 2)

    def _numbers(self, of: str, at: str, first: int) -> str:
        graph = self._graph
        size = graph.op("Reshape", graph.op("Size", of), graph.ints([1]))
        nothing = graph.op("Expand", graph.ints([0]), size)
        last = graph.op("Add", graph.op("Size", at), graph.constant(np.asarray(first, np.int64)))
        start, step = (graph.constant(np.asarray(value, np.int64)) for value in (first, 1))
        return graph.op("ScatterElements", nothing, at, graph.op("Range", start, last, step), axis=0)

    def _found(self, of: str) -> str:
        graph = self._graph
        places = graph.op("NonZero", graph.op("Reshape", of, graph.ints([-1])))
        return graph.op("Reshape", places, graph.ints([-1]))

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


def read_columns(graph: Graph, x: str, columns: str, channels: int) -> str:
    """Take some pixels of (N, C, H, W): (1, C, 1, n).

    Args:
        graph: Where the nodes go.
        x: The images.
        columns: (n,) from `Points.columns`.
        channels: C.
    """
    flat = graph.op("Reshape", x, graph.ints([-1]))
    return graph.op("Gather", flat, _elements(graph, x, columns, channels))


def read_images(graph: Graph, x: str, columns: str, like: str) -> str:
    """Take a number of each image (N, 1, 1, 1) for some pixels: (1, 1, 1, n).

    Args:
        graph: Where the nodes go.
        x: The numbers.
        columns: (n,) from `Points.columns`.
        like: Maps (N, C, H, W) of the resolution.
    """
    size = Size.of(graph, like)
    image = graph.op("Div", columns, graph.op("Mul", size.height, size.width))
    found = graph.op("Gather", graph.op("Reshape", x, graph.ints([-1])), image)
    return graph.op("Reshape", found, graph.ints([1, 1, 1, -1]))


def write_columns(graph: Graph, x: str, columns: str, values: str, channels: int) -> str:
    """Put values (1, C, 1, n) in the place of the wanted pixels of (N, C, H, W).

    Args:
        graph: Where the nodes go.
        x: The images.
        columns: (n,) from `Points.columns`.
        values: What to put there.
        channels: C.
    """
    flat, everything = graph.op("Reshape", x, graph.ints([-1])), graph.ints([-1])
    # Without the first, which nobody asked for.
    wanted = graph.ints([1]), graph.ints([np.iinfo(np.int64).max])
    columns = graph.op("Slice", columns, *wanted, graph.ints([0]))
    values = graph.op("Slice", values, *wanted, graph.ints([3]))
    places, values = (
        graph.op("Reshape", each, everything) for each in (_elements(graph, x, columns, channels), values)
    )
    written = graph.op("ScatterElements", flat, places, values, axis=0)
    return graph.op("Reshape", written, graph.op("Shape", x))


def _elements(graph: Graph, x: str, columns: str, channels: int) -> str:
    """Return where the channels of pixels lie in (N, C, H, W), flat: (1, C, 1, n)."""
    if channels == 1:
        return graph.op("Reshape", columns, graph.ints([1, 1, 1, -1]))
    size = Size.of(graph, x)
    area = graph.op("Mul", size.height, size.width)
    # Each image before brings its other channels.
    image = graph.op("Mul", graph.op("Div", columns, area), graph.op("Mul", area, graph.ints([channels - 1])))
    first = graph.op("Add", columns, image)
    steps = graph.op("Mul", area, graph.ints(range(channels)))
    return graph.op("Add", graph.op("Reshape", steps, graph.ints([1, channels, 1, 1])), first)
