"""Regions of a page: what the detector found, and the connected pieces of what was drawn or given."""

from __future__ import annotations

import base64
import json
import math
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bokwon.detection.kinds import FILLED
from bokwon.detection.refine import grow_mask
from bokwon.serve.folder.masks.files import Box, bounds
from bokwon.types import Hole
from bokwon.utilities.atomic import make_folder, write_file

__all__ = [
    "CERTAIN",
    "FoundRegion",
    "Region",
    "accepted",
    "label_picture",
    "list_regions",
    "new_hole",
    "pixels_of",
    "read_found",
    "surest",
    "to_found",
    "write_found",
]

CERTAIN = 0.9
"""Least confidence of what is filled unless somebody says otherwise, as for `bokwon restore --certain`."""

_GROWN = 2
"""By how many pixels a found region is grown when it is filled, to cover the soft rim of the damage."""
_FORMAT = 1
_MOST_LISTED = 10_000
_WORKING = 4_000_000
"""Pixels of the largest page whose drawn regions are told apart in full size; larger pages are shrunk for it."""


class _Detected(Protocol):
    """A region as the detector returns it."""

    kind: str
    box: tuple[int, int, int, int]
    confidence: float
    inside: NDArray[np.bool_] | None


@dataclass(frozen=True, eq=False)
class FoundRegion:
    """A region that the detector found.

    Attributes:
        kind: Kind of damage.
        confidence: How sure it is, in [0, 1].
        box: Of its pixels, as viewers show the page.
        inside: (h, w) of the box, its pixels.
        grown_box: The box of its pixels when they are filled.
        grown: (h, w) of that box.
    """

    kind: str
    confidence: float
    box: Box
    inside: NDArray[np.bool_]
    grown_box: Box
    grown: NDArray[np.bool_]

    @property
    def place(self) -> tuple[slice, slice]:
        """Where its pixels lie."""
        return slice(self.box[1], self.box[3]), slice(self.box[0], self.box[2])

    @property
    def grown_place(self) -> tuple[slice, slice]:
        """Where its pixels lie when they are filled."""
        left, top, right, bottom = self.grown_box
        return slice(top, bottom), slice(left, right)


@dataclass(frozen=True)
class Region:
    """A region as it is told of.

    Attributes:
        id: Its number on the page, from 1. Those of found regions stay; those of others change with the mask.
        kind: Kind of damage; None where nobody tells.
        box: Left, top, right, bottom.
        area: Pixels.
        confidence: How sure the detector is; None where a person was.
        accepted: Whether it is part of the mask.
        source: `found`, `drawn` or `given`.
    """

    id: int
    kind: str | None
    box: Box
    area: int
    confidence: float | None
    accepted: bool
    source: str

    def facts(self) -> dict[str, Any]:
        """Return it as the interface tells it."""
        return {
            "id": self.id,
            "kind": self.kind,
            "box": list(self.box),
            "area": self.area,
            "confidence": None if self.confidence is None else round(self.confidence, 4),
            "decision": "accepted" if self.accepted else "rejected",
            "source": self.source,
        }


def to_found(regions: Sequence[_Detected], size: tuple[int, int]) -> list[FoundRegion]:
    """Return what a detector found with the pixels that are filled of each.

    Args:
        regions: The regions, on the page as viewers show it.
        size: Width and height of the page.
    """
    found = []
    for region in regions:
        if region.inside is not None and (around := bounds(region.inside)) is not None:
            left, top = region.box[:2]
            box = around[0] + left, around[1] + top, around[2] + left, around[3] + top
            inside = np.ascontiguousarray(region.inside[around[1] : around[3], around[0] : around[2]])
            found.append(_found(region.kind, region.confidence, box, inside, size))
    return found


