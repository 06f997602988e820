"""Windows of a page: how patches are averaged, and the texture that fills of photographs lack."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bokwon.inpaint.finish.patch_window import LIMIT, RADIUS, _Votes
from bokwon.inpaint.finish.patches import PatchMatching


def noise(height: int = 220, width: int = 260) -> NDArray[np.uint8]:
    """Gray with fine noise, which is stronger in the lighter right half."""
    values = np.random.default_rng(4).standard_normal((height, width))
    values[:, : width // 2] = 90 + 3 * values[:, : width // 2]
    values[:, width // 2 :] = 180 + 12 * values[:, width // 2 :]
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


def hole_of(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    hole = np.zeros(shape[:2], bool)
    hole[60:150, 30:100] = hole[60:150, 160:230] = True
    return hole


def smooth(page: NDArray[Any], hole: NDArray[np.bool_]) -> NDArray[Any]:
    filled = page.copy()
    filled[hole] = cv2.GaussianBlur(page, (0, 0), 6).reshape(page.shape)[hole]
    return filled


def textured(filled: NDArray[Any], mode: str, hole: NDArray[np.bool_], threads: int = 1) -> NDArray[Any]:
    page = filled.copy()
    with ThreadPoolExecutor(threads) as pool:
        PatchMatching(page, mode, hole, pool, threads, texture_only=True).write()
    return page


def test_a_fill_gets_the_texture_of_places_of_the_same_tone() -> None:
    page = noise()
    hole = hole_of(page.shape)
    filled = smooth(page, hole)
    made = textured(filled, "L", hole)
    np.testing.assert_array_equal(made[~hole], page[~hole])
    for part, wanted in ((slice(0, 130), 3.0), (slice(130, None), 12.0)):
        inside = made[:, part][hole[:, part]].astype(float)
        assert filled[:, part][hole[:, part]].std() < 0.3 * wanted
        assert inside.std() == pytest.approx(wanted, rel=0.3)
        assert inside.mean() == pytest.approx(filled[:, part][hole[:, part]].mean(), abs=0.25 * wanted)


def test_a_fill_with_texture_gets_none() -> None:
    page = noise()
    hole = hole_of(page.shape)
    made = textured(page, "L", hole).astype(float)
    for part, strength in ((slice(0, 130), 3.0), (slice(130, None), 12.0)):
        inside = hole[:, part]
        assert made[:, part][inside].std() == pytest.approx(strength, rel=0.15)


def test_no_pixel_stands_out() -> None:
    page = noise()
    # Specks, brighter than all of the texture.
    page[5::23, 7::19] = 255
    hole = hole_of(page.shape)
    filled = smooth(page, hole)
    added = textured(filled, "L", hole).astype(float) - filled
    strongest = page[:, 140:][~hole[:, 140:]].std()
    assert np.abs(added[hole]).max() <= 1.5 * LIMIT * strongest


@pytest.mark.parametrize("mode", ["RGB", "LA", "CMYK"])
def test_other_modes_and_more_threads_give_the_same(mode: str) -> None:
    page = np.repeat(noise()[..., None], {"RGB": 3, "LA": 2, "CMYK": 4}[mode], axis=2)
    if mode == "LA":
        page[..., 1] = 200
    hole = hole_of(page.shape)
    filled = smooth(page, hole)
    made = textured(filled, mode, hole)
    np.testing.assert_array_equal(made, textured(filled, mode, hole, 3))
    np.testing.assert_array_equal(made[~hole], page[~hole])
    assert made[..., 0][:, 140:][hole[:, 140:]].std() > 8
    if mode == "LA":
        assert (made[..., 1] == 200).all()


def test_the_texture_does_not_depend_on_where_windows_of_the_page_end() -> None:
    page = np.tile(noise(), (3, 3))
    hole = np.zeros(page.shape, bool)
    # Over the seam of two windows.
    hole[470:530, 440:516] = True
    made = textured(smooth(page, hole), "L", hole).astype(float)
    columns = [made[472:528, at : at + 20].std() for at in (442, 462, 482, 496)]
    assert min(columns) > 0.6 * max(columns)


@pytest.mark.parametrize("first", [(0, 0), (1, 0), (1, 1)])
def test_every_pixel_becomes_the_mean_of_the_patches_that_cover_it(first: tuple[int, int]) -> None:
    rng = np.random.default_rng(3)
    height, width = 40, 50
    light = rng.random((height, width, 3)).astype(np.float32)
    hole = np.zeros((height, width), bool)
    hole[:9, 3:20] = hole[25:, 40:] = True
    near = cv2.dilate(hole.astype(np.uint8), np.ones((2 * RADIUS + 1, 2 * RADIUS + 1), np.uint8)) > 0
    grid = np.zeros_like(hole)
    grid[first[0] :: 2, first[1] :: 2] = True
    points, inside = np.flatnonzero(near & grid), np.flatnonzero(hole)
    sources = rng.integers(10, 30, len(points)) * width + rng.integers(10, 40, len(points))
    weights = rng.random(len(points)).astype(np.float32)
    total, weight = np.zeros((height, width, 3)), np.zeros((height, width, 1))
    for point, source, share in zip(points, sources, weights, strict=True):
        (row, column), (there, across) = divmod(point, width), divmod(source, width)
        for down in range(-RADIUS, RADIUS + 1):
            for right in range(-RADIUS, RADIUS + 1):
                if 0 <= row + down < height and 0 <= column + right < width:
                    total[row + down, column + right] += share * light[there + down, across + right]
                    weight[row + down, column + right] += share
    channels = [np.ascontiguousarray(light[..., channel]) for channel in range(3)]
    found = _Votes(points, inside, (height, width), first).mean(channels, sources, weights)
    np.testing.assert_allclose(np.stack(found, -1), (total / np.maximum(weight, 1e-9))[hole], rtol=1e-6)
