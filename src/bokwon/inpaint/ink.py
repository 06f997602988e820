"""Which pixels of a fill became ink, and where a stroke that the model proposed was left out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bokwon.image_io.modes import missing_pixels
from bokwon.inpaint.colour import as_float, lightness, samples_to_light
from bokwon.inpaint.finish.paper import paper_of
from bokwon.inpaint.window import grow_window, shift_window
from bokwon.types import Hole, Pixels

__all__ = ["INK_LEFT_OUT", "INK_MADE", "mark_ink"]

INK_MADE = 1
"""The pixel is ink in the finished fill."""
INK_LEFT_OUT = 2
"""The model proposed a stroke, and the finish put paper there."""

INK, BLANK = 0.72, 0.88
"""Shares of the paper's lightness: darker pixels than the first are ink, lighter ones than the second are paper."""
GROUND = 0.2
"""Where the paper's lightness, in [0, 1], is below this, it is the background of the scan, which has no ink."""
PROPOSED = 0.8
"""Share of the paper's lightness below which a proposal is a stroke. Models draw softer strokes than the finish."""
BLOCK, MARGIN = 1024, 48
"""Side of the blocks that are looked at one after the other, and how far around them, pixels."""
_STEP = 16
"""A page is told from a rubbing by the pixels of every sixteenth row and column."""


def mark_ink(ink: NDArray[np.uint8], pixels: Pixels, mode: str, hole: Hole, proposed: Pixels) -> None:
    """Mark where ink was made in a hole and where it was left out, in place.

    On a page that is darker than half, such as a rubbing, writing is light: its negative is looked at.

    Args:
        ink: (H, W). Inside the hole it becomes `INK_MADE`, `INK_LEFT_OUT`, or 0 for everything else.
        pixels: Samples (H, W) or (H, W, C) of the page with its finished fill.
        mode: Their mode.
        hole: (H, W), what was filled.
        proposed: (N,) or (N, C), the samples of the hole before the finish, in row-major order.
    """
    sample = (slice(None, None, _STEP),) * 2
    known = ~missing_pixels(pixels[sample], mode, hole[sample])
    values = _light(pixels[sample], mode)[known]
    negative = bool(values.size) and float(np.median(values)) < 0.5
    before = np.zeros_like(pixels)
    before[hole] = proposed
    height, width = hole.shape
    for top in range(0, height, BLOCK):
        for left in range(0, width, BLOCK):
            inner = slice(top, top + BLOCK), slice(left, left + BLOCK)
            inside = hole[inner]
            if not inside.any():
                continue
            around = grow_window(inner, MARGIN, hole.shape)
            light = _light(pixels[around], mode)
            raw = _light(before[inner], mode)
            if negative:
                light, raw = 1.0 - light, 1.0 - raw
            own = shift_window(inner, (around[0].start, around[1].start))
            paper, done = paper_of(light)[own], light[own]
            part = np.zeros(inside.shape, np.uint8)
            part[done < INK * paper] = INK_MADE
            part[(raw < PROPOSED * paper) & (done > BLANK * paper)] = INK_LEFT_OUT
            part[paper < GROUND] = 0
            ink[inner][inside] = part[inside]


def _light(pixels: Pixels, mode: str) -> NDArray[np.float32]:
    return lightness(as_float(samples_to_light(pixels, mode)))
