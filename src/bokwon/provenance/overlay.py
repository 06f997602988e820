"""A picture of how far the evidence of each filled pixel lies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bokwon.image_io.page import Page
from bokwon.inpaint.colour import eight_bits, samples_to_light

__all__ = ["draw_overlay"]

# From green, where evidence is near, over yellow to red, where it is far: readable by most colour-blind eyes too.
_COLOURS = np.array(
    [
        (26, 152, 80),
        (102, 189, 99),
        (166, 217, 106),
        (254, 224, 139),
        (253, 174, 97),
        (244, 109, 67),
        (215, 48, 39),
    ],
    np.float32,
)
_NO_EVIDENCE = (120, 0, 80)


def draw_overlay(page: Page, levels: NDArray[np.uint8], layers: int) -> NDArray[np.uint8]:
    """Return the page in gray, with its holes coloured by evidence level, (H, W, 3).

    Args:
        page: The page.
        levels: (H, W): 0 where known, 1 to `layers` where a layer reaches the pixel, `layers` + 1 where none does.
        layers: How many layers the network has.
    """
    gray = eight_bits(samples_to_light(page.pixels, page.mode)).mean(axis=-1, dtype=np.float32)[..., None]
    colours = _colours(layers)[levels]
    inside = (levels > 0)[..., None]
    return np.asarray(np.where(inside, 0.35 * gray + 0.65 * colours, gray), np.uint8)


def _colours(layers: int) -> NDArray[np.float32]:
    """Return the colour of each level: of what is known, of each layer, and of what none reaches."""
    places = np.linspace(0, len(_COLOURS) - 1, layers)
    between = [np.interp(places, np.arange(len(_COLOURS)), _COLOURS[:, channel]) for channel in range(3)]
    return np.vstack([np.zeros(3), np.stack(between, axis=-1), _NO_EVIDENCE]).astype(np.float32)
