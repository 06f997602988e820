"""Builds answers, and routes that pass a request to its function."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bokwon.serve.folder.desk import Desk
from bokwon.serve.folder.index import Entry

__all__ = ["Call", "json_answer", "of_folder", "of_page"]

Call = Callable[[Desk, Request, bytes], Response]
"""Answers a request about the folder; it is given the body, and runs in a thread."""

PageCall = Callable[[Desk, Entry, Request, bytes], Response]
"""Answers a request about a page."""


def json_answer(told: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer of JSON. It is never cached."""
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Response(body, status, {"Cache-Control": "no-store", **(headers or {})}, "application/json")


def of_folder(desk: Desk, path: str, methods: dict[str, Call]) -> Route:
    """Return the route of an address.

    Args:
        desk: The folder.
        path: The address below /api/v1.
        methods: What answers each method.
    """

    async def answer(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        body = b"" if method in ("GET", "DELETE") else await request.body()
        return await run_in_threadpool(methods[method], desk, request, body)

    return Route(path, answer, methods=list(methods))


def of_page(desk: Desk, path: str, methods: dict[str, PageCall], *, sound: bool = True) -> Route:
    """Return the route of an address of a page.

    Args:
        desk: The folder.
        path: The address behind that of the page.
        methods: What answers each method.
        sound: Whether requests about unreadable pages are refused.
    """

    def of(call: PageCall) -> Call:
        def answer(desk: Desk, request: Request, body: bytes) -> Response:
            name = request.path_params["id"]
            entry = desk.workspace.sound_page(name) if sound else desk.workspace.page(name)
            return call(desk, entry, request, body)

        return answer

    return of_folder(desk, "/pages/{id}" + path, {method: of(call) for method, call in methods.items()})
