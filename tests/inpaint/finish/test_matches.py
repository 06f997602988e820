"""Places of the page for the points of a hole."""

from __future__ import annotations

import numpy as np
import numpy.testing as npt

from bokwon.inpaint.finish.matches import Floats, Matches, Points, centres_of_known, grid_points, grown, padded
from bokwon.types import Hole


class ToOne(Matches):
    """Matches that are the better the nearer they are to a pixel that is 20 rows below the point."""

    def _difference(self, numbers: Points, sources: Points) -> Floats:
        return np.abs(sources - self._points[numbers] - 20 * self._width).astype(np.float32)

    def propagate(self) -> None:
        self._try_neighbours(np.arange(len(self._points)))


def test_padded_finds_the_same_pixels_in_a_larger_window() -> None:
    window = np.arange(35).reshape(5, 7)
    wider = np.pad(window, 3, constant_values=-1).reshape(-1)
    npt.assert_array_equal(wider[padded(np.arange(35), 7, 3)], np.arange(35))


def test_grid_points_do_not_depend_on_the_window() -> None:
    wanted = np.random.default_rng(0).random((30, 40)) < 0.6
    whole = np.zeros_like(wanted)
    whole.reshape(-1)[grid_points(wanted, (0, 0), 5)] = True
    assert 0 < np.count_nonzero(whole) < 48
    part = np.zeros((23, 29), bool)
    part.reshape(-1)[grid_points(wanted[7:, 11:], (7, 11), 5)] = True
    npt.assert_array_equal(part, whole[7:, 11:])


def test_squares_reach_as_far_as_is_told_and_never_beyond_the_window() -> None:
    known = np.ones((9, 12), bool)
    known[4, 8] = False
    npt.assert_array_equal(
        np.argwhere(centres_of_known(known, 2)), [(row, 2 + j) for row in range(2, 7) for j in range(4)]
    )
    expected = np.zeros_like(known)
    expected[2:7, 6:11] = True
    npt.assert_array_equal(grown(~known, 2), expected)


def matches(usable: Hole, several: int = 1) -> ToOne:
    points = grid_points(np.ones((8, 40), bool), (0, 0), 4)
    made = ToOne(usable, points, 4, several)
    # All places are poor but the last one of the first point.
    start = np.full(several * len(points), 39 * 40 + 39)
    start[-len(points)] = points[0] + 20 * 40
    made.start_from(start)
    return made


def test_a_good_match_spreads_to_the_neighbours() -> None:
    made = matches(np.ones((40, 40), bool))
    for _ in range(10):
        made.propagate()
    assert made.difference.max() == 0
    npt.assert_array_equal(made.sources, made._points + 20 * 40)


def test_a_place_that_is_not_usable_is_never_taken() -> None:
    usable = np.ones((40, 40), bool)
    usable[20:25, 8:] = False
    made = matches(usable)
    for _ in range(10):
        made.propagate()
    assert made.difference[:2].tolist() == [0, 0]
    assert made.difference[2] > 0
    assert usable.reshape(-1)[made.sources].all()


def test_several_places_of_a_point_are_improved_independently() -> None:
    made = matches(np.ones((40, 40), bool), 3)
    for _ in range(10):
        made.propagate()
    difference = made.difference.reshape(3, -1)
    assert difference[:2].min() > 0
    assert difference[2].max() == 0
