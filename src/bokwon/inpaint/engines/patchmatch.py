"""PatchMatch inpainting as an engine, from pypatchmatch: holes filled with patches of the rest of the tile."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import MissingDependencyError
from bokwon.inpaint.colour import Light, eight_bits
from bokwon.inpaint.engines.base import Engine

__all__ = ["PatchMatchEngine"]

PATCH = 5
"""Side of a patch, pixels: about the width of a stroke and its rim at the scale of a scanned page."""

_SEED = 0


class PatchMatchEngine(Engine):
    """Fills holes with the most similar patches of the image, from coarse to fine.

    It works in 8 bits. The search is random, with the same seed for every tile.

    Raises:
        MissingDependencyError: pypatchmatch is not installed, or not whole.

    Source: Barnes, Shechtman, Finkelstein, Goldman, "PatchMatch: A Randomized Correspondence Algorithm for Structural
        Image Editing", SIGGRAPH 2009; Wexler, Shechtman, Irani, "Space-Time Completion of Video", TPAMI 2007.
    """

    tile = 1024

    def __init__(self) -> None:
        # Here, since the runtime itself does without pypatchmatch, which comes with the extra `eval`.
        try:
            import importlib.metadata

            from patchmatch import inpaint, set_random_seed

            version = importlib.metadata.version("pypatchmatch")
        except (ImportError, OSError) as error:
            fix = 'pip install "bokwon[eval]", or pypatchmatch itself (Python 3.11 or newer)'
            raise MissingDependencyError(f"PatchMatch needs pypatchmatch: {error}", fix) from error
        self._inpaint, self._set_seed = inpaint, set_random_seed
        self.description = f"pypatchmatch {version}, patches of {PATCH} px"

    def fill(self, light: Light, missing: NDArray[np.bool_], scale: float = 0.0) -> NDArray[np.float32]:
        """Inpaint a tile; see `Engine.fill`."""
        image = np.array(np.broadcast_to(eight_bits(light), (*missing.shape, 3)))
        if min(missing.shape) > PATCH and missing.any():
            image[missing] = 0
            self._set_seed(_SEED)
            mask = np.where(missing, 255, 0).astype(np.uint8)[..., None]
            image = np.asarray(self._inpaint(image, mask, patch_size=PATCH))
        filled = image.astype(np.float32) / np.float32(255.0)
        return np.asarray(filled[..., : light.shape[-1]], np.float32)