def _found(kind: str, confidence: float, box: Box, inside: NDArray[np.bool_], size: tuple[int, int]) -> FoundRegion:
    left, top, right, bottom = box
    grown = grow_mask(np.pad(inside, _GROWN), _GROWN)
    outer = max(0, left - _GROWN), max(0, top - _GROWN), min(size[0], right + _GROWN), min(size[1], bottom + _GROWN)
    x, y = outer[0] - (left - _GROWN), outer[1] - (top - _GROWN)
    grown = grown[y : y + outer[3] - outer[1], x : x + outer[2] - outer[0]]
    return FoundRegion(kind, confidence, box, inside, outer, grown)


def write_found(path: Path, regions: Sequence[FoundRegion], size: tuple[int, int], scan: str) -> None:
    """Write down what was found on a page, beside the database, which can be deleted.

    Args:
        path: The file.
        regions: What was found.
        size: Width and height of the page.
        scan: Stamp of the scan it was found on.

    Raises:
        FileAccessError: It cannot be written.
    """
    content = {
        "found": _FORMAT,
        "scan": scan,
        "size": size,
        "regions": [
            {
                "kind": region.kind,
                "confidence": region.confidence,
                "box": region.box,
                "pixels": base64.b64encode(zlib.compress(np.packbits(region.inside).tobytes(), 1)).decode("ascii"),
            }
            for region in regions
        ],
    }
    make_folder(path.parent)
    write_file(path, json.dumps(content))


