"""Small pictures, without decoding all of a large JPEG."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from bokwon.serve.folder.view.thumbnails import LONGEST, quick_thumbnail, thumbnail_of
from tests.serve.conftest import picture_of
from tests.serve.folder.conftest import noise


def test_a_large_jpeg_is_shown_upright(tmp_path: Path) -> None:
    pixels = np.zeros((2000, 3000, 3), np.uint8)
    pixels[:, :1500] = (250, 0, 0)
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(pixels).save(tmp_path / "a.jpg", exif=exif)
    data = quick_thumbnail(tmp_path / "a.jpg")
    assert data is not None
    small = picture_of(data)
    assert small.shape == (LONGEST, 213, 3)
    # What was left is on top now.
    assert small[40, 100, 0] > 200
    assert small[280, 100, 0] < 50


def test_all_others_are_decoded_whole(tmp_path: Path) -> None:
    Image.fromarray(noise(1, 3000, 20)).save(tmp_path / "a.png")
    Image.fromarray(noise(1, 30, 20)).save(tmp_path / "small.jpg")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    for name in ("a.png", "small.jpg", "broken.jpg", "missing.jpg"):
        assert quick_thumbnail(tmp_path / name) is None
    assert picture_of(thumbnail_of(np.full((30, 20), 90, np.uint8))).shape == (30, 20)
