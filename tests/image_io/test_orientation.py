from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from bokwon.image_io.orientation import Orientation, turn_of_mask

orientations = st.sampled_from(Orientation)
images = st.builds(
    lambda height, width, shape: np.arange(height * width * math.prod(shape)).reshape(height, width, *shape),
    st.integers(1, 5),
    st.integers(1, 5),
    st.sampled_from([(), (3,)]),
)


@given(orientations, images)
def test_the_inverse_takes_back(orientation: Orientation, samples: np.ndarray) -> None:
    np.testing.assert_array_equal(orientation.inverse.apply(orientation.apply(samples)), samples)
    assert orientation.then(orientation.inverse) is Orientation.UPRIGHT


@given(orientations, orientations, images)
def test_then_is_one_after_the_other(first: Orientation, second: Orientation, samples: np.ndarray) -> None:
    np.testing.assert_array_equal(first.then(second).apply(samples), second.apply(first.apply(samples)))


@given(orientations, orientations, orientations)
def test_orientations_compose_in_any_grouping(a: Orientation, b: Orientation, c: Orientation) -> None:
    assert a.then(b).then(c) is a.then(b.then(c))


@given(orientations, images)
def test_sizes_follow_the_samples(orientation: Orientation, samples: np.ndarray) -> None:
    assert orientation.size(samples.shape[:2]) == orientation.apply(samples).shape[:2]


@pytest.mark.parametrize("value", range(1, 9))
def test_exif_values_turn_as_pillow_turns(value: int) -> None:
    samples = np.arange(12, dtype=np.uint8).reshape(3, 4)
    image = Image.fromarray(samples)
    image.getexif()[274] = value
    np.testing.assert_array_equal(Orientation.of_exif(value).apply(samples), ImageOps.exif_transpose(image))


@pytest.mark.parametrize("value", [0, 9, -1, None, "6", b"\x06", 1.5, (1, 2), 10**30])
def test_other_exif_values_are_upright(value: object) -> None:
    assert Orientation.of_exif(value) is Orientation.UPRIGHT


@pytest.mark.parametrize("turns", range(-4, 9))
def test_rotations_are_clockwise(turns: int) -> None:
    samples = np.arange(6).reshape(2, 3)
    np.testing.assert_array_equal(Orientation.of_rotation(90 * turns).apply(samples), np.rot90(samples, -turns))


def test_other_angles_are_no_orientation() -> None:
    with pytest.raises(ValueError, match="45 degrees are no multiple of 90"):
        Orientation.of_rotation(45)


def drawn(samples: np.ndarray, matrix: tuple[float, float, float, float]) -> np.ndarray:
    """What a page shows: each pixel's centre taken by the matrix, in the order from the top left on."""
    height, width = samples.shape
    places = {}
    for row in range(height):
        for column in range(width):
            x, y = (column + 0.5) / width, 1 - (row + 0.5) / height
            a, b, c, d = matrix
            places[round(-(b * x + d * y), 6), round(a * x + c * y, 6)] = samples[row, column]
    values = [places[place] for place in sorted(places)]
    return np.array(values).reshape(len({down for down, _ in places}), -1)


@given(
    st.floats(0.5, 9),
    st.floats(0.5, 9),
    st.booleans(),
    st.sampled_from([1, -1]),
    st.sampled_from([1, -1]),
)
def test_matrices_turn_as_a_page_shows_it(wide: float, high: float, transposed: bool, first: int, second: int) -> None:
    samples = np.arange(12).reshape(3, 4)
    a, b, c, d = (0.0, first * wide, second * high, 0.0) if transposed else (first * wide, 0.0, 0.0, second * high)
    orientation = Orientation.of_matrix(a, b, c, d)
    assert orientation is not None
    np.testing.assert_array_equal(orientation.apply(samples), drawn(samples, (a, b, c, d)))


@given(orientations, st.floats(-19, 19))
def test_a_deskewed_scan_stands_at_the_nearest_right_angle(orientation: Orientation, degrees: float) -> None:
    straight = next(
        (a, b, c, d)
        for a, b, c, d in [(i, j, k, m) for i in (-1, 0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1) for m in (-1, 0, 1)]
        if abs(a) + abs(b) == 1 and a * d - b * c != 0 and Orientation.of_matrix(a, b, c, d) is orientation
    )
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    a, b, c, d = straight
    turned = (a * cosine - b * sine, a * sine + b * cosine, c * cosine - d * sine, c * sine + d * cosine)
    assert Orientation.of_matrix(*turned) is orientation


@pytest.mark.parametrize(
    "matrix", [(0, 0, 0, 0), (1, 1, 1, 1), (1, 1, -1, 1), (math.nan, 0, 0, 1), (math.inf, 0, 0, 1), (1, 0, 5, 1)]
)
def test_slanted_and_empty_matrices_have_none(matrix: tuple[float, float, float, float]) -> None:
    assert Orientation.of_matrix(*matrix) is None


@given(orientations, orientations, images)
def test_a_mask_of_the_upright_view_comes_to_lie_on_its_pixels(
    upright: Orientation, own: Orientation, stored: np.ndarray
) -> None:
    # The mask shows what a viewer shows of the image, and its file stores it in a way of its own.
    mask = own.inverse.apply(upright.apply(stored))
    turn = turn_of_mask(mask.shape[1::-1], stored.shape[1::-1], upright, own)
    assert turn is not None
    np.testing.assert_array_equal(turn.apply(mask), stored)


def test_a_mask_of_the_stored_size_alone_is_not_turned() -> None:
    right, upright = Orientation.TURNED_RIGHT, Orientation.UPRIGHT
    assert turn_of_mask((4, 3), (4, 3), right, upright) is upright
    assert turn_of_mask((3, 4), (4, 3), right, upright) is Orientation.TURNED_LEFT
    assert turn_of_mask((4, 3), (4, 3), upright, right) is upright
    assert turn_of_mask((3, 3), (3, 3), right, upright) is Orientation.TURNED_LEFT
    assert turn_of_mask((5, 3), (4, 3), right, upright) is None
