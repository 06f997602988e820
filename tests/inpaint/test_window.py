from __future__ import annotations

import numpy as np

from bokwon.inpaint.window import grow_window, shift_window


def test_a_margin_ends_at_the_page() -> None:
    assert grow_window((slice(10, 20), slice(2, 30)), 5, (23, 100)) == (slice(5, 23), slice(0, 35))


def test_a_shifted_window_shows_the_same_pixels() -> None:
    page = np.arange(600).reshape(20, 30)
    window = slice(8, 12), slice(3, 9)
    wide = grow_window(window, 4, page.shape)
    shifted = shift_window(window, (wide[0].start, wide[1].start))
    np.testing.assert_array_equal(page[wide][shifted], page[window])
