"""What tests of fills share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

_CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}


@pytest.fixture
def of_mode() -> Callable[[str, type, np.ndarray], np.ndarray]:
    """Turn a gray page in [0, 255] into samples of a mode and depth, alpha opaque."""

    def turned(mode: str, dtype: type, page: np.ndarray) -> np.ndarray:
        light = np.clip(page, 0, 255) / 255
        samples = np.rint((1 - light if mode == "CMYK" else light) * np.iinfo(dtype).max).astype(dtype)
        stacked = np.repeat(samples[..., None], _CHANNELS[mode], axis=-1)
        if mode in ("LA", "RGBA"):
            stacked[..., -1] = np.iinfo(dtype).max
        return stacked[..., 0].copy() if mode == "L" else stacked

    return turned
