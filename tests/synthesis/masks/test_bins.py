from __future__ import annotations

import numpy as np
import pytest

from bokwon.errors import ArgumentError
from bokwon.synthesis.masks.bins import BINS, CELLS, Cell, cell_of, select_cells


def mask_of(count: int, *, border: bool) -> np.ndarray:
    """A mask of 100 x 100 pixels with a given number of hole pixels, in rows from the middle or from the corner."""
    hole = np.zeros((100, 100), bool)
    part = hole if border else hole[10:90, 10:90]
    flat = np.zeros(part.size, bool)
    flat[:count] = True
    part[...] = flat.reshape(part.shape)
    return hole


def test_there_are_twelve_cells_in_their_own_folders() -> None:
    assert len(CELLS) == 12
    assert [cell.folder for cell in CELLS[:3]] == ["01-10/border", "01-10/inner", "10-20/border"]
    assert len({cell.folder for cell in CELLS}) == 12
    assert CELLS[-1].ratio == (0.5, 0.6)
    assert CELLS[-1].border_class == "inner"


@pytest.mark.parametrize(
    ("count", "number"),
    [(100, None), (101, 1), (1000, 1), (1001, 2), (3000, 3), (3001, 4), (5000, 5), (6000, 6), (6001, None), (0, None)],
)
def test_bins_are_open_below_and_closed_above(count: int, number: int | None) -> None:
    for border in (True, False):
        cell = cell_of(mask_of(count, border=border))
        assert cell == (None if number is None else Cell(number, border))


def test_bins_follow_each_other_without_a_gap() -> None:
    limits = list(BINS.values())
    assert [high for _, high in limits[:-1]] == [low for low, _ in limits[1:]]


def test_cells_are_selected_in_the_catalogs_order() -> None:
    assert select_cells() == CELLS
    assert select_cells([3, 1], "inner") == (Cell(1, False), Cell(3, False))
    assert select_cells([2], "touching") == (Cell(2, True),)


@pytest.mark.parametrize(("bins", "border"), [([0], "both"), ([7], "both"), ([], "both"), ([1], "left")])
def test_cells_that_do_not_exist_are_refused(bins: list[int], border: str) -> None:
    with pytest.raises(ArgumentError):
        select_cells(bins, border)
