"""Access checks: the server's own host name, no foreign web page, and a token or a session opened with one."""

from __future__ import annotations

import ipaddress
import re
import secrets
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bokwon.serve.problems import HttpError, problem_of
from bokwon.serve.settings import Settings

__all__ = ["Guard", "SecurityHeaders"]

_SAFE = ("GET", "HEAD", "OPTIONS")
_PUBLIC = "/api/v1/health"
_SESSION_DAYS = 30
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^\[\]:@/\\\s]+)(:\d+)?")

_HEADERS = {
    # Pictures are made by scripts too (data:, blob:); nothing else comes from anywhere but this server.
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

_SHUT_OUT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>bokwon</title>
<h1>bokwon</h1>
<p>This address can be opened once, by the browser that is started with it. Stop the command with Ctrl-C, and run
<code>bokwon open</code> again.</p>
<p lang="ko">이 주소는 명령이 연 브라우저에서 한 번만 열 수 있습니다. Ctrl-C로 명령을 끝내고 <code>bokwon open</code>을
다시 실행하십시오.</p></html>"""


class SecurityHeaders:
    """Adds security headers to every answer.

    Args:
        app: The ASGI application behind it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; see ASGI."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                # What nobody says may be kept is not: pictures of other people's papers.
                ours = {**_HEADERS, "Cache-Control": "no-store"}
                extra = [
                    (name.lower().encode("ascii"), value.encode("ascii"))
                    for name, value in ours.items()
                    if name.lower().encode("ascii") not in given
                ]
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class Guard:
    """Refuses requests that are not allowed.

    Args:
        app: The ASGI application behind it.
        settings: Settings of the server.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._names = frozenset(name.lower() for name in (settings.host, "localhost", *settings.names))
        self._opening = settings.opening_token
        self._session = secrets.token_urlsafe(32)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; see ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            answer = self._check(scope, headers)
        except HttpError as error:
            answer = problem_of(error)
        await (answer or self._app)(scope, receive, send)

    def _check(self, scope: Scope, headers: Headers) -> Response | None:
        """Return an answer of the guard's own; None to go on.

        Raises:
            HttpError: The request may not be made.
        """
        host = headers.get("host", "")
        if not self._is_ours(host):
            # A foreign name that leads here is how web pages reach servers of the machine that shows them.
            raise HttpError(
                403,
                "Wrong host",
                f"this server is not {host!r}",
                "open it by its address; if a proxy uses this name, start the server with --allow-host NAME",
            )
        self._check_origin(scope, headers, host)
        if not self._settings.is_guarded or scope["path"] == _PUBLIC:
            return None
        if scope["method"] == "GET" and (token := _token_of(scope)) is not None:
            return self._open(scope, headers, token)
        if self._has_session(scope, headers) or self._has_token(headers):
            return None
        if "text/html" in headers.get("accept", ""):
            return HTMLResponse(_SHUT_OUT, 401, {"WWW-Authenticate": "Bearer"})
        raise HttpError(
            401,
            "Not allowed without a token",
            "the request has no valid token",
            "send the header Authorization: Bearer TOKEN, with the TOKEN that the server was started with",
            {"WWW-Authenticate": "Bearer"},
        )

    def _is_ours(self, host: str) -> bool:
        name = _name_of(host)
        if name in self._names:
            return True
        try:
            # Names of others lead to an address; an address leads nowhere else.
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def _check_origin(self, scope: Scope, headers: Headers, host: str) -> None:
        """Refuse what a web page of another server asks for.

        Raises:
            HttpError: It is one.
        """
        if scope["method"] in _SAFE:
            return
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        same = urlsplit(origin).netloc.lower() == host.lower() if origin is not None else site == "same-origin"
        # Programs send neither; a browser sends one of them with every request that changes something.
        if (origin is not None or site is not None or self._has_session(scope, headers)) and not (
            same or (site == "none" and origin is None)
        ):
            raise HttpError(
                403,
                "Foreign web page",
                "the request comes from a web page of another server, or from none",
                "use the page that this server shows; programs send no header Origin, and a token in place of a cookie",
            )

    def _open(self, scope: Scope, headers: Headers, token: str) -> Response | None:
        """Begin a session for who has the token in the address, and take it out of the address."""
        once = self._opening is not None and secrets.compare_digest(token.encode(), self._opening.encode())
        if once:
            self._opening = None
        if not (once or self._is_token(token) or self._has_session(scope, headers)):
            return HTMLResponse(_SHUT_OUT, 401, {"WWW-Authenticate": "Bearer"})
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        query.pop("token")
        rest = urlencode(query, doseq=True)
        # A path of two slashes would lead to another server.
        answer = RedirectResponse("/" + scope["path"].lstrip("/") + (f"?{rest}" if rest else ""), 303)
        answer.set_cookie(
            _cookie_name(scope),
            self._session,
            max_age=_SESSION_DAYS * 86400,
            httponly=True,
            samesite="strict",
            secure=scope["scheme"] == "https",
        )
        return answer

    def _has_session(self, scope: Scope, headers: Headers) -> bool:
        jar = SimpleCookie()
        try:
            jar.load(headers.get("cookie", ""))
        except CookieError:
            return False
        found = jar.get(_cookie_name(scope))
        return found is not None and secrets.compare_digest(found.value.encode(), self._session.encode())

    def _has_token(self, headers: Headers) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self._is_token(token.strip())

    def _is_token(self, token: str) -> bool:
        ours = self._settings.token
        return ours is not None and secrets.compare_digest(token.encode(), ours.encode())


def _cookie_name(scope: Scope) -> str:
    # Browsers send cookies to all ports of a machine: two servers must not take each other's.
    _, port = scope.get("server") or ("", 0)
    return f"bokwon-{port}"


def _token_of(scope: Scope) -> str | None:
    values = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True).get("token")
    return values[0] if values and not scope["path"].startswith("/api/") else None


def _name_of(host: str) -> str:
    """Return the name in a header Host, without port and the brackets of IPv6; empty where there is none."""
    found = _HOST.fullmatch(host.lower())
    return found["name"].strip("[]") if found else ""
