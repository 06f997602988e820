"""Finds the bed around a sheet by its colours, and the holes through which it is seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bokwon.detection.kinds import KINDS
from bokwon.detection.network import Probabilities

Plane = NDArray[np.float32]
Colour = NDArray[np.floating[Any]]

__all__ = ["SEEN_THROUGH", "Bed", "find_bed", "holes_to_the_bed", "largest_piece"]

# The bed is what the sheet lies on, such as the glass or the lid of a scanner.

SEEN_THROUGH = 0.95
"""Confidence that a hole through which the bed is seen is one."""

# Colours are CIE Lab (lightness 0 to 100), blurred over 3 x 3 pixels.

# Width of the strip along the image's edges in which the bed's colours are taken, pixels.
_STRIP = 4
# Share of an edge of the image that must show the bed; with less, a dark corner of the sheet would count as its colour.
_LEAST_SEEN = 0.1
# Least distance of a colour of the bed from that of the paper; the bed's pixels are nearer than `_LIKE` to a colour.
_UNLIKE, _LIKE = 8.0, 12.0
# Mean probability, around a pixel of the bed, that there is no sound sheet. It keeps the bed out of text and shade.
_LEAST_DOUBT, _AROUND = 0.15, 25

# The median colour of a hole is at most `_SAME` from the bed's. It is at least `_OTHER` from the paper's, and at least
# `_CLEARER` times as far from the paper's as from the bed's.
_SAME, _OTHER, _CLEARER = 6.0, 12.0, 2.5
# Least probability of missing paper or surroundings: the mean over the half of the hole's pixels where it is highest.
_LEAST_SCORE = 0.3
# A hole is at least this thick, pixels; strokes are thinner.
_LEAST_THICK = 10.0
# Of the ring around a hole, at least this share is nearer to the paper's colour than to the bed's. The median distance
# of the ring from the paper's colour is at most `_FARTHEST_RING`.
_LEAST_RING, _FARTHEST_RING = 0.95, 15.0
# A hole that fills this share of its smallest enclosing circle is a binder's hole, not damage.
_ROUND = 0.8
# The ring: from 4 to 9 pixels around the hole.
_RING = 9
# Width of the hole's soft edge, where its colour mixes with the paper's, pixels.
_RIM = 2


@dataclass(frozen=True)
class Bed:
    """The bed at the working size.

    Attributes:
        mask: bool (h, w): what has its colours and is connected to the edges of the image.
        distance: float32 (h, w): distance of each pixel from the nearest colour of the bed.
        from_paper: float32 (h, w): distance of each pixel from the colour of the paper.
    """

    mask: NDArray[np.bool_]
    distance: NDArray[np.float32]
    from_paper: NDArray[np.float32]


def find_bed(found: Probabilities) -> Bed | None:
    """Find the bed of a page.

    Its colours are the median colours along each edge of the image where the network sees surroundings. Colours that
    resemble the paper are left out.

    Args:
        found: The network's output for the page.

    Returns:
        None if no edge of the image shows a bed.
    """
    lab = _planes_of_lab(found.image)
    paper = _colour_of_paper(lab, found)
    if paper is None:
        return None
    seen = np.zeros(found.surroundings.shape, bool)
    colours: list[Colour] = []
    for turns in range(4):
        strip = np.rot90(found.surroundings, turns)[:, :_STRIP] > 0.6
        if strip.mean() < _LEAST_SEEN:
            continue
        colour = np.median([np.rot90(plane, turns)[:, :_STRIP][strip] for plane in lab], axis=1)
        if np.linalg.norm(colour - paper) > _UNLIKE:
            colours.append(colour)
            np.rot90(seen, turns)[:, :_STRIP] |= strip
    if not colours:
        return None
    distance = np.min([_distance(lab, colour) for colour in colours], axis=0)
    from_paper = _distance(lab, paper)
    doubt = cv2.blur(found.surroundings + found.kinds.sum(0), (_AROUND, _AROUND))
    like = (distance < _LIKE) & (distance < from_paper) & (doubt > _LEAST_DOUBT)
    opened = cv2.morphologyEx(like.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels = cv2.connectedComponents(opened, connectivity=4)
    outer = np.zeros(count, bool)
    outer[labels[seen & (opened > 0)]] = True
    return Bed(outer[labels], distance, from_paper)


def holes_to_the_bed(found: Probabilities, bed: Bed) -> NDArray[np.bool_]:
    """Find holes through which the bed is seen.

    Such a hole has the bed's colour and paper all around it, and the network doubts that it is sheet. These three
    together are more certain than the network alone, which often takes such holes for surroundings. Round holes are
    left out: a binder makes them.

    Args:
        found: The network's output for the page.
        bed: Its bed.

    Returns:
        bool (h, w), True in the holes and their soft edges.
    """
    height, width = bed.mask.shape
    like = ((bed.distance < _LIKE) & (bed.distance < bed.from_paper) & ~bed.mask).astype(np.uint8)
    opened = cv2.morphologyEx(like, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=8)
    score = _off_sheet(found)
    holes = np.zeros(count, bool)
    for number in range(1, count):
        left, top, across, down, area = (int(value) for value in stats[number])
        if area < _LEAST_THICK**2 / 2 or min(left, top, width - left - across, height - top - down) <= 0:
            continue
        room = (slice(max(top - _RING, 0), top + down + _RING), slice(max(left - _RING, 0), left + across + _RING))
        hole = np.asarray(labels[room] == number)
        colour, paper = np.median(bed.distance[room][hole]), np.median(bed.from_paper[room][hole])
        if colour > _SAME or paper < max(_OTHER, _CLEARER * colour):
            continue
        values = np.sort(score[room][hole])
        ring = _ring(hole)
        holes[number] = (
            values[len(values) // 2 :].mean() >= _LEAST_SCORE
            and 2 * cv2.distanceTransform(np.pad(hole, 1).astype(np.uint8), cv2.DIST_L2, 3).max() >= _LEAST_THICK
            and area < _ROUND * _area_of_circle(hole)
            and (bed.from_paper < bed.distance)[room][ring].mean() >= _LEAST_RING
            and np.median(bed.from_paper[room][ring]) <= _FARTHEST_RING
        )
    rim = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _RIM + 1, 2 * _RIM + 1))
    return np.asarray(cv2.dilate(holes[labels].astype(np.uint8), rim) > 0)


def largest_piece(mask: NDArray[Any]) -> NDArray[np.bool_]:
    """Return the largest connected piece of a mask.

    Args:
        mask: uint8 (h, w), not 0 inside.

    Returns:
        bool (h, w); False everywhere if the mask is empty.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    if len(stats) < 2:
        return np.zeros(mask.shape, bool)
    return np.asarray(labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax()))


