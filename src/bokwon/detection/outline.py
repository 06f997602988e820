"""Finds the parts that are torn off a sheet's edges, assuming that the sheet was a rectangle."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["torn_edges"]

# Least share of the image that the sheet must cover.
_LEAST_SHEET = 0.1
# Share of the surroundings that the sheet must leave: where nothing lies around it, nothing is torn off.
_LEAST_AROUND = 0.002
# Share of the sheet's length by which its outline may stray from the straight edge without being torn.
_TOLERANCE = 0.004


def torn_edges(surroundings: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Find what is missing from a sheet's straight edges.

    The sheet is the largest piece that is not surroundings. Its former shape is the smallest rectangle, at any angle,
    around it.

    Args:
        surroundings: float32 (h, w) in [0, 1]: probability that a pixel lies off the sheet.

    Returns:
        bool (h, w), True where the sheet was and is missing now.
    """
    nothing = np.zeros(surroundings.shape, bool)
    off = surroundings > 0.5
    if off.mean() < _LEAST_AROUND:
        return nothing
    count, labels, stats, _ = cv2.connectedComponentsWithStats((~off).astype(np.uint8), connectivity=4)
    if count < 2:
        return nothing
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    if stats[largest, cv2.CC_STAT_AREA] < _LEAST_SHEET * off.size:
        return nothing
    sheet = labels == largest
    contours, _ = cv2.findContours(sheet.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    corners = cv2.boxPoints(cv2.minAreaRect(max(contours, key=cv2.contourArea)))
    former = np.zeros(surroundings.shape, np.uint8)
    cv2.fillConvexPoly(former, np.round(corners * 16).astype(np.int32), 1, shift=4)
    gone = (former > 0) & ~sheet & off
    # A worn edge is not a loss: only parts deeper than the tolerance count.
    depth = max(round(_TOLERANCE * max(surroundings.shape)), 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * depth + 1, 2 * depth + 1))
    return np.asarray(cv2.morphologyEx(gone.astype(np.uint8), cv2.MORPH_OPEN, kernel) > 0)
