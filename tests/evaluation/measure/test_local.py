from __future__ import annotations

import numpy as np

from bokwon.evaluation.measure.local import (
    DEVIATIONS,
    THICKNESSES,
    deviation_classes,
    error_by_class,
    thickness_classes,
)


def test_thickness_is_the_width_of_the_part_a_pixel_lies_in() -> None:
    hole = np.zeros((200, 200), bool)
    hole[20:180, 20:24] = True  # 4 px wide
    hole[20:180, 60:70] = True  # 10
    hole[20:180, 100:140] = True  # 40
    classes = thickness_classes(hole)
    assert THICKNESSES[:4] == (0, 8, 16, 32)
    assert set(classes[60:140, 20:24].ravel()) == {0}
    assert set(classes[60:140, 60:70].ravel()) == {1}
    assert set(classes[60:140, 100:140].ravel()) == {3}
    # A corner is not covered by the large disc: it is thinner there.
    assert classes[20, 100] < 3


def test_what_lies_beyond_the_image_counts_as_hole() -> None:
    hole = np.zeros((100, 100), bool)
    hole[:, :10] = True  # a disc of radius 10 has its middle at the edge: 20 px wide with what lies beyond
    assert set(thickness_classes(hole)[20:80, :9].ravel()) == {2}


def test_deviation_of_a_flat_and_of_a_striped_half() -> None:
    truth = np.full((64, 128, 3), 100, np.uint8)
    truth[:, 64::2] = 180  # stripes of 100 and 180: standard deviation 40
    classes = deviation_classes(truth)
    assert set(classes[:, :50].ravel()) == {0}
    assert set(classes[:, 80:].ravel()) == {DEVIATIONS.index(32)}


def test_errors_are_added_up_by_class_inside_the_hole() -> None:
    truth = np.zeros((1, 4, 3), np.uint8)
    image = np.array([[[3, 3, 3], [0, 0, 6], [5, 5, 5], [9, 9, 9]]], np.uint8)
    hole = np.array([[True, True, True, False]])
    sums, counts = error_by_class(image, truth, hole, np.array([[0, 2, 2, 2]]), (0, 1, 2))
    assert sums == [9.0, 0.0, 37.0]
    assert counts == [1, 0, 2]
