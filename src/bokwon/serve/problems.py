"""Turns errors into answers. Each is an RFC 9457 problem that says what is wrong and what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

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
from bokwon.utilities.memory import as_bokwon_error
from bokwon.utilities.translation import translate

__all__ = [
    "HANDLERS",
    "MEDIA_TYPE",
    "RETRY_AFTER",
    "HttpError",
    "error_of",
    "facts_of",
    "in_language",
    "problem",
    "problem_of",
]

MEDIA_TYPE = "application/problem+json"

RETRY_AFTER = 5
"""Seconds after which a client may try again, where the server is busy."""

_KINDS: tuple[tuple[type[BokwonError], int, str], ...] = (
    (ArgumentError, 422, "This cannot be done as asked"),
    (InputFileError, 422, "The file cannot be read"),
    (MissingDependencyError, 503, "Something is not installed"),
    (FileAccessError, 409, "A file or folder cannot be used"),
    (OutputExistsError, 409, "It already exists, or is in use"),
    (MemoryLimitError, 503, "There is too little memory"),
    (TimeLimitError, 503, "It took too long"),
    (BokwonError, 500, "Something went wrong"),
)
"""Class of error, its HTTP status, and the title of its problem. The first that fits counts."""

_VALUED = re.compile(r"--(holes|mask-as|mask-view|format) ([a-z0-9]+)")
_FLAG = re.compile(r"--(allow-large|fit-mask)\b")
_PARAMETER = re.compile(r"\b(holes|mask_as|mask_view|format)=([a-z0-9]+)")
_TRUE = re.compile(r"\b(allow_large|fit_mask)=true")


class HttpError(BokwonError):
    """An error that knows its HTTP status.

    Args:
        status: HTTP status, 400 to 599.
        title: What kind of problem it is, in a few words.
        message: What is wrong.
        fix: What to do.
        headers: More headers of the answer.
    """

    def __init__(
        self, status: int, title: str, message: str, fix: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message, fix)
        self.status = status
        self.title = title
        self.headers = dict(headers or {})


def facts_of(error: BokwonError) -> dict[str, Any]:
    """Return an error as the members of a problem: `status`, `title`, `detail`, and `fix` where there is one.

    Command-line options in the message are written as HTTP parameters: `--holes black` as `holes=black`.
    """
    if isinstance(error, HttpError):
        status, title = error.status, error.title
    else:
        _, status, title = next(row for row in _KINDS if isinstance(error, row[0]))
    facts = {"status": status, "title": title, "detail": _as_parameters(error.message)}
    return facts | ({"fix": _as_parameters(error.fix)} if error.fix else {})


def error_of(code: int, message: str, fix: str) -> BokwonError:
    """Return the error that a report of files tells of.

    Args:
        code: Its exit code.
        message: What is wrong.
        fix: What to do.
    """
    kind = next((kind for kind, *_ in _KINDS if kind.exit_code == code), BokwonError)
    return kind(message, fix)


def _as_parameters(text: str) -> str:
    text = _VALUED.sub(lambda found: f"{found[1].replace('-', '_')}={found[2]}", " ".join(text.split()))
    return _FLAG.sub(lambda found: f"{found[1].replace('-', '_')}=true", text)


def in_language(text: str, to: str) -> str:
    """Translate a text of a problem, whose options were written as HTTP parameters.

    Args:
        text: The text in English.
        to: One of `bokwon.utilities.translation.LANGUAGES`.
    """
    text = _PARAMETER.sub(lambda found: f"--{found[1].replace('_', '-')} {found[2]}", text)
    return _as_parameters(translate(_TRUE.sub(lambda found: f"--{found[1].replace('_', '-')}", text), to))


def problem(status: int, title: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    """Return the answer for a problem.

    Args:
        status: HTTP status, 400 to 599.
        title: What kind of problem it is, in a few words; the same for all problems of that kind.
        detail: What is wrong in this case.
        headers: More headers of the answer.
        more: Further members, such as `fix`.
    """
    facts = {"type": "about:blank", "status": status, "title": title, "detail": detail, **more}
    # Names of files that are not UTF-8 have characters that only the escapes of JSON can tell.
    body = json.dumps(facts, ensure_ascii=True).encode("ascii")
    given = dict(headers or {})
    if status in (429, 503):
        given.setdefault("Retry-After", str(RETRY_AFTER))
    return Response(body, status, given, MEDIA_TYPE)


def problem_of(error: BokwonError) -> Response:
    """Return the answer for an error."""
    return problem(**facts_of(error), headers=error.headers if isinstance(error, HttpError) else None)


def _on_bokwon_error(_: Request, error: Exception) -> Response:
    return problem_of(as_bokwon_error("the request", error))


def _on_http_error(request: Request, error: Exception) -> Response:
    """Answer what Starlette refuses: no such path, another method, a form that cannot be read."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    told = str(error.detail) if isinstance(error, HTTPException) else ""
    phrase = HTTPStatus(status).phrase
    detail = {
        404: f"{request.url.path} does not exist",
        405: f"{request.method} is not possible on {request.url.path}",
    }.get(status, told)
    return problem(status, phrase, detail, headers=error.headers if isinstance(error, HTTPException) else None)


def _on_disconnect(_: Request, __: Exception) -> Response:
    """Answer whoever left before everything was sent. Nobody reads it; the log does not call it an error."""
    return problem(400, "The upload was interrupted", "the connection ended before the whole request had arrived")


HANDLERS: dict[Any, Callable[[Request, Exception], Response]] = {
    BokwonError: _on_bokwon_error,
    HTTPException: _on_http_error,
    ClientDisconnect: _on_disconnect,
    Exception: _on_bokwon_error,
}
"""What answers errors, for `Starlette(exception_handlers=HANDLERS)`."""
