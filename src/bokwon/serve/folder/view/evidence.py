"""A picture of the changes to a page: how far away the evidence lies, ink that was added, ink that was removed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bokwon.detection.detector import as_gray
from bokwon.image_io.page import Page
from bokwon.inpaint.colour import as_float, lightness, samples_to_light
from bokwon.provenance.overlay import draw_overlay

__all__ = ["INK_LEFT_OUT", "INK_MADE", "draw_evidence"]

INK_MADE = (0, 60, 200)
"""RGB of what is ink in the restored page and was none in the scan: blue."""
INK_LEFT_OUT = (230, 0, 200)
"""RGB of what was ink, or dark damage, in the scan and is none in the restored page: magenta."""

_INK = 0.6
"""What is darker than this share of the paper counts as ink."""
_PAPER = 75
"""Percentile of the page's lightness that counts as that of its paper."""
_BLOCK = 1024
"""Side of the blocks that are drawn one after the other, pixels: those without a fill stay gray."""
_STEP = 8
"""Only every eighth pixel of each row and column is looked at for that."""


def draw_evidence(scan: Page, restored: Page, levels: NDArray[np.uint8], layers: int) -> Page:
    """Draw the changes over the scan in gray.

    Args:
        scan: The page as it was scanned.
        restored: The page as it is in the output, of the same size.
        levels: (H, W): 0 at known pixels, 1 to `layers` by distance to the evidence, `layers` + 1 without evidence.
        layers: How many layers the network has.

    Returns:
        The picture, RGB, with the orientation of the scan, so that viewers show both alike.
    """
    picture = _gray(restored)
    paper = float(np.percentile(_light(scan, (slice(None, None, _STEP),) * 2), _PAPER))
    height, width = levels.shape
    for top in range(0, height, _BLOCK):
        for left in range(0, width, _BLOCK):
            window = slice(top, top + _BLOCK), slice(left, left + _BLOCK)
            filled = levels[window] > 0
            if not filled.any():
                continue
            block = replace(restored, pixels=restored.pixels[window])
            picture[window] = draw_overlay(block, levels[window], layers)
            before, after = (_light(page, window) < _INK * paper for page in (scan, restored))
            picture[window][filled & after & ~before] = INK_MADE
            picture[window][filled & before & ~after] = INK_LEFT_OUT
    metadata = replace(scan.metadata, icc=None)
    return Page(picture, "RGB", scan.format, metadata, shown=scan.upright)


def _light(page: Page, window: tuple[slice, slice]) -> NDArray[np.float32]:
    return lightness(as_float(samples_to_light(page.pixels[window], page.mode)))


def _gray(page: Page) -> NDArray[np.uint8]:
    """Return a page in gray, (H, W, 3)."""
    import cv2

    return np.asarray(cv2.cvtColor(as_gray(page.pixels, page.mode), cv2.COLOR_GRAY2RGB), np.uint8)
