"""Signals are noted, held back and ignored as the loop needs it."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from bokwon.training.signals import Interrupted, blocked, interruptible
from bokwon.utilities.signals import ENDING

pytestmark = pytest.mark.skipif(os.name == "nt", reason="on Windows no process sends itself a signal it can catch")


@pytest.fixture(autouse=True)
def ctrl_c():
    """As in a terminal: a process that a shell has put into the background ignores SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def handlers():
    return [signal.getsignal(number) for number in ENDING]


def test_a_signal_is_noted_and_the_handlers_come_back():
    before = handlers()
    with interruptible() as interrupt:
        assert interrupt.asked is None
        signal.raise_signal(signal.SIGTERM)
        # torchrun passes on what the group has received already.
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        assert interrupt.asked is signal.SIGTERM
    assert handlers() == before


def test_the_second_ctrl_c_interrupts_at_once():
    before = handlers()
    with interruptible() as interrupt:
        signal.raise_signal(signal.SIGINT)
        assert interrupt.asked is signal.SIGINT
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert handlers() == before


def test_what_was_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible() as interrupt:
            signal.raise_signal(signal.SIGHUP)
            assert interrupt.asked is None
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_threads_leave_the_signals_alone():
    before, found = handlers(), []

    def run():
        with interruptible() as interrupt:
            found.extend([*handlers(), interrupt.asked])

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == [*before, None]


def test_blocked_signals_come_when_the_block_ends():
    with interruptible() as interrupt:
        with blocked():
            signal.raise_signal(signal.SIGTERM)
            assert interrupt.asked is None
        assert interrupt.asked is signal.SIGTERM


def test_a_process_that_ignores_them_outlives_all_of_them():
    program = (
        "import signal; from bokwon.training.signals import ENDING, ignore_all; ignore_all(); "
        "[signal.raise_signal(number) for number in ENDING]; print('alive')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "alive\n"), done.stderr


def test_the_exception_names_its_signal():
    stopped = Interrupted(signal.SIGTERM)
    assert isinstance(stopped, KeyboardInterrupt)
    assert (stopped.signal, str(stopped)) == (signal.SIGTERM, "stopped by SIGTERM")
