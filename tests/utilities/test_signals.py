"""Signals have their handlers while a block runs, and those before it afterwards."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType

import pytest

from bokwon.utilities.signals import ENDING, handling, present

pytestmark = pytest.mark.skipif(os.name == "nt", reason="on Windows no process sends itself a signal it can catch")


def test_a_system_has_only_some_signals() -> None:
    assert present("SIGTERM", "SIGBREAK", "SIGHUP") == (signal.SIGTERM, signal.SIGHUP)
    assert signal.SIGINT in ENDING


def test_the_handlers_before_come_back() -> None:
    came: list[int] = []
    before = signal.getsignal(signal.SIGTERM)

    def note(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), handling(ENDING, note):
        signal.raise_signal(signal.SIGTERM)
    assert came == [signal.SIGTERM]
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize("now", [signal.SIG_IGN, signal.default_int_handler])
def test_what_is_ignored_or_not_to_be_replaced_stays(now: signal.Handlers) -> None:
    before = signal.signal(signal.SIGHUP, now)
    try:
        with handling([signal.SIGHUP], print):
            assert (signal.getsignal(signal.SIGHUP) is print) == (now is not signal.SIG_IGN)
        with handling([signal.SIGHUP], print, instead_of=lambda handler: handler == signal.SIG_DFL):
            assert signal.getsignal(signal.SIGHUP) == now
        assert signal.getsignal(signal.SIGHUP) == now
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_threads_change_nothing() -> None:
    seen: list[object] = []

    def look() -> None:
        with handling(ENDING, print):
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGTERM)]
