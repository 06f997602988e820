"""Runs the application: binds the address, opens the browser, and shuts down cleanly."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool

from bokwon.errors import ArgumentError, FileAccessError
from bokwon.serve.jobs import Jobs
from bokwon.serve.settings import Settings
from bokwon.utilities.checksums import sha256_of
from bokwon.utilities.signals import ENDING, handling, present

__all__ = ["Server", "address_of", "bind", "has_browser", "new_token", "open_browser", "run", "usual_port"]

_PATIENCE = 10
"""Seconds that answers may still take when the server stops."""
_BACKLOG = 2048
_PORTS = range(20000, 32768)
"""Below the ephemeral ports, which systems give to clients."""


def new_token() -> str:
    """Return a random token that cannot be guessed."""
    return secrets.token_urlsafe(24)


def usual_port(path: Path) -> int:
    """Return the port for a folder: the same each time, because browsers keep what they store by address and port.

    Args:
        path: The folder, or a file in it.
    """
    number = int(sha256_of(os.fsencode(path.resolve()))[:8], 16)
    return _PORTS[number % len(_PORTS)]


def bind(host: str, port: int) -> socket.socket:
    """Bind a socket to an address.

    Args:
        host: Name or address.
        port: 0 for any that is free.

    Raises:
        ArgumentError: It is no address of this machine.
        FileAccessError: It is in use, or not permitted.
    """
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise ArgumentError(f"{host} is no address", "give one of this machine, such as 127.0.0.1") from error
    listener = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":
            # So that the port can be taken again right after a server has ended.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
    except OSError as error:
        listener.close()
        reason = error.strerror or error
        raise FileAccessError(
            f"the server cannot listen on {host} port {port}: {reason}", "name another one with --port"
        ) from error
    return listener


def address_of(listener: socket.socket, host: str) -> str:
    """Return the address by which a browser reaches a server, such as http://127.0.0.1:8000/."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://{f'[{name}]' if ':' in name else name}:{listener.getsockname()[1]}/"


def has_browser() -> bool:
    """Return whether a browser can be opened on the user's screen; False over ssh and without a screen."""
    if any(os.environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY")):
        return False
    if sys.platform.startswith("linux") and not any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")):
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def open_browser(address: str) -> None:
    """Open an address, without waiting for the browser."""
    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def run(
    make: Callable[[Settings, Jobs], Starlette],
    settings: Settings,
    listener: socket.socket,
    *,
    ready: Callable[[], None],
    verbose: bool = False,
) -> None:
    """Serve until a signal ends it.

    Args:
        make: Makes the application.
        settings: Those of the server.
        listener: Where it listens.
        ready: Called once it answers.
        verbose: Whether every request is logged.

    Raises:
        Exception: What `ready` raises.
        KeyboardInterrupt: Ctrl-C, SIGTERM or SIGHUP ended it, if the process turns that signal into this exception.
    """
    jobs = Jobs(settings.workers, most_waiting=settings.most_waiting)
    logging.basicConfig(format="bokwon: %(message)s", level=logging.INFO if verbose else logging.WARNING)
    # It tells of every form that is broken.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
    config = uvicorn.Config(
        make(settings, jobs),
        lifespan="on",
        ws="none",
        log_config=None,
        access_log=verbose,
        server_header=False,
        timeout_graceful_shutdown=_PATIENCE,
        backlog=_BACKLOG,
    )
    server = Server(config, jobs, ready)
    server.run(sockets=[listener])
    if server.failure is not None:
        raise server.failure


class Server(uvicorn.Server):
    """A uvicorn server that releases event listeners when it stops, and also handles SIGHUP.

    Args:
        config: The application, and how it is served.
        jobs: The queue of its work.
        ready: Called once it answers.

    Attributes:
        failure: What `ready` raised: then the server stops.
    """

    def __init__(self, config: uvicorn.Config, jobs: Jobs, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._jobs = jobs
        self._ready = ready
        self.failure: Exception | None = None

    async def main_loop(self) -> None:
        """Tell that the server answers, and serve until it is to stop."""
        try:
            self._ready()
        except Exception as error:
            # Raising it here would leave the jobs running.
            self.failure = error
            return
        await super().main_loop()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop the work, then the server."""
        # Streams of events would keep their connections open until the patience ends.
        await run_in_threadpool(self._jobs.close)
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Let a signal stop the server first, and then run the process's own handler."""
        with handling((*ENDING, *present("SIGBREAK")), self.handle_exit):
            yield
        # What the signal means to the rest of the program comes after the server has stopped.
        for number in self._captured_signals[:1]:
            signal.raise_signal(number)
