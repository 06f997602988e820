"""Fills that come out as ink or as paper: what keeps a lost letter from looking like a smear."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bokwon.image_io.modes import missing_pixels
from bokwon.inpaint.color import (
    Light,
    as_float,
    largest,
    light_to_samples,
    lightness,
    put_samples,
    samples_to_light,
)
from bokwon.inpaint.distance import depth_in_hole, rise
from bokwon.inpaint.finish.background_estimate import Survey, survey
from bokwon.inpaint.finish.blocks import (
    CELL,
    at_window,
    blocks,
    by_square,
    most,
    spread,
    squares_near,
    whole_squares,
    windows,
)
from bokwon.inpaint.finish.ruled_lines import REACH, STEP, darkest, rules_through
from bokwon.types import Hole, Pixels

__all__ = ["InkChoice", "sharpen_ink"]

Floats = NDArray[np.float32]

InkChoice = Literal["auto", "off", "sharpen", "clear"]
"""Whether what lies between ink and paper in a fill is moved to one of them (`sharpen`), to paper unless it is, or is
near, what is nearly as dark as ink (`clear`), or left as it is (`off`); `auto` is `clear` for models for pages."""

_INK = 0.8
"""Lightness, as a share of the paper's, below which a known pixel is ink."""
_LEVEL = 0.3
"""The ink of a square is as light as this share of its pixels of ink at most: the rest are edges of strokes."""
_LEAST_SEEN = 0.02
_AROUND = 4
"""How far from a hole ink is looked for, squares."""
_SPOT, _STAIN = 8, 9
"""What is dark over so many spots of so many pixels each way is a stain, and no ink."""
_WHITE = 65535
_LEAST_CONTRAST = 0.05
_MIDPOINT, _GAIN = 0.4, 2.0
"""Of the sigmoid: the share of ink that becomes one half, and how steep it is."""
_STROKE = 3
"""How far from its dark core a stroke may reach that `clear` keeps, pixels."""
_PAPER, _CORE = 0.75, 0.95
"""Share of ink, where a fill is darkest within that reach, up to which `clear` makes paper of it, and from which on it
keeps a stroke."""
_RIM, _DEEP = 2.0, 8.0
"""Depth in a hole from which on fills are changed, and from which on in full, pixels: near its rim a fill knows more,
and has edges like those of the page's own strokes."""


