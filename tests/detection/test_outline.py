"""What is torn off the edges of a sheet."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from bokwon.detection.bed import Bed
from bokwon.detection.outline import torn_edges


def bed_around(sheet: np.ndarray) -> Bed:
    return Bed(~sheet, np.zeros(sheet.shape, np.float32), np.zeros(sheet.shape, np.float32))


def whole() -> np.ndarray:
    sheet = np.zeros((600, 400), bool)
    sheet[40:560, 40:360] = True
    return sheet


@pytest.mark.parametrize(
    ("what", "rows", "columns"),
    [
        ("corner", slice(460, None), slice(280, None)),
        ("bite in the left edge", slice(200, 300), slice(0, 80)),
        ("bite in the upper edge", slice(0, 90), slice(150, 250)),
    ],
)
def test_what_is_torn_off_is_found(what: str, rows: slice, columns: slice) -> None:
    sheet = whole()
    sheet[rows, columns] = False
    gone, torn = whole() & ~sheet, torn_edges(bed_around(sheet))
    assert (torn & gone).sum() > 0.95 * gone.sum(), what
    assert (torn & ~gone).sum() < 0.02 * gone.sum()


def test_a_sheet_that_lies_askew_has_straight_edges_too() -> None:
    turn = cv2.getRotationMatrix2D((200, 300), 4, 1)
    upright = whole()
    torn_sheet = upright.copy()
    torn_sheet[200:300, :80] = False
    sheet, before = (
        cv2.warpAffine(mask.astype(np.uint8), turn, (400, 600), flags=cv2.INTER_NEAREST) > 0
        for mask in (torn_sheet, upright)
    )
    gone, torn = before & ~sheet, torn_edges(bed_around(sheet))
    assert (torn & gone).sum() > 0.9 * gone.sum()
    assert (torn & ~gone).sum() < 0.05 * gone.sum()
    assert not torn_edges(bed_around(before)).any()


def test_nothing_is_torn_off_a_whole_sheet_or_a_worn_one() -> None:
    assert not torn_edges(bed_around(whole())).any()
    worn = whole()
    # As deep as the tolerance: 0.4 % of 600 pixels.
    worn[100:140, 40:42] = False
    assert not torn_edges(bed_around(worn)).any()


def test_an_edge_that_is_nowhere_straight_is_left_as_it_is() -> None:
    sheet = whole()
    depth = (np.random.default_rng(5).random(600) * 60).astype(int)
    sheet &= np.arange(400) >= 40 + depth[:, None]
    assert not torn_edges(bed_around(sheet)).any()


def test_an_edge_of_which_most_seems_gone_was_misunderstood() -> None:
    sheet = whole()
    # Inside the lines, but longer than 40 % of the page.
    sheet[300:, :80] = False
    assert not torn_edges(bed_around(sheet)).any()


def test_without_a_bed_or_a_sheet_nothing_is_torn_off() -> None:
    assert not torn_edges(bed_around(np.ones((100, 100), bool))).any()
    assert not torn_edges(bed_around(np.zeros((100, 100), bool))).any()
    small = np.zeros((300, 200), bool)
    small[10:40, 10:40] = True
    assert not torn_edges(bed_around(small)).any()
