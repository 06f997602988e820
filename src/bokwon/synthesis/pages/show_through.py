"""What is visible through and around a leaf: the writing on its back, the table, the leaves below."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bokwon.synthesis.noise import blur, smooth_noise
from bokwon.synthesis.pages.scan import remap

__all__ = ["Margins", "show_through", "surround"]

Image = NDArray[np.float32]

# Black velvet, grey cardboard, white and brown tables.
_GROUNDS = np.array(
    [(24, 23, 23), (40, 38, 36), (196, 196, 194), (238, 238, 236), (250, 250, 250), (96, 78, 58)], np.float32
)


@dataclass(frozen=True)
class Margins:
    """Widths of the margins around a leaf, pixels from each edge of the image."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0

    @property
    def bare(self) -> bool:
        """Whether the leaf fills the image."""
        return not (self.left or self.top or self.right or self.bottom)


def surround(rng: np.random.Generator, sheet: Image, page_map: tuple[Image, Image], margins: Margins) -> None:
    """Cut the leaf out and place it on a ground, in place: its edge, the leaves below it, its shadow."""
    height, width = sheet.shape[:2]
    flat = np.zeros((height, width), np.uint8)
    flat[margins.top : height - margins.bottom, margins.left : width - margins.right] = 255
    # Paper is cut by hand: the edge is not quite straight.
    wobble = 0.0012 * max(height, width)
    moved = [axis + wobble * smooth_noise(rng, height, width, max(height, width) / 12) for axis in page_map]
    shape = remap(flat, (moved[0], moved[1]))
    # What lies under the leaf is put together in grey: how much of the table leaves below it cover, and how light.
    base = _GROUNDS[int(rng.integers(len(_GROUNDS)))] + rng.normal(0, 1.5, 3)
    tone = cv2.mean(sheet)[:3]
    cover, light = np.zeros_like(shape), np.zeros_like(shape)
    if rng.random() < 0.6:
        side = int(rng.choice((-1, 1)))
        for number in range(int(rng.integers(2, 5)), 0, -1):
            step = round(number * 0.0035 * max(height, width))
            below = np.roll(shape, (int(rng.integers(0, 2)) * step // 2, side * step), (0, 1))
            shade = float(rng.uniform(0.78, 0.95))
            cover += below * (1 - cover)
            light += below * (shade - light)
    reach = max(2.0, 0.006 * max(height, width))
    shadow = np.roll(blur(shape, reach), (int(reach), int(rng.choice((-1, 1)) * reach)), (0, 1))
    grain = 1.5 * smooth_noise(rng, height, width, 2.0) + 3 * smooth_noise(rng, height, width, 300.0)
    bare, dark = 1 - shape, 1 - 0.45 * shadow
    for channel in range(3):
        ground = (base[channel] + grain) * (1 - cover) + tone[channel] * light
        sheet[..., channel] = sheet[..., channel] * shape + ground * dark * bare


def show_through(rng: np.random.Generator, sheet: Image, front: Image, opacity: float, size: float) -> None:
    """Add show-through, in place: the writing on the back, mirrored and blurred by the paper.

    Args:
        rng: Random generator.
        sheet: The leaf, RGB `(H, W, 3)` in grey levels.
        front: Coverage of the writing, `(H, W)` in [0, 1]: the back is written like the front, elsewhere.
        opacity: How much of it comes through, in [0, 1].
        size: Height of a character in pixels.
    """
    back = front[:, ::-1]
    back = np.roll(back, (int(rng.integers(front.shape[0])), int(rng.integers(front.shape[1]))), (0, 1))
    back = blur(back, max(0.8, 0.04 * size))
    back *= np.clip(opacity * (1 + 0.5 * smooth_noise(rng, front.shape[0], front.shape[1], 3 * size)), 0, 1)
    sheet -= back[..., None] * np.array([95, 105, 110], np.float32)
