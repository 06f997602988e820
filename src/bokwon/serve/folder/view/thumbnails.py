"""Thumbnails of pages, without decoding a large JPEG at full size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from bokwon.serve.folder.view.shown import encode_tile

__all__ = ["LONGEST", "quick_thumbnail", "thumbnail_of"]

LONGEST = 320
"""Pixels of the longer side."""


def quick_thumbnail(path: Path) -> bytes | None:
    """Return a thumbnail of a JPEG that has no colour profile, decoded at an eighth of its size.

    Returns:
        A JPEG file; None for all other files, which must be decoded at full size.
    """
    try:
        with Image.open(path, formats=("JPEG",)) as image:
            if image.mode not in ("L", "RGB") or image.info.get("icc_profile") or max(image.size) < 8 * LONGEST:
                return None
            image.draft(image.mode, (2 * LONGEST, 2 * LONGEST))
            upright = ImageOps.exif_transpose(image)
            upright.thumbnail((LONGEST, LONGEST))
            return thumbnail_of(np.array(upright))
    # Whatever is wrong with the file is told when it is decoded whole.
    except Exception:
        return None


def thumbnail_of(picture: NDArray[np.uint8]) -> bytes:
    """Return a small picture, (h, w) or (h, w, 3), as a JPEG file."""
    return encode_tile(picture, lossless=False)[0]
