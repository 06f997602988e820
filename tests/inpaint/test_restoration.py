"""The result of a restoration, as Python gets it."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

import bokwon


def test_a_restoration_says_what_was_filled_by_what() -> None:
    image = np.full((40, 40), 230, np.uint8)
    hole = np.zeros(image.shape, bool)
    hole[10:20, 10:20] = True
    found = bokwon.restore(image, hole, method="telea", grow=0)
    np.testing.assert_array_equal(found.hole, hole)
    assert (found.image.shape, found.image.dtype) == (image.shape, image.dtype)
    assert (found.method, found.model, found.sha256) == ("telea", None, None)
    assert found.engine.startswith("OpenCV ")
    assert found.version == bokwon.__version__


def test_a_restoration_is_only_itself_and_does_not_change() -> None:
    image, hole = np.zeros((9, 9), np.uint8), np.zeros((9, 9), bool)
    one, other = (bokwon.restore(image, hole, method="telea") for _ in range(2))
    assert one == one
    # Comparing arrays gives an array, which is neither true nor false.
    assert one != other
    with pytest.raises(FrozenInstanceError):
        one.tiles = 1  # type: ignore[misc]
