"""Answers in the language that a client asks for: the texts for people in JSON, such as problems and notices."""

from __future__ import annotations

import json
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bokwon.serve.problems import in_language
from bokwon.utilities.translation import ENGLISH, LANGUAGES

__all__ = ["InLanguage", "asked_language", "translated"]

_JSON = ("application/json", "application/problem+json")
_OF_PROBLEMS = ("title", "detail", "fix")
_OF_ALL = ("notices", "reading")
"""Members that hold texts for people, in problems and elsewhere."""


class InLanguage:
    """Translates the answers of an application, where `Accept-Language` asks for another language than English.

    Args:
        app: The ASGI application behind it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; see ASGI."""
        to = asked_language(Headers(scope=scope).get("accept-language", "")) if scope["type"] == "http" else ENGLISH
        if to == ENGLISH:
            await self._app(scope, receive, send)
            return
        start: Message | None = None
        body = bytearray()

        async def send_translated(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                if Headers(scope=message).get("content-type", "").partition(";")[0] in _JSON:
                    start = message
                    return
            elif start is not None and message["type"] == "http.response.body":
                body.extend(message.get("body", b""))
                if message.get("more_body"):
                    return
                message = {**message, "body": _translate_body(start, bytes(body), to)}
                await send(start)
            await send(message)

        await self._app(scope, receive, send_translated)


def _translate_body(start: Message, body: bytes, to: str) -> bytes:
    if not body:
        # The answer to HEAD.
        return body
    told = json.dumps(translated(json.loads(body), to)).encode("ascii")
    headers = MutableHeaders(scope=start)
    headers["Content-Length"] = str(len(told))
    headers["Content-Language"] = to
    return told


def asked_language(accepted: str) -> str:
    """Return the language of `LANGUAGES` that a header `Accept-Language` prefers; English if it names none of them."""
    ranked: list[tuple[float, str]] = []
    for part in accepted.split(","):
        tag, _, quality = part.partition(";")
        try:
            weight = float(quality.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if (name := tag.strip().lower().partition("-")[0]) in LANGUAGES and weight > 0:
            ranked.append((-weight, name))
    return min(ranked, key=lambda item: item[0])[1] if ranked else ENGLISH


def translated(told: Any, to: str, *, problem: bool = False) -> Any:
    """Return JSON with its texts for people in another language; names and all other members stay.

    Args:
        told: The JSON.
        to: One of `bokwon.utilities.translation.LANGUAGES`.
        problem: Whether it is the `problem` of a page or job. It is translated as a problem although it has no
            `status`.
    """
    if isinstance(told, list):
        return [translated(item, to) for item in told]
    if not isinstance(told, dict):
        return told
    problem = problem or {"status", "title", "detail"} <= told.keys()
    names = (*_OF_ALL, *_OF_PROBLEMS) if problem else _OF_ALL
    return {
        key: _text(value, to) if key in names else translated(value, to, problem=key == "problem")
        for key, value in told.items()
    }


def _text(value: Any, to: str) -> Any:
    if isinstance(value, list):
        return [_text(item, to) for item in value]
    return in_language(value, to) if isinstance(value, str) else translated(value, to)
