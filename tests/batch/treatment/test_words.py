from __future__ import annotations

from bokwon.batch.journal import STATUSES
from bokwon.batch.treatment.words import MATERIALS, STATUS, kind_words
from bokwon.settings import MODELS
from bokwon.types import DAMAGE_KINDS, DETECTOR_CLASSES


def test_every_kind_of_damage_has_words_in_both_languages() -> None:
    for kind in (*DAMAGE_KINDS, *DETECTOR_CLASSES):
        english, korean = kind_words(kind)
        assert english.isascii()
        assert all("가" <= letter <= "힣" or letter in " ·" for letter in korean)


def test_what_is_unknown_keeps_its_name() -> None:
    assert kind_words("<odd>") == ("<odd>", "<odd>")


def test_every_status_has_words_in_the_order_of_tables() -> None:
    assert tuple(STATUS) == STATUSES


def test_every_material_has_words() -> None:
    assert MATERIALS.keys() == MODELS.keys()
