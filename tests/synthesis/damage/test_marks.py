from __future__ import annotations

import numpy as np
import pytest

from bokwon.synthesis.damage.marks import mould, stain, tape
from bokwon.synthesis.damage.sheet import Sheet


@pytest.mark.parametrize("maker", [mould, stain, tape])
def test_the_same_state_gives_the_same_mark(maker, sheet: Sheet) -> None:
    first, again, other = (maker(np.random.default_rng(seed), sheet, 0.1, 0.7) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(first.hole, again.hole)
    assert np.abs(first.image - other.image).max() > 5


def test_mould_is_dark_and_hides_only_in_its_cores(sheet: Sheet) -> None:
    faint, strong = (mould(np.random.default_rng(4), sheet, 0.05, strength) for strength in (0.0, 1.0))
    assert faint.hole.sum() < strong.hole.sum()
    touched = np.abs(strong.image - sheet.image).max(-1) > 3
    assert touched.sum() > 1.5 * strong.hole.sum() > 0
    paper = strong.hole & (sheet.ink < 0.1)
    assert strong.image[paper].mean() < sheet.image[paper].mean() - 80


def test_a_stain_tints_and_hides_nothing(sheet: Sheet) -> None:
    mark = stain(np.random.default_rng(1), sheet, 0.3, 1.0)
    assert not mark.hole.any()
    wet = (np.abs(mark.image - sheet.image).max(-1) > 4) & (sheet.ink < 0.1)
    assert 0.1 < wet.mean() < 0.7
    # Yellow-brown: blue loses most.
    lost = (sheet.image - mark.image)[wet].mean(0)
    assert lost[2] > lost[0]
    # The ink stays darker than the paper around it.
    inked = sheet.ink > 0.7
    assert mark.image[inked].mean() < mark.image[~inked].mean() - 60


def test_only_opaque_tape_makes_a_hole(sheet: Sheet) -> None:
    marks = [tape(np.random.default_rng(seed), sheet, 0.2, 0.5) for seed in range(24)]
    opaque = [mark for mark in marks if mark.hole.any()]
    assert 1 <= len(opaque) < 12
    for mark in opaque:
        under = mark.hole & (sheet.ink > 0.7)
        assert mark.image[under].mean() > 140
    clear = next(mark for mark in marks if not mark.hole.any())
    covered = np.abs(clear.image - sheet.image).max(-1) > 10
    assert clear.image[covered & (sheet.ink > 0.7)].mean() < 120
