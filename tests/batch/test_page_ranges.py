from __future__ import annotations

import pytest

from bokwon.batch.page_ranges import select_pages
from bokwon.errors import ArgumentError


@pytest.mark.parametrize(
    ("text", "pages", "expected"),
    [
        ("3", 5, {3}),
        ("1,4-6", 6, {1, 4, 5, 6}),
        ("3-end", 5, {3, 4, 5}),
        (" 2 , 2-3 ", 3, {2, 3}),
        ("1-end", 1, {1}),
        # A file of fewer pages has none of these.
        ("4-end", 2, set()),
    ],
)
def test_numbers_and_ranges(text: str, pages: int, expected: set[int]) -> None:
    assert select_pages(text, pages) == expected


def test_pages_beyond_the_end_are_an_error_unless_they_may_be_missing() -> None:
    with pytest.raises(ArgumentError, match="no page 7, only 5"):
        select_pages("2,7", 5)
    assert select_pages("2,4-7", 5, missing=True) == {2, 4, 5}
    assert select_pages("7", 5, missing=True) == frozenset()


def test_without_a_file_the_text_alone_is_looked_over() -> None:
    assert select_pages("3-end,9") == frozenset()
    for text in ("", "a", "0", "3-2", "1-", "-2", "1;2", "end"):
        with pytest.raises(ArgumentError, match="pages"):
            select_pages(text)
