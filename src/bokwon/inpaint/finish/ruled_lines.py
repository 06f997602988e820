"""Rules: the long thin lines between the columns and around the text of a page, which go on through its holes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokwon.inpaint.color import Light
from bokwon.inpaint.distance import rise
from bokwon.types import Hole

__all__ = ["REACH", "STEP", "darkest", "rules_through"]

STEP = 2
"""Rules are looked for in squares of so many pixels each way, of which the darkest pixel counts."""
_LENGTH, _FAR, _GAP = 66, 96, 96
"""How long an end of a rule is at least, how far from it a rule may go on, and how wide its gaps may be, pixels. No
stroke of a letter is as long, and no smear of a line of text, for ends lie where the page is known or nearly so."""
REACH = 256
"""How far around a place rules have to be looked at, pixels: all three, as a multiple of `STEP`."""
_RIM = 8
"""Depth in a hole up to which a fill is as good as known, pixels."""
_PIECE, _THICK = 26, 10
"""A line has pieces of this length, and is thinner than the other, pixels."""
_END = 0.45, 0.6
"""How much more ink than its surroundings an end of a rule has: up to the first it is none, from the second on one."""
_ON = 0.5, 0.7
"""The same of a line that goes on from one end,"""
_BETWEEN = 0.12, 0.25
"""and of one between two."""
_MOST = 6.0


def darkest(light: Light) -> Light:
    """Return the darkest light of each square of `STEP` pixels, (h, w, C) to half of both, rounded up, of its type."""
    light = np.pad(light, [(0, -length % STEP) for length in light.shape[:2]] + [(0, 0)], mode="edge")
    by_row = np.minimum(light[::STEP], light[1::STEP])
    return np.minimum(by_row[:, ::STEP], by_row[:, 1::STEP])


def rules_through(ink: NDArray[np.float32], hole: Hole) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Tell where a hole's fill goes on with the rules around it: a network draws them, but paler and paler.

    Args:
        ink: (h, w) share of ink, by squares of `STEP` pixels; what is beyond [0, 1] is taken for 0 or 1.
        hole: (h, w), the same squares, where they are filled.

    Returns:
        1 on such lines and 0 elsewhere, and by how much the paler of their ends is darker than they are, at least 1:
        each (2h, 2w, 1).
    """
    import cv2

    smooth = np.asarray(cv2.GaussianBlur(np.clip(ink, 0.0, 1.0), (0, 0), 0.6), np.float32)
    side = _THICK // STEP
    thick = cv2.morphologyEx(smooth, cv2.MORPH_OPEN, np.ones((side, side), np.uint8))
    side = 2 * (_RIM // STEP) + 1
    deep = cv2.erode(hole.astype(np.uint8), np.ones((side, side), np.uint8)).astype(bool)
    share, kept, drawn = np.zeros_like(smooth), np.zeros_like(smooth), np.ones_like(smooth)
    for turned in (False, True):

        def window(length: int, width: int = 1, turned: bool = turned) -> NDArray[np.uint8]:
            return np.ones((width, length // STEP) if turned else (length // STEP, width), np.uint8)

        def lines(values: NDArray[np.float32], kernel: NDArray[np.uint8]) -> NDArray[np.float32]:
            # Beyond the page there is no ink, or what runs off it would pass for longer than it is.
            opened = cv2.morphologyEx(values, cv2.MORPH_OPEN, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0.0)
            return np.asarray(np.maximum(opened - thick, 0.0), np.float32)

        # A step wider across, so that rules may lean.
        across = window(STEP, 3)
        wide = np.asarray(cv2.dilate(smooth, across), np.float32)
        line, ends = lines(wide, window(_PIECE)), lines(np.where(deep, np.float32(0.0), wide), window(_LENGTH))
        near = np.asarray(cv2.dilate(ends, window(2 * _FAR + STEP, 3)), np.float32)
        on = (rise(line, *_ON) * rise(near, *_END))[..., 0]
        # Between two ends a closing gives the paler of both.
        reached = cv2.morphologyEx(
            cv2.dilate(np.maximum(ends, line * on), across), cv2.MORPH_CLOSE, window(_GAP + STEP)
        )
        between = rise(line, *_BETWEEN)[..., 0] * np.asarray(reached, np.float32)
        drawn = np.where(between > kept, line, drawn)
        kept, share = np.maximum(kept, between), np.maximum(share, on)
    share = np.maximum(share, rise(kept, *_END)[..., 0])
    factor = np.where(share > 0.0, np.clip(kept / np.maximum(drawn, 0.1), 1.0, _MOST), np.float32(1.0))
    # The soft edges of a line belong to it.
    beside = np.ones((3, 3), np.uint8)
    soft = cv2.GaussianBlur(cv2.dilate(share, beside), (0, 0), 0.7)
    return _enlarged(soft), np.maximum(_enlarged(cv2.dilate(factor, beside)), 1.0)


def _enlarged(values: NDArray[Any]) -> NDArray[np.float32]:
    import cv2

    height, width = values.shape
    enlarged = cv2.resize(values, (STEP * width, STEP * height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(enlarged, np.float32)[..., None]
