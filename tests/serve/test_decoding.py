"""The tasks of the processes that decode pages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.errors import InputFileError
from bokwon.image_io.page import Page
from bokwon.serve.decoding import Decode, Shrink, decode
from tests.serve.folder.conftest import noise

LONGEST = 320


def nothing(share: float) -> None:
    raise AssertionError("a page has no progress")


def test_a_page_of_a_file_is_decoded(tmp_path: Path) -> None:
    pages = [Image.fromarray(noise(seed, 30, 20)) for seed in (1, 2)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    page = decode(Decode(tmp_path / "a.tif", 2, 10_000), nothing)
    assert isinstance(page, Page)
    assert (page.pixels == noise(2, 30, 20)).all()
    with pytest.raises(InputFileError, match="megapixels"):
        decode(Decode(tmp_path / "a.tif", 2, 599), nothing)


def test_a_large_jpeg_is_shrunk_and_upright(tmp_path: Path) -> None:
    pixels = np.zeros((2000, 3000, 3), np.uint8)
    pixels[:, :1500] = (250, 0, 0)
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(pixels).save(tmp_path / "a.jpg", exif=exif)
    small = decode(Shrink(tmp_path / "a.jpg", LONGEST), nothing)
    assert isinstance(small, np.ndarray)
    assert small.shape == (LONGEST, 213, 3)
    # What was left is on top now.
    assert small[40, 100, 0] > 200
    assert small[280, 100, 0] < 50


def test_all_others_are_not_shrunk(tmp_path: Path) -> None:
    Image.fromarray(noise(1, 3000, 20)).save(tmp_path / "a.png")
    Image.fromarray(noise(1, 30, 20)).save(tmp_path / "small.jpg")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    for name in ("a.png", "small.jpg", "broken.jpg", "missing.jpg"):
        assert decode(Shrink(tmp_path / name, LONGEST), nothing) is None
