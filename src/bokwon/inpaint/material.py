"""Tells pages from photographs and rubbings, so that the model and the finish can be chosen.

A page is paper with writing: even and light at a coarse scale, with thin dark strokes. A photograph has dark and light
parts of any size, and as many light details as dark ones. `features` measures this on the known pixels of a small copy,
and a logistic function of the measures decides. A picture whose negative looks like a page is a rubbing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bokwon.image_io.modes import missing_pixels
from bokwon.inpaint.colour import eight_bits, samples_to_light
from bokwon.settings import Material
from bokwon.types import Hole, Pixels

__all__ = [
    "FEATURES",
    "Features",
    "Verdict",
    "classify",
    "features",
    "negative",
    "photo_score",
    "small_copy",
]

SIDE = 800
"""Longest side of the small copy, pixels."""
LEAST_KNOWN = 0.25
"""Share of a cell of the small copy that must be known."""
BAND = 64
"""Rows of the small copy that are made at a time, so that no copy of a large page is needed."""
LEAST_CELLS = 1 << 14
"""Pixels of the small copy that must be known for a verdict: as many as a square of 128 has. Fewer show too little."""
UNKNOWN_RIM = 5
"""Side of the square by which unknown pixels of the small copy are dilated, so that their edges are no details."""

STROKE = 7
"""Side of the square in which the darkest and the lightest pixel are looked for, pixels of the small copy."""
WIDE = 26
"""Side of the square of the closing that gives the background, pixels of the small copy: strokes are thinner."""
BLOCK = 32
"""Side of the blocks that may look like text, pixels of the small copy."""
HALFTONE = 0.3, 0.7
"""A pixel between these values is a half-tone; 0 is the darkest pixel of its square of `STROKE`, 1 the lightest."""
NOISE = 6
"""Differences of lightness up to this are noise, levels of 255."""
CONTRAST = 40
"""Least difference between the lightest and the darkest pixel of a square of `STROKE` at a detail, levels of 255."""
EVEN = 0.08
"""Largest difference from the bright level of the background that is even, as a share of that level."""
SMOOTH = 10
"""Sobel response below which a pixel is smooth: 1.25 levels of 255 a pixel."""
DARK = 30.0
"""Least level, of 255, that differences of the background are divided by."""
TEXT_DETAILS, TEXT_INK, TEXT_HALFTONES, TEXT_UNEVEN = 0.2, 0.08, 0.36, 0.08
"""A block looks like text if its share of details and its `ink` are above the first two, and its share of half-tones
and the deviation of its background, as a share of its level, are below the last two."""

Floats = NDArray[np.float32]
Picture = NDArray[np.uint8]


class Features(NamedTuple):
    """Measures of a picture, each over its known pixels.

    Attributes:
        ink: How near the pixels of details are to the lightest pixel around, minus 0.5. Around strokes most pixels are
            paper: 0.15 for pages, 0 for photographs, -0.15 for white writing on black.
        halftones: Share of the pixels of details that are neither near the lightest nor near the darkest around.
        even: Share of the background within 8 % of its bright level.
        thin: How much of what is darker than the background is thin: 1 if all is strokes.
        smooth: Share of pixels without a gradient.
        text: Share of blocks that look like text: many details, mostly paper, few half-tones, an even background.
        details: Share of pixels with more contrast around them than `CONTRAST`. It has no weight.
    """

    ink: float
    halftones: float
    even: float
    thin: float
    smooth: float
    text: float
    details: float


WEIGHTS = {
    "ink": (0.098, 0.090, -1.131),
    "halftones": (0.269, 0.112, 0.961),
    "even": (0.712, 0.332, -1.257),
    "thin": (0.650, 0.328, -0.861),
    "smooth": (0.239, 0.188, 0.696),
    "text": (0.414, 0.336, -1.053),
}
"""For each measure: mean and standard deviation over the pictures that were fitted on, and its weight. Written by
`benchmarks/material.py fit`."""
BIAS = -2.064
"""The logit of a picture whose measures are all at their mean."""
FEATURES = tuple(WEIGHTS)
"""Names of the weighted measures."""
CLEAR = 1.8
"""Logit from which a picture is clearly a photograph; below 0 it is clearly a page."""
TEXT = 0.12
"""Measure `text` from which a picture is not clearly a photograph: it may be a painted leaf with lines of writing."""
RUBBING_INK = -0.06
"""Measure `ink` below which the negative is measured too: around white strokes most pixels are dark."""
LEAST_DETAILS = 0.01
"""Share of pixels with contrast below which a picture is nearly blank."""


@dataclass(frozen=True)
class Verdict:
    """What a picture shows.

    Attributes:
        material: `page`, `photo` or `rubbing`.
        sure: Whether the evidence is clear. If it is not, the material is `page`.
        why: The reason, in a few words.
    """

    material: Material
    sure: bool
    why: str


def features(picture: Picture, known: Hole) -> Features:
    """Measure a small copy.

    Args:
        picture: RGB (h, w, 3), see `small_copy`.
        known: (h, w), where it is known; at least `LEAST_CELLS` pixels.
    """
    import cv2

    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    counted = known
    if not known.all():
        gray = _spread(gray, known)
        inner = cv2.erode(known.astype(np.uint8), np.ones((UNKNOWN_RIM, UNKNOWN_RIM), np.uint8)) > 0
        counted = inner if np.count_nonzero(inner) >= LEAST_CELLS else known
    square = np.ones((STROKE, STROKE), np.uint8)
    darkest, lightest = cv2.erode(gray, square), cv2.dilate(gray, square)
    contrast = (lightest - darkest).astype(np.float32)
    detailed = (contrast > CONTRAST) & counted
    place = (gray - darkest) / np.maximum(contrast, 1)
    between = detailed & (place > HALFTONE[0]) & (place < HALFTONE[1])
    count = max(int(np.count_nonzero(detailed)), 1)

    height, width = gray.shape
    half = cv2.resize(gray, ((width + 1) // 2, (height + 1) // 2), interpolation=cv2.INTER_AREA)
    background = cv2.morphologyEx(half, cv2.MORPH_CLOSE, np.ones((WIDE // 2, WIDE // 2), np.uint8))
    background = cv2.resize(background, (width, height)).astype(np.float32)
    level = cv2.GaussianBlur(background, (0, 0), 8)[counted]
    bright = max(float(np.percentile(level, 75)), DARK)
    thin = _energy((cv2.erode(lightest, square) - gray)[counted])
    wide = _energy(background[counted] - gray[counted])
    slope = np.hypot(cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1))[counted]
    return Features(
        ink=float(place[detailed].sum()) / count - 0.5,
        halftones=np.count_nonzero(between) / count,
        even=float(np.mean(np.abs(level - bright) < EVEN * bright)),
        thin=thin / (wide + 1),
        smooth=float(np.mean(slope < SMOOTH)),
        text=_text_share(counted, detailed, place, between, background),
        details=float(np.mean(detailed[counted])),
    )


def _text_share(counted: Hole, detailed: Hole, place: NDArray[Any], between: Hole, background: NDArray[Any]) -> float:
    """Return the share of the blocks that look like text; see `Features` and `features`."""
    import cv2

    rows, columns = (length // BLOCK for length in counted.shape)
    if not rows or not columns:
        return 0.0

    def blocks(values: NDArray[Any]) -> Floats:
        whole = values[: rows * BLOCK, : columns * BLOCK].astype(np.float32)
        return np.asarray(cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)

    details = blocks(detailed)
    ink = blocks(np.where(detailed, place, np.float32(0))) / np.maximum(details, 1e-6) - 0.5
    halftones = blocks(between) / np.maximum(details, 1e-6)
    level = blocks(background)
    uneven = np.sqrt(np.maximum(blocks(background * background) - level * level, 0)) / np.maximum(level, DARK)
    known = blocks(counted) > 0.5
    text = known & (details > TEXT_DETAILS) & (ink > TEXT_INK) & (halftones < TEXT_HALFTONES) & (uneven < TEXT_UNEVEN)
    return int(np.count_nonzero(text)) / max(int(np.count_nonzero(known)), 1)


def _energy(differences: NDArray[Any]) -> float:
    return float(np.square(np.maximum(differences.astype(np.float32) - NOISE, 0)).mean())


def _spread(gray: NDArray[Any], known: Hole) -> Picture:
    """Return a picture in which each unknown pixel is the mean of the known pixels around it."""
    import cv2

    weight = known.astype(np.float32)
    total = cv2.GaussianBlur(gray * weight, (0, 0), 6)
    share = cv2.GaussianBlur(weight, (0, 0), 6)
    mean = np.where(share > 1e-3, total / np.maximum(share, 1e-3), np.median(gray[known]))
    return np.where(known, gray, np.clip(mean, 0, 255).astype(np.uint8))


def small_copy(pixels: Pixels, mode: str, hole: Hole) -> tuple[Picture, Hole]:
    """Average the known pixels of a page in square cells.

    Args:
        pixels: Samples (H, W) or (H, W, C).
        mode: Their mode.
        hole: (H, W), what is missing; its samples do not count.

    Returns:
        RGB (h, w, 3) with a longest side of at most `SIDE`, and (h, w) where enough of a cell is known.
    """
    import cv2

    missing = missing_pixels(pixels, mode, hole)
    height, width = missing.shape
    step = -(-max(height, width) // SIDE)
    bands, known = [], []
    for top in range(0, height, BAND * step):
        rows = slice(top, top + BAND * step)
        share = np.where(missing[rows], np.uint8(0), np.uint8(255))
        # Zero where missing.
        light = np.asarray(cv2.copyTo(_rgb(pixels[rows], mode), share), np.uint8)
        if step > 1:
            # Whole cells: pixels beyond the border count as unknown.
            below, right = -share.shape[0] % step, -width % step
            size = (width + right) // step, (share.shape[0] + below) // step
            light, share = (_shrunk(part, below, right, size) for part in (light, share))
        enough = share >= 255 * LEAST_KNOWN
        mean = light * (np.float32(255) / np.maximum(share, 1))[..., None]
        bands.append(np.clip(np.rint(mean), 0, 255).astype(np.uint8))
        known.append(enough)
    return np.concatenate(bands), np.concatenate(known)


def _shrunk(part: NDArray[Any], below: int, right: int, size: tuple[int, int]) -> Picture:
    import cv2

    padded = cv2.copyMakeBorder(part, 0, below, 0, right, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    return np.asarray(cv2.resize(padded, size, interpolation=cv2.INTER_AREA), np.uint8)


def _rgb(pixels: Pixels, mode: str) -> Picture:
    """Return samples as 8-bit RGB."""
    light = eight_bits(samples_to_light(pixels, mode))
    if mode == "CMYK":
        return np.asarray(light[..., :3].astype(np.uint16) * light[..., 3:] // 255, np.uint8)
    return np.repeat(light, 3, axis=-1) if light.shape[-1] == 1 else light


def photo_score(measured: Features) -> float:
    """Return the logit of a photograph against a page: above 0 it looks more like a photograph."""
    return BIAS + sum(_parts(measured).values())


def _parts(measured: Features) -> dict[str, float]:
    values = measured._asdict()
    return {name: weight * (values[name] - mean) / deviation for name, (mean, deviation, weight) in WEIGHTS.items()}


def classify(pixels: Pixels, mode: str, hole: Hole) -> Verdict:
    """Return what a picture shows.

    Args:
        pixels: Samples (H, W) or (H, W, C).
        mode: Their mode.
        hole: (H, W), what is missing; its samples do not count.
    """
    if mode == "1":
        return Verdict("page", True, "it is black and white only")
    picture, known = small_copy(pixels, mode, hole)
    if np.count_nonzero(known) < LEAST_CELLS:
        return Verdict("page", True, "it is too small to tell")
    measured = features(picture, known)
    if measured.details < LEAST_DETAILS:
        return Verdict("page", True, "it is nearly blank")
    if measured.ink < RUBBING_INK:
        turned = features(255 - picture, known)
        if photo_score(turned) < -CLEAR:
            return Verdict("rubbing", True, _reason(turned, -1, "its negative has "))
    score = photo_score(measured)
    if score > CLEAR and measured.text < TEXT:
        return Verdict("photo", True, _reason(measured, 1))
    if score > 0:
        return Verdict("page", False, f"it may be a photograph: {_reason(measured, 1)}")
    return Verdict("page", True, _reason(measured, -1))


def _reason(measured: Features, sign: int, start: str = "it has ") -> str:
    """Return the two measures with the strongest evidence for a photograph (1) or a page (-1), in words."""
    parts = _parts(measured)
    most = sorted(parts, key=lambda name: -sign * parts[name])[:2]
    return start + " and ".join(_WORDS[name][sign > 0] for name in most)


_WORDS = {
    "ink": ("more paper than ink around its strokes", "as much light as dark in its details"),
    "halftones": ("few half-tones", "many half-tones"),
    "even": ("an even background", "no even background"),
    "thin": ("thin strokes", "broad dark parts"),
    "smooth": ("no smooth areas", "smooth areas"),
    "text": ("lines of text", "no text"),
}
"""What a measure says for a page, and for a photograph."""


@contextmanager
def negative(pixels: Pixels, mode: str) -> Iterator[None]:
    """Invert the samples of a page in place, and invert them back at the end. Alpha stays.

    Args:
        pixels: Samples (H, W) or (H, W, C).
        mode: Their mode.
    """
    colours = pixels[..., :-1] if mode in ("LA", "RGBA") else pixels
    np.invert(colours, out=colours)
    try:
        yield
    finally:
        np.invert(colours, out=colours)
