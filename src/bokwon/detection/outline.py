"""Finds the parts that are torn off a sheet's edges, assuming that the sheet had four straight ones."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from bokwon.detection.bed import Bed, largest_piece

__all__ = ["torn_edges"]

# Least shares of the image that the bed and the sheet must cover.
_LEAST_BED, _LEAST_SHEET = 0.002, 0.2
# Side of the pieces of sheet that are too small to count, pixels.
_CRUMB = 9
# Share of the longest side by which an edge may stray from a straight line without being torn: a worn edge is no loss.
_TOLERANCE = 0.004
# An edge is known if this share of it lies on a straight line, and at most `_MOST_OUTSIDE` of it lies outside the line.
_LEAST_STRAIGHT, _MOST_OUTSIDE = 0.5, 0.12
# Share of an edge at each end that is left out of the line: corners are round, or torn off.
_CORNER = 0.03
# Steepest slope of an edge against the image's.
_STEEPEST = 0.12
# How many pairs of points are tried for a line, and the least distance of the two, as a share of the edge.
_TRIES, _APART = 400, 0.15
# A loss is shorter than this share of the image's width and height. If it seems longer, the edge was misjudged.
_LONGEST = 0.4


def torn_edges(bed: Bed) -> NDArray[np.bool_]:
    """Find what is missing from a sheet's straight edges.

    The sheet is the largest piece that is not bed. Through each of its four edges the straight line is laid on which
    most of the edge lies. What lies within these lines and belongs to the bed is missing. An edge most of which is not
    straight does not tell where it was, so nothing is marked along it.

    Args:
        bed: The bed of the page.

    Returns:
        bool (h, w), True where the sheet was and is missing now.
    """
    nothing = np.zeros(bed.mask.shape, bool)
    if bed.mask.mean() < _LEAST_BED:
        return nothing
    crumb = np.ones((_CRUMB, _CRUMB), np.uint8)
    sheet = largest_piece(cv2.morphologyEx((~bed.mask).astype(np.uint8), cv2.MORPH_OPEN, crumb))
    if sheet.mean() < _LEAST_SHEET:
        return nothing
    tolerance = max(round(_TOLERANCE * max(sheet.shape)), 1)
    former = ~nothing
    for turns in range(4):
        former &= np.rot90(_right_of_edge(np.rot90(sheet, turns), tolerance), -turns)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * tolerance + 1, 2 * tolerance + 1))
    gone = cv2.morphologyEx((former & ~sheet & bed.mask).astype(np.uint8), cv2.MORPH_OPEN, kernel)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(gone, connectivity=8)
    height, width = sheet.shape
    short = np.maximum(stats[:, cv2.CC_STAT_WIDTH] / width, stats[:, cv2.CC_STAT_HEIGHT] / height) < _LONGEST
    short[0] = False
    return np.asarray(short[labels])


def _right_of_edge(sheet: NDArray[np.bool_], tolerance: int) -> NDArray[np.bool_]:
    """Tell which pixels lie to the right of the sheet's former left edge."""
    columns = np.arange(sheet.shape[1])
    rows = np.flatnonzero(sheet.any(1))
    cut = int(_CORNER * len(rows))
    rows = rows[cut : len(rows) - cut]
    first = sheet[rows].argmax(1)
    line = _straight_line(rows.astype(float), first.astype(float), tolerance)
    if line is None:
        return np.broadcast_to(columns >= np.quantile(first, 0.98), sheet.shape)
    start, slope = line
    return np.asarray(columns >= (start + slope * np.arange(sheet.shape[0]))[:, None])


def _straight_line(
    rows: NDArray[np.float64], columns: NDArray[np.float64], tolerance: float
) -> tuple[float, float] | None:
    """Find the line on which most of an edge lies, with little of the edge outside it: column in row 0, and slope."""
    generator = np.random.default_rng(0)
    most, best = _LEAST_STRAIGHT, None
    for one, other in generator.integers(0, len(rows), (_TRIES, 2)):
        if abs(rows[one] - rows[other]) < _APART * len(rows):
            continue
        slope = (columns[other] - columns[one]) / (rows[other] - rows[one])
        if abs(slope) > _STEEPEST:
            continue
        start = columns[one] - slope * rows[one]
        inward = columns - (start + slope * rows)
        share = (np.abs(inward) <= tolerance).mean()
        if share > most and (inward < -tolerance).mean() <= _MOST_OUTSIDE:
            most, best = share, (float(start), float(slope))
    return best
