"""Ink on paper: bleed, fade, uneven pressure and the wear of the block."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bokwon.synthesis.noise import blur, smooth_noise

__all__ = ["BLACKS", "GOLDS", "REDS", "Ink", "lay_ink"]

#: RGB of carbon inks and printers' black, iron-gall brown, and the blues, violets and crimson of pens and ribbons.
BLACKS = np.array(
    [
        (28, 25, 23), (38, 34, 31), (20, 20, 22), (52, 44, 38), (66, 56, 48), (74, 50, 32), (96, 68, 44),
        (40, 44, 84), (64, 48, 96), (110, 30, 62),
    ],
    np.float32,
)  # fmt: skip
#: Gold and silver, for paper dyed dark.
GOLDS = np.array([(214, 178, 96), (226, 196, 128), (206, 206, 204)], np.float32)
REDS = np.array([(176, 44, 32), (196, 62, 44), (160, 36, 40), (188, 84, 60), (150, 52, 38)], np.float32)


@dataclass(frozen=True)
class Ink:
    """Properties of the ink on the paper.

    Attributes:
        colour: RGB in [0, 255].
        opacity: Share of the paper's light that full ink takes away, in (0, 1].
        bleed: How far ink creeps into the fibre, standard deviation in pixels.
        uneven: How much the density changes over the page, in [0, 1].
        fade: How much is lost where the page has faded most, in [0, 1].
        wear: How worn the block or type is: thin strokes go first, then gaps open in thick ones, in [0, 1].
        weight: Change of stroke thickness; 0 keeps it, positive is bolder, in [-0.4, 0.4].
    """

    colour: tuple[float, float, float] = (28.0, 25.0, 23.0)
    opacity: float = 0.92
    bleed: float = 0.5
    uneven: float = 0.2
    fade: float = 0.0
    wear: float = 0.0
    weight: float = 0.0


def lay_ink(
    rng: np.random.Generator,
    coverage: NDArray[np.float32],
    ink: Ink,
    scale: float,
    boxes: NDArray[np.int64] | None = None,
    loads: NDArray[np.float32] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Convert clean letter forms to ink on paper.

    Args:
        rng: Random generator.
        coverage: Share of every pixel that the letter form covers, `(H, W)` in [0, 1].
        ink: The ink.
        scale: Height of the characters in pixels: gaps and blots follow it.
        boxes: Left, top, right, bottom of characters, `(N, 4)`: none of them may vanish, however worn the block is.
        loads: How full of ink the tool was, `(H, W)` in [0, 1].

    Returns:
        Density `(H, W)` in [0, 1], and the bool mask of the pixels that were inked.
    """
    height, width = coverage.shape
    # Two grains serve all that is irregular about the ink: one of the fibre, one of the tool.
    fine, coarse = smooth_noise(rng, height, width, 1.0), smooth_noise(rng, height, width, max(1.5, scale / 16))
    # The edge of a stroke follows the fibre: blur, disturb, cut again softly.
    soft = blur(coverage, max(ink.bleed, 0.3))
    # What creeps into the paper is still ink: the more it bleeds, the less of it a pixel needs to look inked.
    threshold = float(np.clip(0.5 / (1 + 0.2 * ink.bleed) - ink.weight, 0.1, 0.9))
    # Bare paper stays bare and the middle of a stroke stays full, even with soft edges.
    softness = min(0.25 + 0.35 * min(ink.bleed, 1.0), 2 * threshold, 2 * (1 - threshold))
    level = soft + (0.28 * coarse + 0.2 * fine) * soft * (1 - soft) - np.float32(threshold)
    density = np.full_like(level, ink.opacity)
    if ink.wear > 0:
        # Where the block is worn strokes get thinner; grains of missing ink open in what is left.
        worn = np.clip(0.4 + 0.6 * smooth_noise(rng, height, width, 2.5 * scale), 0, 1.6) * np.float32(ink.wear)
        level -= worn * np.clip(0.12 + 0.2 * coarse + 0.15 * blur(fine, 0.8), 0, 0.9)
        density *= np.clip(1 - 0.22 * worn, 0.2, 1)
    if loads is not None:
        # A brush that runs dry is paler, and leaves the paper's grain white.
        level -= np.clip((0.5 - 0.5 * loads) * coarse, 0, 0.5)
        density *= 0.25 + 0.75 * loads
    shape = np.clip(level * np.float32(1 / softness) + np.float32(0.5), 0, 1)
    if boxes is not None:
        _keep_legible(shape, soft, softness, boxes)
    mask = shape >= 0.5
    if ink.uneven > 0:
        uneven = 0.3 + 0.5 * smooth_noise(rng, height, width, 2.2 * scale) + 0.25 * coarse
        density *= np.clip(1 - np.float32(ink.uneven) * uneven, 0.35, 1.05)
    if ink.fade > 0:
        density *= 1 - ink.fade * np.clip(0.5 + 0.6 * smooth_noise(rng, height, width, max(height, width) / 2.5), 0, 1)
    return np.asarray(np.clip(shape * density, 0, 1), np.float32), mask


def _keep_legible(
    shape: NDArray[np.float32], soft: NDArray[np.float32], softness: float, boxes: NDArray[np.int64]
) -> None:
    """Restore, in place, the characters of which too little is left."""
    left, top, right, bottom = boxes.T
    count = [_count(part, left, top, right, bottom) for part in (shape >= 0.5, soft >= 0.5)]
    for x0, y0, x1, y1 in boxes[(count[0] < 0.5 * count[1]) | (count[0] < 4)].tolist():
        form = soft[y0:y1, x0:x1]
        # Faint forms, thinner than a pixel, count from their own darkest point.
        peak = min(1.0, float(form.max()))
        if peak > 0:
            part = shape[y0:y1, x0:x1]
            np.maximum(part, np.clip((form / peak - 0.5) / softness + 0.5, 0, 1), out=part)


def _count(
    mask: NDArray[np.bool_], left: NDArray[np.int64], top: NDArray[np.int64], right: NDArray[np.int64],
    bottom: NDArray[np.int64],
) -> NDArray[np.int64]:  # fmt: skip
    total = cv2.integral(mask.astype(np.uint8))
    return np.asarray(total[bottom, right] - total[top, right] - total[bottom, left] + total[top, left], np.int64)
