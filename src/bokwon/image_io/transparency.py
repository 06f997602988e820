"""Sample values that mean transparency: their alpha in a hole is that of the nearest known pixel, never an accident."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bokwon.types import Hole, Pixels

__all__ = ["key_of_alpha", "spread_alpha", "transparent_value", "with_key"]


def with_key(pixels: Pixels, key: NDArray[np.integer]) -> Pixels:
    """Add an alpha channel to samples of which one value is transparent.

    Args:
        pixels: (H, W) or (H, W, 3) uint8 or uint16.
        key: The value, of 1 or 3 channels, in the range of the samples.

    Returns:
        (H, W, 2 or 4): alpha is 0 where all channels have the value, else full.
    """
    stacked = pixels[..., None] if pixels.ndim == 2 else pixels
    out = np.empty((*stacked.shape[:2], stacked.shape[2] + 1), pixels.dtype)
    out[..., :-1] = stacked
    out[..., -1] = np.where((stacked == key).all(axis=-1), 0, np.iinfo(pixels.dtype).max)
    return out


def key_of_alpha(pixels: Pixels, key: NDArray[np.integer]) -> Pixels:
    """Take the alpha channel off again: transparent pixels get the value, and no other keeps it.

    Args:
        pixels: (H, W, 2 or 4) whose alpha is 0 or full.
        key: The value that is transparent.

    Returns:
        (H, W) or (H, W, 3). An opaque pixel of this very value becomes one level lighter or darker.
    """
    out = pixels[..., :-1].copy()
    transparent = pixels[..., -1] == 0
    out[transparent] = key
    clash = ~transparent & (out == key).all(axis=-1)
    if clash.any():
        step = np.array(key, pixels.dtype)
        step[-1] = step[-1] - 1 if step[-1] else 1
        out[clash] = step
    return out[..., 0] if out.shape[-1] == 1 else out


def spread_alpha(pixels: Pixels, hole: Hole) -> None:
    """Give every pixel of a hole the alpha of the nearest pixel outside it, in place.

    Args:
        pixels: (H, W, 2 or 4), alpha last.
        hole: (H, W). Some pixel must be False.
    """
    rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
    if not len(rows):
        return
    # The nearest known pixel lies in the rectangle around the hole, or beside it.
    window = (
        slice(max(rows[0] - 1, 0), rows[-1] + 2),
        slice(max(columns[0] - 1, 0), columns[-1] + 2),
    )
    inside, opacity = hole[window], pixels[window][..., -1]
    known = opacity[~inside]
    if (known == known[0]).all():
        opacity[inside] = known[0]
        return
    import cv2

    _, labels = cv2.distanceTransformWithLabels(
        inside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE, labelType=cv2.DIST_LABEL_PIXEL
    )
    by_label = np.empty(labels.max() + 1, opacity.dtype)
    by_label[labels[~inside]] = known
    opacity[inside] = by_label[labels[inside]]


def transparent_value(image: Image.Image, mode: str) -> NDArray[np.uint8] | None:
    """Return the value, one number a channel, that is transparent in a gray or RGB Pillow image; None if none is.

    Args:
        image: The image.
        mode: The mode that its samples are taken in.
    """
    value = image.info.get("transparency")
    if image.mode != mode or mode not in ("L", "RGB") or not isinstance(value, (int, tuple)):
        return None
    key = np.atleast_1d(np.array(value))
    return key.astype(np.uint8) if len(key) == len(mode) and key.max() <= 255 else None
