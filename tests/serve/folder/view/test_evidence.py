"""The picture of what was done to a page."""

from __future__ import annotations

import numpy as np

from bokwon.image_io.metadata import Metadata
from bokwon.image_io.orientation import Orientation
from bokwon.image_io.page import Page
from bokwon.inpaint.ink import INK_LEFT_OUT, INK_MADE
from bokwon.provenance.overlay import draw_overlay
from bokwon.serve.folder.view.evidence import draw_evidence


def test_it_is_the_overlay_of_the_record() -> None:
    scan, restored = np.full((2, 1100, 1200), 220, np.uint8)
    scan[20:30, 20:30] = restored[1050:1060, 1100:1110] = 10
    levels, ink = np.zeros((2, *scan.shape), np.uint8)
    levels[15:40, 15:40] = 1
    levels[1040:1070, 1090:1120] = 3
    ink[20:30, 20:30] = INK_LEFT_OUT
    ink[1050:1060, 1100:1110] = INK_MADE
    before, after = (Page(pixels, "L", "PNG", Metadata(orientation=6)) for pixels in (scan, restored))
    for told in (ink, None):
        picture = draw_evidence(before, after, levels, 7, told)
        assert picture.mode == "RGB"
        assert picture.upright is Orientation.TURNED_RIGHT
        np.testing.assert_array_equal(picture.pixels, draw_overlay(after, levels, 7, told))
