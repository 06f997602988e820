"""Paper without ink, for where no letter may be made up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bokwon.inpaint.finish.background import Background
from bokwon.inpaint.tiling import Tiling

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


def test_paper_is_the_same_whatever_tile_asks_and_has_no_ink(of_mode: OfMode) -> None:
    page = of_mode("RGB", np.uint8, paper(4.0))
    found = Background(page, HOLE, "RGB")
    full = np.zeros((*SIZE, 3), np.float32)
    for tile in Tiling(1024).plan(HOLE):
        full[tile.window] = found.at(tile.window)
    for tile in Tiling(256).plan(HOLE):
        np.testing.assert_allclose(found.at(tile.window), full[tile.window], atol=1e-6)
    inside = full[HOLE] * 255
    assert inside.mean() == pytest.approx(200, abs=1)
    assert inside.std() == pytest.approx(4.0, rel=0.25)
    assert inside.min() > 170


def test_paper_without_grain_is_of_one_colour_and_its_colour_is_the_page_s(of_mode: OfMode) -> None:
    rgb = of_mode("RGB", np.uint8, paper(0.0))
    rgb[..., 2] //= 2
    found = Background(rgb, HOLE, "RGB").at((slice(100, 150), slice(150, 200))) * 255
    np.testing.assert_allclose(found, np.broadcast_to([200, 200, 100], found.shape), atol=1.0)


def test_another_seed_gives_another_grain_on_the_same_paper(of_mode: OfMode) -> None:
    page, window = of_mode("L", np.uint8, paper(5.0)), (slice(100, 200), slice(120, 300))
    one, same, other = (Background(page, HOLE, "L", seed=seed).at(window) * 255 for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 5
    assert one.mean() == pytest.approx(other.mean(), abs=1)
