from __future__ import annotations

import numpy as np
import pytest

from bokwon.synthesis.pages.show_through import Margins, show_through, surround


def identity(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """The map of a page that lies flat: x and y of every pixel."""
    rows, columns = np.indices((height, width), np.float32)
    return columns, rows


def test_writing_on_the_back_is_mirrored_and_pale() -> None:
    front = np.zeros((100, 120), np.float32)
    front[40:60, 20:50] = 1
    sheet = np.full((100, 120, 3), 220, np.float32)
    show_through(np.random.default_rng(0), sheet, front, 0.4, 20)
    assert 100 < sheet.min() < 200
    assert (sheet < 215).all(-1).mean() == pytest.approx(front.mean(), abs=0.06)


def test_nothing_shows_through_opaque_paper() -> None:
    sheet = np.full((50, 50, 3), 220, np.float32)
    show_through(np.random.default_rng(0), sheet, np.ones((50, 50), np.float32), 0.0, 20)
    np.testing.assert_allclose(sheet, 220)


def test_margins_show_what_the_leaf_lies_on() -> None:
    assert Margins().bare
    margins = Margins(left=20, top=15, right=0, bottom=10)
    assert not margins.bare
    for seed in range(6):
        sheet = np.full((120, 160, 3), (200, 40, 40), np.float32)
        surround(np.random.default_rng(seed), sheet, identity(120, 160), margins)
        # The grounds are gray or brown; the leaf is red and stays so.
        np.testing.assert_allclose(sheet[40:80, 60:120], np.broadcast_to((200, 40, 40), (40, 60, 3)), atol=1)
        corner = sheet[:8, :8].mean((0, 1))
        assert corner[0] - corner[1] < 60