def read_found(path: Path, size: tuple[int, int], scan: str) -> list[FoundRegion] | None:
    """Read what was found on a page; None where nobody has looked, or only at another scan.

    Args:
        path: The file.
        size: Width and height of the page.
        scan: Stamp of the scan.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["found"] != _FORMAT or content["scan"] != scan or tuple(content["size"]) != size:
            return None
        found = []
        for told in content["regions"]:
            left, top, right, bottom = (int(side) for side in told["box"])
            bits = np.frombuffer(zlib.decompress(base64.b64decode(told["pixels"])), np.uint8)
            inside = np.unpackbits(bits, count=(bottom - top) * (right - left)).astype(bool)
            box = left, top, right, bottom
            shaped = inside.reshape(bottom - top, right - left)
            found.append(_found(str(told["kind"]), float(told["confidence"]), box, shaped, size))
        return found
    except (OSError, ValueError, KeyError, TypeError, zlib.error):
        # Nothing but the detector's work is lost, and it can look again.
        return None


def surest(regions: Sequence[FoundRegion], threshold: float, kinds: Collection[str] = FILLED) -> set[int]:
    """Return the numbers, from 1, of the regions that are sure enough and of a kind that is filled."""
    return {
        number for number, region in enumerate(regions, 1) if region.confidence >= threshold and region.kind in kinds
    }


def accepted(regions: Sequence[FoundRegion], hole: Hole) -> set[int]:
    """Return the numbers, from 1, of the found regions that are part of a mask: more than half of their pixels are."""
    return {
        number
        for number, region in enumerate(regions, 1)
        if 2 * np.count_nonzero(hole[region.place] & region.inside) > np.count_nonzero(region.inside)
    }


def _together(regions: Sequence[FoundRegion], numbers: Collection[int], shape: tuple[int, ...]) -> Hole:
    hole = np.zeros(shape, bool)
    for number in numbers:
        region = regions[number - 1]
        hole[region.grown_place] |= region.grown
    return hole


def new_hole(hole: Hole, before: Sequence[FoundRegion], after: Sequence[FoundRegion], numbers: Collection[int]) -> Hole:
    """Return the mask with other found regions in it. What was drawn stays, and so does what was erased of a region.

    Args:
        hole: (H, W), the mask as it is.
        before: The regions that were found when it was made.
        after: The regions that are found now; often the same.
        numbers: Which of them, from 1, are part of the new mask.
    """
    counted = _together(before, accepted(before, hole), hole.shape)
    drawn, erased = hole & ~counted, counted & ~hole
    if before is not after:
        # Of a new search nothing was erased yet.
        erased[:] = False
    return np.asarray((_together(after, numbers, hole.shape) & ~erased) | drawn)


@dataclass(frozen=True, eq=False)
class _Pieces:
    """Connected pieces of what is no found region, told apart at a size where that is fast."""

    labels: NDArray[np.int32]
    step: int
    regions: tuple[Region, ...]


def _pieces(rest: Hole, first: int, source: str) -> _Pieces:
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
    places[order] = np.arange(first, first + len(order))
    regions = []
    for label in order:
        left, top, across, down = (int(value) for value in stats[label, :4])
        window = slice(top * step, (top + down) * step), slice(left * step, (left + across) * step)
        box = (left, top, left + across, top + down)
        if step > 1:
            small = labels[top : top + down, left : left + across] == label
            large = small.repeat(step, axis=0).repeat(step, axis=1)
            part = rest[window]
            around = bounds(part & large[: part.shape[0], : part.shape[1]])
            assert around is not None, "a label has pixels"
            x, y = left * step, top * step
            box = around[0] + x, around[1] + y, around[2] + x, around[3] + y
        regions.append(Region(int(places[label]), None, box, int(areas[label]), None, True, source))
    return _Pieces(places[labels], step, tuple(regions))


def _rest(found: Sequence[FoundRegion], hole: Hole, taken: Collection[int]) -> Hole:
    return hole & ~_together(found, taken, hole.shape) if taken else hole


def list_regions(found: Sequence[FoundRegion], hole: Hole, kind: str) -> list[Region]:
    """Return the regions of a page: the found ones first, then the pieces of the rest of the mask, the largest first.

    Args:
        found: What the detector found.
        hole: (H, W), the mask.
        kind: Of the mask; what is no found region was given in a `given` one, and drawn in others.
    """
    taken = accepted(found, hole)
    regions = [
        Region(
            number,
            region.kind,
            region.box,
            int(np.count_nonzero(region.inside)),
            region.confidence,
            number in taken,
            "found",
        )
        for number, region in enumerate(found, 1)
    ]
    rest = _pieces(_rest(found, hole, taken), len(found) + 1, "given" if kind == "given" else "drawn")
    return [*regions, *rest.regions]


def label_picture(found: Sequence[FoundRegion], hole: Hole) -> NDArray[np.uint16]:
    """Return the number of the region that each pixel belongs to, (H, W); 0 where there is none."""
    taken = accepted(found, hole)
    rest = _rest(found, hole, taken)
    pieces = _pieces(rest, len(found) + 1, "drawn")
    large = pieces.labels.astype(np.uint16)
    if pieces.step > 1:
        large = large.repeat(pieces.step, axis=0)[: hole.shape[0]].repeat(pieces.step, axis=1)[:, : hole.shape[1]]
    picture = np.where(rest, large, np.uint16(0))
    # The smallest last: one that lies in another can be clicked. What is filled around a region belongs to it.
    order = sorted(range(1, len(found) + 1), key=lambda one: -found[one - 1].inside.size)
    for number in order:
        picture[found[number - 1].grown_place][found[number - 1].grown] = number
    for number in order:
        picture[found[number - 1].place][found[number - 1].inside] = number
    return picture


def pixels_of(found: Sequence[FoundRegion], hole: Hole, number: int) -> Hole | None:
    """Return the pixels of a region, (H, W), as they are filled; None where there is no region of this number."""
    if 1 <= number <= len(found):
        return _together(found, [number], hole.shape)
    rest = _rest(found, hole, accepted(found, hole))
    pieces = _pieces(rest, len(found) + 1, "drawn")
    if not any(region.id == number for region in pieces.regions):
        return None
    inside = pieces.labels == number
    if pieces.step > 1:
        inside = inside.repeat(pieces.step, axis=0)[: hole.shape[0]]
        inside = inside.repeat(pieces.step, axis=1)[:, : hole.shape[1]]
    return inside & rest
