"""Tells which files of a watched folder are complete: those that have stopped changing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["Settling"]


class Settling:
    """Remembers since when each file is unchanged.

    An unfinished copy still changes its size or time. Only this machine's clock is used.

    Args:
        seconds: How long a file must not have changed.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: dict[str, tuple[Any, float]] = {}

    def whole(self, states: Mapping[str, Any], now: float) -> list[str]:
        """Return the names of files that have not changed for long enough.

        Args:
            states: By file name, values that change with the file, such as size and time. Missing names are forgotten.
            now: Seconds of a clock that never goes back.
        """
        before = self._since
        self._since = {
            name: before[name] if name in before and before[name][0] == state else (state, now)
            for name, state in states.items()
        }
        return [name for name, (_, since) in self._since.items() if now - since >= self._seconds]
