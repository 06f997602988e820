"""How much hidden ink a fill puts back, and how much ink it invents where there was paper."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from bokwon.errors import ArgumentError
from bokwon.types import Hole

__all__ = ["BLANK", "INK", "INK_FIGURES", "LEAST_INK", "ink_of", "measure_ink", "paper_of"]

Image8 = NDArray[np.uint8]

INK, BLANK = 0.72, 0.88
"""Shares of the paper's gray: what is darker than the first is ink, what is lighter than the second is blank."""
LEAST_INK = 300
"""Hidden pixels of ink below which the figures of a page say nothing."""
INK_FIGURES = ("ink_back", "false_ink", "ink_back_at_5", "ink_back_at_10", "ghost", "tint")
"""Names of the figures, in the order of the tables."""

_LEVELS = np.linspace(0.56, 0.84, 29)
"""Shares of the paper's gray that are tried as the limit of what counts as ink in a fill."""
_GRAY = np.array([0.299, 0.587, 0.114], np.float32)
"""ITU-R BT.601."""


def paper_of(truth: Image8) -> NDArray[np.float32]:
    """Return the gray of the paper under the ink.

    The page's BT.601 gray after a 3 x 3 median, a closing with a 25 x 25 square and a Gaussian of sigma 10.

    Args:
        truth: (H, W, 3), RGB, the undamaged page.

    Returns:
        (H, W), 0 to 255.
    """
    rounded = np.clip(np.rint(truth.astype(np.float32) @ _GRAY), 0, 255).astype(np.uint8)
    closed = cv2.morphologyEx(cv2.medianBlur(rounded, 3), cv2.MORPH_CLOSE, np.ones((25, 25), np.uint8))
    return np.asarray(cv2.GaussianBlur(closed.astype(np.float32), (0, 0), 10), np.float32)


def ink_of(truth: Image8) -> Hole:
    """Return where a page has ink: darker than `INK` of its paper.

    Args:
        truth: (H, W, 3), RGB.

    Returns:
        (H, W).
    """
    return np.asarray(truth.astype(np.float32) @ _GRAY < INK * paper_of(truth))


def measure_ink(image: Image8, truth: Image8, hole: Hole) -> Mapping[str, float | None]:
    """Return what became of the ink in a hole.

    Shares are percent of the ink that the hole hides. Ink is darker than 0.72 of the paper in the truth, blank is
    lighter than 0.88.

    Args:
        image: (H, W, 3), RGB, the restored page.
        truth: (H, W, 3), the page before it was damaged.
        hole: (H, W), True where pixels were filled.

    Returns:
        Of `INK_FIGURES`, all None where the hole hides less than `LEAST_INK` pixels of ink:

        - `ink_back`: ink that is filled below 0.72;
        - `false_ink`: blank that is filled below 0.72, as a share of the ink too;
        - `ink_back_at_5`, `ink_back_at_10`: ink put back at the limit, from 0.56 to 0.84, at which 5 or 10 % of false
          ink appear, so that a fill gains nothing by being darker; 0 if more appears at every limit;
        - `ghost`: blank that is filled between 0.72 and 0.88;
        - `tint`: largest minus smallest mean error of the three channels over the ink that was put back, in levels
          of 255; 0 if none was.

    Raises:
        ArgumentError: The shapes differ.
    """
    if image.shape != truth.shape or hole.shape != truth.shape[:2]:
        fix = "crop them alike"
        raise ArgumentError(f"{image.shape}, {truth.shape} and a hole of {hole.shape} cannot be compared", fix)
    paper = paper_of(truth)[hole]
    before, after = truth[hole], image[hole]
    share, there = (before.astype(np.float32) @ _GRAY) / paper, (after.astype(np.float32) @ _GRAY) / paper
    ink, blank = share < INK, share > BLANK
    count = int(np.count_nonzero(ink))
    if count < LEAST_INK:
        return dict.fromkeys(INK_FIGURES)

    def percent(found: NDArray[np.bool_]) -> float:
        return 100 * np.count_nonzero(found) / count

    back = [percent(there[ink] < level) for level in _LEVELS]
    false = [percent(there[blank] < level) for level in _LEVELS]
    won = (after.astype(np.float64) - before)[ink & (there < INK)]
    return {
        "ink_back": percent(there[ink] < INK),
        "false_ink": percent(there[blank] < INK),
        "ink_back_at_5": float(np.interp(5, false, back, left=0)),
        "ink_back_at_10": float(np.interp(10, false, back, left=0)),
        "ghost": percent((there[blank] >= INK) & (there[blank] <= BLANK)),
        "tint": float(np.ptp(won.mean(axis=0))) if len(won) else 0.0,
    }
