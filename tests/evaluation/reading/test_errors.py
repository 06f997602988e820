from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bokwon.errors import ArgumentError
from bokwon.evaluation.reading.errors import Alignment, Edits, add_edits, align, count_edits, normalise, recovered

TEXTS = st.text("abc天", max_size=12)


@pytest.mark.parametrize(
    ("text", "reading", "substituted", "inserted", "missing"),
    [
        ("天地玄黃", "天地玄黃", 0, 0, 0),
        ("天地玄黃", "天他玄黃", 1, 0, 0),
        ("天地玄黃", "天地玄玄黃", 0, 1, 0),
        ("天地玄黃", "天黃", 0, 0, 2),
        ("天地玄黃", "", 0, 0, 4),
        ("", "abc", 0, 3, 0),
        ("kitten", "sitting", 2, 1, 0),
    ],
)
def test_edits_by_hand(text: str, reading: str, substituted: int, inserted: int, missing: int) -> None:
    assert count_edits(text, reading) == Edits(len(text), substituted, inserted, missing)


def distance(first: str, second: str) -> int:
    """The textbook's recursion, cell by cell."""
    previous = list(range(len(second) + 1))
    for row, one in enumerate(first, 1):
        current = [row]
        for column, two in enumerate(second, 1):
            current.append(min(previous[column] + 1, current[-1] + 1, previous[column - 1] + (one != two)))
        previous = current
    return previous[-1]


def test_an_alignment_by_hand() -> None:
    assert align("天地玄黃", "天他黃") == Alignment(("天", None, "他", "黃"), (0, 0, 0, 0, 0))
    assert align("ab", "a?b!") == Alignment(("a", "b"), (0, 1, 1))
    assert align("", "ab") == Alignment((), (2,))
    assert align("ab", "") == Alignment((None, None), (0, 0, 0))


@given(text=TEXTS, reading=TEXTS)
def test_an_alignment_gives_the_reading_back(text: str, reading: str) -> None:
    aligned = align(text, reading)
    left = iter(reading)
    for read, before in zip((*aligned.read, None), aligned.inserted, strict=True):
        for _ in range(before):
            next(left)
        assert read is None or next(left) == read
    assert next(left, None) is None


@given(text=TEXTS, reading=TEXTS)
def test_edits_are_as_few_as_possible_and_add_up(text: str, reading: str) -> None:
    edits = count_edits(text, reading)
    assert edits.substituted + edits.inserted + edits.missing == distance(text, reading)
    assert len(text) - edits.missing + edits.inserted == len(reading)


def test_the_rate_counts_everything_over_the_length() -> None:
    edits = add_edits([Edits(10, 1, 2, 3), Edits(10, 0, 0, 4)])
    assert edits == Edits(20, 1, 2, 7)
    assert edits.rate == pytest.approx(0.5)
    with pytest.raises(ArgumentError):
        _ = Edits(0, 0, 1, 0).rate


def test_recovered() -> None:
    assert recovered(0.1, 0.5, 0.2) == pytest.approx(0.75)
    assert recovered(0.1, 0.5, 0.6) == pytest.approx(-0.25)
    assert recovered(0.1, 0.1, 0.1) is None


def test_texts_are_compared_without_space_and_composed() -> None:
    assert normalise(" ha\u0308nd \n 한글\u3000") == "händ한글"
    assert normalise("\u1112\u1161\u11ab") == "한"
