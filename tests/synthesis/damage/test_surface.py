from __future__ import annotations

import numpy as np
import pytest

from bokwon.synthesis.damage.sheet import Sheet, prepare_sheet
from bokwon.synthesis.damage.surface import abrasion, crease, flaking, scratch


@pytest.mark.parametrize("maker", [crease, abrasion, flaking, scratch])
@pytest.mark.parametrize("coverage", [0.01, 0.1])
def test_the_hole_grows_with_the_coverage(maker, coverage: float, sheet: Sheet) -> None:
    shares = [maker(np.random.default_rng(seed), sheet, coverage, 0.8).hole.mean() for seed in range(6)]
    assert coverage / 5 < np.mean(shares) < 5 * coverage


def test_rubbing_and_flaking_pale_the_ink(sheet: Sheet) -> None:
    inked = sheet.ink > 0.5
    for maker in (abrasion, flaking):
        mark = maker(np.random.default_rng(1), sheet, 0.1, 1.0)
        lost = mark.hole & inked
        assert lost.any()
        assert mark.image[lost].mean() > sheet.image[lost].mean() + 60


def test_flaking_leaves_bare_paper_alone(sheet: Sheet) -> None:
    mark = flaking(np.random.default_rng(1), sheet, 0.1, 1.0)
    assert mark.hole[sheet.ink > 0.5].mean() > 5 * mark.hole[:, :10].mean()
    blank = prepare_sheet(np.full((64, 64, 3), 230, np.uint8), np.random.default_rng(0), "white", 0.5)
    untouched = flaking(np.random.default_rng(1), blank, 0.1, 1.0)
    assert not untouched.hole.any()
    np.testing.assert_array_equal(untouched.image, blank.image)


def test_scratches_are_thin_and_creases_are_lit_on_one_flank(sheet: Sheet) -> None:
    mark = scratch(np.random.default_rng(2), sheet, 0.02, 1.0)
    neighbours = mark.hole[1:-1, 1:-1] & mark.hole[:-2, 1:-1] & mark.hole[2:, 1:-1] & mark.hole[1:-1, :-2]
    assert neighbours.sum() < 0.7 * mark.hole.sum()
    blank = prepare_sheet(np.full((128, 128, 3), 200, np.uint8), np.random.default_rng(0), "white", 1.0)
    change = crease(np.random.default_rng(0), blank, 0.01, 1.0).image.mean(-1) - 200
    assert change.max() > 5
    assert change.min() < -5
