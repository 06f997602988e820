"""The sheet's former outline."""

from __future__ import annotations

import numpy as np

from bokwon.detection.outline import torn_edges


def around(sheet: np.ndarray) -> np.ndarray:
    return np.where(sheet, 0.0, 1.0).astype(np.float32)


def test_a_torn_corner_is_told() -> None:
    sheet = np.zeros((300, 200), bool)
    sheet[20:280, 20:180] = True
    whole = sheet.copy()
    sheet[230:, 140:] = False
    torn = torn_edges(around(sheet))
    assert torn[250, 160]
    assert (torn & ~whole).sum() < 100
    assert not (torn & sheet).any()
    assert torn.sum() > 0.9 * 50 * 40


def test_nothing_is_torn_off_a_whole_sheet_or_where_there_is_no_surrounding() -> None:
    sheet = np.zeros((300, 200), bool)
    sheet[20:280, 20:180] = True
    assert not torn_edges(around(sheet)).any()
    assert not torn_edges(np.zeros((100, 100), np.float32)).any()
    assert not torn_edges(np.ones((100, 100), np.float32)).any()
    small = np.zeros((300, 200), bool)
    small[10:20, 10:20] = True
    assert not torn_edges(around(small)).any()
