"""File names of downloaded scans: the number of the canvas, and the letters and digits of its label."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from bokwon.iiif.manifest import CanvasImage

__all__ = ["file_stems"]

_LONGEST_LABEL = 40
"""Characters. File systems allow 255 bytes, and the names of records and pictures are longer than the scan's."""


def file_stems(images: Sequence[CanvasImage], canvases: int) -> list[str]:
    """Return a file name without extension for each image, such as `p003` or `p003-fol-2r`. All are different.

    Only letters and digits of the label are kept. So no name leads out of the folder, and none looks like a mask's.

    Args:
        images: The images.
        canvases: Number of canvases in the manifest. All page numbers have as many digits as this one, at least three.
    """
    digits = max(3, len(str(canvases)))
    return [_stem(image, digits) for image in images]


def _stem(image: CanvasImage, digits: int) -> str:
    stem = f"p{image.canvas:0{digits}}" + (f"-{image.part}" if image.part else "")
    label = unicodedata.normalize("NFC", image.label)
    label = re.sub(r"[\W_]+", "-", label).strip("-")[:_LONGEST_LABEL].strip("-")
    return stem if not label or label == str(image.canvas) else f"{stem}-{label}"
