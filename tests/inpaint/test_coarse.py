"""What lies too deep in a hole for the engine takes its light from the page at a lower resolution."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from bokwon.inpaint.coarse import CoarsePage, fill_planes, interpolate, shrink
from bokwon.inpaint.engines.base import Engine
from bokwon.inpaint.fill import fill_hole
from bokwon.inpaint.tiling import Tiling


class ShortSighted(Engine):
    """Fills with the mean of what is known, but with black where nothing known is near, as networks do."""

    description = "short-sighted"
    tile = 256
    reach = 40

    def __init__(self) -> None:
        self.deepest = 0.0

    def fill(self, light: np.ndarray, missing: np.ndarray, scale: float = 0.0) -> np.ndarray:
        depth = cv2.distanceTransform(missing.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        self.deepest = max(self.deepest, float(depth.max()))
        mean = light[~missing].mean(axis=0) / np.iinfo(light.dtype).max
        filled = np.broadcast_to(mean, light.shape).astype(np.float32).copy()
        filled[depth > 1.4 * (self.reach or np.inf)] = 0.0
        return filled


class FarSighted(ShortSighted):
    """Goes on from the rim to any depth, as classical methods do."""

    reach = None


def disc(shape: tuple[int, int], radius: int) -> np.ndarray:
    y, x = np.mgrid[: shape[0], : shape[1]]
    return (y - shape[0] // 2) ** 2 + (x - shape[1] // 2) ** 2 < radius**2


@pytest.mark.parametrize("tile", [256, 512])
@pytest.mark.parametrize("radius", [45, 100, 280])
def test_a_deep_hole_is_filled_from_coarse_to_fine(tile: int, radius: int) -> None:
    rows = np.linspace(60, 200, 600)[:, None]
    before = np.broadcast_to(rows, (600, 640)).round().astype(np.uint8)
    hole = disc(before.shape, radius)
    pixels = np.where(hole, 0, before).astype(np.uint8)
    engine = ShortSighted()
    fill_hole(pixels, "L", hole, engine, tiling=Tiling(tile))
    np.testing.assert_array_equal(pixels[~hole], before[~hole])
    # What the engine sees of a hole is never deeper than it reaches, so nothing is left black.
    assert engine.deepest <= engine.reach + 2
    assert pixels[hole].min() >= 60
    # Nor has the middle a hard edge anywhere.
    inside = cv2.erode(hole.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    steps = np.abs(np.diff(pixels.astype(int), axis=1))
    assert steps[inside[:, 1:] & inside[:, :-1]].max() <= 40


def test_an_engine_without_a_reach_sees_the_whole_hole() -> None:
    engine = FarSighted()
    pixels = np.full((250, 250), 90, np.uint8)
    fill_hole(pixels, "L", disc(pixels.shape, 100), engine)
    assert engine.deepest > 90


def test_a_hole_larger_than_any_tile_is_filled_from_the_page_around() -> None:
    pixels = np.zeros((1500, 1400, 3), np.uint8)
    pixels[:] = 120, 100, 80
    hole = np.zeros(pixels.shape[:2], bool)
    hole[100:1400, 100:1300] = True
    pixels[hole] = 0
    fill_hole(pixels, "RGB", hole, FarSighted())
    np.testing.assert_allclose(pixels.reshape(-1, 3), np.broadcast_to([120, 100, 80], (1500 * 1400, 3)), atol=1)


def test_the_fallback_inside_a_huge_hole_has_no_edges() -> None:
    columns = np.linspace(60, 200, 1600)
    pixels = np.repeat(columns[None], 1500, axis=0).round().astype(np.uint8)
    hole = np.zeros(pixels.shape, bool)
    hole[50:1450, 50:1550] = True
    pixels[hole] = 0
    fill_hole(pixels, "L", hole, FarSighted(), tiling=Tiling(256))
    inside = pixels[60:1440, 60:1540].astype(int)
    assert np.abs(np.diff(inside, axis=0)).max() <= 3
    assert np.abs(np.diff(inside, axis=1)).max() <= 3
    assert inside.min() >= 55


def test_shrinking_averages_what_is_known() -> None:
    pixels = np.array([[10, 20, 30, 0], [30, 0, 0, 0], [1, 1, 1, 9]], np.uint8)
    missing = np.array([[0, 0, 0, 1], [0, 1, 1, 1], [1, 1, 1, 0]], bool)
    light, empty = shrink(pixels, missing, "L", 2)
    np.testing.assert_array_equal(light[..., 0], [[20, 30], [0, 9]])
    np.testing.assert_array_equal(empty, [[False, False], [True, False]])


def test_light_between_cells_is_interpolated_from_their_middles() -> None:
    light = np.array([[[0.0], [1.0]]], np.float32)
    (tile,) = Tiling(256).plan(np.ones((4, 8), bool))
    row = interpolate(light, tile, 4)[0, :, 0]
    # The middles of the two cells lie between pixels 1 and 2, and 5 and 6.
    np.testing.assert_allclose(row, [0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1])


def test_the_page_is_shrunk_until_the_engine_reaches_the_middle() -> None:
    engine = ShortSighted()
    pixels = np.full((800, 900), 90, np.uint8)
    hole = disc(pixels.shape, 300)
    coarse = CoarsePage(engine, pixels, hole, "L")
    assert 0 < engine.deepest <= engine.reach
    (tile,) = Tiling(1024).plan(hole)
    np.testing.assert_allclose(coarse.at(tile), 90 / 255, atol=1e-3)


@pytest.mark.parametrize(("mode", "planes"), [("L", [1]), ("RGB", [3]), ("CMYK", [3, 1])])
def test_each_group_of_channels_is_filled_with_its_own_contrast(mode: str, planes: list[int]) -> None:
    seen: list[tuple[int, float]] = []

    class Listening(FarSighted):
        def fill(self, light: np.ndarray, missing: np.ndarray, scale: float = 0.0) -> np.ndarray:
            seen.append((light.shape[-1], scale))
            return super().fill(light, missing)

    light = np.random.default_rng(1).integers(0, 256, (20, 30, sum(planes))).astype(np.uint8)
    missing = disc((20, 30), 5)
    contrast = tuple(0.1 * (place + 1) for place in range(len(planes)))
    filled = fill_planes(Listening(), light, missing, mode, contrast)
    assert filled.shape == light.shape
    assert seen == list(zip(planes, contrast, strict=True))
    seen.clear()
    fill_planes(Listening(), light, missing, mode)
    assert [scale for _, scale in seen] == [0.0] * len(planes)
