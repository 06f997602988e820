from __future__ import annotations

import cv2
import numpy as np
import pytest

from bokwon.provenance.evidence import evidence_levels
from bokwon.provenance.hole_list import Damage, describe_holes, outline_shape


def disc(radius: int) -> np.ndarray:
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return x**2 + y**2 <= radius**2


def diagonal() -> np.ndarray:
    return cv2.line(np.zeros((100, 100), np.uint8), (0, 0), (99, 99), 1, 3) > 0


@pytest.mark.parametrize(
    ("inside", "at_border", "shape"),
    [
        (disc(4), False, "spot"),
        (disc(30), False, "area"),
        (disc(30), True, "margin loss"),
        (np.ones((3, 60), bool), False, "line"),
        (np.ones((60, 3), bool), True, "line"),
        (diagonal(), False, "line"),
        (np.ones((1, 1), bool), False, "spot"),
        # Twice as long as thick is no line yet.
        (np.ones((20, 40), bool), False, "area"),
    ],
)
def test_a_shape_is_named_by_its_outline(inside: np.ndarray, at_border: bool, shape: str) -> None:
    assert outline_shape(inside, at_border=at_border, page=1000) == shape


def test_holes_are_described_the_largest_first() -> None:
    hole = np.zeros((200, 300), bool)
    hole[10:13, 50:150] = True
    hole[100:200, 200:300] = True
    classes = np.zeros(hole.shape, np.uint8)
    classes[100:200, 200:300] = 2
    classes[10:13, 50:60] = 1
    large, line = describe_holes(hole, evidence_levels(hole), Damage("here", classes=classes))
    assert large["box"] == [200, 100, 100, 100]
    assert (large["damage"], large["derived_shape"], large["area"]) == ("tear", "margin loss", 10_000)
    assert line["box"] == [50, 10, 100, 3]
    assert (line["damage"], line["derived_shape"], line["evidence"]) == ("insect", "line", 1)
    assert large["evidence"] == evidence_levels(hole)[100:, 200:].max() > 3


def test_an_untold_hole_has_no_kind() -> None:
    hole = np.zeros((20, 20), bool)
    hole[5:9, 5:9] = True
    (found,) = describe_holes(hole, evidence_levels(hole), Damage("a map", classes=np.zeros((20, 20), np.uint8)))
    assert found["damage"] is None
    assert describe_holes(hole, evidence_levels(hole), Damage("a table", kind="burn"))[0]["damage"] == "burn"
