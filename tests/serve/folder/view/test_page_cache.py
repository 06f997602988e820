"""What is kept in memory, and for how long."""

from __future__ import annotations

import threading
import time

import pytest

from bokwon.serve.folder.view.page_cache import PageCache


def test_what_was_used_last_is_kept() -> None:
    cache: PageCache[bytes] = PageCache(25, len)
    made: list[str] = []

    def get(key: str) -> bytes:
        return cache.get(key, lambda: (made.append(key), b"x" * 10)[1])

    for key in "abacab":
        get(key)
    # b had to go for c, and c for b.
    assert made == ["a", "b", "c", "b"]
    assert cache.held == 20
    cache.drop("a")
    assert (cache.peek("a"), cache.peek("b")) == (None, b"x" * 10)


def test_one_that_is_larger_than_the_limit_is_kept_alone() -> None:
    cache: PageCache[bytes] = PageCache(5, len)
    cache.put("small", b"x")
    cache.put("large", b"x" * 100)
    assert cache.held == 100
    assert cache.peek("small") is None


def test_many_threads_make_it_once() -> None:
    cache: PageCache[bytes] = PageCache(100, len)
    made: list[int] = []

    def make() -> bytes:
        made.append(1)
        time.sleep(0.05)
        return b"page"

    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(cache.get("a", make))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (found, len(made)) == ([b"page"] * 8, 1)


def test_a_failure_is_not_kept() -> None:
    cache: PageCache[bytes] = PageCache(100, len)

    def fail() -> bytes:
        raise LookupError

    for _ in range(2):
        with pytest.raises(LookupError):
            cache.get("a", fail)
    assert cache.get("a", lambda: b"page") == b"page"
