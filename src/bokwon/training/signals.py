"""Signals that ask a run to stop. The loop stops after the step it is in, once a checkpoint is written."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

from bokwon.utilities.signals import ENDING, handling

__all__ = ["Interrupt", "Interrupted", "blocked", "ignore_all", "interruptible"]


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
    """Remember the signals of `ENDING` instead of ending at once. A second Ctrl-C interrupts immediately.

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

    with handling(ENDING, note):
        yield interrupt


@contextlib.contextmanager
def blocked() -> Iterator[None]:
    """Hold the signals of `ENDING` back, in this thread and in processes that are started meanwhile.

    A new process would otherwise die of a signal that comes before it can call `ignore_all`.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ignore_all() -> None:
    """Ignore the signals of `ENDING` in this process from now on: the one that started it ends it."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
