"""Samples of a PDF's images: how they are packed, what they stand for, and which of them are transparent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokwon.types import Pixels

__all__ = ["keyed_samples", "meaning_of", "nearest_known", "unpack"]


def unpack(data: bytes, shape: tuple[int, int, int], bits: int) -> NDArray[Any]:
    """Return the samples of a plain image, (H, W, C) uint8 or uint16. Rows begin at bytes."""
    height, width, channels = shape
    stride = (width * channels * bits + 7) // 8
    rows = np.frombuffer(data, np.uint8, height * stride).reshape(height, stride)
    if bits == 16:
        return rows.view(">u2").astype(np.uint16).reshape(shape)
    if bits < 8:
        parts = np.unpackbits(rows, axis=1).reshape(height, -1, bits)
        weights = (1 << np.arange(bits)[::-1]).astype(np.uint8)
        rows = np.asarray((parts * weights).sum(axis=2, dtype=np.uint8))[:, : width * channels]
    return rows.reshape(shape).copy()


def meaning_of(
    name: str, stored: NDArray[Any], mode: str, palette: NDArray[np.uint8] | None, bits: int
) -> tuple[Pixels, str, tuple[str, ...]]:
    """Return what stored numbers stand for, its mode, and notices on what changes."""
    if palette is not None:
        notice = f"{name} has a palette: it comes back as {mode}, because a filled hole needs colours the palette lacks"
        return palette[np.minimum(stored[..., 0], len(palette) - 1)], mode, (notice,)
    if mode != "L":
        return stored, mode, ()
    gray = stored[..., 0]
    if bits == 1:
        return gray > 0, "1", ()
    if bits >= 8:
        return gray, "L", ()
    notice = f"{name} has less than 8 bits of gray; it comes back with 8"
    return np.asarray(gray * (255 // (2**bits - 1)), np.uint8), "L", (notice,)


def keyed_samples(key: Sequence[int] | None, stored: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Return which samples a PDF calls transparent because of their values; None if it calls none so.

    Args:
        key: The entry Mask of the image: the least and the greatest value of each channel.
        stored: Samples (H, W, C) before Decode and palette.

    Raises:
        ValueError: The key is for another number of channels.

    Source: ISO 32000-2:2020, section 8.9.6.4.
    """
    if key is None:
        return None
    if len(key) != 2 * stored.shape[2]:
        raise ValueError("its colour key (Mask) is for another number of channels")
    found = np.ones(stored.shape[:2], bool)
    for channel, (least, most) in enumerate(zip(key[::2], key[1::2], strict=True)):
        found &= (stored[..., channel] >= least) & (stored[..., channel] <= most)
    return found


def nearest_known(values: NDArray[np.bool_], unknown: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return values (H, W) where each unknown one is that of its nearest known neighbour."""
    if not unknown.any() or unknown.all():
        return values
    import cv2

    kinds = cv2.DIST_L2, cv2.DIST_MASK_5
    _, labels = cv2.distanceTransformWithLabels(unknown.astype(np.uint8), *kinds, labelType=cv2.DIST_LABEL_PIXEL)
    # Each known pixel has a label of its own.
    of_label = np.zeros(int(labels.max()) + 1, bool)
    of_label[labels[~unknown]] = values[~unknown]
    return np.where(unknown, of_label[labels], values)
