"""Biharmonic inpainting as an engine, from scikit-image: the smoothest surface through the rim of the hole."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import importing
from bokwon.inpaint.colour import Light
from bokwon.inpaint.engines.base import Engine

__all__ = ["BiharmonicEngine"]


class BiharmonicEngine(Engine):
    """Fills every hole with the surface that continues value and slope of its rim and whose bilaplacian is zero.

    It solves one sparse linear system for each tile. Time and memory grow faster than the hole.

    Raises:
        MissingDependencyError: scikit-image is not installed, or not whole.

    Source: Damelin and Hoang, "On Surface Completion and Image Inpainting by Biharmonic Functions: Numerical Aspects",
        International Journal of Mathematics and Mathematical Sciences 2018.
    """

    tile = 1024

    def __init__(self) -> None:
        # Here, since the runtime itself does without scikit-image, which comes with the extra `eval`.
        with importing("biharmonic inpainting needs scikit-image: {error}", 'pip install "bokwon[eval]"'):
            import importlib.metadata

            from skimage.restoration import inpaint_biharmonic

            version = importlib.metadata.version("scikit-image")
        self._inpaint = inpaint_biharmonic
        self.description = f"scikit-image {version}, biharmonic"

    def fill(self, light: Light, missing: NDArray[np.bool_], scale: float = 0.0) -> NDArray[np.float32]:
        """Inpaint a tile; see `Engine.fill`."""
        scaled = light.astype(np.float64) / np.iinfo(light.dtype).max
        if not missing.any():
            return np.asarray(scaled, np.float32)
        # What lies under the hole must not set the range that scikit-image clips its result to.
        scaled[missing] = scaled[~missing].mean(axis=0)
        return np.asarray(self._inpaint(scaled, missing, channel_axis=-1), np.float32)
