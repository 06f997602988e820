"""What requests may say, and what is told when they say something else."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.requests import Request

from bokwon.errors import ArgumentError
from bokwon.serve.folder.routes.requests import box_of, choice, json_body, number, version_asked, whole_number
from bokwon.serve.problems import HttpError


def request(tag: str | None) -> Request:
    headers = [] if tag is None else [(b"if-match", tag.encode())]
    return Request({"type": "http", "headers": headers})


def test_versions_are_read_from_the_header() -> None:
    assert [version_asked(request(tag)) for tag in ('"17"', 'W/"17"', " 17 ", '"0"')] == [17, 17, 17, 0]
    for tag, status in ((None, 428), ("*", 400), ('"x"', 400), ('"17', 400), ('"' + "9" * 40 + '"', 400)):
        with pytest.raises(HttpError) as caught:
            version_asked(request(tag))
        assert caught.value.status == status


def test_bodies_are_objects() -> None:
    assert json_body(b'{"a": 1}') == {"a": 1}
    assert json_body(b"  ") == {}
    for body in (b"[]", b"nul", b"\xff", b"[" * 100_000):
        with pytest.raises(HttpError) as caught:
            json_body(body)
        assert caught.value.status == 400


def test_boxes_are_cut_to_the_page() -> None:
    assert box_of([10, 20, 30, 40], (100, 50)) == (10, 20, 30, 40)
    assert box_of("-5,0,300,300", (100, 50)) == (0, 0, 100, 50)
    for told in (None, 5, [1, 2, 3], [1, 2, 3, True], [0.5, 0, 1, 1], "a,b,c,d", [10, 10, 10, 20], [200, 0, 300, 10]):
        with pytest.raises(ArgumentError):
            box_of(told, (100, 50))


@pytest.mark.parametrize("value", [5, "5", 5.0])
def test_whole_numbers(value: Any) -> None:
    assert whole_number({"x": value}, "x", None, 0, 9) == 5
    assert whole_number({}, "x", 3, 0, 9) == 3
    with pytest.raises(ArgumentError, match="x is no whole number from 6 to 9"):
        whole_number({"x": value}, "x", None, 6, 9)


@pytest.mark.parametrize("value", [None, True, "x", 5.5, [5], "9" * 30, float("nan"), float("inf")])
def test_what_is_no_number(value: Any) -> None:
    with pytest.raises(ArgumentError):
        whole_number({"x": value}, "x", None, 0, 9)
    if value not in (None, 5.5):
        with pytest.raises(ArgumentError):
            number({"x": value}, "x", None, 0, 9)


def test_numbers_and_words() -> None:
    assert number({"x": 0}, "x", 0.9, 0, 1) == 0.0
    assert number({}, "x", 0.9, 0, 1) == 0.9
    assert number({}, "x", None, 0, 1) is None
    assert choice({"x": "a"}, "x", ("a", "b")) == "a"
    assert choice({}, "x", ("a", "b"), "b") == "b"
    for told in ({}, {"x": "c"}, {"x": ["a"]}):
        with pytest.raises(ArgumentError, match="x is none of a, b"):
            choice(told, "x", ("a", "b"))
