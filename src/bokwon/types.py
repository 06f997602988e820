"""What several packages share: array types, and the one table of the kinds of damage."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "DAMAGE_KINDS",
    "DETECTOR_CLASSES",
    "READABLE",
    "DamageClass",
    "DamageKind",
    "DetectorClass",
    "Hole",
    "Pixels",
]

Hole = NDArray[np.bool_]
"""(H, W), True where pixels are missing."""

Pixels = NDArray[Any]
"""Samples as stored: bool (H, W) for 1-bit, uint8 or uint16 (H, W) for gray, (H, W, 2..4) otherwise."""

DetectorClass = Literal[
    "missing paper", "tear", "crease", "scratch", "abrasion", "hiding stain", "readable stain", "film and dust"
]
"""Kinds that a detector can distinguish. It cannot see whether an insect or a fire destroyed the paper."""

DETECTOR_CLASSES: tuple[DetectorClass, ...] = get_args(DetectorClass)

READABLE: DetectorClass = "readable stain"
"""The kind that is not filled unless the caller chooses it: text under such a stain is still there."""


class DamageClass(IntEnum):
    """Value of a pixel in a class map."""

    NONE = 0
    """Untouched: the pixel is exactly what it was."""
    INSECT = 1
    """Tunnels and exit holes of insects, and the soiled rim around them."""
    TEAR = 2
    """Torn-off edges and corners, rips, and the bare fibres along them."""
    CREASE = 3
    """Folds and cracks: broken surface and the shading of the ridge."""
    BURN = 4
    """Burnt away, charred, or scorched."""
    ABRASION = 5
    """Rubbed surface."""
    FLAKING = 6
    """Ink, paint or emulsion that came off in flakes."""
    MOULD = 7
    """Mould: cores and tinted halo."""
    STAIN = 8
    """Water stain; the text stays readable, so it is never a hole."""
    TAPE = 9
    """Adhesive tape: a hole only where it is opaque."""
    SCRATCH = 10
    """Scratches, hairs and lint."""
    DUST = 11
    """Dust on the scanner's glass, and defects of film; the generator does not draw it."""


@dataclass(frozen=True)
class DamageKind:
    """One row of the table of damage.

    Attributes:
        damage_class: Its value in class maps.
        hides: The detector's kind where it hides the content.
        readable: The detector's kind where the text stays readable; None if that does not count as damage.
        zone: Its `DamageZone` label in SegmOnto, the vocabulary of page segmentation; None if there is none.
        english: English name, as conservators use it.
        korean: Korean name.
    """

    damage_class: DamageClass
    hides: DetectorClass
    readable: DetectorClass | None
    zone: str | None
    english: str
    korean: str

    @property
    def name(self) -> str:
        """Its name in tables, manifests and records: the lower-case name of the class."""
        return self.damage_class.name.lower()


_ROWS = (
    DamageKind(DamageClass.INSECT, "missing paper", None, "hole", "insect damage", "충해"),
    DamageKind(DamageClass.TEAR, "tear", None, "hole", "tear", "찢김"),
    DamageKind(DamageClass.CREASE, "crease", None, None, "crease", "꺾임"),
    DamageKind(DamageClass.BURN, "missing paper", "readable stain", "charred", "burn", "탄화"),
    DamageKind(DamageClass.ABRASION, "abrasion", None, "peeled", "abrasion", "마모"),
    DamageKind(DamageClass.FLAKING, "abrasion", None, "peeled", "flaking", "박락"),
    DamageKind(DamageClass.MOULD, "hiding stain", "readable stain", "mold", "mould", "곰팡이"),
    DamageKind(DamageClass.STAIN, "hiding stain", "readable stain", "stained", "stain", "얼룩"),
    DamageKind(DamageClass.TAPE, "hiding stain", "readable stain", None, "adhesive tape", "테이프"),
    DamageKind(DamageClass.SCRATCH, "scratch", None, None, "scratch", "긁힘"),
    DamageKind(DamageClass.DUST, "film and dust", None, None, "film defect or dust", "필름 흠·먼지"),
)

DAMAGE_KINDS: dict[str, DamageKind] = {row.name: row for row in _ROWS}
"""Name to row, in the order of the classes. By value: `DAMAGE_KINDS[DamageClass(3).name.lower()]`."""
