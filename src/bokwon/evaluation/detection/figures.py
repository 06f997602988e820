"""Counts for one page or scene: sound pixels that are marked, and damaged pixels that are found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bokwon.detection.detector import Damage
from bokwon.detection.kinds import FILLED, KINDS
from bokwon.synthesis.scenes.classes import CLASSES, IGNORE

__all__ = ["GROUPS", "Counts", "RegionVerdict", "count_pixels", "find_ink", "judge_regions", "polygon_mask"]

Bools = NDArray[np.bool_]

GROUPS: dict[str, tuple[str, ...]] = {
    "missing paper and tears": ("missing paper", "tear"),
    "creases and scratches": ("crease", "scratch"),
    "abrasion": ("abrasion",),
    "stains that hide": ("hiding stain",),
    "stains that are readable": ("readable stain",),
    "film and dust": ("film and dust",),
    "all that is filled": FILLED,
}
"""Kinds that are measured together."""

# Share of the paper's lightness below which a pixel is ink.
_INK = 0.6


@dataclass
class Counts:
    """Pixels found and missed.

    Attributes:
        hit: Damaged pixels that were found.
        extra: Found pixels that are not damaged.
        missed: Damaged pixels that were not found.
    """

    hit: int = 0
    extra: int = 0
    missed: int = 0

    def add(self, other: Counts) -> None:
        """Add the pixels of another page."""
        self.hit, self.extra, self.missed = (
            self.hit + other.hit,
            self.extra + other.extra,
            self.missed + other.missed,
        )

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, in [0, 1]; 0 if there are no pixels."""
        return 2 * self.hit / max(2 * self.hit + self.extra + self.missed, 1)

    @property
    def precision(self) -> float:
        """Share of the found pixels that are damaged."""
        return self.hit / max(self.hit + self.extra, 1)

    @property
    def recall(self) -> float:
        """Share of the damaged pixels that were found."""
        return self.hit / max(self.hit + self.missed, 1)


@dataclass(frozen=True)
class RegionVerdict:
    """A region, and whether it is right.

    Attributes:
        kind: Its kind.
        confidence: In [0, 1].
        right: True if at least half of its pixels are damage of its own kind, or of a kind that is filled.
        area: Pixels of the region, ignored ones too.
    """

    kind: str
    confidence: float
    right: bool
    area: int


def count_pixels(damage: Damage, labels: NDArray[np.uint8], group: Sequence[str], threshold: float) -> Counts:
    """Compare what was found with the labels of a scene.

    Args:
        damage: What was found.
        labels: uint8 (H, W), numbers of `CLASSES`, `NOT_DAMAGE` or `IGNORE`. Ignored pixels do not count.
        group: Kinds that count, treated as one.
        threshold: Least confidence.
    """
    counted = labels != IGNORE
    truth = np.isin(labels, [CLASSES.index(kind) for kind in group]) & counted
    found = np.isin(damage.kinds, [KINDS.index(kind) + 1 for kind in group]) & (damage.confidence >= threshold)
    found &= counted
    return Counts(int((found & truth).sum()), int((found & ~truth).sum()), int((truth & ~found).sum()))


def judge_regions(damage: Damage, labels: NDArray[np.uint8]) -> list[RegionVerdict]:
    """Return which regions are right. Regions that lie mostly on ignored pixels are left out."""
    verdicts = []
    filled = np.isin(labels, [CLASSES.index(kind) for kind in FILLED])
    for region in damage.regions:
        left, top, right, bottom = region.box
        window = (slice(top, bottom), slice(left, right))
        inside = (damage.kinds[window] == KINDS.index(region.kind) + 1) & (
            damage.confidence[window] == np.float32(region.confidence)
        )
        counted = inside & (labels[window] != IGNORE)
        judged = int(counted.sum())
        if judged < 0.3 * inside.sum() or judged == 0:
            continue
        truth = labels[window] == CLASSES.index(region.kind)
        if region.kind in FILLED:
            truth = truth | filled[window]
        right = bool((counted & truth).sum() >= judged / 2)
        verdicts.append(RegionVerdict(region.kind, region.confidence, right, region.area))
    return verdicts


def find_ink(gray: NDArray[np.uint8]) -> Bools:
    """Find ink: pixels darker than 60 % of the paper around them, where the paper is light.

    Args:
        gray: uint8 (H, W).

    Returns:
        bool (H, W).
    """
    side = max(gray.shape) // 60 * 2 + 1
    bright = cv2.dilate(cv2.blur(gray, (3, 3)), np.ones((side, side), np.uint8))
    paper = cv2.blur(bright, (side, side)).astype(np.float32)
    return np.asarray((gray < _INK * paper) & (paper > 90))


def polygon_mask(shape: tuple[int, int], polygons: Sequence[Sequence[Sequence[float]]]) -> Bools:
    """Fill polygons of (x, y) corners: bool (H, W)."""
    mask = np.zeros(shape, np.uint8)
    for polygon in polygons:
        cv2.fillPoly(mask, [np.round(np.asarray(polygon, float)).astype(np.int32)], 1)
    return mask > 0
