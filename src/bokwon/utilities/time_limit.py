"""A time limit for work that cannot be stopped from within its own process.

A decoder in C that never returns holds Python's lock, so no thread and no signal handler of its process can run. So
the work is done in a child process, and the parent kills the child.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from time import sleep
from typing import Protocol

from bokwon.errors import BokwonError, TimeLimitError
from bokwon.utilities.awake_clock import AwakeClock
from bokwon.utilities.signals import present
from bokwon.utilities.translation import told, translate

__all__ = ["DEFAULT_LIMIT", "FAMILY", "allow_supervision", "die_with", "leave_child", "overdue", "supervised"]

DEFAULT_LIMIT = 4 * 3600
"""Seconds. A document of some thousand pages takes less."""

_FORWARDED = present("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
_SUPERVISOR = "BOKWON_SUPERVISOR"
"""In the environment of a child that began the program anew: the process number of its parent, and `FAMILY`."""
_CRASHED = 256
"""From this exit code on, Windows reports a crash. Exit codes that a program chooses are smaller."""
_LOOK = 0.02
"""Seconds between two looks at the child. One look takes microseconds."""
_PR_SET_PDEATHSIG = 1

_parent, _, _family = os.environ.pop(_SUPERVISOR, "").partition("-")
FAMILY = _family or os.urandom(4).hex()
"""Names this process and its child, whichever way it was started."""

_allowed = False
_is_child = False


def overdue(name: str, limit: float) -> TimeLimitError:
    """Return the error for a file that took too long.

    Args:
        name: Of the file.
        limit: Seconds.
    """
    fix = "give it more time (--timeout SECONDS), or restore fewer pages at once (--pages)"
    return TimeLimitError(f"{name} was not done in {limit:g} seconds", fix)


def allow_supervision() -> None:
    """Allow `supervised` to start a child process. Only for a program of our own, before it starts threads."""
    global _allowed, _is_child
    _allowed = not _parent
    if _parent:
        _is_child = True
        die_with(int(_parent))


def supervised(name: str, limit: float, tidy: Callable[[], None]) -> None:
    """Continue in a child process that the parent kills after a time limit. Returns only in the child.

    Where processes cannot be forked (Windows), the child begins the program anew, and `supervised` returns at once
    there. The parent passes signals on to the child, and exits with its exit code. Nothing happens without
    `allow_supervision`.

    Args:
        name: Name of the file in the error message.
        limit: Seconds.
        tidy: Removes the unfinished files of the child.
    """
    if not _allowed:
        return
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with suppress(OSError, ValueError):
                stream.flush()
    handlers = {number: signal.getsignal(number) for number in _FORWARDED}
    child = _fork(handlers) if hasattr(os, "fork") else _spawn()
    if child is None:
        return
    for number, handler in handlers.items():
        if handler is not signal.SIG_IGN:
            # Ctrl-C reaches both processes already. The child ignores the second one.
            signal.signal(number, partial(_pass_on, child))
    if isinstance(child, _Forked):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, handlers)
    status = _wait(child, limit)
    if status is None:
        child.kill()
        child.wait()
    if status is None or not 0 <= status < _CRASHED:
        # The reason why the child ended is reported even if tidying up fails.
        with suppress(BokwonError, OSError):
            tidy()
    if status is None:
        error = overdue(name, limit)
        with suppress(OSError, ValueError, AttributeError):
            print(f"bokwon: {translate('error')}: {told(error)}", file=sys.stderr, flush=True)
        os._exit(error.exit_code)
    if status < 0:
        # The same signal ends the parent, so that its caller sees it.
        if -status != signal.SIGKILL:
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    # Windows counts without a sign, and C with one.
    os._exit(status - 2**32 if status >= 2**31 else status)


def leave_child(code: int) -> None:
    """End this process at once if it is the child of `supervised`; otherwise do nothing.

    Standard output must have been flushed. To take down Python and the engines takes a tenth of a second.

    Args:
        code: Exit code.
    """
    if _is_child:
        os._exit(code)


class _Child(Protocol):
    """A child process, with those methods of `subprocess.Popen` that are used here."""

    def poll(self) -> int | None: ...
    def wait(self) -> int: ...
    def kill(self) -> None: ...
    def send_signal(self, sig: int) -> None: ...


class _Forked:
    """A forked process."""

    def __init__(self, number: int) -> None:
        self._number = number

    def poll(self) -> int | None:
        found, status = os.waitpid(self._number, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if found else None

    def wait(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self._number, 0)[1])

    def kill(self) -> None:
        os.kill(self._number, signal.SIGKILL)

    def send_signal(self, sig: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._number, sig)


def _fork(blocked: Iterable[signal.Signals]) -> _Forked | None:
    """Fork this process; return None in the child. Signals stay blocked in the parent."""
    # A signal that comes before the child is known would end the parent alone.
    signal.pthread_sigmask(signal.SIG_BLOCK, blocked)
    parent = os.getpid()
    child = os.fork()
    if child:
        return _Forked(child)
    global _is_child
    _is_child = True
    die_with(parent)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, blocked)
    return None


def _spawn() -> _Child:
    """Begin this program anew in a child process with the same standard streams."""
    import subprocess

    # Descriptor 2 may be what native libraries write to, and not where messages go.
    error = None
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            error = sys.stderr.fileno()
    command = [sys.executable, *sys.orig_argv[1:]]
    environment = {**os.environ, _SUPERVISOR: f"{os.getpid()}-{FAMILY}"}
    return subprocess.Popen(command, env=environment, stderr=error)


def _pass_on(child: _Child, number: int, _: object) -> None:
    # On Windows Ctrl-C has reached the child, and there is nothing else to send that would not kill it.
    if os.name == "posix":
        child.send_signal(number)


def _wait(child: _Child, limit: float) -> int | None:
    """Return the exit code of a child, negative for a signal; None if it is at work longer than the limit."""
    clock = AwakeClock()
    while True:
        status = child.poll()
        if status is not None:
            return status
        left = limit - clock.read()
        if left < 0:
            return None
        sleep(min(_LOOK, max(left, 0.001)))


def die_with(parent: int) -> None:
    """Ask the system to kill this process when its parent ends, for whatever reason. Only Linux does it.

    Args:
        parent: Process number of the parent. If it has ended already, this process ends now.
    """
    if os.name != "posix":
        return
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
