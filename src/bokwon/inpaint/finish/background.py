"""The paper of a page without its ink: what `--letters leave` puts where no letter may be made up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bokwon.inpaint.finish.background_estimate import survey
from bokwon.inpaint.finish.blocks import at_window, spread
from bokwon.inpaint.finish.grain import Texture
from bokwon.types import Hole, Pixels

__all__ = ["Paper"]


class Paper:
    """The colour of the paper at every place of a page, and its grain.

    Args:
        pixels: Samples of the page.
        missing: (H, W), True where nothing is known; not everywhere.
        mode: Mode of the samples.
        seed: Which of all grains that match the paper's.
    """

    def __init__(self, pixels: Pixels, missing: Hole, mode: str, *, seed: int = 0) -> None:
        found = survey(pixels, missing, mode, near=missing, seed=seed)
        self._colour = spread(found.colour, found.seen, 1.0, hole=missing)
        self._deviation = spread(found.deviation, found.measured, 0.0, hole=missing)
        self._texture = Texture(found.patches, seed=seed)

    def at(self, window: tuple[slice, slice]) -> NDArray[np.float32]:
        """Return the paper's light in a window of the page, (h, w, C), the same whatever window a pixel is in."""
        grain = self._texture.at(window) * at_window(self._deviation, window)
        return np.asarray(at_window(self._colour, window) + grain, np.float32)
