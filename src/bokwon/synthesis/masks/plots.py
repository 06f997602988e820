"""Draws the figures of one or two mask sets as histograms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from bokwon.synthesis.masks.statistics import FIGURES, Sample

__all__ = ["plot_samples"]

_COLOURS = ((38, 110, 175), (214, 96, 22))
_INK, _PALE, _PAPER = (45, 45, 45), (222, 222, 222), (255, 255, 255)
_PANEL = (560, 360)
_MARGIN = (26, 46, 26, 62)
"""Left, top, right, bottom, pixels."""


def plot_samples(samples: Sequence[Sample], names: Sequence[str], title: str) -> Image.Image:
    """Draw one panel for each figure, with all sets in it.

    Args:
        samples: One or two sets' figures.
        names: Names of the sets.
        title: Heading of the picture.

    Returns:
        An RGB picture.
    """
    columns = 3
    rows = -(-len(FIGURES) // columns)
    head = 96
    picture = Image.new("RGB", (columns * _PANEL[0], head + rows * _PANEL[1]), _PAPER)
    draw = ImageDraw.Draw(picture)
    draw.text((_MARGIN[0], 16), title, _INK, font=_font(28))
    x = _MARGIN[0]
    for sample, name, colour in zip(samples, names, _COLOURS, strict=False):
        text = f"{name} ({len(sample['ratio']):,} masks)"
        draw.rectangle((x, 62, x + 22, 78), fill=colour)
        draw.text((x + 32, 58), text, _INK, font=_font(20))
        x += 32 + int(draw.textlength(text, font=_font(20))) + 40
    for index, (key, label) in enumerate(FIGURES.items()):
        origin = (index % columns * _PANEL[0], head + index // columns * _PANEL[1])
        # The median of a set with and without border holes lies where hardly a mask is.
        _panel(draw, origin, [sample[key] for sample in samples], label, medians=key != "border_distance")
    return picture


def _panel(
    draw: ImageDraw.ImageDraw,
    origin: tuple[int, int],
    values: list[npt.NDArray[np.float64]],
    label: str,
    *,
    medians: bool,
) -> None:
    left, top = origin[0] + _MARGIN[0], origin[1] + _MARGIN[1]
    right, bottom = origin[0] + _PANEL[0] - _MARGIN[2], origin[1] + _PANEL[1] - _MARGIN[3]
    both = np.concatenate(values)
    # The largest 1 % would compress all other bars, so it is counted in the last bar.
    low, high = float(both.min()), float(np.quantile(both, 0.99))
    if high <= low:
        low, high = low - 0.5, low + 0.5
    edges = np.linspace(low, high, 29)
    if (both == np.round(both)).all():
        # Bars of whole numbers hold equally many of them; else every other one would stand out.
        step = max(int(np.ceil((high - low + 1) / 28)), 1)
        edges = np.arange(np.floor(low), high + step + 1, step, dtype=np.float64)
        low, high = float(edges[0]), float(edges[-1])
    shares = [np.histogram(np.clip(v, low, edges[-1]), edges)[0] / len(v) for v in values]
    tallest = max(float(share.max()) for share in shares)
    draw.text((left, origin[1] + 12), label, _INK, font=_font(20))
    for share, colour in zip(shares, _COLOURS, strict=False):
        tops = bottom - share / tallest * (bottom - top)
        marks = left + (edges - low) / (high - low) * (right - left)
        if colour == _COLOURS[0]:
            pale = tuple((2 * 255 + c) // 3 for c in colour)
            for start, end, height in zip(marks, marks[1:], tops, strict=False):
                draw.rectangle((start, height, end, bottom), fill=pale)
        outline = [(float(marks[0]), float(bottom))]
        for start, end, height in zip(marks, marks[1:], tops, strict=False):
            outline += [(float(start), float(height)), (float(end), float(height))]
        outline.append((float(marks[-1]), float(bottom)))
        draw.line(outline, fill=colour, width=3)
    for sample, colour in zip(values if medians else [], _COLOURS, strict=False):
        middle = left + (min(float(np.median(sample)), high) - low) / (high - low) * (right - left)
        draw.polygon([(middle - 9, bottom + 16), (middle + 9, bottom + 16), (middle, bottom + 2)], fill=colour)
    draw.line((left, bottom, right, bottom), fill=_INK, width=2)
    for share_along in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = left + share_along * (right - left)
        draw.line((x, bottom, x, bottom + 6), fill=_INK, width=2)
        value = low + share_along * (high - low)
        text = f"{value:.2f}" if high - low < 2 else f"{value:,.0f}"
        draw.text((x, bottom + 20), text, _INK, font=_font(17), anchor="ma")


def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)
