"""Regions that the detector found on a page: their pixels, the file that stores them, and masks made from them."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bokwon.detection.kinds import FILLED
from bokwon.detection.refine import grow_mask
from bokwon.serve.folder.masks.files import Box, bounds
from bokwon.settings import CERTAIN
from bokwon.types import Hole
from bokwon.utilities.atomic import make_folder, write_file

__all__ = [
    "FoundRegion",
    "Judged",
    "accepted",
    "listed",
    "new_hole",
    "read_found",
    "smallest_last",
    "surest",
    "to_found",
    "together",
    "write_found",
]

_GROWN = 2
"""By how many pixels a found region is grown when it is filled, to cover the soft rim of the damage."""
_FORMAT = 1


class _Detected(Protocol):
    """A region as the detector returns it."""

    @property
    def kind(self) -> str: ...
    @property
    def box(self) -> tuple[int, int, int, int]: ...
    @property
    def confidence(self) -> float: ...
    @property
    def inside(self) -> NDArray[np.bool_] | None: ...


@dataclass(frozen=True, eq=False)
class FoundRegion:
    """A region that the detector found.

    Attributes:
        kind: Kind of damage.
        confidence: How sure it is, in [0, 1].
        box: Box around its pixels, as viewers show the page.
        inside: (h, w) of the box, True at its pixels.
        grown_box: Box around the pixels that are filled for it, which are its own and a margin.
        grown: (h, w) of that box, True at the pixels that are filled.
        area: Number of its own pixels.
    """

    kind: str
    confidence: float
    box: Box
    inside: NDArray[np.bool_]
    grown_box: Box
    grown: NDArray[np.bool_]
    area: int

    @property
    def place(self) -> tuple[slice, slice]:
        """Where its pixels lie."""
        return slice(self.box[1], self.box[3]), slice(self.box[0], self.box[2])

    @property
    def grown_place(self) -> tuple[slice, slice]:
        """Where the pixels that are filled lie."""
        left, top, right, bottom = self.grown_box
        return slice(top, bottom), slice(left, right)


@dataclass(frozen=True)
class Judged:
    """How the found regions of a page were judged. The regions have numbers from 1.

    Attributes:
        certain: Least confidence of a region that is filled without a decision by hand.
        kept: Regions that somebody marked as damage.
        refused: Regions that somebody left as they are.
    """

    certain: float = CERTAIN
    kept: frozenset[int] = frozenset()
    refused: frozenset[int] = frozenset()

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Judged:
        """Return what `facts` describes; the defaults for what is missing."""
        kept, refused = frozenset(facts.get("kept", ())), frozenset(facts.get("refused", ()))
        return cls(float(facts.get("certain", CERTAIN)), kept, refused)

    def facts(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"certain": self.certain, "kept": sorted(self.kept), "refused": sorted(self.refused)}

    def decided(self, keep: Collection[int], refuse: Collection[int]) -> Judged:
        """Return it with further decisions by hand."""
        return Judged(self.certain, (self.kept - set(refuse)) | set(keep), (self.refused - set(keep)) | set(refuse))

    def seen(self, regions: Sequence[FoundRegion], hole: Hole) -> Judged:
        """Return it with the decisions that a mask shows: whoever erases a region refuses it."""
        return self.decided((), self.numbers(regions) - accepted(regions, hole, self))

    def numbers(self, regions: Sequence[FoundRegion], kinds: Collection[str] = FILLED) -> set[int]:
        """Return the numbers of the regions that are filled."""
        return (surest(regions, self.certain, kinds) | self.kept) - self.refused


def to_found(regions: Sequence[_Detected], size: tuple[int, int]) -> list[FoundRegion]:
    """Return the regions of a detector, each with the pixels that are filled for it.

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
    return FoundRegion(kind, confidence, box, inside, outer, grown, int(np.count_nonzero(inside)))


def write_found(path: Path, regions: Sequence[FoundRegion], size: tuple[int, int], scan: str) -> None:
    """Write the found regions to a file of their own, so that the database can be deleted without losing them.

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
    """Read the regions found on a page; None if the detector has not run on this scan.

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


