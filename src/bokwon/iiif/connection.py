"""HTTP downloads: one request at a time, with a pause before the next, and limits of size and time.

Source: RFC 9110, sections 10.2.3 (`Retry-After`) and 15 (status codes).
"""

from __future__ import annotations

import http.client
import io
import json
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timezone
from email.message import Message
from email.utils import parsedate_to_datetime
from time import monotonic, sleep
from typing import Any, BinaryIO
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urljoin, urlsplit, urlunsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from bokwon.errors import FileAccessError, InputFileError
from bokwon.version import __version__

__all__ = ["Connection", "RefusedError", "UnavailableError", "checked_url"]

AGENT = f"bokwon/{__version__}"
PAUSE = 0.5
"""Seconds between the end of one request and the beginning of the next."""
SILENCE = 60.0
"""Seconds. A request fails if no byte comes for this long."""
LONGEST_REQUEST = 1800.0
"""Seconds that one answer may take."""
BACKOFF = (2.0, 8.0, 30.0)
"""Seconds before the second, third and fourth try."""
LONGEST_WAIT = 300.0
"""Seconds. A server that asks for a longer wait is left alone."""
MOST_JSON = 64 << 20
"""Bytes of a manifest. The manifest of a book of some thousand pages has about ten megabytes."""
_CHUNK = 1 << 16
_TRY_LATER = (408, 425, 429, 500, 502, 503, 504)
_FAULTY = (500, 502, 504)
"""Those of `_TRY_LATER` that the request itself may cause: the image may be too large for the server."""
_ALLOWED = "%/:=&?~+!$,;'@()*[]"
"""Characters besides letters and digits that are not encoded in the path and query of a URL."""
_AGAIN = "run the same command again later: it continues where it stopped"


class RefusedError(FileAccessError):
    """The server answers with an error status.

    Attributes:
        status: Status code of the answer.
    """

    def __init__(self, message: str, fix: str, status: int) -> None:
        super().__init__(message, fix)
        self.status = status


class UnavailableError(FileAccessError):
    """The server does not answer, or asks for a wait longer than `LONGEST_WAIT`."""


class _TransientError(Exception):
    """An error that may be gone at the next try.

    Args:
        reason: What is wrong.
        wait: Seconds for which the server asks to wait.
        status: Status code of the answer; 0 if none came.
    """

    def __init__(self, reason: str, wait: float = 0.0, status: int = 0) -> None:
        super().__init__(reason)
        self.wait = wait
        self.status = status


class _Redirects(HTTPRedirectHandler):
    """Follows redirects to http and https only."""

    max_redirections = 5

    def http_error_302(self, req: Request, fp: Any, code: int, msg: str, headers: Message) -> Any:
        """Follow a redirect; see `urllib.request.HTTPRedirectHandler`."""
        target = urljoin(req.full_url, headers.get("location") or "")
        try:
            checked_url(target, source=req.full_url)
        except InputFileError:
            fp.close()
            raise
        # Python 3.10 does not know 308, which differs from 307 only for requests that send something.
        return super().http_error_302(req, fp, 307 if code == 308 else code, msg, headers)  # type: ignore[arg-type]

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def checked_url(url: str, *, source: str = "") -> str:
    """Return a URL that can be requested: without its fragment, and with percent-encoding where it is needed.

    Args:
        url: The URL.
        source: URL that redirects there, for the message.

    Raises:
        InputFileError: It is not an absolute URL of http or https.
    """
    try:
        parts = urlsplit(url.strip())
        # Reading the port checks it.
        if parts.scheme.lower() in ("http", "https") and parts.hostname and parts.port != 0:
            host = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode("ascii")
            path, query = quote(parts.path, safe=_ALLOWED), quote(parts.query, safe=_ALLOWED)
            return urlunsplit((parts.scheme.lower(), host, path, query, ""))
    except ValueError:
        pass
    named = f"{source} leads to {url!r}, which" if source else repr(url)
    raise InputFileError(f"{named} is not a URL that begins with http:// or https://", "check the address")


