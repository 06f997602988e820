"""Where a copy of a scan was painted on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bokwon.types import Hole

__all__ = ["changed_pixels"]

_LOSSLESS = 2
"""Largest difference of two decoders for the same JPEG, 8-bit levels."""
_TOLERANCE = 16
"""What saving as JPEG changes, in 8-bit levels, on 95 % of a page."""
_SAME = 0.95
_SEED = 40
"""A mean difference of 5x5 pixels above this is paint; JPEG changes single pixels as much, at strokes of ink."""
_WINDOW = 5
_LEAST_REST = 0.2
"""A copy still shows at least this share of the scan."""
_BLOCK = 32
_FEW_BLOCKS = 0.2
"""In a lossless copy, at most this share of the blocks has small differences and no large one."""
_EDGE = 24
"""Neighbours that differ by more are an edge of the scan."""
_FEW_EDGES = 50
_SAME_EDGES = 0.3
"""A copy repeats at least this share of the scan's edges: a white mask over bright paper repeats none."""


def changed_pixels(mask: NDArray[np.uint8], scan: NDArray[np.uint8], opaque: Hole | None = None) -> Hole | None:
    """Return where a mask differs from the scan that it is a copy of.

    A lossless copy is compared exactly. In a copy that went through JPEG, a change is a connected area that differs by
    more than JPEG's tolerance and has a core that differs clearly.

    Args:
        mask: (H, W, 3), the mask.
        scan: (H, W, 3), the damaged image.
        opaque: (H, W), the part of the mask that counts; all of it by default.

    Returns:
        (H, W), False outside `opaque`; None if the mask is no copy of the scan.
    """
    import cv2

    difference = np.asarray(cv2.absdiff(np.ascontiguousarray(mask), np.ascontiguousarray(scan)).max(axis=2))
    counted = np.ones(difference.shape, bool) if opaque is None else opaque
    difference[~counted] = 0
    changed = difference > _LOSSLESS if _is_lossless(difference) else _painted_over_noise(difference)
    rest = counted & ~changed
    known = np.count_nonzero(rest)
    if known < _LEAST_REST * np.count_nonzero(counted):
        return None
    if np.count_nonzero(difference[rest] <= _TOLERANCE) < _SAME * known:
        return None
    return changed if _repeats_edges(mask, scan, rest, counted) else None


def _is_lossless(difference: NDArray[np.uint8]) -> bool:
    height, width = (side // _BLOCK * _BLOCK for side in difference.shape)
    if not height or not width:
        return True
    blocks = difference[:height, :width].reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK).max(axis=(1, 3))
    noisy = (blocks > _LOSSLESS) & (blocks <= _TOLERANCE)
    # A block of ink has differences above the tolerance too; there most are small.
    small = np.count_nonzero((difference > _LOSSLESS) & (difference <= _TOLERANCE))
    equal = np.count_nonzero(difference <= _LOSSLESS)
    return bool(noisy.mean() <= _FEW_BLOCKS and small <= 0.1 * equal)


def _painted_over_noise(difference: NDArray[np.uint8]) -> Hole:
    import cv2

    seeds = cv2.blur(difference, (_WINDOW, _WINDOW)) > _SEED
    loose = np.asarray(difference > _TOLERANCE).astype(np.uint8)
    # Paint over ink of its own colour would leave gaps.
    closed = cv2.morphologyEx(loose, cv2.MORPH_CLOSE, np.ones((_WINDOW, _WINDOW), np.uint8))
    count, labels = cv2.connectedComponents(closed, connectivity=8)
    kept = np.zeros(count, bool)
    kept[np.unique(labels[seeds])] = True
    kept[0] = False
    return np.asarray(kept[labels])


def _repeats_edges(mask: NDArray[np.uint8], scan: NDArray[np.uint8], rest: Hole, counted: Hole) -> bool:
    """Return whether a mask shows what the scan shows, and not only the same paper."""
    before, after = (picture[..., 1].astype(np.int16) for picture in (scan, mask))
    steps, copied = np.diff(before, axis=1), np.diff(after, axis=1)
    edges = (np.abs(steps) > _EDGE) & counted[:, 1:] & counted[:, :-1]
    found = np.count_nonzero(edges)
    if found < _FEW_EDGES:
        # A blank page: then its tone has to be the copy's.
        return bool(np.median(np.abs(before - after)[rest]) <= _LOSSLESS) and not _is_flat_white_or_black(mask, rest)
    return bool(np.count_nonzero(np.abs(steps - copied)[edges] <= _TOLERANCE) >= _SAME_EDGES * found)


def _is_flat_white_or_black(mask: NDArray[np.uint8], rest: Hole) -> bool:
    values = mask[rest]
    return bool((values == 0).all() or (values == 255).all())
