"""A picture of how far the evidence of each filled pixel lies, and of the ink that was made or left out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bokwon.image_io.page import Page
from bokwon.inpaint.colour import eight_bits, samples_to_light
from bokwon.inpaint.ink import INK_LEFT_OUT, INK_MADE

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
_MADE, _LEFT_OUT = (0, 40, 170), (90, 225, 255)
"""Dark blue and light blue: as dark as what lies there now, ink or paper."""


def draw_overlay(
    page: Page, levels: NDArray[np.uint8], layers: int, ink: NDArray[np.uint8] | None = None
) -> NDArray[np.uint8]:
    """Return the page in gray, with its holes coloured by evidence level, (H, W, 3).

    Args:
        page: The page.
        levels: (H, W): 0 where known, 1 to `layers` where a layer reaches the pixel, `layers` + 1 where none does.
        layers: How many layers the network has.
        ink: (H, W), where ink was made or left out; None where nothing is known of it.
    """
    gray = eight_bits(samples_to_light(page.pixels, page.mode)).mean(axis=-1, dtype=np.float32)[..., None]
    colours = _colours(layers)[levels]
    inside = (levels > 0)[..., None]
    picture = np.asarray(np.where(inside, 0.35 * gray + 0.65 * colours, gray), np.uint8)
    if ink is not None:
        picture[ink == INK_MADE] = _MADE
        picture[ink == INK_LEFT_OUT] = _LEFT_OUT
    return picture


def _colours(layers: int) -> NDArray[np.float32]:
    """Return the colour of each level: of what is known, of each layer, and of what none reaches."""
    places = np.linspace(0, len(_COLOURS) - 1, layers)
    between = [np.interp(places, np.arange(len(_COLOURS)), _COLOURS[:, channel]) for channel in range(3)]
    return np.vstack([np.zeros(3), np.stack(between, axis=-1), _NO_EVIDENCE]).astype(np.float32)
