"""Lines are judged along their length."""

from __future__ import annotations

import numpy as np
import pytest

from bokwon.detection.lines import follow_lines


def test_a_faint_line_keeps_its_strength_and_a_speck_does_not() -> None:
    probability = np.zeros((200, 200), np.float32)
    probability[100, 20:180] = 0.35
    probability[30:33, 30:33] = 0.35
    along = follow_lines(probability)
    assert along[100, 60:140] == pytest.approx(0.35, abs=1e-5)
    assert along[31, 31] < 0.1
    assert (along[probability == 0] == 0).all()


@pytest.mark.parametrize("slope", [(1, 0), (0, 1), (1, 1), (2, 1), (-1, 2)])
def test_lines_are_followed_in_every_direction(slope: tuple[int, int]) -> None:
    probability = np.zeros((161, 161), np.float32)
    place = np.linspace(-70, 70, 1000)
    across, down = np.array(slope) / np.hypot(*slope)
    rows, columns = np.rint(80 + place * down).astype(int), np.rint(80 + place * across).astype(int)
    probability[rows, columns] = 0.5
    # In between the directions that are tried, a part of the line is left.
    assert follow_lines(probability)[80, 80] > 0.3


def test_where_nothing_is_nothing_is_found() -> None:
    assert not follow_lines(np.full((5, 7), 0.1, np.float32)).any()
    assert follow_lines(np.full((3, 3), 0.5, np.float32)).shape == (3, 3)
