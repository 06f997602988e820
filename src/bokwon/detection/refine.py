"""Scales a mask from the working size to the page's size."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["grow_mask", "refine_mask"]

# How strongly the edges of the page draw the mask's edge; variance of gray in [0, 1].
_SMOOTHNESS = 1e-3


def refine_mask(
    small: NDArray[np.float32], gray: NDArray[np.uint8], radius: int, level: float = 0.5
) -> NDArray[np.bool_]:
    """Scale a mask to the page's size, and align its edges with edges in the page.

    Args:
        small: float32 (h, w) in [0, 1], the mask at the working size, soft.
        gray: uint8 (H, W), the page at the same place in full size.
        radius: How far the edge may move, pixels of the page.
        level: Threshold of the soft mask.

    Returns:
        bool (H, W).

    Source:
        He, Sun, Tang, "Guided Image Filtering", ECCV 2010, equations 5, 6 and 8.
    """
    height, width = gray.shape
    soft = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    if radius < 1:
        return np.asarray(soft >= level)
    guide = gray.astype(np.float32) / np.float32(255)
    window = (2 * radius + 1, 2 * radius + 1)

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.blur(values, window, borderType=cv2.BORDER_REFLECT), np.float32)

    guide_mean, soft_mean = mean(guide), mean(soft)
    slope = (mean(guide * soft) - guide_mean * soft_mean) / (mean(guide * guide) - guide_mean**2 + _SMOOTHNESS)
    offset = soft_mean - slope * guide_mean
    return np.asarray(mean(slope) * guide + mean(offset) >= level)


def grow_mask(mask: NDArray[np.bool_], pixels: int) -> NDArray[np.bool_]:
    """Dilate a mask by a disc.

    Args:
        mask: bool (H, W).
        pixels: Radius, 0 or more.

    Returns:
        bool (H, W).
    """
    if pixels < 1:
        return mask
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    return cv2.dilate(mask.astype(np.uint8), kernel) > 0
