from __future__ import annotations

import pytest

from bokwon.synthesis.damage import KINDS
from bokwon.types import DAMAGE_KINDS, DETECTOR_CLASSES, DamageClass

# SegmOnto's labels of damage zones.
ZONES = {"hole", "stained", "charred", "foxed", "mold", "peeled", None}


def test_every_class_has_one_row_under_its_own_name() -> None:
    assert [row.damage_class for row in DAMAGE_KINDS.values()] == [kind for kind in DamageClass if kind]
    assert list(DAMAGE_KINDS) == [kind.name.lower() for kind in DamageClass if kind]
    for name, row in DAMAGE_KINDS.items():
        assert row.name == name
        assert DAMAGE_KINDS[DamageClass(row.damage_class).name.lower()] is row


def test_values_of_class_maps_never_change() -> None:
    # They are in files that are out in the world.
    names = ["insect", "tear", "crease", "burn", "abrasion", "flaking", "mould", "stain", "tape", "scratch", "dust"]
    assert {row.name: int(row.damage_class) for row in DAMAGE_KINDS.values()} == {
        name: value for value, name in enumerate(names, 1)
    }


def test_the_table_and_the_detector_name_the_same_classes() -> None:
    named = {row.hides for row in DAMAGE_KINDS.values()} | {row.readable for row in DAMAGE_KINDS.values()}
    assert named == {*DETECTOR_CLASSES, None}
    assert len(DETECTOR_CLASSES) == 8


@pytest.mark.parametrize("row", DAMAGE_KINDS.values(), ids=DAMAGE_KINDS)
def test_a_row_has_a_zone_and_terms_in_both_languages(row) -> None:
    assert row.zone in ZONES
    assert row.english.isascii()
    # Hangul syllables.
    assert any("\uac00" <= character <= "\ud7a3" for character in row.korean)


def test_terms_are_told_apart() -> None:
    for term in ("english", "korean"):
        assert len({getattr(row, term) for row in DAMAGE_KINDS.values()}) == len(DAMAGE_KINDS)


def test_the_generator_draws_all_but_dust() -> None:
    assert [*KINDS, "dust"] == list(DAMAGE_KINDS)
