"""What lies around a sheet, and marks that are no damage."""

from __future__ import annotations

import numpy as np

from bokwon.synthesis.scenes.surroundings import draw_surroundings, illustrate, mark_sound, place_sheet


def test_surroundings_fill_the_window() -> None:
    texture = np.full((80, 90, 3), 77, np.uint8)
    for number in range(30):
        image = draw_surroundings(np.random.default_rng(number), (64, 72), [texture])
        assert image.shape == (64, 72, 3)
        assert image.dtype == np.uint8


def test_a_sheet_lies_partly_in_the_window() -> None:
    shares = [float(place_sheet(np.random.default_rng(number), (96, 96), 0.5).mean()) for number in range(40)]
    assert min(shares) < 0.6
    assert max(shares) > 0.7
    assert all(0 <= share <= 1 for share in shares)


def test_marks_change_a_copy() -> None:
    page = np.full((96, 96, 3), 230, np.uint8)
    behind = np.zeros_like(page)
    marked = [mark_sound(np.random.default_rng(number), page, 0.5, behind) for number in range(40)]
    assert (page == 230).all()
    assert sum(bool((one != page).any()) for one in marked) > 20


def test_an_illustration_lies_on_a_copy_and_covers_a_part() -> None:
    page, picture = np.full((160, 160, 3), 230, np.uint8), np.full((160, 160, 3), (10, 200, 10), np.uint8)
    covered = []
    for number in range(30):
        image = illustrate(np.random.default_rng(number), page, 0.5, picture)
        covered.append(float((image != 230).any(2).mean()))
    assert (page == 230).all()
    assert 0 < np.median(covered) < 0.5
    assert max(covered) < 1
