"""A picture of what was found: the page in gray, each kind in its colour, the hole outlined."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from bokwon.detection.detector import Damage
from bokwon.detection.kinds import KINDS

__all__ = ["COLOURS", "draw_overlay"]

COLOURS: dict[str, tuple[int, int, int]] = {
    "missing paper": (215, 48, 39),
    "tear": (244, 109, 67),
    "crease": (254, 196, 60),
    "scratch": (102, 189, 99),
    "abrasion": (69, 180, 200),
    "hiding stain": (123, 50, 148),
    "readable stain": (69, 117, 220),
    "film and dust": (230, 90, 190),
}
"""RGB of each kind."""


def draw_overlay(gray: NDArray[np.uint8], damage: Damage) -> NDArray[np.uint8]:
    """Draw the found damage over the page.

    Args:
        gray: uint8 (H, W), the page.
        damage: What was found.

    Returns:
        uint8 (H, W, 3), RGB: each kind has a colour, stronger for more confidence. Filled regions are outlined in black
        and white.
    """
    colours = np.array([(0, 0, 0), *(COLOURS[kind] for kind in KINDS)], np.float32)[damage.kinds]
    share = (np.where(damage.kinds > 0, 0.25 + 0.5 * damage.confidence, 0)).astype(np.float32)[..., None]
    picture = np.asarray(gray[..., None] * (1 - share) + colours * share, np.uint8)
    outlines, _ = cv2.findContours(damage.hole.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    thick = max(1, round(max(gray.shape) / 1750))
    cv2.drawContours(picture, outlines, -1, (255, 255, 255), 3 * thick)
    cv2.drawContours(picture, outlines, -1, (0, 0, 0), thick)
    return picture
