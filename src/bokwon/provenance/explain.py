"""The figure that explains partial convolutions: how a mask shrinks from layer to layer, and what the layers see."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from bokwon.image_io.modes import missing_pixels
from bokwon.image_io.page import Page
from bokwon.inpaint.colour import eight_bits, samples_to_light
from bokwon.provenance.evidence import Encoder, shrink_hole
from bokwon.types import Hole

__all__ = ["draw_shrinking_mask", "rgb_of"]

_INK, _PAPER, _FAINT = (34, 34, 34), (255, 255, 255), (110, 110, 110)
_HOLE = (200, 60, 50)
_KNOWN = (236, 236, 230)
_GAP, _CAPTION = 16, 44
_NARROWEST = 190
_SHOWN = 4
"""Channels of a layer that are shown, in a square of two by two."""


def draw_shrinking_mask(
    page: Page,
    hole: Hole,
    *,
    encoder: Encoder | None = None,
    features: Sequence[NDArray[np.float32]] | None = None,
    panel: int = 300,
    columns: int | None = None,
) -> Image.Image:
    """Draw the image with its hole; and for each layer of the encoder its mask and some of its features.

    Args:
        page: The image.
        hole: (H, W), True where pixels are missing.
        encoder: The layers; by default those of `Encoder()`.
        features: (C, h, w) of each layer. The four channels that vary most are drawn below the mask. None draws only
            masks.
        panel: Longest side of a panel, pixels.
        columns: Panels in a row; by default all of them if there are features, else four.
    """
    height, width = hole.shape
    scale = panel / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    total = int(np.count_nonzero(hole))
    panels = [(_damaged(page, hole, size), "input", f"{width} x {height}, hole {total / hole.size:.1%}")]
    encoder = encoder or Encoder()
    layers = shrink_hole(missing_pixels(page.pixels, page.mode, hole), encoder.kernels, dense=encoder.dense)
    for level, (still, kernel) in enumerate(zip(layers, encoder.kernels, strict=True), 1):
        share = np.count_nonzero(still) / still.size
        rest = f"{still.shape[1]} x {still.shape[0]}, " + (f"{share:.1%} missing" if share else "nothing missing")
        panels.append((_mask(still, level, hole.shape, size), f"layer {level}: {kernel} x {kernel}, stride 2", rest))
    if features is None:
        return _figure(panels, size, columns or 4)
    seen: list[tuple[Image.Image | None, str, str]] = [(_legend(size), "", "")]
    for level, (maps, still) in enumerate(zip(features, layers, strict=True), 1):
        picture = _mosaic(maps, still, level, hole.shape, size)
        seen.append((picture, f"features of layer {level}", f"{min(_SHOWN, len(maps))} of {len(maps)} channels"))
    columns = columns or len(panels)
    rows = [row[start : start + columns] for start in range(0, len(panels), columns) for row in (panels, seen)]
    return _figure([cell for row in rows for cell in (*row, *[(None, "", "")] * (columns - len(row)))], size, columns)


def _legend(size: tuple[int, int]) -> Image.Image:
    """Say what the figure shows, in the place below the input."""
    picture = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(picture)
    words = "red: nothing known. A layer calls a window known as soon as one pixel in it is; below, what it sees there."
    font = ImageFont.load_default(max(10, min(18, size[0] // 12)))
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        lines = [*lines[:-1], longer] if draw.textlength(longer, font) <= size[0] - 12 else [*lines, word]
    draw.multiline_text((6, 6), "\n".join(lines), _FAINT, font=font)
    return picture


def rgb_of(page: Page) -> NDArray[np.uint8]:
    """Return the page as 8-bit RGB, (H, W, 3); of CMYK without its black."""
    shallow = eight_bits(samples_to_light(page.pixels, page.mode))
    return np.repeat(shallow, 3, axis=-1) if shallow.shape[-1] == 1 else shallow[..., :3].copy()


def _figure(panels: Sequence[tuple[Image.Image | None, str, str]], size: tuple[int, int], columns: int) -> Image.Image:
    rows = -(-len(panels) // columns)
    # Captions need room where panels are narrow.
    cell = max(size[0], _NARROWEST) + _GAP, size[1] + _CAPTION + _GAP
    figure = Image.new("RGB", (columns * cell[0] + _GAP, rows * cell[1] + _GAP), _PAPER)
    draw = ImageDraw.Draw(figure)
    for place, (picture, title, detail) in enumerate(panels):
        if picture is None:
            continue
        left, top = _GAP + place % columns * cell[0], _GAP + place // columns * cell[1]
        figure.paste(picture, (left, top))
        if title:
            draw.rectangle((left - 1, top - 1, left + size[0], top + size[1]), outline=_FAINT)
        draw.text((left, top + size[1] + 6), title, _INK, font=ImageFont.load_default(15))
        draw.text((left, top + size[1] + 25), detail, _FAINT, font=ImageFont.load_default(13))
    return figure


def _damaged(page: Page, hole: Hole, size: tuple[int, int]) -> Image.Image:
    colours = rgb_of(page)
    colours[hole] = _HOLE
    return Image.fromarray(colours).resize(
        size, Image.Resampling.BOX if size[0] < hole.shape[1] else Image.Resampling.NEAREST
    )


def _mask(still: Hole, level: int, shape: tuple[int, ...], size: tuple[int, int]) -> Image.Image:
    rows, columns = _cells(level, shape, size)
    return Image.fromarray(np.where(still[rows][:, columns][..., None], _HOLE, _KNOWN).astype(np.uint8))


def _cells(level: int, shape: tuple[int, ...], size: tuple[int, int]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    # Cells at the border reach beyond the image; only what lies in it is shown.
    step = 1 << level
    return (np.arange(size[1]) * shape[0] // size[1]) // step, (np.arange(size[0]) * shape[1] // size[0]) // step


def _mosaic(
    maps: NDArray[np.float32], still: Hole, level: int, shape: tuple[int, ...], size: tuple[int, int]
) -> Image.Image:
    """Draw the channels that vary most over what is known, each stretched to its own range, the hole in red."""
    known = ~still
    # From the first decile to the last: a single bright cell makes no channel worth looking at.
    spread = np.ptp(np.percentile(maps[:, known], (10, 90), axis=1), axis=0) if known.any() else np.zeros(len(maps))
    half = size[0] // 2, size[1] // 2
    rows, columns = _cells(level, shape, (max(1, half[0] - 1), max(1, half[1] - 1)))
    mosaic = Image.new("RGB", size, _PAPER)
    for place, channel in enumerate(np.argsort(-spread, kind="stable")[:_SHOWN]):
        values = maps[channel]
        low, high = np.percentile(values[known], (1, 99)) if known.any() else (0.0, 1.0)
        gray = np.clip((values - low) / max(float(high - low), 1e-12), 0.0, 1.0) * 255
        cells = np.where(still[..., None], _HOLE, np.rint(gray)[..., None]).astype(np.uint8)
        mosaic.paste(
            Image.fromarray(cells[rows][:, columns]),
            (place % 2 * (size[0] - half[0] + 1), place // 2 * (size[1] - half[1] + 1)),
        )
    return mosaic
