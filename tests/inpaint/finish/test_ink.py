"""`--ink sharpen|clear`: smears in a fill become ink or paper."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bokwon.inpaint.finish import ink
from bokwon.inpaint.finish.blocks import CELL
from bokwon.inpaint.finish.ink import sharpen_ink

OfMode = Callable[[str, type, np.ndarray], np.ndarray]

SIZE = (300, 420)
HOLE = np.zeros(SIZE, bool)
HOLE[60:240, 100:330] = True
PAPER, INK = 200, 40
DARK, FAINT = (slice(80, 120), slice(140, 290)), (slice(150, 190), slice(140, 290))
EMPTY = slice(205, 220), slice(140, 290)


def share_of_ink(share: float) -> float:
    return PAPER - share * (PAPER - INK)


def page() -> np.ndarray:
    """Paper with lines of ink, and in its hole a dark smear, a faint one and paper."""
    made = np.full(SIZE, PAPER, float)
    for row in range(0, SIZE[0], 25):
        made[row : row + 4] = INK
    made[HOLE] = PAPER
    made[DARK], made[FAINT] = share_of_ink(0.7), share_of_ink(0.2)
    return made


@pytest.mark.parametrize(
    ("mode", "dtype"),
    [("L", np.uint8), ("L", np.uint16), ("LA", np.uint8), ("RGB", np.uint16), ("RGBA", np.uint8), ("CMYK", np.uint8)],
)
def test_what_is_nearer_to_ink_gets_darker_and_what_is_nearer_to_paper_lighter(
    mode: str, dtype: type, of_mode: OfMode
) -> None:
    before = of_mode(mode, dtype, page())
    after = before.copy()
    sharpen_ink(after, mode, HOLE)
    np.testing.assert_array_equal(after[~HOLE], before[~HOLE])
    if mode in ("LA", "RGBA"):
        np.testing.assert_array_equal(after[..., -1], before[..., -1])
    light = (after if after.ndim == 2 else after[..., 0]).astype(float) / np.iinfo(dtype).max * 255
    light = 255 - light if mode == "CMYK" else light
    assert INK - 2 <= light[DARK].max() < share_of_ink(0.8)
    assert share_of_ink(0.16) < light[FAINT].min() <= PAPER + 2
    # No stroke comes out where the fill had none.
    assert np.abs(light[EMPTY] - PAPER).max() <= 2
    again = before.copy()
    sharpen_ink(again, mode, HOLE)
    np.testing.assert_array_equal(again, after)


def test_fills_near_their_rim_stay() -> None:
    filled = page()
    filled[60:62, 100:330] = share_of_ink(0.5)
    filled[62:70, 100:330] = share_of_ink(0.7)
    before = filled.astype(np.uint8)
    after = before.copy()
    sharpen_ink(after, "L", HOLE)
    np.testing.assert_array_equal(after[60:62], before[60:62])
    assert (after[69, 150:280] < before[69, 150:280]).all()


def test_a_stain_is_taken_for_paper() -> None:
    filled = page()
    filled[HOLE] = share_of_ink(0.5)
    filled[148:152, 150:280] = share_of_ink(0.95)
    before = filled.astype(np.uint8)
    after = before.copy()
    sharpen_ink(after, "L", HOLE)
    stain = np.s_[145:156, 210:220]
    away = np.ones((11, 10), bool)
    away[3:7] = False
    assert np.abs(after[stain][away].astype(int) - before[stain][away]).max() <= 12
    assert after[150, 215] <= before[150, 215]


STROKE, GHOST = (slice(84, 90), slice(140, 290)), (slice(150, 190), slice(140, 290))


def strokes_and_a_ghost() -> np.ndarray:
    """A stroke with soft edges, as dark as ink in its core, and a smear of half the ink."""
    made = page()
    made[DARK] = PAPER
    for distance, share in ((2, 0.3), (1, 0.6), (0, 1.0)):
        made[84 - distance : 90 + distance, 140:290] = share_of_ink(share)
    made[GHOST] = share_of_ink(0.5)
    return made


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_clear_keeps_strokes_and_makes_paper_of_ghosts(mode: str, of_mode: OfMode) -> None:
    before = of_mode(mode, np.uint8, strokes_and_a_ghost())
    after, sharpened = before.copy(), before.copy()
    sharpen_ink(after, mode, HOLE, clear=True)
    sharpen_ink(sharpened, mode, HOLE)
    np.testing.assert_array_equal(after[~HOLE], before[~HOLE])

    def light(samples: np.ndarray) -> np.ndarray:
        first = (samples if samples.ndim == 2 else samples[..., 0]).astype(float)
        return 255 - first if mode == "CMYK" else first

    # The ghost goes, of which sharpening alone makes ink.
    assert light(after)[155:185, 150:280].min() > share_of_ink(0.03)
    assert light(sharpened)[155:185, 150:280].max() < share_of_ink(0.5)
    # The stroke stays, its edges too.
    np.testing.assert_allclose(light(after)[82:92, 150:280], light(sharpened)[82:92, 150:280], atol=3)
    assert light(after)[STROKE].max() < share_of_ink(0.9)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("known", [False, True])
def test_clear_keeps_rules_that_are_lighter_than_letters(*, known: bool, turned: bool) -> None:
    hole = np.zeros((400, 420), bool)
    hole[200:390, 100:330] = True
    filled = np.full(hole.shape, PAPER, float)
    for row in range(0, 400, 25):
        filled[row : row + 4, 20:80] = INK
    filled[205:280, 210:213] = share_of_ink(0.75)
    if known:
        filled[120:205, 210:213] = share_of_ink(0.75)
    before = filled.astype(np.uint8)
    after = (before.T if turned else before).copy()
    sharpen_ink(after, "L", hole.T if turned else hole, clear=True)
    after = after.T if turned else after
    # A line that lies in the hole alone, with no end outside, may be the smear of a line of text.
    if known:
        assert after[225:265, 211].max() < share_of_ink(0.5)
    else:
        assert after[225:265, 211].min() > share_of_ink(0.3)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("what", ["rule", "nothing between", "one end", "short ends", "letters"])
def test_clear_carries_rules_through_that_the_fill_draws_faintly(what: str, *, turned: bool) -> None:
    hole = np.zeros((400, 420), bool)
    hole[150:250, 100:330] = True
    made = np.full(hole.shape, PAPER, float)
    for row in (30, 60, 340, 370):
        made[row : row + 4, 20:400] = INK
    # It leans by a pixel, as rules do.
    for top, bottom, left in ((30, 200, 210), (200, 374, 211)):
        made[top:bottom, left : left + 3] = INK
    middle = np.s_[180:220, 211]
    made[170:230, 208:216] = PAPER
    if what != "nothing between":
        made[165:235, 210:213] = share_of_ink(0.35)
    if what == "one end":
        made[250:, 205:220] = PAPER
    elif what in ("short ends", "letters"):
        made[:, 205:220] = np.where(hole[:, 205:220], made[:, 205:220], PAPER)
        made[150:165, 205:220] = made[235:250, 205:220] = PAPER
        if what == "letters":
            made[110:150, 210:213] = made[250:290, 210:213] = INK
    before = made.astype(np.uint8)
    after = (before.T if turned else before).copy()
    sharpen_ink(after, "L", hole.T if turned else hole, clear=True)
    after = after.T if turned else after
    np.testing.assert_array_equal(after[~hole], before[~hole])
    if what == "rule":
        assert after[middle].max() < share_of_ink(0.85)
    else:
        assert after[middle].min() > share_of_ink(0.03)
    # Beside it nothing comes out.
    assert np.abs(after[160:240, 110:200].astype(int) - PAPER).max() <= 3


def test_clear_is_the_same_in_whatever_windows_a_page_is_worked_on(monkeypatch: pytest.MonkeyPatch) -> None:
    large = np.tile(strokes_and_a_ghost(), (2, 3))
    hole = np.tile(HOLE, (2, 3))
    # A rule through one hole and the next, paler and paler in each, and across the windows.
    large[:, 730:733] = INK
    for top in (60, 360):
        large[top + 60 : top + 120, 726:737] = PAPER
        large[top + 60 : top + 120, 730:733] = share_of_ink(0.35)
    large = large.astype(np.uint8)
    whole = large.copy()
    sharpen_ink(whole, "L", hole, clear=True)
    assert whole[140:160, 731].max() < share_of_ink(0.85)
    height, width = hole.shape
    bands = [(slice(top, min(top + 3 * CELL, height)), slice(0, width)) for top in range(0, height, 3 * CELL)]
    monkeypatch.setattr(ink, "windows", lambda hole: bands)
    cut = large.copy()
    sharpen_ink(cut, "L", hole, clear=True)
    assert np.abs(cut.astype(int) - whole).max() <= 2


def test_red_ink_stays_red() -> None:
    before = np.full((*SIZE, 3), (210, 200, 180), np.uint8)
    for row in range(0, SIZE[0], 25):
        before[row : row + 4] = (150, 40, 30)
    before[HOLE] = (210, 200, 180)
    before[DARK] = (168, 88, 75)
    after = before.copy()
    sharpen_ink(after, "RGB", HOLE)
    lost = np.array((210.0, 200, 180)) - after[100, 200]
    assert lost.sum() > 1.1 * ((210 - 168) + (200 - 88) + (180 - 75))
    np.testing.assert_allclose(lost / lost.sum(), np.array([42, 112, 105]) / 259, atol=0.02)


@pytest.mark.parametrize("what", ["bilevel", "no ink", "no hole", "all hole"])
def test_what_has_nothing_to_go_by_stays(what: str) -> None:
    before = page().astype(np.uint8)
    hole, mode = HOLE, "L"
    if what == "bilevel":
        before, mode = (before > 120).astype(bool), "1"
    elif what == "no ink":
        before[~HOLE] = PAPER
    else:
        hole = np.full(SIZE, what == "all hole")
    after = before.copy()
    sharpen_ink(after, mode, hole)
    np.testing.assert_array_equal(after, before)


def test_a_page_is_the_same_in_whatever_windows_it_is_worked_on() -> None:
    large = np.tile(page(), (3, 3)).astype(np.uint8)
    hole = np.tile(HOLE, (3, 3))
    whole = large.copy()
    sharpen_ink(whole, "L", hole)
    assert len(np.unique(whole[hole])) >= 3
    part = large.copy()
    only = hole.copy()
    only[: SIZE[0]] = only[2 * SIZE[0] :] = only[:, : SIZE[1]] = only[:, 2 * SIZE[1] :] = False
    part[hole & ~only] = PAPER
    sharpen_ink(part, "L", only)
    # Of one hole among nine, or alone: what lies around it is nearly the same.
    assert np.abs(part[only].astype(int) - whole[only]).max() <= 6