def _planes_of_lab(image: NDArray[np.uint8]) -> list[Plane]:
    lab = cv2.blur(cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2Lab), (3, 3))
    return [np.asarray(plane, np.float32) for plane in cv2.split(lab)]


def _colour_of_paper(lab: list[Plane], found: Probabilities) -> Colour | None:
    """The median colour of the pixels of about the most frequent lightness: most of a sheet is paper, not ink."""
    every = (slice(None, None, 3), slice(None, None, 3))
    sheet = _off_sheet(found)[every] < 0.5
    if not sheet.any():
        return None
    lightness = lab[0][every]
    counts, edges = np.histogram(lightness[sheet], 100, (0, 100))
    most = edges[int(np.convolve(counts, np.ones(5), "same").argmax())]
    paper = sheet & (np.abs(lightness - most) < 8)
    return np.asarray(np.median([plane[every][paper] for plane in lab], axis=1))


def _off_sheet(found: Probabilities) -> Plane:
    """The probability that a pixel shows no sheet: it lies beside the sheet, or paper is missing there."""
    return np.asarray(found.surroundings + found.kinds[KINDS.index("missing paper")])


def _distance(lab: list[Plane], colour: Colour) -> Plane:
    return np.asarray(np.sqrt(sum((plane - np.float32(value)) ** 2 for plane, value in zip(lab, colour, strict=True))))


def _area_of_circle(hole: NDArray[np.bool_]) -> float:
    """The area of the smallest circle around a hole."""
    rows, columns = np.nonzero(hole)
    _, radius = cv2.minEnclosingCircle(np.stack([columns, rows], axis=1).astype(np.float32))
    # From the middle of a pixel to its edge.
    return float(np.pi * (radius + 0.5) ** 2)


def _ring(hole: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What lies around a hole, without the soft rim of the hole."""
    near, far = (
        cv2.dilate(hole.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))) > 0
        for size in (_RING, 2 * _RING + 1)
    )
    return np.asarray(far & ~near)