def listed(path: Path, scan: str) -> list[tuple[str, float]]:
    """Return kind and confidence of the regions found on a page, without their pixels.

    Args:
        path: The file that `write_found` wrote.
        scan: Stamp of the scan.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["found"] != _FORMAT or content["scan"] != scan:
            return []
        return [(str(told["kind"]), float(told["confidence"])) for told in content["regions"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def surest(regions: Sequence[FoundRegion], threshold: float, kinds: Collection[str] = FILLED) -> set[int]:
    """Return the numbers, from 1, of the regions with enough confidence and of a kind that is filled."""
    return {
        number for number, region in enumerate(regions, 1) if region.confidence >= threshold and region.kind in kinds
    }


def smallest_last(regions: Sequence[FoundRegion]) -> list[int]:
    """Return the numbers, from 1, of all regions, the largest first. Where two overlap, the smaller one counts."""
    return sorted(range(1, len(regions) + 1), key=lambda number: -regions[number - 1].area)


def accepted(regions: Sequence[FoundRegion], hole: Hole, judged: Judged) -> set[int]:
    """Return the numbers, from 1, of the found regions that are part of a mask: more than half of their pixels are.

    A refused region never counts, whatever is painted over it. Any other region counts if it is painted over, but not
    if other regions cover it.

    Args:
        regions: The found regions.
        hole: (H, W), the mask.
        judged: How they were judged.
    """
    wanted = judged.numbers(regions)
    cover = together(regions, wanted, hole.shape, judged.refused)
    numbers = set()
    for number, region in enumerate(regions, 1):
        if number in judged.refused:
            continue
        own = region.inside if number in wanted else region.inside & ~cover[region.place]
        if 2 * np.count_nonzero(hole[region.place] & own) > np.count_nonzero(own):
            numbers.add(number)
    return numbers


def together(
    regions: Sequence[FoundRegion], numbers: Collection[int], shape: tuple[int, ...], without: Collection[int] = ()
) -> Hole:
    """Return the pixels that are filled for some regions, given by number from 1: (H, W).

    Args:
        regions: The found regions.
        numbers: Those that are filled.
        shape: Height and width of the page.
        without: Those whose own pixels are not filled, even if another region reaches into them. Where two overlap,
            the smaller one counts.
    """
    hole = np.zeros(shape, bool)
    for number in numbers:
        region = regions[number - 1]
        hole[region.grown_place] |= region.grown
    if without:
        for number in smallest_last(regions):
            if number in without or number in numbers:
                region = regions[number - 1]
                hole[region.place][region.inside] = number not in without
    return hole


def new_hole(
    hole: Hole,
    before: Sequence[FoundRegion],
    after: Sequence[FoundRegion],
    judged: tuple[Judged, Judged],
    kinds: Collection[str] = FILLED,
) -> Hole:
    """Return the mask with other found regions in it. Pixels that were drawn or erased by hand stay so.

    Args:
        hole: (H, W), the mask as it is.
        before: The found regions at the time the mask was made.
        after: The found regions now; often the same.
        judged: How they were judged then, and how they are judged now.
        kinds: Kinds of damage that are filled without a decision by hand.
    """
    then, now = judged
    marked, numbers = accepted(before, hole, then), now.numbers(after, kinds)
    taken = marked & then.numbers(before, kinds)
    counted = together(before, taken, hole.shape, then.refused)
    drawn, erased = hole & ~counted, counted & ~hole
    if before is after:
        for number in (now.refused - then.refused) & marked:
            # What was painted over a region goes with it.
            drawn[after[number - 1].place] &= ~after[number - 1].inside
    else:
        # After a new search no region is erased yet.
        erased[:] = False
    for number in numbers - taken:
        # A region that is accepted again is filled as a whole.
        region = after[number - 1]
        erased[region.grown_place] &= ~region.grown
    return np.asarray((together(after, numbers, hole.shape, now.refused) & ~erased) | drawn)
