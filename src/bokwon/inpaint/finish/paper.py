"""The gray of a page, and the paper under its strokes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["gray_of", "paper_of"]

_SIDE = 28
"""Side of the square of a morphological closing that gives the paper, pixels (strokes are thinner)."""
_COARSER = 4
"""Factor by which the page is shrunk first. It saves 90 % of the time, and paper has no detail to lose."""


def gray_of(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of the channels, (h, w).

    Args:
        light: (h, w, C) in [0, 1].
    """
    import cv2

    # NumPy's mean takes five times as long.
    channels = light.shape[2]
    return np.asarray(cv2.transform(light, np.full((1, channels), 1 / channels)), np.float32).reshape(light.shape[:2])


def paper_of(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the light of a page without its strokes, of the same shape.

    Args:
        light: (h, w) or (h, w, C) in [0, 1].
    """
    import cv2

    height, width = light.shape[:2]
    small = max(1, width // _COARSER), max(1, height // _COARSER)
    side = _SIDE // _COARSER
    paper = cv2.resize(light, small, interpolation=cv2.INTER_AREA)
    paper = cv2.morphologyEx(paper, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    paper = cv2.GaussianBlur(paper, (0, 0), side / 2.5)
    return np.asarray(cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR), np.float32).reshape(
        light.shape
    )
