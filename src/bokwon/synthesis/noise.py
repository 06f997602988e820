"""Fast smooth noise and wide blurs, for paper, ink and scanner."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["blur", "smooth_noise"]


def smooth_noise(
    rng: np.random.Generator, height: int, width: int, cell: float, aspect: float = 1.0
) -> NDArray[np.float32]:
    """Draw smooth noise of zero mean and unit variance.

    Args:
        rng: Random generator.
        height: Rows.
        width: Columns.
        cell: Correlation length down the columns in pixels; 1 or less is white noise.
        aspect: How many times longer the correlation is along the rows.

    Returns:
        `(height, width)`.
    """
    if cell <= 1 and aspect == 1:
        return _white_noise(rng, height, width)
    step_y, step_x = max(cell, 1.0), max(cell * aspect, 1.0)
    rows, columns = int(height / step_y) + 3, int(width / step_x) + 3
    field = _white_noise(rng, rows, columns)
    full = (max(round(columns * step_x), width + 1), max(round(rows * step_y), height + 1))
    # Coarse noise needs the smoother kernel, at an eighth of the size if that is enough; in fine noise the
    # difference is invisible. Interpolation between independent samples loses variance; the factor restores it.
    smooth = min(step_x, step_y) > 5
    if smooth:
        part = 1 if min(step_x, step_y) <= 40 else 8
        field = _resize(field, (-(-full[0] // part), -(-full[1] // part)), cv2.INTER_CUBIC)
    if field.shape != full[::-1]:
        field = _resize(field, full, cv2.INTER_LINEAR)
    top = int(rng.integers(min(full[1] - height, int(step_y) + 1) + 1))
    left = int(rng.integers(min(full[0] - width, int(step_x) + 1) + 1))
    return np.asarray(field[top : top + height, left : left + width] * np.float32(1.25 if smooth else 1.45), np.float32)


def blur(field: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Blur a field with a Gaussian. A wide one is computed at a smaller size, without visible difference.

    Args:
        field: `(H, W)`.
        sigma: Standard deviation in pixels, above 0.

    Returns:
        `(H, W)`.
    """
    part = int(min(sigma / 2.5, *field.shape))
    if part < 2:
        return np.asarray(cv2.GaussianBlur(field, (0, 0), sigma), np.float32)
    height, width = field.shape
    small = _resize(field, (-(-width // part), -(-height // part)), cv2.INTER_AREA)
    return _resize(cv2.GaussianBlur(small, (0, 0), sigma / part), (width, height), cv2.INTER_LINEAR)


def _resize(field: NDArray[Any], size: tuple[int, int], method: int) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(field, size, interpolation=method), np.float32)


def _white_noise(rng: np.random.Generator, height: int, width: int) -> NDArray[np.float32]:
    if height * width <= 1 << 15:
        return rng.standard_normal((height, width), dtype=np.float32)
    # Bytes are ten times as fast as normal deviates; what is drawn here is blurred by paper and scanner anyway.
    level = rng.integers(0, 256, (height, width), dtype=np.uint8)
    return np.asarray((level - np.float32(127.5)) * np.float32(1 / 73.9), np.float32)
