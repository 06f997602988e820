"""Errors as answers: every one is a problem of RFC 9457."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from bokwon.errors import (
    ArgumentError,
    BokwonError,
    FileAccessError,
    InputFileError,
    MemoryLimitError,
    MissingDependencyError,
    OutputExistsError,
    TimeLimitError,
)
from bokwon.serve.problems import HANDLERS, MEDIA_TYPE, HttpError, error_of, facts_of, problem


def client_of(error: Exception) -> TestClient:
    def fail(request: Request) -> Response:
        raise error

    routes = [Route("/fail", fail), Route("/fine", lambda request: PlainTextResponse("fine"))]
    return TestClient(Starlette(routes=routes, exception_handlers=HANDLERS), raise_server_exceptions=False)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ArgumentError("a"), 422),
        (InputFileError("a"), 422),
        (MissingDependencyError("a"), 503),
        (FileAccessError("a"), 409),
        (OutputExistsError("a"), 409),
        (MemoryLimitError("a"), 503),
        (TimeLimitError("a"), 503),
        (BokwonError("a"), 500),
        (HttpError(412, "Changed meanwhile", "a"), 412),
        (MemoryError(), 503),
        (KeyError("a"), 500),
    ],
)
def test_each_error_has_its_status(error: Exception, status: int) -> None:
    answer = client_of(error).get("/fail")
    assert answer.status_code == answer.json()["status"] == status
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert ("retry-after" in answer.headers) == (status == 503)


def test_detail_and_fix_are_those_of_the_error() -> None:
    answer = client_of(InputFileError("page.png is damaged", "get an undamaged copy")).get("/fail")
    assert answer.json() == {
        "type": "about:blank",
        "status": 422,
        "title": "The file cannot be read",
        "detail": "page.png is damaged",
        "fix": "get an undamaged copy",
    }


def test_an_error_may_bring_title_and_headers() -> None:
    error = HttpError(429, "Too many requests", "busy", headers={"Retry-After": "60"})
    answer = client_of(error).get("/fail")
    assert (answer.json()["title"], answer.headers["retry-after"]) == ("Too many requests", "60")
    assert "fix" not in answer.json()


@pytest.mark.parametrize("code", [1, 2, 3, 5, 6, 7, 8, 15, 130])
def test_a_report_tells_the_kind_of_error(code: int) -> None:
    error = error_of(code, "it is wrong", "do this")
    assert (error.message, error.fix) == ("it is wrong", "do this")
    assert error.exit_code == (15 if code == 130 else code)
    assert not isinstance(error, HttpError)


def test_options_of_the_command_are_told_as_parameters() -> None:
    fix = "if it means the rest, add --holes black; add --allow-large to fill so much (--timeout SECONDS)"
    assert facts_of(ArgumentError("add --mask-view stored", fix)) == {
        "status": 422,
        "title": "This cannot be done as asked",
        "detail": "add mask_view=stored",
        "fix": "if it means the rest, add holes=black; add allow_large=true to fill so much (--timeout SECONDS)",
    }


def test_what_starlette_refuses_is_a_problem_too() -> None:
    client = client_of(ArgumentError("a"))
    missing, wrong = client.get("/none"), client.post("/fine")
    assert missing.json()["detail"] == "/none does not exist"
    assert (wrong.status_code, wrong.json()["detail"]) == (405, "POST is not possible on /fine")
    assert set(wrong.headers["allow"].split(", ")) == {"GET", "HEAD"}
    assert wrong.headers["content-type"] == MEDIA_TYPE


def test_names_that_are_not_utf8_are_told() -> None:
    answer = problem(422, "title", "caf\udce9.png is damaged", fix="none")
    assert b"caf\\udce9.png" in answer.body
