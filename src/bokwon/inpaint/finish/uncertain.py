"""What is uncertain in a fill becomes paper: faint smears, and ink that touches no known ink."""

from __future__ import annotations

import numpy as np

from bokwon.inpaint.finish.matches import Floats, Points, grown
from bokwon.inpaint.finish.paper import gray_of, paper_of
from bokwon.types import Hole

__all__ = ["clear_uncertain"]

FAINT, FADE = (0.3, 0.6), (1.0, 2.0)
"""A fill with less contrast to its paper than `FAINT` (a share) is uncertain. Its contrast is multiplied by
(contrast / FAINT) to the power of `FADE`, so it becomes paler. The first value is for the rim of a hole, the second for
its depth."""
GRAIN = 0.05
"""Pixels that are darker than the paper by much less than this share are grain, not a smear."""
INK = 0.2
"""What is darker than its paper by this share is ink. It must touch known ink, with at most one pixel between."""
SAME = 0.5
"""Ink that touches no known ink stays if the page shows the same elsewhere, as in patterns: from this likeness on."""


def clear_uncertain(light: Floats, known: Hole, inside: Points, deep: Floats, likeness: Floats) -> None:
    """Make what is uncertain in a fill paler, or paper, in place.

    Args:
        light: (h, w, C) in [0, 1], filled.
        known: (h, w), True where the page is known.
        inside: (n,) pixels of the hole that may change.
        deep: (n, 1), 0 near the rim of a hole and 1 deep in it.
        likeness: (n, 1), 1 where the page shows the same elsewhere, 0 where nothing like it.
    """
    import cv2

    flat, whole = light.reshape(-1, light.shape[2]), paper_of(light)
    paper, fill = whole.reshape(flat.shape)[inside], flat[inside]
    share = 1.0 - fill.mean(axis=1, keepdims=True) / np.maximum(paper.mean(axis=1, keepdims=True), 1e-3)
    faint, fade = (near + (far - near) * deep for near, far in (FAINT, FADE))
    kept = np.maximum(np.clip(share / faint, 0.0, 1.0) ** fade, 1.0 - share / GRAIN)
    flat[inside] = np.where(share > 0, paper + (fill - paper) * kept, fill)
    ink = gray_of(light) < (1.0 - INK) * gray_of(whole)
    count, parts = cv2.connectedComponents(grown(ink, 1).astype(np.uint8))
    touching = np.zeros(count, bool)
    touching[parts[ink & known]] = True
    # Number 0 is the background.
    touching[0] = True
    alone = ~touching[parts.reshape(-1)[inside]] & (likeness[:, 0] < SAME)
    flat[inside[alone]] = paper[alone]
