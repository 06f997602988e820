"""The page that damage is done to."""

from __future__ import annotations

import numpy as np
import pytest

from bokwon.synthesis.damage.sheet import Sheet, prepare_sheet


@pytest.fixture
def sheet() -> Sheet:
    """A page of black lines on pale paper, with white behind it."""
    image = np.full((256, 256, 3), (232, 224, 206), np.uint8)
    for top in range(16, 240, 16):
        image[top : top + 5, 20:236] = 40
    return prepare_sheet(image, np.random.default_rng(0), "white", 0.5)
