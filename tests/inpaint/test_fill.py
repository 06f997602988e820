from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bokwon.image_io.modes import MODES
from bokwon.inpaint.coarse import shrink
from bokwon.inpaint.fill import fill_hole
from bokwon.inpaint.tiling import Tiling


class MeanEngine:
    """Fills with the mean of what is known, and remembers what it was given."""

    description = "mean"
    tile = 256

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def fill(self, light: np.ndarray, missing: np.ndarray) -> np.ndarray:
        assert not missing.all()
        self.shapes.append(light.shape)
        mean = light[~missing].mean(axis=0) / np.iinfo(light.dtype).max
        return np.broadcast_to(mean, light.shape).astype(np.float32)


def samples(mode: str, dtype: type[np.generic], shape: tuple[int, int] = (300, 290)) -> np.ndarray:
    rng = np.random.default_rng(11)
    if mode == "1":
        return rng.random(shape) < 0.8
    size = shape if MODES[mode] == 1 else (*shape, MODES[mode])
    return rng.integers(1, np.iinfo(dtype).max + 1, size).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("mode", sorted(MODES))
def test_only_the_hole_changes_and_alpha_never(mode: str, dtype: type[np.generic]) -> None:
    pixels = samples(mode, dtype)
    before = pixels.copy()
    hole = np.random.default_rng(2).random(pixels.shape[:2]) < 0.1
    fill_hole(pixels, mode, hole, MeanEngine())
    np.testing.assert_array_equal(pixels[~hole], before[~hole])
    if mode in ("LA", "RGBA"):
        np.testing.assert_array_equal(pixels[..., -1], before[..., -1])
    colour = pixels[..., :-1] if mode in ("LA", "RGBA") else pixels
    if mode == "1":
        assert colour[hole].all()
    else:
        half = np.iinfo(dtype).max / 2
        np.testing.assert_allclose(colour[hole], half, rtol=0.05)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_the_smallest_images_are_filled(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    hole = rng.random((height, width)) < 0.5
    hole[rng.integers(height), rng.integers(width)] = False
    pixels = np.where(hole, 0, 77).astype(np.uint8)
    fill_hole(pixels, "L", hole, MeanEngine())
    assert (pixels == 77).all()


def test_a_single_pixel_comes_back() -> None:
    pixels = np.full((1, 1, 3), 9, np.uint8)
    assert fill_hole(pixels, "RGB", np.zeros((1, 1), bool), MeanEngine()) == 0
    assert (pixels == 9).all()


def test_cmyk_is_filled_as_colours_and_black() -> None:
    engine = MeanEngine()
    pixels = samples("CMYK", np.uint8, (20, 20))
    hole = np.zeros((20, 20), bool)
    hole[3, 3] = True
    fill_hole(pixels, "CMYK", hole, engine)
    assert [shape[-1] for shape in engine.shapes] == [3, 1]


def test_small_pages_are_run_whole_and_edge_tiles_have_their_real_size() -> None:
    engine = MeanEngine()
    hole = np.zeros((200, 300), bool)
    hole[150, 290] = True
    fill_hole(np.ones((200, 300), np.uint8), "L", hole, engine)
    # 300 pixels in tiles of 256 on a grid of 128: the second begins at 128.
    assert engine.shapes == [(200, 172, 1)]


def test_work_grows_with_the_damage_not_with_the_page() -> None:
    engine = MeanEngine()
    hole = np.zeros((2000, 2000), bool)
    hole[40, 40] = hole[1900, 1900] = True
    done: list[tuple[int, int]] = []
    count = fill_hole(np.ones(hole.shape, np.uint8), "L", hole, engine, progress=lambda *step: done.append(step))
    assert count == len(engine.shapes) == 2
    assert done == [(1, 2), (2, 2)]


def test_a_hole_larger_than_any_tile_is_filled_from_the_page_around() -> None:
    pixels = np.zeros((1500, 1400, 3), np.uint8)
    pixels[:] = 120, 100, 80
    hole = np.zeros(pixels.shape[:2], bool)
    hole[100:1400, 100:1300] = True
    pixels[hole] = 0
    fill_hole(pixels, "RGB", hole, MeanEngine())
    np.testing.assert_allclose(pixels.reshape(-1, 3), np.broadcast_to([120, 100, 80], (1500 * 1400, 3)), atol=1)


def test_the_fallback_inside_a_huge_hole_has_no_edges() -> None:
    columns = np.linspace(60, 200, 1600)
    pixels = np.repeat(columns[None], 1500, axis=0).round().astype(np.uint8)
    hole = np.zeros(pixels.shape, bool)
    hole[50:1450, 50:1550] = True
    pixels[hole] = 0
    fill_hole(pixels, "L", hole, MeanEngine(), tiling=Tiling(256))
    inside = pixels[60:1440, 60:1540].astype(int)
    assert np.abs(np.diff(inside, axis=0)).max() <= 3
    assert np.abs(np.diff(inside, axis=1)).max() <= 3
    assert inside.min() >= 55


def test_transparent_pixels_are_no_evidence() -> None:
    pixels = np.full((40, 40, 4), 200, np.uint8)
    pixels[:, 20:] = 0
    hole = np.zeros((40, 40), bool)
    hole[10:14, 8:12] = True
    fill_hole(pixels, "RGBA", hole, MeanEngine())
    assert (pixels[hole] == 200).all()
    assert (pixels[:, 20:] == 0).all()


def test_where_all_is_transparent_colours_count_after_all() -> None:
    pixels = np.full((9, 9, 2), 50, np.uint8)
    pixels[..., 1] = 0
    hole = np.zeros((9, 9), bool)
    hole[4, 4] = True
    pixels[4, 4, 0] = 0
    fill_hole(pixels, "LA", hole, MeanEngine())
    assert (pixels[..., 0] == 50).all()


def test_shrinking_averages_what_is_known() -> None:
    pixels = np.array([[10, 20, 30, 0], [30, 0, 0, 0], [1, 1, 1, 9]], np.uint8)
    missing = np.array([[0, 0, 0, 1], [0, 1, 1, 1], [1, 1, 1, 0]], bool)
    light, empty = shrink(pixels, missing, "L", 2)
    np.testing.assert_array_equal(light[..., 0], [[20, 30], [0, 9]])
    np.testing.assert_array_equal(empty, [[False, False], [True, False]])
