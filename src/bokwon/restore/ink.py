"""Fills that come out as ink or as paper: what keeps a lost letter from looking like a smear."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bokwon.imaging.color import as_float, light_to_samples, put_samples, samples_to_light
from bokwon.imaging.holes import Hole
from bokwon.imaging.pixels import Pixels, missing_pixels
from bokwon.restore.depth import depth_in_hole, rise
from bokwon.restore.survey import CELL, at_window, by_square, spread, survey, windows

__all__ = ["InkChoice", "sharpen_ink"]

InkChoice = Literal["off", "sharpen", "clear"]
"""Whether what lies between ink and paper in a fill is moved to one of them (`sharpen`), to paper unless it is, or is
near, what is nearly as dark as ink (`clear`), or left as it is (`off`)."""

_INK = 0.8
"""Lightness, as a share of the paper's, below which a known pixel is ink."""
_LEVEL = 0.3
"""The ink of a square is as light as this share of its pixels of ink at most: the rest are edges of strokes."""
_LEAST_SEEN = 0.02
_AROUND = 4 * CELL
"""How far from a hole ink is looked for, pixels."""
_STAIN = 2 * CELL + 1
"""What is dark over a square of this side is a stain, pixels, and no ink."""
_LEAST_CONTRAST = 0.05
_MIDPOINT, _GAIN = 0.4, 2.0
"""Of the sigmoid: the share of ink that becomes one half, and how steep it is."""
_STROKE = 3
"""How far from its dark core a stroke may reach that `clear` keeps, pixels."""
_PAPER, _CORE = 0.75, 0.95
"""Share of ink, where a fill is darkest within that reach, up to which `clear` makes paper of it, and from which on it
keeps a stroke."""
_RULE, _THICK = 25, 9
"""`clear` keeps lines of the page's two directions that go on for so many pixels and are thinner than so many: rules,
which are often lighter than letters."""
_FAINT, _LINE = 0.5, 0.7
"""How much more ink than its surroundings a line has up to which it is none, and from which on it is kept whole."""
_RIM, _DEEP = 2.0, 8.0
"""Depth in a hole from which on fills are changed, and from which on in full, pixels: near its rim a fill knows more,
and has edges like those of the page's own strokes."""


def sharpen_ink(pixels: Pixels, mode: str, hole: Hole, *, clear: bool = False) -> None:
    """Move what was filled towards the ink or the paper around, in place.

    Where a network has no evidence for one stroke or another it gives their mean, a gray smear. Here what is nearer to
    ink than to paper becomes as dark as the ink around, and what is nearer to paper becomes paper; faint smears vanish.
    No stroke comes out where the fill had none. Near the rim of a hole, and where no ink is seen around, fills stay;
    stains are taken for paper. With `clear` all that is not nearly as dark as ink, nor beside what is, becomes paper: a
    stroke of which the network was sure stays, and what may be a stroke or not goes.

    Args:
        pixels: Samples (H, W) or (H, W, C) of the filled page; those inside the hole are written, no other is.
        mode: Their mode; a bilevel page stays as it is.
        hole: (H, W), what was filled.
        clear: Whether doubt makes paper.
    """
    if mode == "1" or hole.all() or not hole.any():
        return
    missing = missing_pixels(pixels, mode, hole)
    found = survey(pixels, missing, mode, near=hole)
    paper = spread(found.colour, found.seen, 1.0)
    level, seen = _ink(pixels, missing, mode, hole, paper)
    if not seen.any():
        return
    level = spread(level, seen, 0.0)
    sharpened: list[tuple[tuple[slice, slice], Pixels]] = []
    for window in windows(hole):
        # With `clear` what is beside decides as well.
        wide = _widened(window, hole.shape, CELL) if clear else window
        filled = as_float(samples_to_light(pixels[wide], mode))
        ground = np.minimum(at_window(paper, wide), _brightest_around(pixels, mode, wide))
        contrast = np.maximum(1.0 - at_window(level, wide), _LEAST_CONTRAST)
        ink = (1.0 - _lightness(filled, ground)[..., None]) / contrast
        wanted = _sharpened(ink) * (_strokes(ink) if clear else 1.0)
        share = rise(depth_in_hole(hole, wide, round(_DEEP)), _RIM, _DEEP)
        factor = 1.0 + share * (wanted / np.maximum(ink, 1e-6) - 1.0)
        # Towards the paper and away from it along the fill's own colour: red ink stays red.
        changed = ground + (filled - ground) * np.where(ink > 0.0, factor, 1.0)
        changed = changed[_within(window, wide)]
        sharpened.append((window, light_to_samples(changed[hole[window]], mode, pixels.dtype)))
    # Not before all are looked at: what lies in one window is around the next.
    for window, samples in sharpened:
        put_samples(pixels[window], hole[window], samples)


