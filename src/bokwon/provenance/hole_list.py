"""The single holes of a mask, for the record: where each lies, how large it is, what it looks like, what made it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import ArgumentError, FileAccessError, InputFileError
from bokwon.image_io.document import open_document
from bokwon.image_io.orientation import Orientation
from bokwon.image_io.reader import Source
from bokwon.types import DAMAGE_KINDS, Hole

__all__ = [
    "CLASS_MAP",
    "Damage",
    "class_map_of",
    "connected_holes",
    "describe_holes",
    "manifest_of",
    "outline_shape",
    "read_damage",
]

CLASS_MAP = ".classes.png"
"""How the name of a class map ends. It lies beside a mask and tells what made its holes; it is no image to restore."""
_KINDS = tuple(DAMAGE_KINDS)
_MOST_HOLES = 10_000
_MANIFEST = "manifest.jsonl"
_PARENTS = 3
_LONG = 4.0
_SMALL = 0.01


def class_map_of(mask: Path) -> Path:
    """Return where the class map of a mask file would lie."""
    return mask.with_name(mask.stem + CLASS_MAP)


@dataclass(frozen=True)
class Damage:
    """What is known about the damage behind a mask.

    Attributes:
        source: Where this comes from, in words; None if nothing is known.
        kind: Kind of all of its holes.
        classes: (H, W) uint8, 0 for none, else the place of the kind in `names`, from 1.
        names: The kinds: by default those of `bokwon.types.DamageClass`.
        confidence: (H, W) uint8, percent: how sure a detector is of each pixel's kind; None where none was asked.
    """

    source: str | None = None
    kind: str | None = None
    classes: NDArray[np.uint8] | None = None
    names: tuple[str, ...] = _KINDS
    confidence: NDArray[np.uint8] | None = None

    def of(self, place: tuple[slice, slice], inside: Hole) -> str | None:
        """Return the kind of a hole: the most frequent class of the pixels that `inside` marks in a window."""
        if self.classes is None:
            return self.kind
        counts = np.bincount(self.classes[place][inside], minlength=2)[1:]
        return self.names[int(counts.argmax())] if counts.any() else None

    def confidence_of(self, place: tuple[slice, slice], inside: Hole) -> float | None:
        """Return how sure a detector is of the hole `inside` a place, in [0, 1]; None where none was asked."""
        if self.confidence is None:
            return None
        # Pixels that only the rim of a hole has added are of no piece of damage.
        values = self.confidence[place][inside]
        found = values[values > 0]
        return float(np.median(found)) / 100 if found.size else None

    def areas(self, hole: Hole) -> dict[str, int]:
        """Return how many pixels of a hole are of which kind, the largest first; those of no kind are left out."""
        if self.classes is None:
            return {self.kind: int(np.count_nonzero(hole))} if self.kind else {}
        counts = np.bincount(self.classes[hole], minlength=2)
        order = sorted(np.flatnonzero(counts[1:]), key=lambda kind: -int(counts[kind + 1]))
        return {self.names[kind]: int(counts[kind + 1]) for kind in order}


def read_damage(
    mask: Source,
    number: int,
    size: tuple[int, int],
    kind: str | None,
    max_pixels: int,
    *,
    turn: Orientation = Orientation.UPRIGHT,
) -> Damage:
    """Find the kind of damage behind the holes of a mask.

    The first of these that exists is used: a class map beside the mask, with the suffix `.classes.png`; the column
    `damage` of the table of masks; a `manifest.jsonl` in the folder of the mask or above it, whose line for this mask
    has `damage`.

    Args:
        mask: The mask.
        number: Number of the page, if the class map has several.
        size: Width and height of the page.
        kind: Kind of damage from the table of masks; None if it has none.
        max_pixels: Larger class maps are refused.
        turn: Rotation or mirroring of the mask and its class map to the orientation of the stored page.

    Raises:
        ArgumentError: The class map is of another size, or a kind of damage is unknown.
        InputFileError: The class map or the manifest is damaged.
    """
    path = mask.path
    # Where its name would be too long there is none; `Path.is_file` would fail.
    if path is not None and os.path.isfile(sidecar := class_map_of(path)):  # noqa: PTH113
        classes = _read_classes(sidecar, number, turn.inverse.size(size), max_pixels)
        return Damage(f"class map {sidecar.name}", classes=turn.apply(classes))
    if kind:
        return Damage("table of masks", _known(kind, "the table of masks"))
    if path is not None and (manifest := manifest_of(path)) is not None:
        named = _read_manifest(manifest, manifest.stat().st_mtime_ns).get(path.absolute())
        return Damage(_MANIFEST, _known(named, str(manifest))) if named else Damage()
    return Damage()


def manifest_of(mask: Path) -> Path | None:
    """Return the manifest nearest to a mask: in its folder or above it; None if there is none."""
    candidates = (folder / _MANIFEST for folder in mask.absolute().parents[:_PARENTS])
    return next((manifest for manifest in candidates if manifest.is_file()), None)


def describe_holes(hole: Hole, levels: NDArray[np.uint8], damage: Damage) -> tuple[dict[str, Any], ...]:
    """Describe the connected holes of a page, the largest first, at most 10,000 of them.

    Args:
        hole: (H, W).
        levels: (H, W) evidence levels.
        damage: What is known about their damage.

    Returns:
        For each its `box` (left, top, width, height), `area` in pixels, farthest `evidence` level, `damage` kind or
        None, `confidence` or None, and `derived_shape`.
    """
    found = []
    for (left, top, width, height), inside in connected_holes(hole):
        place = slice(top, top + height), slice(left, left + width)
        at_border = left == 0 or top == 0 or left + width == hole.shape[1] or top + height == hole.shape[0]
        found.append(
            {
                "box": [left, top, width, height],
                "area": int(np.count_nonzero(inside)),
                "evidence": int(levels[place][inside].max()),
                "damage": damage.of(place, inside),
                "confidence": damage.confidence_of(place, inside),
                "derived_shape": outline_shape(inside, at_border=at_border, page=max(hole.shape)),
            }
        )
    return tuple(found)


def connected_holes(hole: Hole) -> Iterator[tuple[tuple[int, int, int, int], Hole]]:
    """Yield the connected holes of a page, the largest first, 10,000 at most.

    Args:
        hole: (H, W).

    Yields:
        Left, top, width and height of its box, and the hole (height, width) within it.
    """
    import cv2

    count, labels, stats, _ = cv2.connectedComponentsWithStats(hole.astype(np.uint8), connectivity=8)
    for label in sorted(range(1, count), key=lambda label: -int(stats[label, cv2.CC_STAT_AREA]))[:_MOST_HOLES]:
        left, top, width, height = (int(value) for value in stats[label][:4])
        yield (left, top, width, height), np.asarray(labels[top : top + height, left : left + width] == label)


def outline_shape(inside: Hole, *, at_border: bool, page: int) -> str:
    """Name a hole by its outline alone, which says nothing of what made it.

    With its thickness, the diameter of the largest disc that fits in, a hole is

    - a `line` if its area is at least four times the thickness squared: long for how thin it is, straight or not;
    - else a `margin loss` if it touches the border of the page;
    - else a `spot` if the square root of its area is at most 1 % of the page's longer side;
    - else an `area`.

    Args:
        inside: (h, w), the hole within its box.
        at_border: Whether it touches the border of the page.
        page: The page's longer side, pixels.
    """
    import cv2

    depth = cv2.distanceTransform(np.pad(inside, 1).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    # The distance to the middle of the first known pixel: half a pixel more than to the hole's edge.
    thickness = 2.0 * float(depth.max()) - 1.0
    area = np.count_nonzero(inside)
    if area >= _LONG * thickness**2:
        return "line"
    if at_border:
        return "margin loss"
    return "spot" if area**0.5 <= _SMALL * page else "area"


def _known(kind: str, where: str) -> str:
    if kind not in _KINDS:
        raise ArgumentError(
            f"{where} names damage {kind!r}, which is unknown", f"choose from {', '.join(_KINDS)}, or leave it empty"
        )
    return kind


def _read_classes(path: Path, number: int, size: tuple[int, int], max_pixels: int) -> NDArray[np.uint8]:
    with open_document(Source.of(path), max_pixels=max_pixels) as document:
        page = document.page(number if document.pages > 1 else 1)
    if page.mode != "L" or page.pixels.dtype != np.uint8 or int(page.pixels.max()) > len(_KINDS):
        raise InputFileError(
            f"class map {path} is no gray image of 8 bits with values from 0 to {len(_KINDS)}",
            "write the class numbers of docs/research/damage.md, or remove it",
        )
    if page.size != size:
        raise ArgumentError(
            f"class map {path} is {page.size[0]}x{page.size[1]} and the image {size[0]}x{size[1]}",
            "make it of the image's size, or remove it",
        )
    return np.asarray(page.pixels)


@lru_cache(maxsize=4)
def _read_manifest(path: Path, _changed: int) -> Mapping[Path, str]:
    """Return the kind of damage of each mask that a manifest names one for."""
    found = {}
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line) if line.strip() else {}
            if isinstance(record, dict) and isinstance(record.get("file"), str) and record.get("damage"):
                found[path.parent.absolute() / record["file"]] = str(record["damage"])
    except OSError as error:
        raise FileAccessError(f"manifest {path} cannot be read: {error.strerror}", "check the path") from error
    except ValueError as error:
        raise InputFileError(f"manifest {path} is not JSON, one object a line: {error}", "mend it") from error
    return found
