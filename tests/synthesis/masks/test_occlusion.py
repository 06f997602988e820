from __future__ import annotations

import cv2
import numpy as np

from bokwon.synthesis.masks.occlusion import occlusion_mask, occlusion_scene
from bokwon.synthesis.masks.statistics import measure_mask


def test_a_scene_marks_thin_lines_where_things_move_and_not_their_insides() -> None:
    shares = []
    for seed in range(20):
        hidden = occlusion_scene(np.random.default_rng(seed), (256, 256))
        assert set(np.unique(hidden)) <= {0, 255}
        shares.append((hidden > 0).mean())
    assert 0.001 < np.median(shares) < 0.1
    eroded = [
        cv2.erode(occlusion_scene(np.random.default_rng(seed), (256, 256)), np.ones((15, 15))).any()
        for seed in range(20)
    ]
    assert sum(eroded) <= 4


def test_larger_holes_are_thicker() -> None:
    def thickness(share: float) -> float:
        area = int(share * 128 * 128)
        masks = (occlusion_mask(np.random.default_rng(s), (128, 128), area, area + 99, area) for s in range(10))
        return float(np.mean([measure_mask(hole).thickness for hole in masks]))

    assert thickness(0.55) > 1.5 * thickness(0.05)