def _strokes(ink: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return 1 for strokes and rules that a fill is sure of and what is beside them, 0 for the rest, (h, w, 1)."""
    import cv2

    def window(height: int, width: int, shape: int = cv2.MORPH_RECT) -> NDArray[np.uint8]:
        return np.asarray(cv2.getStructuringElement(shape, (width, height)), np.uint8)

    # Not by single dark pixels.
    smooth = cv2.GaussianBlur(np.clip(ink[..., 0], 0.0, 1.0), (0, 0), 0.8)
    reach = window(2 * _STROKE + 1, 2 * _STROKE + 1, cv2.MORPH_ELLIPSE)
    darkest = cv2.GaussianBlur(cv2.dilate(smooth, reach), (0, 0), 1.0)
    thick = cv2.morphologyEx(smooth, cv2.MORPH_OPEN, window(_THICK, _THICK))
    # A pixel wider across, so that lines may lean.
    across, down = (
        cv2.morphologyEx(cv2.dilate(smooth, wider), cv2.MORPH_OPEN, line)
        for wider, line in ((window(3, 1), window(1, _RULE)), (window(1, 3), window(_RULE, 1)))
    )
    rules = cv2.GaussianBlur(cv2.dilate(np.maximum(across, down) - thick, window(3, 3)), (0, 0), 1.0)
    sure = np.asarray(darkest, np.float32), np.asarray(rules, np.float32)
    return np.maximum(rise(sure[0], _PAPER, _CORE), rise(sure[1], _FAINT, _LINE))


def _brightest_around(pixels: Pixels, mode: str, window: tuple[slice, slice]) -> NDArray[np.float32]:
    """Return the brightest light near each pixel of a window, smoothed: paper, clean or stained, but no stroke."""
    import cv2

    wide = _widened(window, pixels.shape, _AROUND)
    light = as_float(samples_to_light(pixels[wide], mode))
    brightest = cv2.dilate(light, np.ones((_STAIN, _STAIN), np.uint8))
    smooth = cv2.GaussianBlur(brightest, (0, 0), _STAIN / 4).reshape(light.shape)
    return np.asarray(smooth[_within(window, wide)])


def _within(window: tuple[slice, slice], wide: tuple[slice, slice]) -> tuple[slice, slice]:
    """Return where a window lies in a wider one."""
    rows, columns = (
        slice(span.start - far.start, span.stop - far.start) for span, far in zip(window, wide, strict=True)
    )
    return rows, columns


def _widened(window: tuple[slice, slice], shape: tuple[int, ...], border: int) -> tuple[slice, slice]:
    rows, columns = (
        slice(max(0, span.start - border), min(size, span.stop + border))
        for span, size in zip(window, shape[:2], strict=True)
    )
    return rows, columns


def _sharpened(ink: NDArray[np.float32]) -> NDArray[np.float32]:
    """Apply a sigmoid from 0, paper, to 1, ink; what is darker than ink stays."""
    even = np.clip(ink, 0.0, 1.0) ** (np.log(0.5) / np.log(_MIDPOINT))
    more, less = even**_GAIN, (1.0 - even) ** _GAIN
    return np.where(ink > 1.0, ink, more / (more + less))


def _lightness(light: NDArray[np.float32], paper: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(light.mean(axis=-1) / np.maximum(paper.mean(axis=-1), 1e-3), np.float32)


def _ink(
    pixels: Pixels, missing: Hole, mode: str, hole: Hole, paper: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return how light ink is as a share of the paper, and 1 where enough of it is seen, (h, w, 1) by square."""
    level, seen = np.zeros((*paper.shape[:2], 1), np.float32), np.zeros((*paper.shape[:2], 1), np.float32)
    for window in windows(hole):
        rows, columns = _widened(window, hole.shape, _AROUND)
        light = as_float(samples_to_light(pixels[rows, columns], mode))
        lightness = _lightness(light, at_window(paper, (rows, columns)))
        is_ink = ~missing[rows, columns] & (lightness < _INK)
        border = [(0, -length % CELL) for length in is_ink.shape]
        ordered = np.sort(by_square(np.pad(np.where(is_ink, lightness, np.inf), border, constant_values=np.inf)), -1)
        count = np.isfinite(ordered).sum(-1, keepdims=True)
        enough = count >= _LEAST_SEEN * CELL * CELL
        darkest = np.take_along_axis(ordered, (_LEVEL * np.maximum(count - 1, 0)).astype(np.int64), -1)
        place = tuple(slice(span.start // CELL, -(-span.stop // CELL)) for span in (rows, columns))
        level[place] = np.where(enough, darkest, 0.0)
        seen[place] = enough
    return level, seen
