"""The contract of every generator of hole masks."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from bokwon.types import Hole

__all__ = ["MaskGenerator"]


class MaskGenerator(Protocol):
    """Draws one hole mask whose area lies within limits, as `occlusion_mask`, `blob_mask` and others do.

    The area is always within the limits, so no mask has to be drawn again. The caller takes care of the border class.
    """

    def __call__(self, rng: np.random.Generator, shape: tuple[int, int], least: int, most: int, target: int, /) -> Hole:
        """Draw a mask.

        Args:
            rng: Random generator; the same state gives the same mask.
            shape: (H, W), pixels.
            least: Fewest hole pixels allowed, at least 1.
            most: Most hole pixels allowed, at most H * W.
            target: Hole pixels aimed at, in [least, most].

        Returns:
            bool (H, W), True = hole, with a count in [least, most].
        """
