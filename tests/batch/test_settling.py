"""Files of a folder that is watched are taken once they have stopped changing."""

from __future__ import annotations

from bokwon.batch.settling import Settling


def test_a_file_is_whole_once_it_has_not_changed_for_long_enough() -> None:
    settling = Settling(10)
    assert settling.whole({"a": 1}, 100) == []
    assert settling.whole({"a": 1, "b": 1}, 105) == []
    assert settling.whole({"a": 1, "b": 1}, 110) == ["a"]
    assert settling.whole({"a": 1, "b": 2}, 115) == ["a"]
    assert settling.whole({"a": 1, "b": 2}, 124.9) == ["a"]
    assert settling.whole({"a": 1, "b": 2}, 125) == ["a", "b"]


def test_a_file_that_changes_or_goes_away_begins_anew() -> None:
    settling = Settling(10)
    settling.whole({"a": 1, "b": 1}, 0)
    assert settling.whole({"a": 2}, 20) == []
    assert settling.whole({"a": 2, "b": 1}, 30) == ["a"]
    assert settling.whole({"a": 2, "b": 1}, 40) == ["a", "b"]
