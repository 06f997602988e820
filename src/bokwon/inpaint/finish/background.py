"""The background of a page, without its ink: `--letters leave` fills with it where a letter would be a guess."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bokwon.inpaint.finish.background_estimate import estimate_background
from bokwon.inpaint.finish.blocks import at_window, normalized_convolution
from bokwon.inpaint.finish.grain import Texture
from bokwon.types import Hole, Pixels

__all__ = ["Background"]


class Background:
    """The colour and the grain of the background at every place of a page.

    Args:
        pixels: Samples of the page.
        missing: (H, W), True where pixels are missing. Some pixel must be known.
        mode: Mode of the samples.
        seed: Of the grain.
    """

    def __init__(self, pixels: Pixels, missing: Hole, mode: str, *, seed: int = 0) -> None:
        found = estimate_background(pixels, missing, mode, near=missing, seed=seed)
        self._colour = normalized_convolution(found.colour, found.seen, 1.0, hole=missing)
        self._deviation = normalized_convolution(found.deviation, found.measured, 0.0, hole=missing)
        self._texture = Texture(found.patches, seed=seed)

    def at(self, window: tuple[slice, slice]) -> NDArray[np.float32]:
        """Return the light of the background in a window, (h, w, C). A pixel has the same value in every window."""
        grain = self._texture.at(window) * at_window(self._deviation, window)
        return np.asarray(at_window(self._colour, window) + grain, np.float32)