class Connection:
    """Sends one request at a time, with a pause before the next. It has no cookies and no logins.

    After a transient error the request is sent again: up to three times, with a longer wait each time, and not before
    the time that the server names (`Retry-After`). Proxies are those of the environment (`https_proxy`).

    Args:
        say: Called with one sentence when a request has to be sent again.
    """

    def __init__(self, say: Callable[[str], None] = lambda text: None) -> None:
        self._say = say
        self._free_at = 0.0
        self._opener = OpenerDirector()
        for handler in (
            ProxyHandler(),
            HTTPHandler(),
            HTTPSHandler(),
            HTTPDefaultErrorHandler(),
            _Redirects(),
            HTTPErrorProcessor(),
        ):
            self._opener.add_handler(handler)

    def save(self, url: str, stream: BinaryIO, *, most: int, accept: str = "*/*") -> None:
        """Write the body of an answer to a stream.

        Args:
            url: What to request.
            stream: Where to; seekable, it is emptied first.
            most: Bytes that the answer may have.
            accept: Media types to ask for.

        Raises:
            InputFileError: The URL is not one of http or https, or the answer is larger than `most`.
            RefusedError: The server refuses.
            UnavailableError: It does not answer, or a transient error came at every try.
        """
        address = checked_url(url)
        request = Request(address, headers={"User-Agent": AGENT, "Accept": accept})
        for backoff in (*BACKOFF, None):
            sleep(max(0.0, self._free_at - monotonic()))
            stream.seek(0)
            stream.truncate()
            try:
                self._send(request, stream, most)
                return
            except _TransientError as fault:
                if backoff is None or fault.wait > LONGEST_WAIT:
                    if fault.status in _FAULTY:
                        raise RefusedError(f"{address}: {fault}", _AGAIN, fault.status) from fault
                    raise UnavailableError(f"{address}: {fault}", _AGAIN) from fault
                wait = max(backoff, fault.wait)
                self._say(f"{address}: {fault}; trying again in {wait:g} seconds")
                sleep(wait)
            finally:
                self._free_at = monotonic() + PAUSE
        raise AssertionError("the last try returns or raises")

    def json(self, url: str) -> Any:
        """Return the JSON of an answer.

        Raises:
            InputFileError: It is not JSON.
            BokwonError: See `save`.
        """
        buffer = io.BytesIO()
        self.save(url, buffer, most=MOST_JSON, accept="application/ld+json, application/json, */*;q=0.1")
        try:
            return json.loads(buffer.getvalue())
        except (ValueError, RecursionError) as error:
            raise InputFileError(f"the answer of {checked_url(url)} is not JSON", "check the address") from error

    def _send(self, request: Request, stream: BinaryIO, most: int) -> None:
        ends = monotonic() + LONGEST_REQUEST
        with self._open(request) as response:
            told = response.headers.get("Content-Length", "")
            length = int(told) if told.isdecimal() else None
            taken = 0
            for chunk in _chunks(response):
                taken += len(chunk)
                if max(taken, length or 0) > most:
                    raise InputFileError(
                        f"the answer of {request.full_url} is larger than {most:,} bytes, which is too large",
                        "check the address; the server may be faulty",
                    )
                if monotonic() > ends:
                    raise _TransientError(f"the answer took longer than {LONGEST_REQUEST:g} seconds")
                stream.write(chunk)
        if length is not None and taken < length:
            raise _TransientError(f"the answer was cut off after {taken:,} of {length:,} bytes")

    def _open(self, request: Request) -> Any:
        """Send a request and return its open answer.

        Raises:
            BokwonError: The server refuses.
            _TransientError: Another try may succeed.
        """
        url = request.full_url
        try:
            return self._opener.open(request, timeout=SILENCE)
        except HTTPError as error:
            with error:
                raise _of_status(error, url) from error
        except URLError as error:
            reason = error.reason
            if isinstance(reason, ssl.SSLCertVerificationError):
                message = f"{url}: the certificate of the server cannot be verified ({reason.verify_message})"
                raise UnavailableError(message, "check the address and the clock of this computer") from error
            if isinstance(reason, socket.gaierror) and reason.errno == socket.EAI_NONAME:
                message = f"{url}: there is no such server"
                raise UnavailableError(message, "check the address and the connection to the network") from error
            raise _TransientError(_reason(reason)) from error
        except (http.client.InvalidURL, UnicodeError) as error:
            raise InputFileError(f"{url!r} is not a URL: {error}", "check the address") from error
        except (http.client.HTTPException, OSError) as error:
            raise _TransientError(_reason(error)) from error


def _chunks(response: Any) -> Iterator[bytes]:
    """Yield the body of an answer. Errors of the network become transient errors; those of the consumer do not."""
    while True:
        try:
            chunk = response.read1(_CHUNK)
        except http.client.IncompleteRead as error:
            raise _TransientError("the answer was cut off") from error
        except (http.client.HTTPException, OSError, ValueError) as error:
            raise _TransientError(_reason(error)) from error
        if not chunk:
            return
        yield chunk


def _of_status(error: HTTPError, url: str) -> Exception:
    """Return the error for an answer with an error status."""
    told = f"the server answers {error.code} {error.reason}".strip()
    if error.code in _TRY_LATER:
        wait = _seconds(error.headers.get("Retry-After"))
        if wait > LONGEST_WAIT:
            told += f", and asks to wait for {wait:,.0f} seconds"
        return _TransientError(told, wait, error.code)
    if error.code in (401, 403):
        fix = "bokwon has no logins: download the image in a browser, if you may see it there, and restore the file"
    elif error.code in (404, 410):
        fix = "check the address"
    else:
        fix = "check the address; if it is right, ask those who run the server"
    return RefusedError(f"{url}: {told}", fix, error.code)


def _seconds(told: str | None) -> float:
    """Return the seconds of a `Retry-After`, a number or a date; 0 if it is neither."""
    if told is None:
        return 0.0
    if told.strip().isdecimal():
        return float(told)
    with suppress(ValueError, TypeError, OverflowError):
        when = parsedate_to_datetime(told)
        when = when if when.tzinfo else when.replace(tzinfo=timezone.utc)
        return max(0.0, (when - datetime.now(timezone.utc)).total_seconds())
    return 0.0


def _reason(error: object) -> str:
    if isinstance(error, TimeoutError):
        return f"the server does not answer for {SILENCE:g} seconds"
    if isinstance(error, http.client.HTTPException):
        return "the answer is not HTTP" if not isinstance(error, http.client.RemoteDisconnected) else "no answer came"
    told = getattr(error, "strerror", None) or str(error)
    return f"the server cannot be reached: {told}"
