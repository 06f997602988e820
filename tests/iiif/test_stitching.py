"""Tiles become the image that they were cut from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bokwon.errors import InputFileError
from bokwon.iiif.image_service import Tile
from bokwon.iiif.stitching import stitch
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.page import Page
from bokwon.types import Pixels


def cut(pixels: Pixels, mode: str, side: int) -> list[tuple[Tile, Page]]:
    height, width = pixels.shape[:2]
    found = []
    for top in range(0, height, side):
        for left in range(0, width, side):
            piece = pixels[top : top + side, left : left + side]
            tile = Tile(f"https://a.example/{left},{top}", left, top, piece.shape[1], piece.shape[0])
            found.append((tile, Page(piece.copy(), mode, "JPEG", Metadata(icc=b"profile", exif=b"II*\0"))))
    return found


@pytest.mark.parametrize(("shape", "mode", "depth"), [((50, 70), "L", np.uint8), ((50, 70, 3), "RGB", np.uint16)])
def test_tiles_make_up_the_image(shape: tuple[int, ...], mode: str, depth: Any) -> None:
    pixels: Pixels = np.random.default_rng(1).integers(0, 256, shape).astype(depth)
    found = stitch(cut(pixels, mode, 32), 70, 50, "page")
    np.testing.assert_array_equal(found.pixels, pixels)
    assert (found.mode, found.size, found.pixels.dtype) == (mode, (70, 50), depth)
    # Of a tile's metadata, only the profile is that of the image.
    assert found.metadata == Metadata(icc=b"profile")


@pytest.mark.parametrize("gray", [0, 1])
def test_gray_tiles_among_colours_become_coloured(gray: int) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (32, 64, 3)).astype(np.uint8)
    pixels[:, gray * 32 : gray * 32 + 32] = pixels[:, gray * 32 : gray * 32 + 32, :1]
    tiles = cut(pixels, "RGB", 32)
    tile, page = tiles[gray]
    tiles[gray] = tile, Page(page.pixels[..., 0].copy(), "L", "JPEG", Metadata())
    found = stitch(tiles, 64, 32, "page")
    np.testing.assert_array_equal(found.pixels, pixels)
    assert found.metadata.icc == b"profile"


def test_tiles_of_another_size_or_kind_are_refused() -> None:
    tiles = cut(np.zeros((32, 64), np.uint8), "L", 32)
    other = Page(np.zeros((32, 31), np.uint8), "L", "JPEG", Metadata())
    with pytest.raises(InputFileError, match=r"https://a\.example/32,0 has 31x32 pixels instead of 32x32"):
        stitch([tiles[0], (tiles[1][0], other)], 64, 32, "page")
    for mode, pixels in (("CMYK", np.zeros((32, 32, 4), np.uint8)), ("L", np.zeros((32, 32), np.uint16))):
        with pytest.raises(InputFileError, match=rf"the tiles of page are of different kinds \(L and {mode}\)"):
            stitch([tiles[0], (tiles[1][0], Page(pixels, mode, "TIFF", Metadata()))], 64, 32, "page")
    with pytest.raises(InputFileError, match="page has no tiles"):
        stitch([], 64, 32, "page")
