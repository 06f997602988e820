"""The pixels that a decoder has to compute, against loops over the maps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bokwon.export.nodes import Graph
from bokwon.export.points import Points, read_columns, read_images, wanted_points, write_columns
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
    """What the places of the wanted pixels see, place by place."""
    seen = np.zeros((len(wanted), wanted.shape[2] // 2 + 2, wanted.shape[3] // 2 + 2), np.float32)
    for image, row, column in np.argwhere(bordered(wanted)):
        seen[image, row // 2 : row // 2 + 2, column // 2 : column // 2 + 2] = 1
    return seen[:, None, 1:-1, 1:-1]


def test_pixels_are_those_that_are_wanted_after_one_that_is_not() -> None:
    flat = bordered(WANTED).reshape(-1)
    pixels = run(lambda graph: Points(graph, "valid").pixels)
    np.testing.assert_array_equal(pixels, [WIDTH + 3, *np.flatnonzero(flat)])
    columns = run(lambda graph: Points(graph, "valid").columns())
    np.testing.assert_array_equal(columns, [0, *np.flatnonzero(WANTED)])


def test_lower_resolutions_have_what_is_seen_of_them() -> None:
    np.testing.assert_array_equal(run(lambda graph: Points(graph, "valid").lower), lower_of(WANTED))
    twice = run(lambda graph: wanted_points(graph, "valid", 3)[2].columns())
    np.testing.assert_array_equal(twice, [0, *np.flatnonzero(lower_of(lower_of(WANTED)))])


def test_windows_lie_around_their_pixels() -> None:
    around = run(lambda graph: Points(graph, "valid").around()).astype(int)
    values = bordered(np.arange(WANTED.size).reshape(WANTED.shape) + 1)
    for window, (image, _, row, column) in zip(around[1:], np.argwhere(WANTED), strict=True):
        np.testing.assert_array_equal(
            values.reshape(-1)[window].reshape(3, 3), values[image, row : row + 3, column : column + 3]
        )


def test_each_pixel_finds_its_place_and_each_place_what_it_sees() -> None:
    phases, below = (
        run(lambda graph, name=name: getattr(Points(graph, "valid"), name)()).astype(int)
        for name in ("phases", "below")
    )
    numbers = run(lambda graph: Points(graph, "valid").places).astype(int)
    assert len(set(numbers[1:])) == len(numbers) - 1
    wide = WIDTH // 2 + 2
    lower = np.arange(2 * (HEIGHT // 2 + 2) * wide).reshape(2, HEIGHT // 2 + 2, wide)
    for phase, (image, row, column) in zip(phases[1:], np.argwhere(bordered(WANTED)), strict=True):
        number, rest = divmod(phase, 4)
        assert rest == row % 2 * 2 + column % 2
        assert numbers[number] == (image * (HEIGHT // 2 + 1) + row // 2) * (WIDTH // 2 + 1) + column // 2
        seen = lower[image, row // 2 : row // 2 + 2, column // 2 : column // 2 + 2]
        np.testing.assert_array_equal(below[number].reshape(2, 2), seen)


def test_numbers_count_from_behind_what_is_outside_and_the_first() -> None:
    numbers = run(lambda graph: Points(graph, "valid").numbers())
    expected = np.zeros(bordered(WANTED).size)
    at = np.flatnonzero(bordered(WANTED))
    expected[at] = np.arange(len(at)) + 2
    np.testing.assert_array_equal(numbers, expected)


def test_columns_are_read_and_written() -> None:
    images, _, rows, columns = np.nonzero(WANTED)
    read = run(lambda graph: read_columns(graph, "image", Points(graph, "valid").columns(), 3))
    np.testing.assert_array_equal(read[0, :, 0, 1:].T, IMAGE[images, :, rows, columns])
    means = run(
        lambda graph: read_images(
            graph, graph.op("ReduceMean", "image", axes=[1, 2, 3]), Points(graph, "valid").columns(), "image"
        )
    )
    np.testing.assert_allclose(means[0, 0, 0, 1:], IMAGE.mean((1, 2, 3))[images], rtol=1e-6)

    def negative(graph: Graph) -> str:
        at = Points(graph, "valid").columns()
        return write_columns(graph, "image", at, graph.op("Neg", read_columns(graph, "image", at, 3)), 3)

    np.testing.assert_array_equal(run(negative), np.where(WANTED > 0, -IMAGE, IMAGE))


@pytest.mark.parametrize("wanted", [0.0, 1.0])
def test_lists_are_never_empty(wanted: float) -> None:
    everywhere = np.full_like(WANTED, wanted)
    for name in ("pixels", "places"):
        assert len(run(lambda graph, name=name: getattr(Points(graph, "valid"), name), everywhere)) >= 1
    assert len(run(lambda graph: Points(graph, "valid").around(), everywhere)) == 1 + everywhere.sum()
