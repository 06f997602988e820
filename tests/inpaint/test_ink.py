"""Where a fill made ink, and where it left out a stroke that the model proposed."""

from __future__ import annotations

import numpy as np
import pytest

from bokwon.inpaint.ink import INK_LEFT_OUT, INK_MADE, mark_ink
from bokwon.inpaint.restorer import Restorer
from bokwon.settings import RestoreSettings

MADE, LEFT_OUT, PALE, BOTH = slice(20, 24), slice(40, 44), slice(60, 64), slice(80, 84)
HOLE = slice(10, 100), slice(1000, 1060)


def page(dtype: type, channels: int, *, rubbing: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a page on which some strokes of a fill survived its finish, its hole, and the fill before that."""
    full = np.iinfo(dtype).max
    pixels = np.full((1100, 1100), round(0.8 * full), dtype)
    hole = np.zeros(pixels.shape, bool)
    hole[HOLE] = True
    raw = pixels.copy()
    # Strokes: the model's, in full or faint, and those of the finish.
    raw[LEFT_OUT, 1010:1050] = raw[BOTH, 1010:1050] = round(0.45 * full)
    raw[PALE, 1010:1050] = round(0.75 * full)
    pixels[MADE, 1010:1050] = pixels[BOTH, 1010:1050] = round(0.2 * full)
    # Ink of the page itself, outside the hole.
    pixels[150:154, 100:900] = round(0.2 * full)
    if rubbing:
        pixels, raw = full - pixels, full - raw
    proposed = raw[hole]
    if channels > 1:
        pixels = np.repeat(pixels[..., None], channels, axis=-1)
        proposed = np.repeat(proposed[:, None], channels, axis=-1)
    return pixels, hole, proposed


@pytest.mark.parametrize(("dtype", "channels", "mode"), [(np.uint8, 1, "L"), (np.uint16, 3, "RGB")])
@pytest.mark.parametrize("rubbing", [False, True])
def test_ink_is_what_is_there_and_what_was_proposed(dtype: type, channels: int, mode: str, *, rubbing: bool) -> None:
    pixels, hole, proposed = page(dtype, channels, rubbing=rubbing)
    before = pixels.copy()
    ink = np.zeros(hole.shape, np.uint8)
    mark_ink(ink, pixels, mode, hole, proposed)
    expected = np.zeros_like(ink)
    expected[MADE, 1010:1050] = expected[BOTH, 1010:1050] = INK_MADE
    expected[LEFT_OUT, 1010:1050] = INK_LEFT_OUT
    np.testing.assert_array_equal(ink, expected)
    np.testing.assert_array_equal(pixels, before)


def test_the_dark_background_of_a_scan_has_no_ink() -> None:
    pixels = np.full((200, 200), 220, np.uint8)
    pixels[:, :100] = np.random.default_rng(0).integers(0, 30, (200, 100))
    hole = np.zeros(pixels.shape, bool)
    hole[50:100, 10:60] = True
    ink = np.zeros(hole.shape, np.uint8)
    mark_ink(ink, pixels, "L", hole, pixels[hole])
    assert not ink.any()


def test_a_restorer_marks_ink_on_pages_only() -> None:
    pixels = np.full((160, 160), 220, np.uint8)
    pixels[60:68] = pixels[100:108] = 30
    hole = np.zeros(pixels.shape, bool)
    hole[50:120, 78:84] = True
    told = {}
    for model in ("document", "photo"):
        ink = np.zeros(hole.shape, np.uint8)
        filled = pixels.copy()
        filled[hole] = 255
        Restorer(RestoreSettings(model)).fill(filled, "L", hole, ink=ink)
        told[model] = ink
    assert (told["document"][62:66, 79:83] == INK_MADE).all()
    assert not told["document"][~hole].any()
    assert not told["photo"].any()
