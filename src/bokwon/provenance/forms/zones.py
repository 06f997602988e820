"""Other names of a kind of damage: zones of SegmOnto, and words for display."""

from __future__ import annotations

from bokwon.types import DAMAGE_KINDS, DETECTOR_CLASSES

__all__ = ["label_of", "zone_of"]

_ZONE = "DamageZone"
_SEVERAL = {"missing paper": "hole", "hiding stain": "stained", "readable stain": "stained"}
"""Zones of what a detector finds where several kinds look alike: it sees a hole, and not whether fire made it."""
_KOREAN = {
    "missing paper": "결손",
    "tear": "찢김",
    "crease": "꺾임",
    "scratch": "긁힘",
    "abrasion": "마모",
    "hiding stain": "글자를 가린 얼룩",
    "readable stain": "글자가 보이는 얼룩",
    "film and dust": "필름 흠·먼지",
}


def zone_of(damage: str | None) -> str:
    """Return the label of a kind of damage in SegmOnto, the vocabulary of page segmentation.

    Args:
        damage: A name of `DAMAGE_KINDS` or of `DETECTOR_CLASSES`; None for damage of an unknown kind.

    Returns:
        Such as `DamageZone:hole`; `DamageZone` where SegmOnto has no name for the kind.

    Source: SegmOnto, a controlled vocabulary for the layout of pages: zone `DamageZone`.
    """
    if damage in _SEVERAL:
        zone: str | None = _SEVERAL[damage]
    elif damage in DAMAGE_KINDS:
        zone = DAMAGE_KINDS[damage].zone
    else:
        zone = next((kind.zone for kind in DAMAGE_KINDS.values() if kind.hides == damage), None)
    return f"{_ZONE}:{zone}" if zone else _ZONE


def label_of(damage: str | None) -> tuple[str, str]:
    """Return a conservator's word for a kind of damage, in English and Korean; see `zone_of`."""
    if damage in DAMAGE_KINDS:
        return DAMAGE_KINDS[damage].english, DAMAGE_KINDS[damage].korean
    if damage in DETECTOR_CLASSES:
        return damage, _KOREAN[damage]
    return "damage", "훼손"
