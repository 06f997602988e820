"""Thumbnails of pages."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bokwon.serve.folder.view.shown import encode_tile

__all__ = ["LONGEST", "thumbnail_of"]

LONGEST = 320
"""Pixels of the longer side."""


def thumbnail_of(picture: NDArray[np.uint8]) -> bytes:
    """Return a small picture, (h, w) or (h, w, 3), as a JPEG file."""
    return encode_tile(picture, lossless=False)[0]
