from __future__ import annotations

import numpy as np

from bokwon.synthesis.masks.statistics import measure_mask
from bokwon.synthesis.masks.strokes import stroke_mask


def test_the_brush_grows_with_the_area() -> None:
    def widest(share: float) -> float:
        area = int(share * 128 * 128)
        return float(
            np.mean(
                [
                    measure_mask(stroke_mask(np.random.default_rng(s), (128, 128), area, area + 50, area)).widest
                    for s in range(12)
                ]
            )
        )

    assert widest(0.5) > 1.5 * widest(0.05)


def test_strokes_are_longer_than_wide() -> None:
    hole = stroke_mask(np.random.default_rng(3), (256, 256), 2000, 2600, 2300)
    figures = measure_mask(hole)
    # A disc of this area has an edge of 340 pixels at 512.
    assert figures.edge > 600
