"""The figure that explains partial convolutions: how a mask shrinks from layer to layer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from bokwon.imaging.color import samples_to_light
from bokwon.imaging.decode import Page
from bokwon.imaging.holes import Hole
from bokwon.restore.evidence import KERNELS, shrink_hole

__all__ = ["draw_shrinking_mask"]

_INK, _PAPER, _FAINT = (34, 34, 34), (255, 255, 255), (110, 110, 110)
_HOLE = (200, 60, 50)
_KNOWN = (236, 236, 230)
_GAP, _CAPTION = 16, 44


def draw_shrinking_mask(page: Page, hole: Hole, *, panel: int = 300, columns: int = 4) -> Image.Image:
    """Draw the image with its hole, and what each layer of the encoder still calls missing.

    Args:
        page: The image.
        hole: (H, W), True where pixels are missing.
        panel: Longest side of a panel, pixels.
        columns: Panels in a row.
    """
    height, width = hole.shape
    scale = panel / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    total = int(np.count_nonzero(hole))
    panels = [(_damaged(page, hole, size), "input", f"{width} x {height}, hole {total / hole.size:.1%}")]
    for level, (still, kernel) in enumerate(zip(shrink_hole(hole), KERNELS, strict=True), 1):
        share = np.count_nonzero(still) / still.size
        rest = f"{still.shape[1]} x {still.shape[0]}, " + (f"{share:.1%} missing" if share else "nothing missing")
        panels.append((_mask(still, level, hole.shape, size), f"layer {level}: {kernel} x {kernel}, stride 2", rest))
    rows = -(-len(panels) // columns)
    # Captions need room where panels are narrow.
    cell = max(size[0], 190) + _GAP, size[1] + _CAPTION + _GAP
    figure = Image.new("RGB", (columns * cell[0] + _GAP, rows * cell[1] + _GAP), _PAPER)
    draw = ImageDraw.Draw(figure)
    for place, (picture, title, detail) in enumerate(panels):
        left, top = _GAP + place % columns * cell[0], _GAP + place // columns * cell[1]
        figure.paste(picture, (left, top))
        draw.rectangle((left - 1, top - 1, left + size[0], top + size[1]), outline=_FAINT)
        draw.text((left, top + size[1] + 6), title, _INK, font=ImageFont.load_default(15))
        draw.text((left, top + size[1] + 25), detail, _FAINT, font=ImageFont.load_default(13))
    return figure


def _damaged(page: Page, hole: Hole, size: tuple[int, int]) -> Image.Image:
    light = samples_to_light(page.pixels, page.mode)
    shallow = np.asarray(light if light.dtype == np.uint8 else light >> 8, np.uint8)
    colours: NDArray[np.uint8] = np.repeat(shallow, 3, axis=-1) if shallow.shape[-1] == 1 else shallow[..., :3].copy()
    colours[hole] = _HOLE
    return Image.fromarray(colours).resize(
        size, Image.Resampling.BOX if size[0] < hole.shape[1] else Image.Resampling.NEAREST
    )


def _mask(still: Hole, level: int, shape: tuple[int, ...], size: tuple[int, int]) -> Image.Image:
    step = 1 << level
    # Cells at the border reach beyond the image; only what lies in it is shown.
    rows = (np.arange(size[1]) * shape[0] // size[1]) // step
    columns = (np.arange(size[0]) * shape[1] // size[0]) // step
    return Image.fromarray(np.where(still[rows][:, columns][..., None], _HOLE, _KNOWN).astype(np.uint8))
