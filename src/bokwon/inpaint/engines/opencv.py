"""Classical inpainting as an engine: Telea and Navier-Stokes, from OpenCV."""

from __future__ import annotations

from typing import get_args

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import importing
from bokwon.inpaint.colour import Light
from bokwon.inpaint.engines.base import Engine
from bokwon.settings import Classical

__all__ = ["CLASSICAL", "OpenCVEngine"]

CLASSICAL: tuple[Classical, ...] = get_args(Classical)

RADIUS = 3
"""Radius of the neighbourhood of a missing pixel, pixels: the usual value, and fast."""


class OpenCVEngine(Engine):
    """Fills holes from their rim inwards.

    Each channel is filled separately, in 8 or 16 bits. OpenCV takes several channels only in 8 bits, and both methods
    treat channels separately anyway.

    Args:
        method: `telea` (Telea 2004, fast marching) or `ns` (Bertalmio et al. 2001, Navier-Stokes).
        threads: Threads of OpenCV, a setting of the whole process; all cores by default.
        radius: Radius of the neighbourhood of a missing pixel, pixels. Time grows with its square.

    Raises:
        MissingDependencyError: OpenCV is not installed, or not whole.
    """

    tile = 2048

    def __init__(self, method: Classical, *, threads: int | None = None, radius: int = RADIUS) -> None:
        with importing("OpenCV cannot be imported: {error}", "pip install opencv-python-headless"):
            import cv2
        if threads is not None:
            cv2.setNumThreads(threads)
        self._cv2 = cv2
        self._flag = cv2.INPAINT_TELEA if method == "telea" else cv2.INPAINT_NS
        self.description = f"OpenCV {cv2.__version__}, {method}, radius {radius}"
        self._radius = radius

    def fill(self, light: Light, missing: NDArray[np.bool_], scale: float = 0.0) -> NDArray[np.float32]:
        """Inpaint a tile; see `Engine.fill`."""
        mask = missing.astype(np.uint8)
        largest = np.float32(np.iinfo(light.dtype).max)
        filled = [
            self._cv2.inpaint(np.ascontiguousarray(light[..., channel]), mask, self._radius, self._flag)
            for channel in range(light.shape[-1])
        ]
        return np.asarray(np.stack(filled, axis=-1) / largest, np.float32)
