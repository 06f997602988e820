"""The hole that a mask file gives: how much it is, how it is told, and which of two meanings is taken."""

from __future__ import annotations

import numpy as np
import pytest

from bokwon.errors import ArgumentError
from bokwon.image_io.masks import GivenHole, MaskOptions, hole_of_mask
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.orientation import Orientation
from bokwon.image_io.page import Page

HOLE = np.zeros((30, 44), bool)
HOLE[3:9, 5:20] = True


def picture(samples: np.ndarray, orientation: int = 1) -> Page:
    mode = {2: "1" if samples.dtype == np.bool_ else "L", 3: "RGB"}[samples.ndim]
    return Page(samples, mode, "PNG", Metadata(orientation=orientation))


def given(mask: Page, page: Page | None = None, **options: object) -> GivenHole:
    noise = np.random.default_rng(1).integers(0, 256, (30, 44, 3)).astype(np.uint8)
    return hole_of_mask(mask, page or picture(noise), MaskOptions(**options))  # type: ignore[arg-type]


def test_the_usual_mask_needs_no_notice() -> None:
    found = given(picture(HOLE))
    np.testing.assert_array_equal(found.hole, HOLE)
    assert (found.said, found.plain, found.turn) == ("white is hole", True, Orientation.UPRIGHT)
    assert found.share == 6 * 15 / (30 * 44)


def test_black_is_hole_where_it_is_asked_for() -> None:
    found = given(picture(~HOLE), white_is_hole=False)
    np.testing.assert_array_equal(found.hole, HOLE)
    assert found.said == "black is hole"


def test_a_mask_that_is_turned_tells_how() -> None:
    page = picture(np.random.default_rng(1).integers(0, 256, (30, 44, 3)).astype(np.uint8), 6)
    found = given(picture(Orientation.TURNED_RIGHT.apply(HOLE)), page)
    np.testing.assert_array_equal(found.hole, HOLE)
    assert (found.plain, found.turn) == (False, Orientation.TURNED_LEFT)
    assert found.said == "white is hole; drawn upright, turned as the image's pixels are stored " + (
        "(by 90 degrees counter-clockwise)"
    )


@pytest.mark.parametrize("orientation", [2, 3, 4])
def test_a_painted_copy_shows_itself_which_way_up_it_is(orientation: int) -> None:
    page = np.full((30, 44, 3), 220, np.uint8)
    page[4:27:5, 3:40:4] = 30
    painted = page.copy()
    painted[HOLE] = (255, 0, 0)
    for mask in (painted, Orientation(orientation).apply(painted)):
        found = given(picture(mask), picture(page, orientation))
        np.testing.assert_array_equal(found.hole, HOLE)
        assert "painted" in found.said


def test_a_mask_that_can_be_read_in_neither_place_is_refused() -> None:
    shades = np.zeros((30, 44), np.uint8)
    shades[:, 10:20], shades[:, 20:30] = 90, 180
    page = picture(np.random.default_rng(1).integers(0, 256, (30, 44, 3)).astype(np.uint8), 3)
    with pytest.raises(ArgumentError, match="the mask has the values 0, 90 and 180, which may be labels or gray"):
        given(picture(shades), page)


def test_a_mask_of_another_resolution_is_not_compared_with_the_image() -> None:
    twice = picture(np.kron(HOLE, np.ones((2, 2), bool)))
    np.testing.assert_array_equal(given(twice, fit=True).hole, HOLE)
    with pytest.raises(ArgumentError, match="another size than the image, so they cannot be compared"):
        given(twice, fit=True, reading="painted")


def test_too_large_a_hole_is_refused_with_both_ways_out() -> None:
    with pytest.raises(ArgumentError, match="of the image hole") as error:
        given(picture(~HOLE))
    assert "--holes black" in error.value.fix
    assert "--allow-large" in error.value.fix
    assert given(picture(~HOLE), allow_large=True).share > 0.6
    with pytest.raises(ArgumentError, match="covers everything"):
        given(picture(np.ones_like(HOLE)), allow_large=True)


def test_too_large_a_hole_that_has_no_polarity_is_to_be_drawn_anew() -> None:
    page = np.full((30, 44, 3), 220, np.uint8)
    page[20:, 3:40:4] = 30
    painted = page.copy()
    painted[:19] = (255, 0, 0)
    with pytest.raises(ArgumentError, match="calls 63% of the image hole") as error:
        given(picture(painted), picture(page))
    assert error.value.fix == "redraw it; add --allow-large to fill so much"
