"""A picture of the changes to a page: how far away the evidence lies, ink that was made, ink that was left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bokwon.detection.detector import as_gray
from bokwon.image_io.page import Page
from bokwon.provenance.overlay import draw_overlay

__all__ = ["draw_evidence"]

_BLOCK = 1024
"""Side of the blocks that are drawn one after the other, pixels: those without a fill stay gray."""


def draw_evidence(
    scan: Page, restored: Page, levels: NDArray[np.uint8], layers: int, ink: NDArray[np.uint8] | None
) -> Page:
    """Draw the changes over the restored page in gray, with the colours of a record's overlay.

    Args:
        scan: The page as it was scanned.
        restored: The page as it is in the output, of the same size.
        levels: (H, W): 0 at known pixels, 1 to `layers` by distance to the evidence, `layers` + 1 without evidence.
        layers: How many layers the network has.
        ink: (H, W), where ink was made or left out, see `bokwon.inpaint.ink`; None where no record tells.

    Returns:
        The picture, RGB, with the orientation of the scan, so that viewers show both alike.
    """
    picture = _gray(restored)
    height, width = levels.shape
    for top in range(0, height, _BLOCK):
        for left in range(0, width, _BLOCK):
            window = slice(top, top + _BLOCK), slice(left, left + _BLOCK)
            if levels[window].any():
                block = replace(restored, pixels=restored.pixels[window])
                part = None if ink is None else ink[window]
                picture[window] = draw_overlay(block, levels[window], layers, part)
    metadata = replace(scan.metadata, icc=None)
    return Page(picture, "RGB", scan.format, metadata, shown=scan.upright)


def _gray(page: Page) -> NDArray[np.uint8]:
    """Return a page in gray, (H, W, 3)."""
    import cv2

    return np.asarray(cv2.cvtColor(as_gray(page.pixels, page.mode), cv2.COLOR_GRAY2RGB), np.uint8)
