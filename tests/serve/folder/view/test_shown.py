"""Pages in tiles: every pixel once, upright, in colours that screens show."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from bokwon.image_io.metadata import Metadata
from bokwon.image_io.page import Page
from bokwon.serve.folder.view.shown import TILE, ShownPage, encode_tile, finest_level, is_true, level_size
from tests.serve.conftest import picture_of
from tests.serve.folder.conftest import noise


def page_of(pixels: np.ndarray, mode: str, **metadata: Any) -> Page:
    return Page(pixels, mode, "PNG", Metadata(**metadata))


def together(shown: ShownPage, level: int) -> np.ndarray:
    """Put the tiles of a level together."""
    width, height = level_size(shown.size, level)
    rows = []
    for row in range(-(-height // TILE)):
        tiles = [shown.tile(level, column, row) for column in range(-(-width // TILE))]
        rows.append(np.hstack(tiles))
    return np.vstack(rows)


@pytest.mark.parametrize("size", [(1, 1), (512, 512), (513, 700), (1300, 1025)])
def test_tiles_of_the_finest_level_are_the_page(size: tuple[int, int]) -> None:
    pixels = noise(1, *size, 3)
    shown = ShownPage(page_of(pixels, "RGB"))
    level = finest_level(shown.size)
    assert (together(shown, level) == pixels).all()
    assert is_true(shown.size, level)
    assert is_true(shown.size, level - 1)
    assert not is_true(shown.size, level - 2)
    assert shown.tile(level, -(-size[1] // TILE), 0) is None
    assert shown.tile(level + 1, 0, 0) is None


def test_each_level_is_the_mean_of_the_finer_one() -> None:
    pixels = noise(1, 600, 1030)
    shown = ShownPage(page_of(pixels, "L"))
    finest = finest_level(shown.size)
    assert finest == 11
    half = together(shown, finest - 1)
    assert half.shape == (300, 515)
    means = pixels.reshape(300, 2, 515, 2).mean(axis=(1, 3))
    assert np.abs(half - means).max() <= 1
    assert together(shown, 0).shape == (1, 1)
    assert abs(int(together(shown, 0)[0, 0]) - pixels.mean()) < 12


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pages_are_shown_upright(orientation: int) -> None:
    pixels = noise(1, 70, 50, 3)
    page = page_of(pixels, "RGB", orientation=orientation)
    shown = ShownPage(page)
    upright = page.upright.apply(pixels)
    assert shown.size == (upright.shape[1], upright.shape[0])
    assert (together(shown, finest_level(shown.size)) == upright).all()
    assert (shown.window(0, (3, 5, 20, 30)) == upright[5:30, 3:20]).all()


def test_all_kinds_of_samples_are_shown() -> None:
    gray = noise(1, 40, 50)
    deep = (noise(2, 40, 50).astype(np.uint16) << 8) + 7
    bits = gray > 128
    cmyk = np.zeros((40, 50, 4), np.uint8)
    cmyk[..., 3] = 255
    for pixels, mode, wanted in (
        (gray, "L", gray),
        (gray[..., None], "L", gray),
        (deep, "L", (deep >> 8).astype(np.uint8)),
        (np.dstack([deep] * 3), "RGB", np.dstack([(deep >> 8).astype(np.uint8)] * 3)),
        (bits, "1", bits * np.uint8(255)),
        (np.dstack([gray, np.zeros_like(gray)]), "LA", np.full_like(gray, 255)),
        (np.dstack([gray, np.full_like(gray, 255)]), "LA", gray),
        (cmyk, "CMYK", np.zeros((40, 50, 3), np.uint8)),
    ):
        shown = ShownPage(page_of(pixels, mode))
        assert (shown.window(0, (0, 0, 50, 40)) == wanted).all(), mode
        assert shown.window(1, (0, 0, 25, 20)).shape[:2] == (20, 25)
    half = np.dstack([np.full_like(gray, 100)] * 3 + [np.full_like(gray, 128)])
    assert abs(int(ShownPage(page_of(half, "RGBA")).window(0, (0, 0, 1, 1))[0, 0, 0]) - 177) <= 1


def test_colour_profiles_are_applied_and_damaged_ones_are_not() -> None:
    lab = ImageCms.createProfile("sRGB")
    icc = ImageCms.ImageCmsProfile(lab).tobytes()
    pixels = noise(1, 20, 20, 3)
    # sRGB itself, and a profile that cannot be read, leave the true pixels.
    for profile in (icc, b"no profile", None):
        shown = ShownPage(page_of(pixels, "RGB", icc=profile))
        assert (shown.window(0, (0, 0, 20, 20)) == pixels).all()
    wide = bytearray(icc)
    # The same curves, with the red and the green primary exchanged, under another name.
    for old, new in ((b"rXYZ", b"tmpX"), (b"gXYZ", b"rXYZ"), (b"tmpX", b"gXYZ"), (b"s\0R\0G\0B", b"o\0t\0h\0e")):
        wide = bytearray(bytes(wide).replace(old, new))
    name = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(bytes(wide)))).strip()
    assert not name.lower().startswith("srgb")
    swapped = ShownPage(page_of(pixels, "RGB", icc=bytes(wide))).window(0, (0, 0, 20, 20))
    assert np.abs(swapped.astype(int) - pixels[..., [1, 0, 2]]).max() <= 2


def test_smaller_copies_follow_changes() -> None:
    page = page_of(noise(1, 301, 407, 3), "RGB", orientation=6)
    shown = ShownPage(page)
    together(shown, 0)
    page.pixels[100:150, 201:333] = 0
    shown.update((201, 100, 333, 150))
    fresh = ShownPage(replace(page))
    for level in range(finest_level(shown.size) + 1):
        assert (together(shown, level) == together(fresh, level)).all()


def test_small_pictures_have_the_longest_side_asked_for() -> None:
    assert ShownPage(page_of(noise(1, 1000, 700, 3), "RGB")).small(320).shape == (320, 224, 3)
    assert ShownPage(page_of(noise(1, 30, 20), "L")).small(320).shape == (30, 20)


def test_tiles_are_sent_as_they_are_or_as_jpeg() -> None:
    pixels = noise(1, 60, 50, 3)
    data, kind = encode_tile(pixels, lossless=True)
    assert kind == "image/png"
    assert (picture_of(data) == pixels).all()
    data, kind = encode_tile(np.full((60, 50, 3), (200, 100, 50), np.uint8), lossless=False)
    assert kind == "image/jpeg"
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "JPEG"
        assert np.abs(np.array(image).astype(int) - (200, 100, 50)).max() <= 3


def test_memory_is_known_beforehand() -> None:
    shown = ShownPage(page_of(noise(1, 300, 300, 3), "RGB"))
    before = shown.nbytes
    together(shown, 0)
    assert shown.nbytes == before >= 300 * 300 * 3 * 4 // 3
