"""Signals that ask a program to end, and what they do while a block runs."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["ENDING", "handling", "present"]


def present(*names: str) -> tuple[signal.Signals, ...]:
    """Return the signals of these names that this system has; Windows has few."""
    return tuple(signal.Signals[name] for name in names if hasattr(signal, name))


ENDING = present("SIGINT", "SIGTERM", "SIGHUP")
"""Ctrl-C, a request to end, a closed terminal."""


@contextmanager
def handling(
    numbers: Sequence[signal.Signals],
    handler: Callable[[int, FrameType | None], Any],
    *,
    instead_of: Callable[[Any], bool] = lambda before: before != signal.SIG_IGN,
) -> Iterator[None]:
    """Handle signals while a block runs. Outside of the main thread, which alone may do so, this does nothing.

    Args:
        numbers: The signals.
        handler: What they call.
        instead_of: Whether this replaces what a signal does now. By default an ignored one, as SIGHUP under `nohup`,
            stays ignored.
    """
    main_thread = threading.current_thread() is threading.main_thread()
    handled = [number for number in numbers if main_thread and instead_of(signal.getsignal(number))]
    before = {number: signal.signal(number, handler) for number in handled}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
