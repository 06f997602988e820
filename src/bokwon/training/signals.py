"""Ctrl-C and SIGTERM as a wish that the loop fulfils after the step it is in."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator

__all__ = ["Interrupt", "interruptible"]


class Interrupt:
    """Whether the run is asked to stop.

    Attributes:
        asked: True after the first signal.
    """

    def __init__(self) -> None:
        self.asked = False


@contextlib.contextmanager
def interruptible() -> Iterator[Interrupt]:
    """Note SIGINT and SIGTERM instead of dying of them. A second signal interrupts at once.

    Yields:
        What the loop asks after each step.
    """
    interrupt = Interrupt()

    def note(signum: int, frame: object) -> None:
        if interrupt.asked:
            raise KeyboardInterrupt
        interrupt.asked = True

    if threading.current_thread() is not threading.main_thread():
        # Only the main thread receives signals, and only it may say what they do.
        yield interrupt
        return
    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
