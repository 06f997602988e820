from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from bokwon.errors import ArgumentError
from bokwon.image_io.masks import as_hole, check_hole, check_share, grow_hole, is_large

HOLE = np.zeros((12, 20), bool)
HOLE[3:7, 4:11] = True
WHITE = np.where(HOLE, 255, 0).astype(np.uint8)


def test_arrays_of_bool_and_of_two_values_are_holes() -> None:
    for array in (HOLE, WHITE, HOLE.astype(np.uint8)):
        hole, notices = as_hole(array)
        np.testing.assert_array_equal(hole, HOLE)
        assert notices == ()
    hole, notices = as_hole(Image.fromarray(WHITE))
    np.testing.assert_array_equal(hole, HOLE)
    assert notices == ()


@pytest.mark.parametrize(
    ("hole", "message"),
    [
        (np.array([[0, 1, 255]], np.uint8), "gray values"),
        (np.array([[7]], np.uint8), "gray values"),
        (np.array([[0.5]], np.float32), "dtype float32"),
        (np.array([[1]], np.int64), "dtype int64"),
        (HOLE[..., None], "shape"),
        ([[True]], "list"),
        (Image.fromarray(np.where(HOLE, 200, 50).astype(np.uint8)), "values 50 and 200"),
    ],
)
def test_what_could_mean_two_things_is_refused(hole: object, message: str) -> None:
    with pytest.raises(ArgumentError, match=message) as caught:
        as_hole(hole)  # type: ignore[arg-type]
    assert caught.value.fix
    assert "--" not in caught.value.fix


def test_a_pillow_mask_of_another_kind_is_told_of() -> None:
    hole, notices = as_hole(Image.fromarray(HOLE.astype(np.uint16)))
    np.testing.assert_array_equal(hole, HOLE)
    assert notices == ("the hole is read as: labels, value 1 is hole",)


def test_another_size_names_both_sizes_and_the_way_out() -> None:
    with pytest.raises(ArgumentError, match=r"20x12 and the image 40x24 pixels.*NEAREST"):
        check_hole(HOLE, (40, 24))


def test_a_mask_over_everything_is_refused() -> None:
    with pytest.raises(ArgumentError, match="covers everything"):
        check_hole(np.ones((2, 3), bool), (3, 2))
    check_hole(HOLE, (20, 12))


def test_more_than_sixty_percent_is_large() -> None:
    hole = np.zeros((10, 10), bool)
    hole[:6] = True
    assert not is_large(hole)
    check_share(hole, name="mask", fix="turn it")
    hole[6, 0] = True
    assert is_large(hole)
    with pytest.raises(ArgumentError, match="mask calls 61% of the image hole; turn it"):
        check_share(hole, name="mask", fix="turn it")


def test_a_hole_grows_by_a_disc() -> None:
    point = np.zeros((7, 7), bool)
    point[3, 3] = True
    assert grow_hole(point, 0) is point
    assert grow_hole(point, 1).sum() == 5
    assert grow_hole(point, 2).sum() == 13
