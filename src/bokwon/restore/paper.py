"""The paper of a page without its ink: what `--letters leave` puts where no letter may be made up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bokwon.imaging.color import samples_to_light
from bokwon.imaging.holes import Hole
from bokwon.imaging.pixels import Pixels
from bokwon.imaging.tiles import Tile
from bokwon.restore.coarse import interpolate

__all__ = ["CELL", "Paper"]

CELL = 32
"""Side of the squares whose paper is taken as one colour, pixels."""

_LEAST_KNOWN = 0.05


class Paper:
    """The colour of the paper at every place of a page.

    In each square it is the median of the brighter half of what is known: ink is dark, and where a square has more ink
    than paper its neighbours outvote it.

    Args:
        pixels: Samples of the page.
        missing: (H, W), True where nothing is known; not everywhere.
        mode: Mode of the samples.
    """

    def __init__(self, pixels: Pixels, missing: Hole, mode: str) -> None:
        bands = [
            [self._square(pixels, missing, mode, top, left) for left in range(0, missing.shape[1], CELL)]
            for top in range(0, missing.shape[0], CELL)
        ]
        squares = np.array(bands, np.float32)
        self._light = _spread(squares[..., :-1], squares[..., -1:])

    @staticmethod
    def _square(pixels: Pixels, missing: Hole, mode: str, top: int, left: int) -> NDArray[np.float32]:
        place = slice(top, top + CELL), slice(left, left + CELL)
        light = samples_to_light(pixels[place], mode)
        known = light[~missing[place]].astype(np.float32) / np.iinfo(light.dtype).max
        if len(known) < _LEAST_KNOWN * CELL * CELL:
            return np.zeros(light.shape[-1] + 1, np.float32)
        lightness = known.mean(axis=-1)
        colour = np.median(known[lightness >= np.median(lightness)], axis=0)
        return np.append(colour, 1.0).astype(np.float32)

    def at(self, tile: Tile) -> NDArray[np.float32]:
        """Return the paper's light under a tile, (h, w, C)."""
        return interpolate(self._light, tile, CELL)


def _spread(light: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Smooth a grid of colours, and fill its empty squares from their surroundings, near ones first."""
    import cv2

    if not weight.any():
        return np.ones_like(light)
    filled = np.zeros_like(light)
    open_share = np.ones_like(weight)
    reach = 1.0
    while open_share.max() > 1e-3:
        total = cv2.GaussianBlur(light * weight, (0, 0), reach).reshape(light.shape)
        count = cv2.GaussianBlur(weight, (0, 0), reach).reshape(weight.shape)
        sure = np.minimum(count * 4.0, 1.0) * open_share
        filled += sure * total / np.maximum(count, 1e-6)
        open_share = open_share - sure
        reach *= 2.0
        if reach > 4 * max(light.shape):
            mean = (light * weight).sum(axis=(0, 1)) / weight.sum()
            return np.asarray(filled + open_share * mean, np.float32)
    return np.asarray(filled + open_share * (light * weight).sum(axis=(0, 1)) / weight.sum(), np.float32)
