"""Names of kinds of damage in SegmOnto and for people."""

from __future__ import annotations

import pytest

from bokwon.provenance.forms.zones import label_of, zone_of
from bokwon.types import DAMAGE_KINDS, DETECTOR_CLASSES

ZONES = {"hole", "stained", "charred", "foxed", "mold", "peeled"}
"""Of SegmOnto's damage zones."""


def test_every_kind_has_the_zone_of_the_table() -> None:
    for name, kind in DAMAGE_KINDS.items():
        assert zone_of(name) == (f"DamageZone:{kind.zone}" if kind.zone else "DamageZone")
        assert kind.zone is None or kind.zone in ZONES
        assert label_of(name) == (kind.english, kind.korean)


@pytest.mark.parametrize(
    ("found", "zone"),
    [
        ("missing paper", "DamageZone:hole"),
        ("tear", "DamageZone:hole"),
        ("abrasion", "DamageZone:peeled"),
        ("hiding stain", "DamageZone:stained"),
        ("readable stain", "DamageZone:stained"),
        ("crease", "DamageZone"),
        ("scratch", "DamageZone"),
        ("film and dust", "DamageZone"),
    ],
)
def test_what_a_detector_finds_has_the_zone_that_it_can_see(found: str, zone: str) -> None:
    assert zone_of(found) == zone


def test_everything_has_a_name_in_both_languages() -> None:
    for name in (*DETECTOR_CLASSES, None):
        english, korean = label_of(name)
        assert english.isascii()
        assert not korean.isascii()
    assert zone_of(None) == "DamageZone"
