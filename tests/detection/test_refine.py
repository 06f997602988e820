"""From the working size to the page's own pixels."""

from __future__ import annotations

import cv2
import numpy as np

from bokwon.detection.refine import grow_mask, refine_mask


def test_the_edge_goes_to_the_edge_of_the_page() -> None:
    gray = np.full((120, 120), 220, np.uint8)
    gray[:, 51:] = 40
    wanted = np.zeros((120, 120), bool)
    wanted[:, 51:] = True
    # At a third of the size the edge lies at 51 / 3 = 17, half a small pixel aside by mistake.
    small = np.zeros((40, 40), np.float32)
    small[:, 18:] = 1
    plain = cv2.resize(small, (120, 120), interpolation=cv2.INTER_LINEAR) >= 0.5
    refined = refine_mask(small, gray, 6)
    assert (refined != wanted).sum() < (plain != wanted).sum()


def test_without_a_radius_the_mask_is_only_enlarged() -> None:
    small = np.zeros((10, 10), np.float32)
    small[2:5, 3:7] = 1
    assert (refine_mask(small, np.zeros((10, 10), np.uint8), 0) == (small > 0)).all()


def test_growing_is_by_a_disc() -> None:
    mask = np.zeros((21, 21), bool)
    mask[10, 10] = True
    grown = grow_mask(mask, 5)
    rows, columns = np.nonzero(grown)
    assert np.hypot(rows - 10, columns - 10).max() <= 5.5
    assert grown[5, 10]
    assert grown[10, 15]
    assert not grown[6, 6]
    assert grow_mask(mask, 0) is mask
