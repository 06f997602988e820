"""Small pictures."""

from __future__ import annotations

import numpy as np

from bokwon.serve.folder.view.thumbnails import thumbnail_of
from tests.serve.conftest import picture_of


def test_a_thumbnail_is_a_jpeg() -> None:
    data = thumbnail_of(np.full((30, 20), 90, np.uint8))
    assert data.startswith(b"\xff\xd8\xff")
    assert picture_of(data).shape == (30, 20)
