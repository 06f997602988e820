from __future__ import annotations

import numpy as np
import pytest

from bokwon.synthesis.damage.missing_paper import burn, insect, tear
from bokwon.synthesis.damage.sheet import Sheet


@pytest.mark.parametrize("maker", [insect, tear, burn])
def test_what_is_gone_shows_what_lies_behind_and_the_rest_stays(maker, sheet: Sheet) -> None:
    marks = [maker(np.random.default_rng(seed), sheet, 0.15, 0.5) for seed in range(4)]
    for mark in marks:
        assert mark.image.shape == sheet.image.shape
        assert mark.image.dtype == np.float32
        assert 0.02 < mark.hole.mean() < 0.6
        far = np.asarray(mark.image - sheet.image)[~mark.hole]
        assert np.median(np.abs(far)) < 30
    assert len({mark.hole.tobytes() for mark in marks}) == 4


def test_tunnels_lie_anywhere_and_tears_begin_at_the_edge(sheet: Sheet) -> None:
    eaten = sum(insect(np.random.default_rng(s), sheet, 0.05, 1.0).hole.astype(int) for s in range(12))
    torn = sum(tear(np.random.default_rng(s), sheet, 0.05, 0.2).hole.astype(int) for s in range(12))
    inside = (slice(96, 160), slice(96, 160))
    assert eaten[inside].mean() > 0.1
    assert torn[inside].mean() < 0.1
    assert torn[[0, -1]].mean() > torn[inside].mean()


def test_a_burn_is_black_at_its_rim_and_brown_around(sheet: Sheet) -> None:
    mark = burn(np.random.default_rng(3), sheet, 0.1, 1.0)
    gray = mark.image.mean(-1)
    assert (gray[mark.hole] < 60).mean() > 0.1
    scorched = ~mark.hole & (sheet.ink < 0.1) & (gray < sheet.image.mean(-1) - 20)
    assert scorched.mean() > 0.02
    assert (mark.image[scorched][:, 0] > mark.image[scorched][:, 2]).mean() > 0.9
