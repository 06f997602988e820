from __future__ import annotations

import numpy as np
import pytest

from bokwon.synthesis.damage.shapes import burnt_area, colonies, facing_leaf, rips, torn_off, tunnels

SHAPE = (240, 300)


@pytest.mark.parametrize("coverage", [0.02, 0.1])
def test_shapes_cover_about_what_is_asked(coverage: float) -> None:
    shares = {"insect": [], "tear": [], "burn": [], "mould": []}
    for seed in range(8):
        rng = np.random.default_rng(seed)
        shares["insect"].append((tunnels(rng, SHAPE, 0.6, coverage)[0] > 0.5).mean())
        shares["tear"].append((torn_off(rng, SHAPE, 0.6, coverage) > 0.5).mean())
        shares["burn"].append(burnt_area(rng, SHAPE, 0.6, coverage).mean())
        shares["mould"].append((colonies(rng, SHAPE, 1.0, 0.6, coverage) > 0.5).mean())
    for name, values in shares.items():
        assert coverage * 0.6 < np.mean(values) < coverage * 1.6, (name, values)


def test_alpha_lies_between_nothing_and_all() -> None:
    rng = np.random.default_rng(0)
    for alpha in (tunnels(rng, SHAPE, 0.6, 0.05)[0], torn_off(rng, SHAPE, 0.6, 0.1), rips(rng, SHAPE, 0.6, 3)):
        assert alpha.dtype == np.float32
        assert alpha.min() >= 0
        assert alpha.max() <= 1
        # Edges are about a pixel wide, not gradients.
        assert ((alpha > 0.02) & (alpha < 0.98)).mean() < 0.5 * (alpha > 0.5).mean() + 0.05


def test_the_facing_leaf_carries_the_mirrored_pattern_thinned_out() -> None:
    rng = np.random.default_rng(1)
    hole = np.zeros((512, 512), bool)
    hole[100:140, 60:400] = True
    other = facing_leaf(rng, hole)
    mirrored = hole[:, ::-1]
    assert 0.3 < other.sum() / hole.sum() < 1.05
    assert (other & mirrored).sum() > 0.9 * other.sum()
    # About another fold the pattern lands elsewhere: 60 becomes 2 * 0.25 * 511 - 60.
    quarter = facing_leaf(rng, hole, fold=0.25)
    assert quarter[:, 210:].sum() == 0
