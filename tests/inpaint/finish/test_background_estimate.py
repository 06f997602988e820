"""The paper of a page, block by block: its colour and its grain."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bokwon.inpaint.finish.background_estimate import estimate_background

OfMode = Callable[[str, type, np.ndarray], np.ndarray]

SIZE = (300, 420)
HOLE = np.zeros(SIZE, bool)
HOLE[60:240, 100:330] = True


def paper(deviation: float, seed: int = 1) -> np.ndarray:
    """A page of grainy paper in [0, 255] with lines of ink, its hole filled flat."""
    rng = np.random.default_rng(seed)
    page = 200 + deviation * rng.standard_normal(SIZE)
    page[::25] = 40
    page[HOLE] = 200
    return page


def test_what_shows_through_and_what_is_beside_the_ink_is_no_grain() -> None:
    page = paper(2.0)
    known = ~HOLE
    clean = estimate_background(page.astype(np.uint8), HOLE, "L", near=HOLE)
    # Faint strokes of the other side of the leaf, 12 gray levels dark, a fifth of the page; lines with a soft edge.
    for column in range(10, SIZE[1], 40):
        page[:, column : column + 8][known[:, column : column + 8]] -= 12
    for row in range(0, SIZE[0], 25):
        for distance, loss in ((1, 60), (2, 25), (3, 10)):
            beside = page[[max(row - distance, 0), row + distance]]
            page[[max(row - distance, 0), row + distance]] = np.where(beside > 150, beside - loss, beside)
    page[HOLE] = 200
    found = estimate_background(page.astype(np.uint8), HOLE, "L", near=HOLE)
    usual = [np.median(one.deviation[one.measured > 0]) * 255 for one in (clean, found)]
    assert usual[0] == pytest.approx(2.0, rel=0.1)
    assert usual[1] == pytest.approx(2.0, rel=0.25)
    assert found.deviation.max() * 255 < 3.5


def test_the_estimate_tells_paper_from_ink(of_mode: OfMode) -> None:
    page = paper(3.0)
    page[:, :200] -= 60
    page[::4] = 20
    found = estimate_background(of_mode("L", np.uint8, page), HOLE, "L")
    colour, seen = found.colour[..., 0] * 255, found.seen[..., 0] > 0
    # Squares of 32 pixels: the two papers meet in the seventh column of them.
    assert np.abs(colour[:, :6][seen[:, :6]] - 140).max() < 4
    assert np.abs(colour[:, 7:][seen[:, 7:]] - 200).max() < 4
    assert np.abs(colour[:, 6][seen[:, 6]] - 170).max() < 34
    # Nothing of the paper is further than the halo of its ink, so its grain is not measured.
    assert not found.measured.any()
    assert len(found.patches) == 0


def test_squares_are_looked_at_near_holes_only_and_everywhere_if_those_tell_nothing(of_mode: OfMode) -> None:
    page = of_mode("L", np.uint8, 200 + 5.0 * np.random.default_rng(1).standard_normal((64, 2048)))
    hole = np.zeros(page.shape, bool)
    hole[:, :64] = True
    near = estimate_background(page, hole, "L", near=hole)
    assert near.seen[:, 2:16].all()
    assert not near.seen[:, 16:].any()
    hole[:, :1500] = True
    far = estimate_background(page, hole, "L", near=np.asarray(np.arange(2048) < 9)[None].repeat(64, axis=0))
    assert far.seen[:, 47:].all()


def test_the_estimate_is_the_same_whatever_is_computed_at_the_same_time(of_mode: OfMode) -> None:
    page = of_mode("RGB", np.uint8, np.tile(paper(4.0), (3, 3)))
    hole = np.tile(HOLE, (3, 3))
    one, other = (estimate_background(page, hole, "RGB", concurrency=concurrency) for concurrency in (1, 3))
    for name, value in vars(one).items():
        np.testing.assert_array_equal(value, getattr(other, name))
    assert one.colour.shape == (-(-900 // 32), -(-1260 // 32), 3)
    assert np.median(one.deviation[one.measured > 0]) * 255 == pytest.approx(4.0, rel=0.1)
