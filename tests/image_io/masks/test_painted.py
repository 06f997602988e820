"""Copies of a scan, and pictures that are none."""

from __future__ import annotations

import numpy as np
import pytest

from bokwon.image_io.masks.painted import changed_pixels

HOLE = np.zeros((64, 96), bool)
HOLE[20:40, 30:60] = True


def scan() -> np.ndarray:
    """Paper with strokes of ink, 12 in each of 48 rows."""
    picture = np.full((64, 96, 3), (230, 222, 205), np.uint8)
    for column in range(2, 96, 8):
        picture[8:56, column : column + 3] = 40
    return picture


def painted(picture: np.ndarray, colour: tuple[int, int, int] = (255, 0, 0)) -> np.ndarray:
    copy = picture.copy()
    copy[HOLE] = colour
    return copy


def noise(amount: int) -> np.ndarray:
    return np.random.default_rng(1).integers(-amount, amount + 1, (64, 96, 3))


def shifted(picture: np.ndarray, by: np.ndarray) -> np.ndarray:
    return np.clip(picture.astype(int) + by, 0, 255).astype(np.uint8)


def test_an_untouched_copy_has_no_hole() -> None:
    found = changed_pixels(scan(), scan())
    assert found is not None
    assert not found.any()


def test_each_painted_pixel_of_a_lossless_copy_is_hole() -> None:
    copy = scan()
    copy[3, 5] += 3
    copy[60, 90] = (255, 0, 0)
    found = changed_pixels(copy, scan())
    assert found is not None
    assert np.argwhere(found).tolist() == [[3, 5], [60, 90]]


def test_what_another_decoder_rounds_otherwise_is_no_paint() -> None:
    copy = shifted(scan(), noise(2))
    copy[60, 90] = (255, 0, 0)
    found = changed_pixels(copy, scan())
    assert found is not None
    assert np.argwhere(found).tolist() == [[60, 90]]


def test_the_noise_of_jpeg_is_no_paint_but_an_area_is() -> None:
    copy = shifted(scan(), noise(12))
    # A single pixel may change by much, at a stroke of ink.
    copy[5, 80] = 160
    found = changed_pixels(painted(copy), scan())
    assert found is not None
    np.testing.assert_array_equal(found, HOLE)


def test_what_is_transparent_does_not_count() -> None:
    opaque = np.ones_like(HOLE)
    opaque[:, :45] = False
    found = changed_pixels(painted(scan()), scan(), opaque)
    np.testing.assert_array_equal(found, HOLE & opaque)


def test_a_copy_shows_a_fifth_of_the_scan() -> None:
    blank = np.full((64, 96, 3), 200, np.uint8)
    for rows, is_copy in ((48, True), (54, False)):
        copy = blank.copy()
        copy[:rows] = (0, 0, 255)
        assert (changed_pixels(copy, blank) is not None) is is_copy


def test_a_copy_repeats_three_tenths_of_the_ink() -> None:
    # There is ink in the rows from 8 to 56.
    for rows, is_copy in ((40, True), (43, False)):
        copy = scan()
        copy[:rows] = (0, 0, 255)
        assert (changed_pixels(copy, scan()) is not None) is is_copy


def test_another_page_is_no_copy() -> None:
    assert changed_pixels(np.ascontiguousarray(scan()[:, ::-1]), scan()) is None
    assert changed_pixels(255 - scan(), scan()) is None


def test_a_white_mask_over_bright_paper_repeats_none_of_the_ink() -> None:
    paper = scan()
    paper[paper[..., 0] == 230] = 255
    mask = np.full_like(paper, 255)
    mask[HOLE] = 0
    assert changed_pixels(mask, paper) is None


@pytest.mark.parametrize(("tone", "is_copy"), [(200, True), (255, False), (0, False)])
def test_a_copy_of_a_blank_page_is_no_flat_white_or_black(tone: int, is_copy: bool) -> None:
    blank = np.full((64, 96, 3), tone, np.uint8)
    found = changed_pixels(painted(blank), blank)
    assert (found is not None) is is_copy
    if found is not None:
        np.testing.assert_array_equal(found, HOLE)


def test_a_blank_page_of_another_tone_is_no_copy() -> None:
    blank = np.full((64, 96, 3), 200, np.uint8)
    assert changed_pixels(painted(blank - 10), blank) is None


def test_a_picture_smaller_than_a_block_is_compared_exactly() -> None:
    small = scan()[:20, :20]
    copy = small.copy()
    copy[4, 4] = copy[4, 4] - 10
    found = changed_pixels(copy, small)
    assert found is not None
    assert np.argwhere(found).tolist() == [[4, 4]]
