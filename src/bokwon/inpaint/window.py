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
    """Count the rows and columns of a window from another pixel than the page's first.

    Args:
        window: Rows and columns.
        origin: Row and column of that pixel, at most those of the window's first pixel.
    """
    rows, columns = (slice(s.start - start, s.stop - start) for s, start in zip(window, origin, strict=True))
    return rows, columns
