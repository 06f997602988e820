"""The pixels that a decoder has to compute, against loops over the maps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bokwon.export.nodes import Graph
from bokwon.export.points import Points, gather_numbers, gather_pixels, scatter_pixels, wanted_points
from bokwon.export.session import open_session

HEIGHT, WIDTH = 16, 24
rng = np.random.default_rng(3)
IMAGE = rng.random((2, 3, HEIGHT, WIDTH), np.float32)
WANTED = (rng.random((2, 1, HEIGHT, WIDTH)) < 0.04).astype(np.float32)
WANTED[1, 0, 0, 0] = WANTED[1, 0, -1, -1] = 1


def run(write: Callable[[Graph], str], wanted: np.ndarray = WANTED) -> np.ndarray:
    graph = Graph(half=False)
    name = write(graph)
    graph.op("Identity", graph.op("Cast", name, to=1), out="restored")
    session = open_session(graph.model().SerializeToString())
    return np.asarray(session.run(None, {"image": IMAGE, "valid": wanted})[0])


def bordered(wanted: np.ndarray) -> np.ndarray:
    return np.pad(wanted[:, 0], [(0, 0), (1, 1), (1, 1)])


def lower_of(wanted: np.ndarray) -> np.ndarray:
    """The pixels that the blocks of the wanted pixels depend on, block by block."""
    seen = np.zeros((len(wanted), wanted.shape[2] // 2 + 2, wanted.shape[3] // 2 + 2), np.float32)
    for image, row, column in np.argwhere(bordered(wanted)):
        seen[image, row // 2 : row // 2 + 2, column // 2 : column // 2 + 2] = 1
    return seen[:, None, 1:-1, 1:-1]


def test_pixels_are_the_first_and_then_the_wanted_ones() -> None:
    flat = bordered(WANTED).reshape(-1)
    pixels = run(lambda graph: Points(graph, "valid").pixels)
    np.testing.assert_array_equal(pixels, [WIDTH + 3, *np.flatnonzero(flat)])
    indices = run(lambda graph: Points(graph, "valid").indices())
    np.testing.assert_array_equal(indices, [0, *np.flatnonzero(WANTED)])


def test_lower_resolutions_have_the_pixels_that_blocks_depend_on() -> None:
    np.testing.assert_array_equal(run(lambda graph: Points(graph, "valid").lower), lower_of(WANTED))
    twice = run(lambda graph: wanted_points(graph, "valid", 3)[2].indices())
    np.testing.assert_array_equal(twice, [0, *np.flatnonzero(lower_of(lower_of(WANTED)))])


def test_windows_lie_around_their_pixels() -> None:
    around = run(lambda graph: Points(graph, "valid").around()).astype(int)
    values = bordered(np.arange(WANTED.size).reshape(WANTED.shape) + 1)
    for window, (image, _, row, column) in zip(around[1:], np.argwhere(WANTED), strict=True):
        np.testing.assert_array_equal(
            values.reshape(-1)[window].reshape(3, 3), values[image, row : row + 3, column : column + 3]
        )


def test_each_pixel_finds_its_block_and_each_block_the_pixels_it_depends_on() -> None:
    phases, below = (
        run(lambda graph, name=name: getattr(Points(graph, "valid"), name)()).astype(int)
        for name in ("phases", "below")
    )
    blocks = run(lambda graph: Points(graph, "valid").blocks).astype(int)
    assert len(set(blocks[1:])) == len(blocks) - 1
    wide = WIDTH // 2 + 2
    lower = np.arange(2 * (HEIGHT // 2 + 2) * wide).reshape(2, HEIGHT // 2 + 2, wide)
    for phase, (image, row, column) in zip(phases[1:], np.argwhere(bordered(WANTED)), strict=True):
        number, rest = divmod(phase, 4)
        assert rest == row % 2 * 2 + column % 2
        assert blocks[number] == (image * (HEIGHT // 2 + 1) + row // 2) * (WIDTH // 2 + 1) + column // 2
        seen = lower[image, row // 2 : row // 2 + 2, column // 2 : column // 2 + 2]
        np.testing.assert_array_equal(below[number].reshape(2, 2), seen)


def test_positions_are_one_more_than_those_in_the_list() -> None:
    positions = run(lambda graph: Points(graph, "valid").positions())
    expected = np.zeros(bordered(WANTED).size)
    at = np.flatnonzero(bordered(WANTED))
    expected[at] = np.arange(len(at)) + 2
    np.testing.assert_array_equal(positions, expected)


def test_pixels_are_gathered_and_scattered() -> None:
    images, _, rows, columns = np.nonzero(WANTED)
    read = run(lambda graph: gather_pixels(graph, "image", Points(graph, "valid").indices(), 3))
    np.testing.assert_array_equal(read[0, :, 0, 1:].T, IMAGE[images, :, rows, columns])
    means = run(
        lambda graph: gather_numbers(
            graph, graph.op("ReduceMean", "image", axes=[1, 2, 3]), Points(graph, "valid").indices(), "image"
        )
    )
    np.testing.assert_allclose(means[0, 0, 0, 1:], IMAGE.mean((1, 2, 3))[images], rtol=1e-6)

    def negative(graph: Graph) -> str:
        at = Points(graph, "valid").indices()
        return scatter_pixels(graph, "image", at, graph.op("Neg", gather_pixels(graph, "image", at, 3)), 3)

    np.testing.assert_array_equal(run(negative), np.where(WANTED > 0, -IMAGE, IMAGE))


@pytest.mark.parametrize("wanted", [0.0, 1.0])
def test_lists_are_never_empty(wanted: float) -> None:
    everywhere = np.full_like(WANTED, wanted)
    for name in ("pixels", "blocks"):
        assert len(run(lambda graph, name=name: getattr(Points(graph, "valid"), name), everywhere)) >= 1
    assert len(run(lambda graph: Points(graph, "valid").around(), everywhere)) == 1 + everywhere.sum()
