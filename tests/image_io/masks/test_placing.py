from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bokwon.errors import ArgumentError
from bokwon.image_io.masks import GivenHole, MaskOptions, fit_hole, hole_of_mask
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.orientation import Orientation
from bokwon.image_io.page import Page

HOLE = np.zeros((30, 44), bool)
HOLE[3:9, 5:20] = True


def picture(samples: np.ndarray, orientation: int = 1) -> Page:
    mode = {2: "1" if samples.dtype == np.bool_ else "L", 3: "RGB"}[samples.ndim]
    return Page(samples, mode, "PNG", Metadata(orientation=orientation))


def noise(shape: tuple[int, ...] = (30, 44, 3)) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, shape).astype(np.uint8)


def place(mask: Page, page: Page, **options: object) -> GivenHole:
    return hole_of_mask(mask, page, MaskOptions(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize("orientation", Orientation)
def test_an_upright_mask_comes_to_lie_on_the_stored_pixels(orientation: Orientation) -> None:
    stored = picture(noise(), orientation)
    upright = picture(orientation.apply(HOLE))
    for view in ("auto", "upright"):
        found = place(upright, stored, view=view)
        np.testing.assert_array_equal(found.hole, HOLE)
        assert ("drawn upright, turned" in found.said) is (orientation != 1)
        assert found.plain is (orientation == 1)


@pytest.mark.parametrize("orientation", Orientation)
def test_a_mask_of_the_stored_pixels_is_taken_so(orientation: Orientation) -> None:
    stored = picture(noise(), orientation)
    np.testing.assert_array_equal(place(picture(HOLE), stored, view="stored").hole, HOLE)
    # A mask that carries the image's own tag lies as the image lies.
    np.testing.assert_array_equal(place(picture(HOLE, orientation), stored).hole, HOLE)
    if orientation.swaps_sides:
        found = place(picture(HOLE), stored)
        np.testing.assert_array_equal(found.hole, HOLE)
        assert "as stored" in found.said
    elif orientation != 1:
        # Both views have one size: the one that people see counts, and the other way is named.
        found = place(picture(HOLE), stored)
        np.testing.assert_array_equal(found.hole, orientation.inverse.apply(HOLE))
        assert "--mask-view stored" in found.said


def test_another_view_than_the_one_asked_for_does_not_fit() -> None:
    with pytest.raises(ArgumentError, match="30x44 and the image 44x30"):
        place(picture(HOLE.T), picture(noise(), 6), view="stored")
    with pytest.raises(ArgumentError, match="44x30 and the image 44x30"):
        place(picture(HOLE), picture(noise(), 6), view="upright")


@pytest.mark.parametrize(
    ("mask", "fault"),
    [
        (np.kron(HOLE, np.ones((2, 2), bool)), "same page at 2 times the resolution"),
        (HOLE[::2, ::2], "same page at 0.5 times the resolution"),
        (HOLE[:, :-1], "it is one pixel narrower than the image"),
        (np.pad(HOLE, ((0, 1), (0, 1))), "it is one pixel wider and one pixel higher than the image"),
        (HOLE[:-1], "it is one pixel lower than the image"),
    ],
)
def test_another_resolution_is_named_and_fitted_where_asked_for(mask: np.ndarray, fault: str) -> None:
    with pytest.raises(ArgumentError, match=fault) as error:
        place(picture(mask), picture(noise()))
    assert "--fit-mask" in error.value.fix
    found = place(picture(mask), picture(noise()), fit=True)
    assert fault in found.said
    assert found.hole.shape == HOLE.shape
    # No more than a pixel around it, and nothing less.
    assert found.hole[4:8, 6:19].all()
    around = np.zeros_like(HOLE)
    around[2:10, 4:21] = True
    assert not (found.hole & ~around).any()


def test_a_fitted_mask_is_turned_too() -> None:
    twice = np.kron(Orientation.TURNED_RIGHT.apply(HOLE), np.ones((2, 2), bool))
    found = place(picture(twice), picture(noise(), 6), fit=True)
    np.testing.assert_array_equal(found.hole, HOLE)


def test_the_size_of_a_turned_mask_is_told_as_viewers_show_both() -> None:
    # Stored 44x30, shown 30x44.
    shown = Orientation.TURNED_RIGHT.apply(HOLE)
    with pytest.raises(ArgumentError, match="is 29x44 and the image 30x44 pixels: it is one pixel narrower"):
        place(picture(shown[:, :-1]), picture(noise(), 6))
    assert "one pixel narrower" in place(picture(shown[:, :-1]), picture(noise(), 6), fit=True).said


def test_another_shape_is_never_fitted() -> None:
    for mask in (HOLE.T, HOLE[:, :30], np.pad(HOLE, ((0, 3), (0, 0)))):
        with pytest.raises(ArgumentError, match="do not have the same shape"):
            place(picture(mask), picture(noise()), fit=True)


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_a_resized_hole_is_what_its_pixels_touch(height: int, width: int, down: int, across: int, seed: int) -> None:
    hole = np.random.default_rng(seed).random((height, width)) < 0.3
    expected = np.zeros((down, across), bool)
    for row in range(height):
        for column in range(width):
            if hole[row, column]:
                rows = slice(row * down // height, -(-(row + 1) * down // height))
                columns = slice(column * across // width, -(-(column + 1) * across // width))
                expected[rows, columns] = True
    np.testing.assert_array_equal(fit_hole(hole, (across, down)), expected)
