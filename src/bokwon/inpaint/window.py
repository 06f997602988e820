"""Windows of a page, as slices of its rows and columns."""

from __future__ import annotations

__all__ = ["grow_window", "shift_window"]


def grow_window(window: tuple[slice, slice], margin: int, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Add a margin around a window, as far as the page reaches.

    Args:
        window: Rows and columns.
        margin: Pixels.
        shape: Height and width of the page.
    """
    rows, columns = (
        slice(max(0, span.start - margin), min(length, span.stop + margin))
        for span, length in zip(window, shape, strict=True)
    )
    return rows, columns


def shift_window(window: tuple[slice, slice], origin: tuple[int, int]) -> tuple[slice, slice]:
    """Return a window of the page as a window of a part of the page.

    Args:
        window: Rows and columns in the page.
        origin: Row and column of the part's first pixel in the page.
    """
    rows, columns = (slice(span.start - start, span.stop - start) for span, start in zip(window, origin, strict=True))
    return rows, columns
