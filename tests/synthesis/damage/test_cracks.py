from __future__ import annotations

import numpy as np

from bokwon.synthesis.damage.cracks import cracks

SHAPE = (240, 300)


def test_cracks_have_main_lines_among_all_lines() -> None:
    lines, ridges = cracks(np.random.default_rng(2), SHAPE, 0.6, 0.02, 1.0)
    assert (ridges > 127).sum() <= (lines > 127).sum()
    assert (lines > 127).any()


def test_a_broader_loss_needs_fewer_cracks() -> None:
    thin, broad = (
        np.mean([(cracks(np.random.default_rng(s), SHAPE, 0.6, 0.05, breadth)[0] > 127).mean() for s in range(8)])
        for breadth in (0.5, 4.0)
    )
    assert broad < thin


def test_cracks_start_at_an_edge_or_cross_the_sheet() -> None:
    reached = 0
    for seed in range(10):
        lines = cracks(np.random.default_rng(seed), SHAPE, 0.6, 0.005, 1.0)[0] > 127
        reached += bool(lines[[0, -1]].any() or lines[:, [0, -1]].any())
    assert reached >= 6
