"""A time limit for work that cannot be stopped from within its own process.

A decoder in C that never returns holds Python's lock, so no thread and no signal handler of its process can run. So
the work is done in a child process, and the parent kills the child.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from time import sleep

from bokwon.errors import BokwonError, TimeLimitError
from bokwon.utilities.awake_clock import AwakeClock
from bokwon.utilities.translation import told, translate

__all__ = ["DEFAULT_LIMIT", "allow_supervision", "die_with", "leave_child", "overdue", "supervised"]

DEFAULT_LIMIT = 4 * 3600
"""Seconds. A document of some thousand pages takes less."""

_FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
_LOOK = 0.02
"""Seconds between two looks at the child. One look takes microseconds."""
_PR_SET_PDEATHSIG = 1

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
    """Allow `supervised` to fork this process. Only for a program of our own, before it starts threads."""
    global _allowed
    _allowed = hasattr(os, "fork")


def supervised(name: str, limit: float, tidy: Callable[[], None]) -> None:
    """Continue in a child process that the parent kills after a time limit. Returns only in the child.

    The parent passes signals on to the child, and exits with its exit code. Nothing happens without
    `allow_supervision`, or where processes cannot be forked (Windows).

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
    handlers = {number: signal.getsignal(number) for number in _numbers()}
    # A signal that comes before the child is known would end the parent alone.
    signal.pthread_sigmask(signal.SIG_BLOCK, handlers)
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        global _is_child
        _is_child = True
        die_with(parent)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, handlers)
        return
    for number, handler in handlers.items():
        if handler is not signal.SIG_IGN:
            # Ctrl-C reaches both processes already. The child ignores the second one.
            signal.signal(number, partial(_pass_on, child))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, handlers)
    status = _wait(child, limit)
    if status is None:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    if status is None or status < 0:
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
    os._exit(status)


def leave_child(code: int) -> None:
    """End this process at once if it is the child of `supervised`; otherwise do nothing.

    Standard output must have been flushed. To take down Python and the engines takes a tenth of a second.

    Args:
        code: Exit code.
    """
    if _is_child:
        os._exit(code)


def _pass_on(child: int, number: int, _: object) -> None:
    with suppress(ProcessLookupError):
        os.kill(child, number)


def _numbers() -> list[signal.Signals]:
    return [signal.Signals[name] for name in _FORWARDED if hasattr(signal, name)]


def _wait(child: int, limit: float) -> int | None:
    """Return the exit code of a child, negative for a signal; None if it is at work longer than the limit."""
    clock = AwakeClock()
    while True:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
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
