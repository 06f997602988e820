from __future__ import annotations

import numpy as np

from bokwon.synthesis.masks.document_shapes import document_mask
from bokwon.synthesis.masks.statistics import measure_mask


def test_shapes_that_are_never_large_leave_large_areas_to_others() -> None:
    # Insects, cracks and mould take at most 15 % of a page; so 60 % is torn, burnt or lost: few, thick holes.
    for seed in range(6):
        area = int(0.6 * 96 * 96)
        figures = measure_mask(document_mask(np.random.default_rng(seed), (96, 96), area, area + 40, area))
        assert figures.widest > 100
