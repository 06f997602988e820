from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bokwon.synthesis.pages.scan import Bend, Scan, capture, move_boxes


def _page() -> np.ndarray:
    page = np.full((90, 110, 3), 220, np.float32)
    page[30:50, 40:60] = (60, 30, 30)
    return page


def test_a_perfect_scanner_changes_nothing() -> None:
    scan = Scan(blur=0, noise=0, quality=0)
    assert np.array_equal(capture(np.random.default_rng(0), _page(), scan), _page().astype(np.uint8))


def test_values_out_of_range_are_clipped() -> None:
    page = np.stack([np.full((8, 8), -50.0), np.full((8, 8), 300.0), np.full((8, 8), 99.6)], -1).astype(np.float32)
    pixels = capture(np.random.default_rng(0), page, Scan(blur=0, noise=0, quality=0))
    assert pixels[0, 0].tolist() == [0, 255, 100]


def test_gray_scans_have_no_colour_and_bitonal_ones_no_gray() -> None:
    gray = capture(np.random.default_rng(0), _page(), Scan(mode="gray"))
    assert np.array_equal(gray[..., 0], gray[..., 2])
    copy = capture(np.random.default_rng(0), _page(), Scan(mode="bitonal", blur=0.3))
    assert ((copy < 20) | (copy > 235)).mean() > 0.9
    assert copy[40, 50].max() < 20
    assert copy[10, 10].min() > 235


def test_noise_and_jpeg_leave_their_marks() -> None:
    flat = np.full((100, 100, 3), 150, np.float32)
    noisy = capture(np.random.default_rng(0), flat, Scan(blur=0, noise=4, quality=0))
    assert noisy[..., 1].std() == pytest.approx(4, abs=0.5)
    packed = capture(np.random.default_rng(0), _page(), Scan(blur=0, noise=0, quality=60))
    assert packed.shape == (90, 110, 3)
    assert 0 < abs(packed.astype(int) - _page()).mean() < 8


@settings(deadline=None, max_examples=60)
@given(
    angle=st.floats(-1.5, 1.5),
    wave=st.floats(0, 4),
    warp=st.floats(0, 2),
    left=st.integers(12, 100),
    top=st.integers(12, 100),
    side=st.integers(4, 30),
    seed=st.integers(0, 2**32),
)
def test_boxes_move_with_the_page(
    angle: float, wave: float, warp: float, left: int, top: int, side: int, seed: int
) -> None:
    flat = np.zeros((150, 160), np.uint8)
    flat[top : top + side, left : left + side] = 255
    rng = np.random.default_rng(seed)
    bend = Bend(angle, wave, warp, 24.0)
    source = bend.writing_map(rng, bend.page_map(rng, 150, 160))
    bent = cv2.remap(flat, *source, cv2.INTER_LINEAR)
    ((x0, y0, x1, y1),) = move_boxes(np.array([[left, top, left + side, top + side]]), source).tolist()
    assert 0 <= x0 < x1 <= 160
    assert 0 <= y0 < y1 <= 150
    # All but a rim of the bent square lies in the moved box.
    assert (bent[y0:y1, x0:x1] > 127).sum() >= 0.9 * (bent > 127).sum()


def test_a_page_that_lies_flat_keeps_its_boxes() -> None:
    source = Bend().page_map(np.random.default_rng(0), 40, 50)
    assert move_boxes(np.array([[5, 6, 20, 30]]), source).tolist() == [[4, 5, 21, 31]]
    assert move_boxes(np.zeros((0, 4), np.int64), source).shape == (0, 4)
