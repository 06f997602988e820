"""Tools for drawing masks: the magic wand, growing, shrinking, filling holes."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import ArgumentError
from bokwon.image_io.masks import grow_hole
from bokwon.serve.folder.masks.files import Box, bounds
from bokwon.serve.folder.view.shown import ShownPage
from bokwon.types import Hole

__all__ = ["MOST_GROWN", "WAYS", "Way", "magic_wand", "reshape"]

Way = Literal["grow", "shrink", "fill holes"]

WAYS: tuple[Way, ...] = ("grow", "shrink", "fill holes")
"""How the shape of a mask can be changed."""

MOST_GROWN = 64
"""By how many pixels a mask is grown or shrunk at most."""


def magic_wand(
    shown: ShownPage, x: int, y: int, tolerance: int, radius: int, grow: int = 0, holes: int = 0
) -> tuple[Box, NDArray[np.bool_]]:
    """Return the connected area around a pixel that looks like it.

    Args:
        shown: The page.
        x: Column of the pixel.
        y: Row of the pixel.
        tolerance: By how much red, green and blue may each differ from the pixel's, levels of 255.
        radius: How far the area may reach from the pixel, to each side, pixels.
        grow: By how many pixels the area is grown, to cover the soft edge of what it marks.
        holes: Holes in the area of at most this many pixels are filled: specks of another colour.

    Returns:
        The smallest box around the area, and the area in it.
    """
    import cv2

    left, top = max(0, x - radius), max(0, y - radius)
    right, bottom = min(shown.size[0], x + radius + 1), min(shown.size[1], y + radius + 1)
    picture = np.ascontiguousarray(shown.window(0, (left, top, right, bottom)))
    found = np.zeros((picture.shape[0] + 2, picture.shape[1] + 2), np.uint8)
    flags = 8 | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE | (1 << 8)
    span = (tolerance, tolerance, tolerance)
    cv2.floodFill(picture, found, (x - left, y - top), 0, span, span, flags)
    area = found[1:-1, 1:-1].astype(bool)
    box = bounds(area)
    assert box is not None, "the pixel itself always belongs to it"
    area = area[box[1] : box[3], box[0] : box[2]]
    box = box[0] + left, box[1] + top, box[2] + left, box[3] + top
    if grow:
        width, height = shown.size
        wide = max(0, box[0] - grow), max(0, box[1] - grow), min(width, box[2] + grow), min(height, box[3] + grow)
        margins = (box[1] - wide[1], wide[3] - box[3]), (box[0] - wide[0], wide[2] - box[2])
        box, area = wide, grow_hole(np.pad(area, margins), grow)
    return box, _without_small_holes(area, holes) if holes else area


def _without_small_holes(area: NDArray[np.bool_], largest: int) -> NDArray[np.bool_]:
    """Return an area with its holes of at most `largest` pixels filled; what touches the edge is no hole."""
    import cv2

    # The padding joins all background at the edge into one piece, which is no hole.
    outside = np.pad((~area).astype(np.uint8), 1, constant_values=1)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(outside, connectivity=4)
    small = stats[:, cv2.CC_STAT_AREA] <= largest
    small[[0, labels[0, 0]]] = False
    return np.asarray(area | small[labels[1:-1, 1:-1]])


def reshape(hole: Hole, how: Way, by: int) -> Hole:
    """Return a mask of another shape.

    Args:
        hole: (H, W); may be changed.
        how: `grow` dilates the mask by a distance, `shrink` erodes it by a distance, `fill holes`
            adds the areas that the mask encloses.
        by: The distance in pixels; not used for `fill holes`.

    Raises:
        ArgumentError: The mask would cover the whole page.
    """
    box = bounds(hole)
    if box is None:
        return hole
    room = by + 1
    left, top = max(0, box[0] - room), max(0, box[1] - room)
    window = slice(top, box[3] + room), slice(left, box[2] + room)
    part = hole[window]
    if how == "grow":
        hole[window] = grow_hole(part, by)
    elif how == "shrink":
        hole[window] = ~grow_hole(~part, by)
    else:
        hole[window] = _filled(part)
    if hole.all():
        raise ArgumentError("the mask would cover the whole page", "grow it by less")
    return hole


def _filled(hole: Hole) -> Hole:
    import cv2

    outlines, _ = cv2.findContours(hole.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    whole = np.zeros(hole.shape, np.uint8)
    cv2.drawContours(whole, outlines, -1, 1, cv2.FILLED)
    return np.asarray(whole > 0)