def sharpen_ink(
    pixels: Pixels, mode: str, hole: Hole, *, clear: bool = False, around: Survey | None = None, lanes: int = 1
) -> None:
    """Move what was filled towards the ink or the paper around, in place.

    Where a network has no evidence for one stroke or another it gives their mean, a gray smear. Here what is nearer to
    ink than to paper becomes as dark as the ink around, and what is nearer to paper becomes paper; faint smears vanish.
    No stroke comes out where the fill had none. Near the rim of a hole, and where no ink is seen around, fills stay;
    stains are taken for paper. With `clear` all that is not nearly as dark as ink, nor beside what is, becomes paper: a
    stroke of which the network was sure stays, and what may be a stroke or not goes. Rules stay, and become as dark as
    their ends.

    Args:
        pixels: Samples (H, W) or (H, W, C) of the filled page; those inside the hole are written, no other is.
        mode: Their mode; a bilevel page stays as it is.
        hole: (H, W), what was filled.
        clear: Whether doubt makes paper.
        around: What `survey` told of the same page near the same hole, if it has been asked.
        lanes: How many windows are worked on at the same time, at least 1.
    """
    if mode == "1" or hole.all() or not hole.any():
        return
    missing = missing_pixels(pixels, mode, hole)
    found = around or survey(pixels, missing, mode, near=hole, lanes=lanes)
    paper = spread(found.colour, found.seen, 1.0, hole=hole)
    # OpenCV and NumPy let other threads run meanwhile.
    with ThreadPoolExecutor(lanes) as pool:
        level, seen, brightest = _ink(pixels, missing, mode, hole, paper, pool)
        if not seen.any():
            return
        level = spread(level, seen, 0.0, hole=hole)

        def ink_at(window: tuple[slice, slice], light: Light, step: int = 1) -> tuple[Floats, Floats, Floats]:
            """Return the light of a window, that of its paper, clean or stained, and its share of ink, (h, w, 1)."""
            places = _every(window, step)
            ground = np.minimum(
                at_window(paper, places, CELL // step), at_window(brightest, places, _SPOT // step) / _WHITE
            )
            contrast = np.maximum(1.0 - at_window(level, places, CELL // step), _LEAST_CONTRAST)
            filled = as_float(light)
            return filled, ground, (1.0 - _relative(filled, ground)[..., None]) / contrast

        def look(window: tuple[slice, slice]) -> Pixels:
            # With `clear` what is beside decides as well.
            wide = _widened(window, hole.shape, CELL) if clear else window
            inner = _within(window, wide)
            filled, ground, ink = ink_at(wide, samples_to_light(pixels[wide], mode))
            kept = _strokes(ink)[inner] if clear else np.ones((1, 1, 1), np.float32)
            filled, ground, ink = filled[inner], ground[inner], ink[inner]
            darker = ink
            if clear:
                far = _widened(window, hole.shape, REACH)
                _, _, ends = ink_at(far, darkest(samples_to_light(pixels[far], mode)), STEP)
                found_rules = rules_through(ends[..., 0], hole[far][::STEP, ::STEP])
                rules, paler = (values[_within(window, far)] for values in found_rules)
                darker = np.asarray(ink + ink * rules * (paler - 1.0), np.float32)
                kept = np.maximum(kept, rules)
            share = rise(depth_in_hole(hole, window, round(_DEEP)), _RIM, _DEEP)
            factor = 1.0 + share * (_sharpened(darker) * kept / np.maximum(ink, 1e-6) - 1.0)
            # Towards the paper and away from it along the fill's own colour: red ink stays red.
            changed = ground + (filled - ground) * np.where(ink > 0.0, factor, 1.0)
            return light_to_samples(changed[hole[window]], mode, pixels.dtype)

        touched = windows(hole)
        # Not before all are looked at: what lies in one window is around the next.
        sharpened = list(pool.map(look, touched))
    for window, samples in zip(touched, sharpened, strict=True):
        put_samples(pixels[window], hole[window], samples)


def _strokes(ink: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return 1 for strokes that a fill is sure of and what is beside them, 0 for the rest, (h, w, 1)."""
    import cv2

    # Not by single dark pixels.
    smooth = cv2.GaussianBlur(np.clip(ink[..., 0], 0.0, 1.0), (0, 0), 0.8)
    reach = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _STROKE + 1, 2 * _STROKE + 1))
    darkest_near = cv2.GaussianBlur(cv2.dilate(smooth, reach), (0, 0), 1.0)
    return rise(np.asarray(darkest_near, np.float32), _PAPER, _CORE)


def _every(window: tuple[slice, slice], step: int) -> tuple[slice, slice]:
    """Return a window as counted in steps of so many pixels."""
    rows, columns = (slice(span.start // step, -(-span.stop // step)) for span in window)
    return rows, columns


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


def _relative(light: NDArray[np.float32], paper: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how light something is as a share of the paper, (h, w)."""
    return np.asarray(lightness(light) / np.maximum(lightness(paper), 1e-3), np.float32)


def _ink(
    pixels: Pixels, missing: Hole, mode: str, hole: Hole, paper: NDArray[np.float32], pool: ThreadPoolExecutor
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint16]]:
    """Look at the page around a hole, and in it.

    Returns:
        How light ink is as a share of the paper, and 1 where enough of it is seen, (h, w, 1) by square; and the
        brightest light near each spot, smoothed, (h', w', C) of 16 bits.
    """
    import cv2

    near = squares_near(hole, _AROUND)
    level, seen = np.zeros((*near.shape, 1), np.float32), np.zeros((*near.shape, 1), np.float32)
    finer = CELL // _SPOT
    brightest = np.zeros((near.shape[0] * finer, near.shape[1] * finer, paper.shape[-1]), np.uint16)

    def look(block: tuple[tuple[slice, slice], tuple[slice, slice]]) -> None:
        place, window = block
        samples, known = whole_squares(samples_to_light(pixels[window], mode), ~missing[window])
        rows, columns = (slice(span.start * finer, span.stop * finer) for span in place)
        brightest[rows, columns] = most(samples, _SPOT) * np.uint16(_WHITE // largest(samples))
        share = _relative(as_float(samples), at_window(paper, window))
        ordered = np.sort(by_square(np.where(known & (share < _INK), share, np.inf)), -1)
        count = np.isfinite(ordered).sum(-1, keepdims=True)
        enough = count >= _LEAST_SEEN * CELL * CELL
        darkest = np.take_along_axis(ordered, (_LEVEL * np.maximum(count - 1, 0)).astype(np.int64), -1)
        level[place] = np.where(enough, darkest, 0.0)
        seen[place] = enough

    list(pool.map(look, blocks(near)))
    widest = cv2.dilate(brightest, np.ones((_STAIN, _STAIN), np.uint8))
    smooth = cv2.GaussianBlur(widest, (0, 0), _STAIN / 4).reshape(brightest.shape)
    return level, seen, np.asarray(smooth, np.uint16)
