from __future__ import annotations

import pytest

from bokwon.synthesis.pages import frequency_lists
from bokwon.synthesis.pages.text import clusters, script_of


@pytest.mark.parametrize(
    ("name", "script"),
    [
        ("HANJA", "hanja"),
        ("HANGUL", "hangul"),
        ("HIRAGANA", "kana"),
        ("KATAKANA", "kana"),
        ("OLD_HANGUL", "old_hangul"),
    ],
)
def test_a_list_holds_its_script_alone(name: str, script: str) -> None:
    found = list(getattr(frequency_lists, name))
    assert {script_of(character) for character in found} == {script}
    assert len(set(found)) >= 20


def test_syllables_in_old_spelling_are_one_cluster_each() -> None:
    assert clusters("".join(frequency_lists.OLD_HANGUL)) == list(frequency_lists.OLD_HANGUL)


def test_english_words_are_letters_and_begin_with_the_most_frequent() -> None:
    words = frequency_lists.ENGLISH.split()
    assert words[:3] == ["the", "of", "and"]
    assert all(word.isalpha() for word in words)
