"""Limits the size and the waiting time of request bodies."""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bokwon.serve.problems import HttpError, problem_of

__all__ = ["UploadLimits"]

_PATIENCE = 30.0
"""Seconds in which some of a body has to come."""


class UploadLimits:
    """Ends requests whose bodies are too large, or stop coming.

    Args:
        app: The ASGI application behind it.
        most: Bytes that a body may have.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; see ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "")
        if length.isdecimal() and int(length) > self._most:
            # Before anything of it is read.
            await problem_of(self._too_large())(scope, receive, send)
            return
        received, whole = 0, False

        async def receive_within() -> Message:
            nonlocal received, whole
            if whole:
                # What comes now is the end of the connection, and may take its time.
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), _PATIENCE)
            except asyncio.TimeoutError:
                raise HttpError(
                    408, "The upload stopped", f"nothing arrived for {_PATIENCE:g} seconds", "send it again"
                ) from None
            received += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if received > self._most:
                raise self._too_large()
            return message

        await self._app(scope, receive_within, send)

    def _too_large(self) -> HttpError:
        mebibytes = self._most / (1 << 20)
        return HttpError(
            413,
            "The upload is too large",
            f"this server takes up to {mebibytes:,.4g} MiB for a request",
            "send a smaller file, or start the server with a larger --max-upload",
        )
