"""The paper's classes of masks: bins of hole ratio, with and without holes at the border."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

import numpy as np

from bokwon.errors import ArgumentError
from bokwon.synthesis.masks.generate import Border, touches_border
from bokwon.types import Hole

__all__ = ["BINS", "CELLS", "Cell", "cell_of", "parse_bins", "select_cells"]

BINS: dict[int, tuple[float, float]] = {
    1: (0.01, 0.1),
    2: (0.1, 0.2),
    3: (0.2, 0.3),
    4: (0.3, 0.4),
    5: (0.4, 0.5),
    6: (0.5, 0.6),
}
"""Number of the bin -> half-open interval (low, high] of hole pixels over all pixels."""


@dataclass(frozen=True)
class Cell:
    """One of the twelve classes: a bin, with or without holes in the border frame.

    Attributes:
        bin: Number of the hole-ratio bin, 1 to 6.
        border: Whether a hole reaches into the border frame (50 px at 512).
    """

    bin: int
    border: bool

    @property
    def ratio(self) -> tuple[float, float]:
        """Half-open interval (low, high] of the hole ratio."""
        return BINS[self.bin]

    @property
    def border_class(self) -> Border:
        """Value of `border` of `make_mask` for this cell."""
        return "touching" if self.border else "inner"

    @property
    def folder(self) -> str:
        """Folder of the cell's masks in a set, such as `01-10/border`."""
        low, high = (round(100 * limit) for limit in self.ratio)
        return f"{low:02d}-{high:02d}/{'border' if self.border else 'inner'}"


CELLS = tuple(Cell(number, border) for number, border in product(BINS, (True, False)))


def cell_of(hole: Hole) -> Cell | None:
    """Return the cell of a mask.

    Args:
        hole: bool (H, W), True = hole.

    Returns:
        The cell; None if the hole ratio is 0.01 or less, or more than 0.6.
    """
    ratio = np.count_nonzero(hole) / hole.size
    number = next((number for number, (low, high) in BINS.items() if low < ratio <= high), None)
    return None if number is None else Cell(number, touches_border(hole))


def parse_bins(text: str) -> tuple[int, ...]:
    """Turn a list such as `1,3` or `2-4,6` into numbers of bins.

    Args:
        text: Numbers and ranges, separated by commas.

    Raises:
        ArgumentError: The text is not such a list, or names a bin that does not exist.
    """
    numbers: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ArgumentError(f"{text!r} is not a list of bins", "give numbers from 1 to 6, such as 1,3 or 2-4")
        start, end = int(first), int(last or first)
        if not 1 <= start <= end <= len(BINS):
            raise ArgumentError(f"there are no bins {part.strip()}", f"choose from {list(BINS)}, the smaller one first")
        numbers += range(start, end + 1)
    return tuple(numbers)


def select_cells(bins: Iterable[int] = tuple(BINS), border: str = "both") -> tuple[Cell, ...]:
    """List the cells of some bins and border classes.

    Args:
        bins: Numbers of bins, 1 to 6.
        border: `both`, `touching` or `inner`.

    Returns:
        The cells in the order of `CELLS`.

    Raises:
        ArgumentError: A bin or border class does not exist, or there are no bins.
    """
    wanted = set(bins)
    if not wanted or not wanted <= set(BINS):
        raise ArgumentError(f"there is no bin {sorted(wanted - set(BINS))}", f"choose from {list(BINS)}")
    if border not in ("both", "touching", "inner"):
        raise ArgumentError(f"unknown border class {border!r}", "choose one of both, touching, inner")
    return tuple(c for c in CELLS if c.bin in wanted and border in ("both", c.border_class))
