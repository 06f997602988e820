"""Regions of a page: those that the detector found, and the connected pieces of drawn or given masks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokwon.detection.kinds import FILLED
from bokwon.serve.folder.masks.files import Box, bounds
from bokwon.serve.folder.masks.found_regions import FoundRegion, Judged, accepted, smallest_last, together
from bokwon.types import Hole

__all__ = ["Pieces", "Region", "find_regions", "label_picture", "pixels_of"]

_MOST_LISTED = 10_000
_WORKING = 4_000_000
"""Pixels of the largest page whose drawn regions are told apart in full size; larger pages are shrunk for it."""


@dataclass(frozen=True)
class Region:
    """A region as the interface describes it.

    Attributes:
        id: Its number on the page, from 1. Those of found regions stay; those of others change with the mask.
        kind: Kind of damage; None if it is not known.
        box: Left, top, right, bottom.
        area: Pixels.
        confidence: Confidence of the detector; None if a person made the mask.
        accepted: Whether it is part of the mask.
        source: `found`, `drawn` or `given`.
        decided_by: `hand`; `certainty`, if its confidence decides; `kind`, if its kind is filled by hand only.
    """

    id: int
    kind: str | None
    box: Box
    area: int
    confidence: float | None
    accepted: bool
    source: str
    decided_by: str = "hand"

    def facts(self) -> dict[str, Any]:
        """Return the region in the JSON form of the interface."""
        return {
            "id": self.id,
            "kind": self.kind,
            "box": list(self.box),
            "area": self.area,
            "confidence": None if self.confidence is None else round(self.confidence, 4),
            "decision": "accepted" if self.accepted else "rejected",
            "source": self.source,
            "decided_by": self.decided_by,
        }


@dataclass(frozen=True, eq=False)
class Pieces:
    """The regions of a page, and the pixels of the regions that the detector did not find.

    Attributes:
        regions: The found ones first, then the connected pieces of the rest of the mask, the largest first.
        box: Box around the rest of the mask; None if there is no rest.
        labels: Numbers of the pieces within the box, at a reduced size so that labelling is fast.
        step: How many pixels of the page a pixel of `labels` covers, in each direction.
        rest: (h, w) of the box: the rest of the mask.
        own: Numbers of the found regions that are filled. Those that were only painted over belong to the drawing.
        refused: Numbers of the found regions that somebody left as they are.
    """

    regions: tuple[Region, ...]
    box: Box | None
    labels: NDArray[np.int32]
    step: int
    rest: Hole
    own: frozenset[int]
    refused: frozenset[int]

    @property
    def nbytes(self) -> int:
        """Bytes that it takes."""
        return self.labels.nbytes + self.rest.nbytes

    def numbers(self) -> NDArray[np.uint16]:
        """Return the number of the piece that each pixel of the box belongs to, (h, w); 0 where there is none."""
        height, width = self.rest.shape
        large = self.labels.astype(np.uint16)
        if self.step > 1:
            large = large.repeat(self.step, axis=0)[:height].repeat(self.step, axis=1)[:, :width]
        return large * self.rest


def find_regions(found: Sequence[FoundRegion], hole: Hole, kind: str, judged: Judged | None = None) -> Pieces:
    """Return the regions of a page.

    Args:
        found: What the detector found.
        hole: (H, W), the mask.
        kind: Kind of the mask. Regions that were not found count as given in a `given` mask, and as drawn in any other.
        judged: How the found regions were judged; None if nobody has.
    """
    judged = judged or Judged()
    taken, wanted = accepted(found, hole, judged), judged.numbers(found)
    decided = judged.kept | judged.refused | (taken ^ wanted)
    own = frozenset(taken & wanted)
    regions = [
        Region(
            number,
            region.kind,
            region.box,
            region.area,
            region.confidence,
            number in taken,
            "found",
            "hand" if number in decided else "certainty" if region.kind in FILLED else "kind",
        )
        for number, region in enumerate(found, 1)
    ]
    box = bounds(hole)
    if box is not None and own:
        rest = hole & ~together(found, own, hole.shape, judged.refused)
        box = bounds(rest)
    else:
        rest = hole
    if box is None:
        nothing = np.zeros((0, 0), bool)
        return Pieces(tuple(regions), None, nothing.astype(np.int32), 1, nothing, own, judged.refused)
    rest = np.ascontiguousarray(rest[box[1] : box[3], box[0] : box[2]])
    listed, labels, step = _with_pieces(regions, box, rest, "given" if kind == "given" else "drawn")
    return Pieces(tuple(listed), box, labels, step, rest, own, judged.refused)


def _with_pieces(
    regions: list[Region], box: Box, rest: Hole, source: str
) -> tuple[list[Region], NDArray[np.int32], int]:
    import cv2

    height, width = rest.shape
    step = max(1, math.ceil(math.sqrt(height * width / _WORKING)))
    counts = rest.astype(np.uint8)
    if step > 1:
        padded = np.pad(counts, ((0, -height % step), (0, -width % step)))
        rows = np.add.reduceat(padded, np.arange(0, padded.shape[0], step), axis=0, dtype=np.uint16)
        counts = np.add.reduceat(rows, np.arange(0, padded.shape[1], step), axis=1, dtype=np.uint16)
    count, labels, stats, _ = cv2.connectedComponentsWithStats((counts > 0).astype(np.uint8), connectivity=8)
    areas = np.bincount(labels.reshape(-1), counts.reshape(-1), count).astype(int)
    order = sorted(range(1, count), key=lambda label: -areas[label])[:_MOST_LISTED]
    places = np.zeros(count, np.int32)
    places[order] = np.arange(len(regions) + 1, len(regions) + 1 + len(order))
    found = list(regions)
    for label in order:
        left, top, across, down = (int(value) for value in stats[label, :4])
        small = labels[top : top + down, left : left + across] == label
        x, y = left * step, top * step
        part = rest[y : y + down * step, x : x + across * step]
        large = small.repeat(step, axis=0).repeat(step, axis=1)[: part.shape[0], : part.shape[1]]
        around = bounds(part & large)
        assert around is not None, "a label has pixels"
        x, y = x + box[0], y + box[1]
        placed = around[0] + x, around[1] + y, around[2] + x, around[3] + y
        found.append(Region(int(places[label]), None, placed, int(areas[label]), None, True, source))
    return found, places[labels], step


def label_picture(found: Sequence[FoundRegion], pieces: Pieces, shape: tuple[int, ...]) -> NDArray[np.uint16]:
    """Return the number of the region that each pixel belongs to, (H, W); 0 where there is none.

    Args:
        found: What the detector found.
        pieces: All regions.
        shape: Height and width of the page.
    """
    picture = np.zeros(shape, np.uint16)
    order = smallest_last(found)
    marked = [number for number in order if number in pieces.own]

    def paint(numbers: Sequence[int]) -> None:
        # The smallest last, so that a region within another can be clicked. The margin of a region belongs to it.
        for number in numbers:
            picture[found[number - 1].grown_place][found[number - 1].grown] = number
        for number in numbers:
            picture[found[number - 1].place][found[number - 1].inside] = number

    # First the regions that are not filled. What is filled there is painted over them.
    paint([number for number in order if number not in pieces.own])
    if pieces.refused and marked:
        # Only a refused region keeps its own pixels, as `together` leaves them out.
        before, kept = picture.copy(), together(found, pieces.own, shape, pieces.refused)
        paint(marked)
        np.copyto(picture, before, where=~kept)
    else:
        paint(marked)
    if pieces.box is not None:
        left, top, right, bottom = pieces.box
        np.copyto(picture[top:bottom, left:right], pieces.numbers(), where=pieces.rest)
    return picture


def pixels_of(found: Sequence[FoundRegion], pieces: Pieces, number: int, shape: tuple[int, ...]) -> Hole | None:
    """Return the pixels that are filled for a region, (H, W); None if no region has this number.

    Args:
        found: What the detector found.
        pieces: All regions.
        number: Its number.
        shape: Height and width of the page.
    """
    if not 1 <= number <= len(pieces.regions):
        return None
    if number <= len(found):
        # Without the pixels of other regions that touch it.
        return together(found, [number], shape, (pieces.own | pieces.refused) - {number})
    hole = np.zeros(shape, bool)
    if pieces.box is not None:
        left, top, right, bottom = pieces.box
        hole[top:bottom, left:right] = pieces.numbers() == number
    return hole
