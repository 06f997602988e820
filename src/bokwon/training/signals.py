"""Signals that ask a run to stop. The loop stops after the step it is in, once a checkpoint is written."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

__all__ = ["STOPPING", "Interrupt", "Interrupted", "blocked", "ignore_all", "interruptible"]

STOPPING: tuple[signal.Signals, ...] = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""Ctrl-C, SIGTERM, a closed terminal; Windows has the first two only."""


class Interrupt:
    """Which signal has asked the run to stop.

    Attributes:
        asked: The first signal that came, or None.
    """

    def __init__(self) -> None:
        self.asked: signal.Signals | None = None


class Interrupted(KeyboardInterrupt):
    """A run was stopped by a signal, after writing a checkpoint.

    Args:
        number: The signal.
    """

    def __init__(self, number: signal.Signals) -> None:
        super().__init__(f"stopped by {number.name}")
        self.signal = number


@contextlib.contextmanager
def interruptible() -> Iterator[Interrupt]:
    """Remember the signals of `STOPPING` instead of ending at once. A second Ctrl-C interrupts immediately.

    Other signals may come as often as they like: `torchrun` passes one on that the process group has received already.
    A signal that was ignored before, as SIGHUP under `nohup`, stays ignored.

    Yields:
        What the loop asks after each step.
    """
    interrupt = Interrupt()

    def note(number: int, frame: FrameType | None) -> None:
        if interrupt.asked is None:
            interrupt.asked = signal.Signals(number)
        elif interrupt.asked == number == signal.SIGINT:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        # Only the main thread receives signals, and only it may say what they do.
        yield interrupt
        return
    heeded = [number for number in STOPPING if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, note) for number in heeded}
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def blocked() -> Iterator[None]:
    """Hold the signals of `STOPPING` back, in this thread and in processes that are started meanwhile.

    A new process would otherwise die of a signal that comes before it can call `ignore_all`.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ignore_all() -> None:
    """Ignore the signals of `STOPPING` in this process from now on: the one that started it ends it."""
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
