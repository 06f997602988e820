"""The picture of what was found."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bokwon.detection.detector import Detector
from bokwon.detection.overlay import draw_overlay


def test_kinds_have_their_colours_and_the_hole_an_outline(colour_key: Path) -> None:
    image = np.full((128, 128, 3), 255, np.uint8)
    image[30:60, 30:60] = (255, 0, 0)
    image[80:100, 80:100] = (0, 255, 0)
    gray = np.full((128, 128), 200, np.uint8)
    picture = draw_overlay(gray, Detector(colour_key, grow=4).detect(image))
    assert picture.shape == (128, 128, 3)
    red, green, blue = picture[45, 45].astype(int)
    assert red > green + 50
    assert red > blue + 50
    red, green, blue = picture[90, 90].astype(int)
    assert blue > red + 50
    assert (picture[5, 5] == 200).all()
    # The hole, grown by four, is outlined in black; the stain, which is not filled, is not.
    assert (picture[26, 45] == 0).all()
    assert not (picture[70:110, 70:110] == 0).all(-1).any()
