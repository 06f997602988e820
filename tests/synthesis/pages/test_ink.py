from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bokwon.synthesis.pages.ink import Ink, lay_ink

PLAIN = Ink(opacity=1.0, bleed=0.3, uneven=0.0)


def _strokes() -> NDArray[np.float32]:
    image = np.zeros((120, 120), np.uint8)
    for x in range(15, 120, 20):
        cv2.line(image, (x, 10), (x + 5, 110), 255, 5, cv2.LINE_AA)
    return np.asarray(image, np.float32) / 255


@settings(deadline=None, max_examples=40)
@given(wear=st.floats(0, 1), weight=st.floats(-0.4, 0.4), bleed=st.floats(0, 2.5), dry=st.booleans())
def test_where_nothing_is_written_no_ink_lies(wear: float, weight: float, bleed: float, dry: bool) -> None:
    ink = Ink(wear=wear, weight=weight, bleed=bleed)
    loads = np.full((50, 60), 0.6, np.float32) if dry else None
    density, mask = lay_ink(np.random.default_rng(0), np.zeros((50, 60), np.float32), ink, 20, loads=loads)
    assert not mask.any()
    assert density.max() < 1e-6


def test_ink_follows_the_strokes() -> None:
    strokes = _strokes()
    density, mask = lay_ink(np.random.default_rng(0), strokes, PLAIN, 28)
    assert density.shape == mask.shape == strokes.shape
    assert (mask == (strokes > 0.5)).mean() > 0.97
    assert density[strokes == 1].mean() > 0.95


def test_weight_makes_strokes_bolder() -> None:
    shares = [
        lay_ink(np.random.default_rng(0), _strokes(), Ink(weight=w, bleed=1.0), 28)[1].mean() for w in (-0.2, 0, 0.2)
    ]
    assert shares[0] < shares[1] < shares[2]


def test_wear_takes_ink_away() -> None:
    whole = lay_ink(np.random.default_rng(0), _strokes(), Ink(), 28)[0].sum()
    worn = lay_ink(np.random.default_rng(0), _strokes(), Ink(wear=1.0), 28)[0].sum()
    assert worn < 0.9 * whole


def test_fading_pales_but_leaves_the_mask() -> None:
    fresh, mask = lay_ink(np.random.default_rng(0), _strokes(), PLAIN, 28)
    faded, faded_mask = lay_ink(
        np.random.default_rng(0), _strokes(), Ink(opacity=1.0, bleed=0.3, uneven=0, fade=0.5), 28
    )
    assert np.array_equal(mask, faded_mask)
    assert faded.sum() < 0.9 * fresh.sum()


def test_a_dry_brush_is_paler() -> None:
    loads = np.full((120, 120), 0.5, np.float32)
    full = lay_ink(np.random.default_rng(0), _strokes(), PLAIN, 28)[0].sum()
    assert lay_ink(np.random.default_rng(0), _strokes(), PLAIN, 28, loads=loads)[0].sum() < 0.85 * full


@settings(deadline=None, max_examples=40)
@given(
    wear=st.floats(0, 1),
    weight=st.floats(-0.4, 0.4),
    bleed=st.floats(0, 2.5),
    strength=st.floats(0.2, 1),
    seed=st.integers(0, 2**32),
)
def test_no_character_vanishes(wear: float, weight: float, bleed: float, strength: float, seed: int) -> None:
    coverage = np.zeros((40, 40), np.float32)
    coverage[10:14, 10] = strength
    coverage[20:30, 20:30] = strength
    boxes = np.array([[9, 9, 12, 15], [20, 20, 30, 30]])
    _, mask = lay_ink(np.random.default_rng(seed), coverage, Ink(wear=wear, weight=weight, bleed=bleed), 12, boxes)
    for left, top, right, bottom in boxes.tolist():
        assert mask[top:bottom, left:right].any()


@pytest.mark.parametrize("shape", [(1, 1), (33, 7)])
def test_odd_sizes(shape: tuple[int, int]) -> None:
    density, mask = lay_ink(np.random.default_rng(0), np.ones(shape, np.float32), Ink(wear=0.3, fade=0.3), 10)
    assert density.shape == mask.shape == shape
