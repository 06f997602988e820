"""Aged pages whose text, characters and ink are known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import ArgumentError
from bokwon.synthesis.pages.canvas import Canvas, Character
from bokwon.synthesis.pages.composite import Page, composite_page
from bokwon.synthesis.pages.fonts import Font
from bokwon.synthesis.pages.horizontal import write_lines
from bokwon.synthesis.pages.seals import stamp_seal
from bokwon.synthesis.pages.show_through import Margins
from bokwon.synthesis.pages.styles import STYLES, Style
from bokwon.synthesis.pages.text import TextSource
from bokwon.synthesis.pages.vertical import write_columns
from bokwon.synthesis.pages.writer import Writer, choose_hand

__all__ = ["INK_RANGE", "SIDES", "STYLES", "Character", "Page", "check_size", "render_crop", "render_page"]

#: Share of a crop's pixels that carries ink.
INK_RANGE = (0.08, 0.25)

#: Least and greatest side of a page in pixels.
SIDES = (32, 20000)

_LEAST_TEXT = 6


def render_page(
    seed: int | np.random.Generator,
    size: tuple[int, int] = (768, 768),
    style: str | None = None,
    fonts: Sequence[Font] | None = None,
    text: TextSource | None = None,
    paper: str | Path | None = None,
    text_size: float | None = None,
) -> Page:
    """Render one whole page.

    Args:
        seed: The same seed, fonts and text give the same page.
        size: Height and width in pixels, each 32 to 20000.
        style: A name of `STYLES`; drawn at random by default, among those that the fonts can write.
        fonts: Fonts; by default those of the system.
        text: Text; by default from the built-in lists.
        paper: Folder of photographs of real paper. By default paper is synthetic.
        text_size: Height of a character in pixels, at least 6; by default in proportion to the page.

    Returns:
        The page.

    Raises:
        ArgumentError: A size is out of range, or the style is unknown.
        FileAccessError: The paper folder is missing or empty.
        MissingDependencyError: No font can write the style.
    """
    rng = np.random.default_rng(seed)
    height, width = check_size(size, text_size)
    hand = choose_hand(rng, style, fonts)
    em = text_size or _draw_text_size(rng, hand.style, height, width)
    margins = _draw_margins(rng, height, width)
    canvas = Canvas(height, width, -margins.left, -margins.top)
    inner = (height - margins.top - margins.bottom, width - margins.left - margins.right)
    _write(rng, canvas, Writer(hand, em, text or TextSource()), *inner)
    weight = _choose_weight(canvas, float(rng.uniform(*INK_RANGE)), (-0.08, 0.2))
    return composite_page(rng, canvas, hand.style, em, weight, paper, margins)


def render_crop(
    seed: int | np.random.Generator,
    size: int = 256,
    style: str | None = None,
    fonts: Sequence[Font] | None = None,
    text: TextSource | None = None,
    paper: str | Path | None = None,
    text_size: float | None = None,
) -> Page:
    """Render a square window, as if cut from a larger page, with 8 to 25 % ink.

    Args:
        seed: The same seed, fonts and text give the same window.
        size: Side in pixels, 32 to 20000.
        style: A name of `STYLES`; drawn at random by default.
        fonts: Fonts; by default those of the system.
        text: Text; by default from the built-in lists.
        paper: Folder of photographs of real paper. By default paper is synthetic.
        text_size: Height of a character in pixels; 14 to 60 at random by default.

    Returns:
        The window, with those characters of which at least half is visible.

    Raises:
        ArgumentError: A size is out of range, or the style is unknown.
        FileAccessError: The paper folder is missing or empty.
        MissingDependencyError: No font can write the style.
    """
    rng = np.random.default_rng(seed)
    check_size((size, size), text_size)
    hand = choose_hand(rng, style, fonts)
    low, high = INK_RANGE
    target = float(rng.uniform(low + 0.02, high - 0.03))
    tries: list[tuple[float, Canvas, float]] = []
    while len(tries) < 6 and not any(miss == 0 for miss, _, _ in tries):
        em = text_size or float(np.exp(rng.uniform(np.log(14), np.log(60))))
        # The page goes on around the window by a few characters on each side, sometimes by none.
        left, top, right, bottom = (np.maximum(rng.uniform(-1.5, 6, 4), 0.0) * em).tolist()
        canvas = Canvas(size, size, left, top)
        _write(rng, canvas, Writer(hand, em, text or TextSource()), size + top + bottom, size + left + right)
        share = _share(canvas)
        tries.append((max(low * 0.85 - share, share - high * 0.9, 0.0), canvas, em))
    _, canvas, em = min(tries, key=lambda one: one[0])
    # Bolder or finer strokes bring the window nearer to the share of ink that was drawn for it.
    weight = _choose_weight(canvas, target, (-0.12, 0.25))
    return composite_page(rng, canvas, hand.style, em, weight, paper, ink_range=INK_RANGE)


def check_size(size: tuple[int, int], text_size: float | None = None) -> tuple[int, int]:
    """Return height and width if a page can be that large.

    Raises:
        ArgumentError: A side is out of `SIDES`, or the text size is below 6 pixels.
    """
    height, width = size
    least, most = SIDES
    if not (least <= height <= most and least <= width <= most):
        raise ArgumentError(
            f"a page of {height} x {width} pixels cannot be rendered", f"use {least} to {most} pixels a side"
        )
    if text_size is not None and not _LEAST_TEXT <= text_size <= most:
        raise ArgumentError(f"characters of {text_size:g} pixels cannot be drawn", f"use at least {_LEAST_TEXT}")
    return height, width


def _draw_text_size(rng: np.random.Generator, style: Style, height: int, width: int) -> float:
    # A column of a block-printed book holds 14 to 26 characters, a page of prose 16 to 40 lines.
    if style.vertical:
        lines = float(rng.uniform(14, 26))
    else:
        lines = float(rng.uniform(16, 26 if "hand" in style.faces else 40)) * sum(style.pitch) / 2
    return float(np.clip(0.85 * max(height, 0.8 * width) / lines, 12, 400))


def _draw_margins(rng: np.random.Generator, height: int, width: int) -> Margins:
    # Small pictures are windows; of large ones a third shows the table around the leaf.
    if min(height, width) < 400 or rng.random() > 0.35:
        return Margins()
    part = rng.uniform(0, 0.045, 4) * (rng.random(4) < 0.75)
    left, top, right, bottom = (part * (width, height, width, height)).astype(int).tolist()
    return Margins(left, top, right, bottom)


def _write(rng: np.random.Generator, canvas: Canvas, writer: Writer, height: float, width: float) -> None:
    write = write_columns if writer.hand.style.vertical else write_lines
    write(rng, canvas, writer, height, width)
    canvas.end_line()
    if rng.random() < writer.hand.style.seal:
        stamp_seal(rng, canvas, writer, height, width)


def _choose_weight(canvas: Canvas, target: float, limits: tuple[float, float]) -> float:
    """Return the change of stroke thickness that brings the share of ink nearer to a target."""
    return float(np.clip(0.5 * np.log(target / max(_share(canvas), 1e-3)), *limits))


def _share(canvas: Canvas) -> float:
    flat: NDArray[np.bool_] = np.zeros((canvas.height, canvas.width), np.bool_)
    for name, layer in canvas.layers.items():
        if name != "ruling":
            flat |= layer > 127
    return float(flat.mean())
