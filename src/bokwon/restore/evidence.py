"""How far the evidence of each filled pixel lies: at which level of the network the shrinking mask first reaches it.

A partial convolution calls a window known as soon as one pixel in it is, so holes shrink from layer to layer. Which
layer closes them depends on the mask and the kernels alone, and needs no network.

Source: Liu et al., ECCV 2018, equation 2 (the update of the mask).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bokwon.imaging.holes import Hole

__all__ = ["KERNELS", "evidence_levels", "shrink_hole"]

KERNELS = (7, 5, 5, 3, 3, 3, 3)
"""Kernel sizes of the shipped network's encoder; every layer strides by 2."""


def shrink_hole(missing: Hole, kernels: tuple[int, ...] = KERNELS) -> list[Hole]:
    """Return what is still missing after each layer.

    Args:
        missing: (H, W), True where nothing is known.
        kernels: Odd kernel sizes, one a layer.

    Returns:
        One array a layer, each half as large as the one before, rounded up.
    """
    import cv2

    found = []
    known = (~missing).astype(np.uint8)
    for size in kernels:
        # What lies beyond the border is missing, as in the network.
        grown = cv2.dilate(known, np.ones((size, size), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
        known = np.ascontiguousarray(np.asarray(grown, np.uint8)[::2, ::2])
        found.append(known == 0)
    return found


def evidence_levels(missing: Hole, kernels: tuple[int, ...] = KERNELS) -> NDArray[np.uint8]:
    """Return at which layer each pixel is first reached by something known.

    Args:
        missing: (H, W), True where nothing is known.
        kernels: Odd kernel sizes, one a layer.

    Returns:
        (H, W): 0 where known, 1 to the number of layers where reached, one more where no layer reaches.
    """
    levels = np.zeros(missing.shape, np.uint8)
    levels[missing] = len(kernels) + 1
    waiting = missing.copy()
    for level, still in enumerate(shrink_hole(missing, kernels), 1):
        step = 1 << level
        at_full_size = still.repeat(step, axis=0)[: missing.shape[0]].repeat(step, axis=1)[:, : missing.shape[1]]
        levels[waiting & ~at_full_size] = level
        waiting &= at_full_size
    return levels
