"""Values in the forms of both versions of the Presentation API."""

from __future__ import annotations

from typing import Any

import pytest

from bokwon.iiif.values import as_list, language_map, plain_text, whole_number


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"ko": ["가", "나"], "none": ["x"]}, {"ko": ["가", "나"], "none": ["x"]}),
        ("a text", {"none": ["a text"]}),
        ({"@value": "Titel", "@language": "de"}, {"de": ["Titel"]}),
        (["x", {"@value": "y"}, {"@value": "z", "@language": "en"}], {"none": ["x", "y"], "en": ["z"]}),
        ({"en": "no list"}, {"en": ["no list"]}),
        (None, {}),
        ([None, True, {}, ["deep"], {"@value": None}, " "], {}),
        (1907, {"none": ["1907"]}),
        ({"e\x1bn": ["x"], "zh-Hant": ["y"], "a b": ["z"]}, {"none": ["x", "z"], "zh-Hant": ["y"]}),
    ],
)
def test_texts_become_language_maps(value: Any, expected: dict[str, list[str]]) -> None:
    assert language_map(value) == expected


def test_texts_cannot_move_the_cursor_and_are_not_endless() -> None:
    assert language_map("a\x1b[2Jb\r\nc\ud800") == {"none": ["a [2Jb  c"]}
    assert len(language_map("x" * 1_000_000)["none"][0]) == 10_000


def test_plain_text_is_one_line_in_the_first_language() -> None:
    assert plain_text({"ko": ["<b>가</b> &amp;\n나", "다"], "en": ["x"]}) == "가 & 나; 다"
    assert plain_text({}) == ""


def test_an_item_alone_is_a_list() -> None:
    values: list[Any] = [[1, 2], 1, None, {}]
    assert [as_list(value) for value in values] == [[1, 2], [1], [], [{}]]


def test_only_positive_whole_numbers_count() -> None:
    assert [whole_number(value) for value in (7, "7", 7.0)] == [7, 7, 7]
    values: list[Any] = [0, -7, 7.5, True, None, "-7", "x", "9" * 20, float("inf"), float("nan"), 1 << 40, [7]]
    assert [whole_number(value) for value in values] == [None] * len(values)
