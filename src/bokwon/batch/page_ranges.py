"""Which pages of a file: `3`, `1,4-6`, `3-end`."""

from __future__ import annotations

import re

from bokwon.errors import ArgumentError

__all__ = ["select_pages"]

_RANGE = re.compile(r"(?P<first>\d+)(?:-(?P<last>\d+|end))?")


def select_pages(text: str, pages: int | None = None, *, missing: bool = False) -> frozenset[int]:
    """Return the page numbers that a text names.

    Args:
        text: Numbers and ranges from 1, separated by commas; `end` is the last page.
        pages: Number of pages. With None the text is only checked, and nothing is returned.
        missing: Whether the text may name pages beyond the end; they are left out.

    Raises:
        ArgumentError: The text names no pages, or some beyond the end.
    """
    numbers: set[int] = set()
    for part in text.split(","):
        match = _RANGE.fullmatch(part.strip())
        if match is None:
            raise ArgumentError(f"{text!r} names no pages", "write for example 3, 1,4-6 or 3-end")
        first = int(match["first"])
        if match["last"] == "end" and pages is not None and 1 <= pages < first:
            # A file of fewer pages has none of these.
            continue
        last = first if match["last"] is None else int(match["last"]) if match["last"] != "end" else pages or first
        if first < 1 or last < first:
            raise ArgumentError(f"{part.strip()!r} is no range of pages", "pages count from 1, the smaller one first")
        if pages is not None:
            last = min(last, pages) if missing else last
            if last > pages:
                raise ArgumentError(f"there is no page {last}, only {pages}", "write end for the last page")
            numbers.update(range(first, last + 1))
    return frozenset(numbers)
