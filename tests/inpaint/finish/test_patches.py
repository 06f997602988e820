"""Fills made of the page's own patches."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise, product
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bokwon.image_io.modes import MODES
from bokwon.inpaint.finish.patches import PatchMatching, match_patches
from bokwon.inpaint.tiling import Filled


def texture(height: int = 200, width: int = 260) -> NDArray[np.uint8]:
    """A pattern of 12 by 12 pixels in two colours, over and over."""
    cell = np.full((12, 12, 3), (226, 214, 190), np.uint8)
    cell[2:5, 1:9] = (60, 50, 40)
    cell[5:11, 6:9] = (120, 40, 30)
    return np.tile(cell, (-(-height // 12), -(-width // 12), 1))[:height, :width]


def hole_of(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    hole = np.zeros(shape[:2], bool)
    hole[80:92, 60:180] = hole[30:120, 120:130] = True
    return hole


def smeared(page: NDArray[Any], hole: NDArray[np.bool_]) -> NDArray[Any]:
    """The page with a soft and paler fill, as a network makes it."""
    soft = cv2.GaussianBlur(page, (0, 0), 1.2).reshape(page.shape)
    filled = page.copy()
    filled[hole] = soft[hole]
    return filled


def test_a_repeated_pattern_comes_back_exactly() -> None:
    page = texture()
    hole = hole_of(page.shape)
    filled = smeared(page, hole)
    assert np.abs(filled.astype(int) - page)[hole].max() > 40
    match_patches(filled, "RGB", hole)
    np.testing.assert_array_equal(filled, page)


def test_paper_gets_the_grain_of_the_paper_around() -> None:
    rng = np.random.default_rng(1)
    page = np.clip(210 + 5 * cv2.GaussianBlur(rng.standard_normal((200, 260)), (0, 0), 1.5) / 0.19, 0, 255)
    page = page.astype(np.uint8)
    hole = hole_of(page.shape)
    filled = page.copy()
    filled[hole] = 210
    match_patches(filled, "L", hole)
    assert filled[hole].std() > 0.35 * page.std()
    assert filled[hole].mean() == pytest.approx(210, abs=2)


def test_ink_gets_the_colour_of_the_page_s_own_ink() -> None:
    page = np.full((200, 260, 3), (230, 220, 200), np.uint8)
    page[:, 20::40] = page[:, 21::40] = page[:, 22::40] = page[:, 23::40] = (70, 80, 70)
    hole = hole_of(page.shape)
    filled = page.copy()
    # As straight, but brown.
    filled[hole & (page[..., 0] < 100)] = (85, 70, 50)
    match_patches(filled, "RGB", hole)
    np.testing.assert_array_equal(filled, page)


def test_a_faint_smear_in_the_middle_of_a_hole_becomes_paper() -> None:
    page = np.full((300, 300), 220, np.uint8)
    page[20:280:30, 20:280] = page[21:280:30, 20:280] = page[22:280:30, 20:280] = 40
    hole = np.zeros(page.shape, bool)
    hole[100:200, 60:240] = True
    filled = page.copy()
    filled[hole] = 220
    filled[140:160, 130:170] = 175
    match_patches(filled, "L", hole)
    assert filled[120:180, 110:190].min() > 210


def test_nothing_is_lighter_or_darker_than_the_page_and_only_the_hole_changes() -> None:
    rng = np.random.default_rng(2)
    page = np.clip(texture().astype(float) + rng.normal(0, 6, texture().shape), 20, 235).astype(np.uint8)
    hole = hole_of(page.shape)
    filled = smeared(page, hole)
    filled[85, 100:140] = 255
    filled[88, 100:140] = 0
    before = filled.copy()
    match_patches(filled, "RGB", hole)
    np.testing.assert_array_equal(filled[~hole], before[~hole])
    assert (filled[hole] != before[hole]).any()
    assert filled[hole].max() <= page[~hole].max()
    assert filled[hole].min() >= page[~hole].min()


def test_a_white_page_without_ink_stays_white() -> None:
    page = np.full((150, 150), 255, np.uint8)
    hole = np.zeros(page.shape, bool)
    hole[50:90, 40:100] = True
    filled = page.copy()
    filled[hole] = 251
    match_patches(filled, "L", hole)
    assert (filled == 255).all()


@pytest.mark.parametrize("mode", sorted(set(MODES) - {"1"}))
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_mode_and_depth(mode: str, dtype: Any) -> None:
    channels = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}[mode]
    scale = 257 if dtype == np.uint16 else 1
    page = np.repeat(texture()[..., :1], channels, -1).astype(dtype) * scale
    if mode in ("LA", "RGBA"):
        page[..., -1] = 200 * scale
        page[90:100, 100:110, -1] = 0
    if mode == "CMYK":
        page[..., 3] //= 2
    pixels = page[..., 0] if channels == 1 else page
    hole = hole_of(page.shape)
    filled = pixels.copy()
    colours = filled if channels == 1 else filled[..., : channels - (mode in ("LA", "RGBA"))]
    soft = cv2.GaussianBlur(colours.astype(np.float32), (0, 0), 1.0).reshape(colours.shape)
    colours[hole] = np.rint(soft)[hole].astype(dtype)
    match_patches(filled, mode, hole)
    np.testing.assert_array_equal(filled, pixels)


def test_a_bilevel_page_and_an_empty_hole_stay_as_they_are() -> None:
    page = np.random.default_rng(0).random((60, 60)) > 0.5
    before = page.copy()
    hole = np.zeros(page.shape, bool)
    hole[20:30, 20:30] = True
    match_patches(page, "1", hole)
    np.testing.assert_array_equal(page, before)
    gray = np.full((60, 60), 7, np.uint8)
    match_patches(gray, "L", np.zeros((60, 60), bool))
    assert (gray == 7).all()


def test_a_page_without_a_whole_known_patch_stays_as_it_was_filled() -> None:
    page = np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)
    hole = np.ones(page.shape, bool)
    hole[::4, ::4] = False
    before = page.copy()
    match_patches(page, "L", hole)
    np.testing.assert_array_equal(page, before)


def test_a_page_of_few_pixels() -> None:
    for height, width in ((1, 1), (3, 40), (8, 8), (40, 9), (31, 33)):
        page = np.full((height, width), 200, np.uint8)
        hole = np.zeros(page.shape, bool)
        hole[height // 2, width // 2] = True
        page[hole] = 90
        match_patches(page, "L", hole)
        assert (page[~hole] == 200).all()


def test_the_same_bytes_for_any_number_of_threads() -> None:
    rng = np.random.default_rng(5)
    page = np.tile(texture(), (4, 5, 1))
    page = np.clip(page.astype(float) + rng.normal(0, 4, page.shape), 0, 255).astype(np.uint8)
    hole = np.zeros(page.shape[:2], bool)
    for top, left in rng.integers(0, 700, (40, 2)):
        hole[top : top + 12, left : left + 60] = True
    filled = smeared(page, hole)
    made = []
    for concurrency, threads in ((1, 1), (4, 2), (2, 1), (4, 4)):
        before = cv2.getNumThreads()
        cv2.setNumThreads(threads)
        pixels = filled.copy()
        match_patches(pixels, "RGB", hole, concurrency=concurrency)
        cv2.setNumThreads(before)
        made.append(pixels)
    for other in made[1:]:
        np.testing.assert_array_equal(other, made[0])


def test_a_deep_hole_looks_for_patches_beyond_its_rim() -> None:
    page = np.full((1500, 900), 205, np.uint8)
    page[::40] = page[1::40] = page[2::40] = 60
    hole = np.zeros(page.shape, bool)
    # The window in its middle sees nothing known within its usual reach.
    hole[80:1420, 40:860] = True
    filled = page.copy()
    filled[hole] = 203
    filled[700:730, 400:430] = 150
    match_patches(filled, "L", hole)
    assert filled[600:900, 300:600].min() >= 203


def test_a_page_may_be_finished_from_its_top_on_while_it_is_filled() -> None:
    rng = np.random.default_rng(6)
    page = np.clip(205 + 4 * rng.standard_normal((2100, 700)), 0, 255).astype(np.uint8)
    page[::40] = page[1::40] = page[2::40] = 60
    hole = np.zeros(page.shape, bool)
    hole[40:2060:50, 30:670] = hole[41:2060:50, 30:670] = True
    # A window whose surroundings have too few known patches until they reach far below.
    hole[600:1500, 20:690] = True
    filled = page.copy()
    filled[hole] = np.clip(filled[hole].astype(int) // 2 + 90, 0, 255)
    expected = filled.copy()
    match_patches(expected, "L", hole)
    pixels = np.where(hole, 0, page)
    with ThreadPoolExecutor(2) as pool:
        matching = PatchMatching(pixels, "L", hole, pool, 2)
        for (start, stop), column in product(pairwise((0, 500, 700, 1300, 2100)), (400, 700)):
            pixels[start:stop, :column] = filled[start:stop, :column]
            matching.advance(Filled(start, stop, column))
        matching.write()
    np.testing.assert_array_equal(pixels, expected)
