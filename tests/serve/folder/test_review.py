"""Decisions: lines that survive everything but their own deletion."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bokwon.errors import FileAccessError
from bokwon.serve.folder.review import REVIEW, Review


def test_the_last_decision_counts(tmp_path: Path) -> None:
    folder = tmp_path / "restored"
    review = Review(folder)
    assert review.of("a.png", 1) is None
    assert not folder.exists()
    review.decide("a.png", 1, "reject")
    review.decide("a.png", 1, "approve")
    review.decide("c.tif", 2, "undamaged")
    assert (review.of("a.png", 1), review.of("c.tif", 2), review.of("c.tif", 1)) == ("approve", "undamaged", None)
    assert Review(folder).all() == {("a.png", 1): "approve", ("c.tif", 2): "undamaged"}
    review.decide("a.png", 1, "open")
    assert Review(folder).all() == {("c.tif", 2): "undamaged"}


def test_every_line_tells_what_was_decided_when(tmp_path: Path) -> None:
    Review(tmp_path).decide("책.png", 1, "approve")
    (line,) = (tmp_path / REVIEW).read_text().splitlines()
    told = json.loads(line)
    assert {**told, "time": ""} == {"file": "책.png", "page": 1, "decision": "approve", "time": ""}
    assert told["time"].endswith("+00:00")


def test_decisions_of_another_server_are_seen(tmp_path: Path) -> None:
    one, other = Review(tmp_path), Review(tmp_path)
    one.decide("a.png", 1, "approve")
    assert other.of("a.png", 1) == "approve"
    other.decide("a.png", 1, "reject")
    assert one.of("a.png", 1) == "reject"


def test_lines_that_are_not_whole_are_passed_by(tmp_path: Path) -> None:
    Review(tmp_path).decide("a.png", 1, "approve")
    with (tmp_path / REVIEW).open("a") as stream:
        stream.write('null\n[]\n{"file": "a.png", "page": "x", "decision": "reject"}\n{"file": "b.png", "pa')
    assert Review(tmp_path).all() == {("a.png", 1): "approve"}


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(FileAccessError):
        Review(tmp_path / "file").decide("a.png", 1, "approve")
