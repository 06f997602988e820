"""The settings of the server, each with its default."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from bokwon.errors import ArgumentError
from bokwon.image_io.reader import MAX_PIXELS

__all__ = ["Settings", "is_loopback"]

_MIB = 1 << 20
_SHORTEST_TOKEN = 16
"""Characters. Shorter ones can be guessed over a network."""


@dataclass(frozen=True)
class Settings:
    """Address, access and limits of the server.

    Attributes:
        host: The address it listens on.
        token: Clients send it as `Authorization: Bearer TOKEN`. None: no token is asked for.
        names: Further names that the header Host may have, such as the name of a proxy.
        opening_token: One-time token of the opened address. If it or `token` is set, requests need a token or session.
        max_upload: Bytes that a request may have.
        max_pixels: Larger pages are refused before they are decoded.
        timeout: Seconds that one request's work may take.
        workers: How many pieces of work run at a time.
        most_waiting: How many more may wait.
        threads: Threads of each worker; None: all cores, shared by the workers.

    Raises:
        ArgumentError: The address is reachable from other machines, and the token is missing or easy to guess.
    """

    host: str = "127.0.0.1"
    token: str | None = None
    names: tuple[str, ...] = ()
    opening_token: str | None = None
    max_upload: int = 512 * _MIB
    max_pixels: int = MAX_PIXELS
    timeout: float = 3600.0
    workers: int = 2
    most_waiting: int = 64
    threads: int | None = None

    def __post_init__(self) -> None:
        """Check that nobody is let in by mistake."""
        fix = "give another one, such as the output of `openssl rand -hex 16`: --token TOKEN"
        if self.token is not None and re.fullmatch(r"[!-~]+", self.token) is None:
            raise ArgumentError("the token is empty or has other characters than ASCII letters, digits and signs", fix)
        if is_loopback(self.host):
            return
        if self.token is None:
            raise ArgumentError(f"others can reach the server at {self.host}, and there is no token", fix)
        if len(self.token) < _SHORTEST_TOKEN:
            raise ArgumentError(f"the token is shorter than {_SHORTEST_TOKEN} characters, and easily guessed", fix)

    @property
    def is_guarded(self) -> bool:
        """Whether requests need a token or a session."""
        return self.token is not None or self.opening_token is not None


def is_loopback(host: str) -> bool:
    """Return whether only programs on this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
