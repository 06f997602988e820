"""Squared error by the thickness of the hole, and by the local contrast of the hidden pixels."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from bokwon.types import Hole

__all__ = ["DEVIATIONS", "THICKNESSES", "deviation_classes", "error_by_class", "thickness_classes"]

THICKNESSES = (0, 8, 16, 32, 64, 128)
"""Lower limits of the classes of local thickness, pixels."""

DEVIATIONS = (0, 4, 8, 16, 32, 64)
"""Lower limits of the classes of local standard deviation, gray levels of 255."""

_WINDOW = 17
_LUMA = np.array([0.299, 0.587, 0.114])


def thickness_classes(hole: Hole) -> NDArray[np.intp]:
    """Return the class of local thickness of every pixel.

    The local thickness is the diameter of the largest disc that lies in the hole and covers the pixel. Pixels outside
    the image count as hole, because no method sees them.

    Args:
        hole: (H, W).

    Returns:
        (H, W), index into `THICKNESSES`; undefined outside the hole.

    Source: Hildebrand and Ruegsegger, "A new method for the model-independent assessment of thickness in
        three-dimensional images", Journal of Microscopy 1997.
    """
    inward = cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    classes = np.zeros(hole.shape, np.intp)
    for index, thickness in enumerate(THICKNESSES[1:], 1):
        # A disc of radius r around a centre reaches the pixels nearer than r.
        radius = thickness / 2
        centres = inward >= radius
        if not centres.any():
            break
        outward = cv2.distanceTransform((~centres).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        classes[outward < radius] = index
    return classes


def deviation_classes(truth: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Return the class of local contrast of every pixel: standard deviation of the luma in 17 x 17 pixels.

    Args:
        truth: (H, W, 3).

    Returns:
        (H, W), index into `DEVIATIONS`.
    """
    luma = truth.astype(np.float64) @ _LUMA
    mean = cv2.blur(luma, (_WINDOW, _WINDOW))
    variance = cv2.blur(luma * luma, (_WINDOW, _WINDOW)) - mean * mean
    deviation = np.sqrt(np.maximum(variance, 0.0))
    return np.asarray(np.digitize(deviation, DEVIATIONS[1:]), np.intp)


def error_by_class(
    image: NDArray[np.uint8], truth: NDArray[np.uint8], hole: Hole, classes: NDArray[np.intp], limits: Sequence[int]
) -> tuple[list[float], list[int]]:
    """Sum the squared error inside the hole for each class.

    Args:
        image: (H, W, C).
        truth: (H, W, C).
        hole: (H, W).
        classes: (H, W), class of every pixel.
        limits: Limits of the classes. Only their number is used.

    Returns:
        For each class: the sum of the squared error (mean over the channels) over its pixels in the hole, and the
        number of these pixels.
    """
    squared = np.square(image.astype(np.float64) - truth.astype(np.float64)).mean(axis=-1)
    sums = np.bincount(classes[hole], squared[hole], minlength=len(limits))
    counts = np.bincount(classes[hole], minlength=len(limits))
    return [round(float(value), 3) for value in sums], [int(value) for value in counts]
