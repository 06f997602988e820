"""The contrast of a page, measured once and used for all of its tiles.

The input of the shipped networks is the residual of an image, that is the image minus its low-pass, divided by the root
mean square of the residual. Measured for each tile, this unit would differ between tiles, and their fills would not
match at the seams. The constants of the low-pass come from the card of the model.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from bokwon.inpaint.colour import PLANES, Light, samples_to_light
from bokwon.inpaint.runtime_facts import LowPass
from bokwon.types import Hole, Pixels

__all__ = ["dense_evidence", "page_contrast", "residual"]

_SIDE = 512
_MOST_BLOCKS = 9
"""Blocks that are measured: two megapixels, however large the page."""


def page_contrast(
    pixels: Pixels, mode: str, missing: Hole, lowpass: LowPass, concurrency: int = 1
) -> tuple[float, ...]:
    """Return the root mean square of the residual of a page: the page minus its low-pass.

    It is measured in blocks that lie evenly over the page. They do not depend on the tiles.

    Args:
        pixels: Samples of the page.
        mode: Their mode.
        missing: (H, W), True where pixels are missing.
        lowpass: Constants of the model's low-pass.
        concurrency: Number of threads.

    Returns:
        One number for each group of channels that is filled as one image: at least `minimum_rms`, or 0 if no pixel of
        the blocks is known.
    """
    height, width = missing.shape
    corners = [(top, left) for top in range(0, height, _SIDE) for left in range(0, width, _SIDE)]
    chosen = np.unique(np.linspace(0, len(corners) - 1, min(len(corners), _MOST_BLOCKS)).round().astype(int))

    def sum_squares(place: int) -> NDArray[np.float64]:
        top, left = corners[place]
        window = slice(top, top + _SIDE), slice(left, left + _SIDE)
        sums = np.zeros((2, len(PLANES[mode])))
        if missing[window].all():
            return sums
        rest, known = residual(samples_to_light(pixels[window], mode), missing[window], lowpass)
        for group, plane in enumerate(PLANES[mode]):
            part = rest[..., plane[0] : plane[-1] + 1].reshape(-1)
            sums[:, group] = float(np.dot(part, part)), len(plane) * np.count_nonzero(known)
        return sums

    with ThreadPoolExecutor(concurrency) as pool:
        # Summed in a fixed order, so that the result does not depend on the threads.
        squares, counts = np.sum(list(pool.map(sum_squares, chosen)), axis=0)
    return tuple(
        max(float(np.sqrt(square / count)), lowpass.minimum_rms) if count else 0.0
        for square, count in zip(squares, counts, strict=True)
    )


def residual(light: Light, missing: Hole, lowpass: LowPass) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the residual of an image, that is the image minus its low-pass; zero where pixels are missing.

    Args:
        light: (H, W, C) samples of 8 or 16 bits.
        missing: (H, W), True where pixels are missing.
        lowpass: Constants of the model's low-pass.

    Returns:
        (H, W, C) in [-1, 1], and (H, W) the pixels that count as known: those nearly alone in a hole do not.

    Source: pull-push of Gortler et al., "The Lumigraph", SIGGRAPH 1996, section 3.4.
    """
    known = dense_evidence(~missing, lowpass)
    share = known[..., None].astype(np.float32)
    image = light.astype(np.float32) * (share / np.float32(np.iinfo(light.dtype).max))
    return (image - _smooth(image, known, lowpass)) * share, known


def dense_evidence(known: NDArray[np.bool_], lowpass: LowPass) -> NDArray[np.bool_]:
    """Remove known pixels that are nearly alone in a hole, as the shipped networks do.

    Args:
        known: (H, W), True where a pixel is known.
        lowpass: Side of the neighbourhood, and the least share of it that must be known.

    Returns:
        (H, W), True where a known pixel has enough known neighbours. `known` itself if no pixel has.
    """
    import cv2

    size = lowpass.neighbourhood, lowpass.neighbourhood
    count = cv2.boxFilter(known.astype(np.float32), -1, size, normalize=False, borderType=cv2.BORDER_CONSTANT)
    dense = known & (np.asarray(count) > lowpass.sparse * lowpass.neighbourhood**2)
    return dense if dense.any() else known


def _smooth(image: NDArray[np.float32], known: NDArray[np.bool_], lowpass: LowPass) -> NDArray[np.float32]:
    height, width, channels = image.shape
    cell = lowpass.cell
    padded = np.zeros((-(-height // cell) * cell, -(-width // cell) * cell, channels + 1), np.float32)
    padded[:height, :width, :channels] = image
    padded[:height, :width, channels] = known
    cells = _shrink(padded, cell)
    pyramid = [cells]
    for _ in range(lowpass.levels):
        pyramid.append(_half(pyramid[-1]))
    total = cells.sum(axis=(0, 1))
    filled = _fill(pyramid.pop(), total[:-1] / max(total[-1], 1e-6))
    while pyramid:
        finer = pyramid.pop()
        filled = _fill(finer, _enlarge(filled, 2)[: finer.shape[0], : finer.shape[1]])
    return _enlarge(filled, cell)[:height, :width]


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
