"""The depth of a pixel in a hole: its distance from the nearest known pixel of the page, the same in every tile."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bokwon.inpaint.window import grow_window, shift_window
from bokwon.types import Hole

__all__ = ["depth_in_hole", "is_shallow", "smoothstep"]


def is_shallow(missing: Hole, reach: float) -> bool:
    """Return True if a quick test shows that no pixel lies deeper in a hole than `reach`.

    Args:
        missing: (h, w), a part of a page, True where pixels are missing.
        reach: Pixels, not negative.

    Returns:
        True if every cell of a grid holds a known pixel; the cells are so small that `reach` spans each. False does
        not mean that a hole is deep: then `depth_in_hole` decides.
    """
    # The diagonal of a cell is (side - 1) * sqrt(2).
    side = int(reach / np.sqrt(2)) + 1
    for axis in (0, 1):
        missing = np.logical_and.reduceat(missing, np.arange(0, missing.shape[axis], side), axis=axis)
    return not missing.any()


def depth_in_hole(missing: Hole, window: tuple[slice, slice], limit: int) -> NDArray[np.float32]:
    """Return the distance of each pixel of a window from the nearest known pixel, in pixels.

    Args:
        missing: (H, W), of the whole page, True where pixels are missing.
        window: Rows and columns.
        limit: Upper limit of the result, pixels. The page is searched this far around the window.

    Returns:
        (h, w) in [0, limit], 0 where known.
    """
    import cv2

    wide = grow_window(window, limit, missing.shape)
    around = missing[wide].astype(np.uint8)
    if around.all():
        distance = np.full(around.shape, limit, np.float32)
    else:
        distance = np.asarray(cv2.distanceTransform(around, cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)
        # Squared distances are integers. OpenCV's last bit varies between calls, which shows in 16-bit samples.
        distance = np.sqrt(np.rint(distance * distance))
    return np.minimum(distance[shift_window(window, (wide[0].start, wide[1].start))], np.float32(limit))


def smoothstep(depth: NDArray[np.float32], start: float, stop: float) -> NDArray[np.float32]:
    """Return the cubic smoothstep of a depth: 0 up to `start`, 1 from `stop` on, (h, w, 1)."""
    share = np.clip((depth - start) / (stop - start), 0.0, 1.0)
    return np.asarray(share * share * (3.0 - 2.0 * share), np.float32)[..., None]
