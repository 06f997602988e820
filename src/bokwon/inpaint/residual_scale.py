"""How strong the strokes of a page are against its paper: taken once a page, so that all its tiles use one measure.

The shipped network sees what an image has beyond its low-pass, in units of its root mean square. Measured tile by tile
that unit would differ from tile to tile, and with it what is made up at their seams.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from bokwon.inpaint.color import PLANES, Light, samples_to_light
from bokwon.types import Hole, Pixels

__all__ = ["dense_evidence", "page_contrast", "residual"]

# As in bokwon.nn.lowpass, which the runtime does not import; a test holds the two against each other.
_CELL = 16
_LEVELS = 6
_LEAST = 0.02
_NEIGHBOURHOOD = 15
_SPARSE = 0.1

_SIDE = 512
_MOST_BLOCKS = 9
"""Blocks that are looked at: two megapixels, however large the page."""


def page_contrast(pixels: Pixels, mode: str, missing: Hole, lanes: int = 1) -> tuple[float, ...]:
    """Return the root mean square of what a page has beyond its low-pass.

    Blocks spread evenly over the page are looked at, the same ones however it is cut into tiles.

    Args:
        pixels: Samples of the page.
        mode: Their mode.
        missing: (H, W), True where nothing is known.
        lanes: How many blocks are looked at at the same time.

    Returns:
        One number for each group of channels that is filled as one picture, at least 0.02; 0 where nothing is known
        in the blocks.
    """
    height, width = missing.shape
    corners = [(top, left) for top in range(0, height, _SIDE) for left in range(0, width, _SIDE)]
    chosen = np.unique(np.linspace(0, len(corners) - 1, min(len(corners), _MOST_BLOCKS)).round().astype(int))

    def look(place: int) -> NDArray[np.float64]:
        top, left = corners[place]
        window = slice(top, top + _SIDE), slice(left, left + _SIDE)
        sums = np.zeros((2, len(PLANES[mode])))
        if missing[window].all():
            return sums
        rest, known = residual(samples_to_light(pixels[window], mode), missing[window])
        for group, plane in enumerate(PLANES[mode]):
            part = rest[..., plane[0] : plane[-1] + 1].reshape(-1)
            sums[:, group] = float(np.dot(part, part)), len(plane) * np.count_nonzero(known)
        return sums

    with ThreadPoolExecutor(lanes) as pool:
        # In their order, so that the sum is the same whatever is done at the same time.
        squares, counts = np.sum(list(pool.map(look, chosen)), axis=0)
    return tuple(
        max(float(np.sqrt(square / count)), _LEAST) if count else 0.0
        for square, count in zip(squares, counts, strict=True)
    )


def residual(light: Light, missing: Hole) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return what an image has beyond its low-pass where it is known, zero elsewhere.

    Args:
        light: (H, W, C) samples of 8 or 16 bits.
        missing: (H, W), True where nothing is known.

    Returns:
        (H, W, C) in [-1, 1], and (H, W) what counts as known: pixels nearly alone in a hole do not.

    Source: pull-push of Gortler et al., "The Lumigraph", SIGGRAPH 1996, section 3.4.
    """
    known = dense_evidence(~missing)
    share = known[..., None].astype(np.float32)
    image = light.astype(np.float32) * (share / np.float32(np.iinfo(light.dtype).max))
    return (image - _lowpass(image, known)) * share, known


def dense_evidence(known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Leave out the known pixels that stand nearly alone in a hole, as the shipped networks do.

    Args:
        known: (H, W), True where a pixel is known.

    Returns:
        (H, W), True where a known pixel has known neighbours; `known` itself where none has.
    """
    import cv2

    size = _NEIGHBOURHOOD, _NEIGHBOURHOOD
    count = cv2.boxFilter(known.astype(np.float32), -1, size, normalize=False, borderType=cv2.BORDER_CONSTANT)
    dense = known & (np.asarray(count) > _SPARSE * _NEIGHBOURHOOD**2)
    return dense if dense.any() else known


def _lowpass(image: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    height, width, channels = image.shape
    padded = np.zeros((-(-height // _CELL) * _CELL, -(-width // _CELL) * _CELL, channels + 1), np.float32)
    padded[:height, :width, :channels] = image
    padded[:height, :width, channels] = known
    cells = _shrink(padded, _CELL)
    pyramid = [cells]
    for _ in range(_LEVELS):
        pyramid.append(_half(pyramid[-1]))
    total = cells.sum(axis=(0, 1))
    filled = _fill(pyramid.pop(), total[:-1] / max(total[-1], 1e-6))
    while pyramid:
        finer = pyramid.pop()
        filled = _fill(finer, _enlarge(filled, 2)[: finer.shape[0], : finer.shape[1]])
    return _enlarge(filled, _CELL)[:height, :width]


def _half(cells: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = cells.shape[:2]
    return _shrink(np.pad(cells, ((0, height % 2), (0, width % 2), (0, 0))), 2)


def _shrink(cells: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    import cv2

    size = cells.shape[1] // factor, cells.shape[0] // factor
    shrunken = cv2.resize(cells, size, interpolation=cv2.INTER_AREA)
    return np.asarray(shrunken, np.float32).reshape(size[1], size[0], -1)


def _fill(cells: NDArray[np.float32], otherwise: NDArray[np.float32]) -> NDArray[np.float32]:
    count = cells[..., -1:]
    return np.asarray(np.where(count > 0, cells[..., :-1] / np.maximum(count, 1e-6), otherwise), np.float32)


def _enlarge(cells: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    import cv2

    size = cells.shape[1] * factor, cells.shape[0] * factor
    enlarged = cv2.resize(cells, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(enlarged, np.float32).reshape(size[1], size[0], -1)
