"""Decisions: lines that survive everything but their own deletion."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bokwon.batch.treatment.decisions import REVIEW, Decided
from bokwon.errors import FileAccessError
from bokwon.serve.folder.review import Review


def decisions(review: Review) -> dict[tuple[str, int], str]:
    return {page: decided.decision for page, decided in review.all().items()}


def test_the_last_decision_counts(tmp_path: Path) -> None:
    folder = tmp_path / "restored"
    review = Review(folder)
    assert review.of("a.png", 1) is None
    assert not folder.exists()
    review.decide("a.png", 1, "reject")
    review.decide("a.png", 1, "approve")
    review.decide("c.tif", 2, "undamaged")
    assert decisions(review) == {("a.png", 1): "approve", ("c.tif", 2): "undamaged"}
    assert review.of("c.tif", 1) is None
    assert Review(folder).all() == review.all()
    review.decide("a.png", 1, "open")
    assert decisions(Review(folder)) == {("c.tif", 2): "undamaged"}


def test_every_line_tells_what_was_decided_when(tmp_path: Path) -> None:
    Review(tmp_path).decide("책.png", 1, "approve", of="result", mask="abc")
    (line,) = (tmp_path / REVIEW).read_text().splitlines()
    told = json.loads(line)
    about = {"file": "책.png", "page": 1, "decision": "approve", "time": "", "of": "result", "mask": "abc"}
    assert {**told, "time": ""} == about
    assert told["time"].endswith("+00:00")
    assert Review(tmp_path).of("책.png", 1) == Decided("approve", told["time"], "result", "abc")


def test_decisions_of_another_server_are_seen(tmp_path: Path) -> None:
    one, other = Review(tmp_path), Review(tmp_path)
    one.decide("a.png", 1, "approve")
    assert decisions(other) == {("a.png", 1): "approve"}
    other.decide("a.png", 1, "reject")
    assert decisions(one) == {("a.png", 1): "reject"}


def test_lines_that_are_not_whole_are_passed_by(tmp_path: Path) -> None:
    Review(tmp_path).decide("a.png", 1, "approve")
    with (tmp_path / REVIEW).open("a") as stream:
        stream.write('null\n[]\n{"file": "a.png", "page": "x", "decision": "reject"}\n{"file": "b.png", "pa')
    assert decisions(Review(tmp_path)) == {("a.png", 1): "approve"}


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(FileAccessError):
        Review(tmp_path / "file").decide("a.png", 1, "approve")
