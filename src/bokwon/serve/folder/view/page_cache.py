"""A cache of decoded pages and other large values, with a limit on its memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

__all__ = ["PageCache"]

ValueT = TypeVar("ValueT")


class PageCache(Generic[ValueT]):
    """Cache of the most recently used values. Each is computed once, even if several threads ask for it.

    Args:
        limit: Bytes that all values together may take. The value used last is always kept.
        size: Returns how many bytes a value takes.
    """

    def __init__(self, limit: int, size: Callable[[ValueT], int]) -> None:
        self._limit = limit
        self._size = size
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}
        self._values: OrderedDict[Hashable, ValueT] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], ValueT]) -> ValueT:
        """Return the value of a key, made if it is not there.

        Args:
            key: Key of the value; a changed value needs another key.
            make: Computes the value. Its exceptions pass through, and nothing is cached then.
        """
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._values:
                    self._values.move_to_end(key)
                    return self._values[key]
            try:
                value = make()
            finally:
                with self._lock:
                    self._making.pop(key, None)
            self.put(key, value)
            return value

    def put(self, key: Hashable, value: ValueT) -> None:
        """Store a value; it replaces an earlier one."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            self._shrink()

    def peek(self, key: Hashable) -> ValueT | None:
        """Return a value if it is there."""
        with self._lock:
            return self._values.get(key)

    def drop(self, key: Hashable) -> None:
        """Forget a value, if it is there."""
        with self._lock:
            self._values.pop(key, None)

    @property
    def held(self) -> int:
        """Bytes that all values take."""
        with self._lock:
            return sum(map(self._size, self._values.values()))

    def _shrink(self) -> None:
        held = sum(map(self._size, self._values.values()))
        while held > self._limit and len(self._values) > 1:
            _, oldest = self._values.popitem(last=False)
            held -= self._size(oldest)
