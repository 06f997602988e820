"""A clock for limits of time: it stands still while this process does."""

from __future__ import annotations

from time import monotonic

__all__ = ["LONGEST_PAUSE", "AwakeClock"]

LONGEST_PAUSE = 1.0
"""Seconds. What is longer between two readings is time in which the process was stopped."""


class AwakeClock:
    """Counts the seconds in which this process runs. Those in which it is stopped (Ctrl-Z) do not count.

    Read it several times in `LONGEST_PAUSE`. Of a longer pause only that much counts.
    """

    def __init__(self) -> None:
        self._seconds, self._before = 0.0, monotonic()

    def read(self) -> float:
        """Return how many seconds have passed since it was made."""
        now = monotonic()
        self._seconds += min(now - self._before, LONGEST_PAUSE)
        self._before = now
        return self._seconds
