"""Holes deeper than the engine reaches, and letters that are left out."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bokwon.inpaint.distance import depth_in_hole, is_shallow
from bokwon.inpaint.fill import LETTER_REACH, fill_hole
from bokwon.inpaint.tiling import Tiling


class ShortSighted:
    """Fills with the mean of what is known, but with black where nothing known is near, as networks do."""

    description = "short-sighted"
    tile = 256
    reach: int | None = 40

    def __init__(self) -> None:
        self.deepest = 0.0

    def fill(self, light: np.ndarray, missing: np.ndarray) -> np.ndarray:
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


def text_page() -> tuple[np.ndarray, np.ndarray]:
    """A page of dark lines on paper that darkens to the right, and where its ink is."""
    paper = np.broadcast_to(np.linspace(230, 180, 500)[None, :, None], (400, 500, 3)).round().astype(np.uint8)
    ink = np.zeros((400, 500), bool)
    for top in range(20, 400, 24):
        ink[top : top + 7] = True
    page = paper.copy()
    page[ink] = 30
    return page, paper


class Writer(ShortSighted):
    """Makes up letters: everything it fills is ink."""

    def fill(self, light: np.ndarray, missing: np.ndarray) -> np.ndarray:
        return np.zeros(light.shape, np.float32)


def test_left_letters_are_paper_wherever_evidence_is_far() -> None:
    page, paper = text_page()
    hole = disc(page.shape[:2], 90)
    pixels = page.copy()
    pixels[hole] = 0
    fill_hole(pixels, "RGB", hole, Writer(), letters="leave")
    np.testing.assert_array_equal(pixels[~hole], page[~hole])
    depth = depth_in_hole(hole, (slice(0, 400), slice(0, 500)), 200)
    far = depth > LETTER_REACH
    assert np.abs(pixels[far].astype(int) - paper[far]).max() <= 8
    assert (pixels[(depth > 0) & (depth < LETTER_REACH / 2)] == 0).all()
    restored = page.copy()
    fill_hole(restored, "RGB", hole, Writer(), letters="restore")
    assert restored[far].max() == 0


def test_depth_is_the_same_whatever_window_asks() -> None:
    missing = np.random.default_rng(1).random((200, 300)) < 0.995
    whole = depth_in_hole(missing, (slice(0, 200), slice(0, 300)), 20)
    part = depth_in_hole(missing, (slice(50, 120), slice(70, 300)), 20)
    np.testing.assert_allclose(part, whole[50:120, 70:300], atol=1e-4)
    assert whole.max() <= 20
    assert (whole[~missing] == 0).all()


@given(st.integers(0, 40), st.integers(1, 90), st.integers(1, 90), st.integers(0, 30), st.randoms())
def test_shallow_holes_have_no_deep_pixel(reach: int, height: int, width: int, known: int, random) -> None:
    missing = np.ones((height, width), bool)
    for _ in range(known):
        missing[random.randrange(height), random.randrange(width)] = False
    if is_shallow(missing, reach):
        assert depth_in_hole(missing, (slice(0, height), slice(0, width)), reach + 1).max() <= reach
    # A lone row between known ones is.
    thin = np.zeros((300, 300), bool)
    thin[::2] = True
    assert is_shallow(thin, max(reach, 2))
