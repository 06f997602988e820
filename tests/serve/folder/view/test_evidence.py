"""The picture of what was done to a page."""

from __future__ import annotations

import numpy as np

from bokwon.image_io.metadata import Metadata
from bokwon.image_io.orientation import Orientation
from bokwon.image_io.page import Page
from bokwon.serve.folder.view.evidence import INK_LEFT_OUT, INK_MADE, draw_evidence


def test_ink_that_was_made_or_left_out_is_marked() -> None:
    scan = np.full((1100, 1200), 220, np.uint8)
    scan[20:30, 20:30] = 10
    restored = np.full((1100, 1200), 220, np.uint8)
    restored[1050:1060, 1100:1110] = 10
    levels = np.zeros(scan.shape, np.uint8)
    levels[15:40, 15:40] = 1
    levels[1040:1070, 1090:1120] = 3
    before, after = (Page(pixels, "L", "PNG", Metadata(orientation=6)) for pixels in (scan, restored))
    picture = draw_evidence(before, after, levels, 7)
    assert picture.mode == "RGB"
    assert picture.upright is Orientation.TURNED_RIGHT
    pixels = picture.pixels
    assert (pixels[20:30, 20:30] == INK_LEFT_OUT).all()
    assert (pixels[1050:1060, 1100:1110] == INK_MADE).all()
    # What was not filled is gray, and the rest of a fill has the colour of its level.
    assert (pixels[500, 500] == 220).all()
    near, far = pixels[16, 16].astype(int), pixels[1041, 1091].astype(int)
    assert near[1] > near[0]
    assert (near != far).any()
