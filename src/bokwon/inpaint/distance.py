"""How deep in a hole a pixel lies: its distance from the nearest known one, the same whatever tile asks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bokwon.types import Hole

__all__ = ["depth_in_hole", "is_shallow", "rise"]


def is_shallow(missing: Hole, reach: float) -> bool:
    """Return True only if no pixel lies deeper in a hole than `reach`; quick, where `depth_in_hole` measures.

    Args:
        missing: (h, w), a part of a page, True where nothing is known.
        reach: Pixels, not negative.

    Returns:
        Whether every cell of a grid so fine that a pixel reaches all of its own cell knows something. False says
        nothing.
    """
    # From corner to corner it is (side - 1) * sqrt(2).
    side = int(reach / np.sqrt(2)) + 1
    for axis in (0, 1):
        missing = np.logical_and.reduceat(missing, np.arange(0, missing.shape[axis], side), axis=axis)
    return not missing.any()


def depth_in_hole(missing: Hole, window: tuple[slice, slice], limit: int) -> NDArray[np.float32]:
    """Return the distance of each pixel of a window from what is known, in pixels.

    Args:
        missing: (H, W), the whole page's, True where nothing is known.
        window: Rows and columns.
        limit: Greater distances come out as this one, so that only so much around the window is looked at.

    Returns:
        (h, w) in [0, limit], 0 where known.
    """
    import cv2

    rows, columns = (slice(max(0, span.start - limit), span.stop + limit) for span in window)
    around = missing[rows, columns].astype(np.uint8)
    if around.all():
        distance = np.full(around.shape, limit, np.float32)
    else:
        distance = np.asarray(cv2.distanceTransform(around, cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)
        # Squared they are whole numbers. OpenCV's last bit is another from call to call; 16-bit samples told of it.
        distance = np.sqrt(np.rint(distance * distance))
    top, left = window[0].start - rows.start, window[1].start - columns.start
    height, width = missing[window].shape
    return np.minimum(distance[top : top + height, left : left + width], np.float32(limit))


def rise(depth: NDArray[np.float32], start: float, stop: float) -> NDArray[np.float32]:
    """Return 0 up to a depth, 1 from another on, and a smooth step between, (h, w, 1)."""
    share = np.clip((depth - start) / (stop - start), 0.0, 1.0)
    return np.asarray(share * share * (3.0 - 2.0 * share), np.float32)[..., None]
