from __future__ import annotations

import numpy as np
import pytest

from bokwon.image_io.metadata import Metadata
from bokwon.image_io.page import Page
from bokwon.provenance.evidence import Encoder
from bokwon.provenance.explain import draw_shrinking_mask, rgb_of

RED = (200, 60, 50)


@pytest.fixture
def page() -> Page:
    return Page(np.full((60, 80, 3), 120, np.uint8), "RGB", "PNG", Metadata())


@pytest.fixture
def hole() -> np.ndarray:
    hole = np.zeros((60, 80), bool)
    hole[10:50, 20:60] = True
    return hole


def red(picture: np.ndarray) -> float:
    return float((picture == RED).all(-1).mean())


def test_the_hole_shrinks_from_panel_to_panel(page: Page, hole: np.ndarray) -> None:
    figure = np.array(draw_shrinking_mask(page, hole, encoder=Encoder((3, 3, 3)), panel=80, columns=4))
    width = (figure.shape[1] - 16) // 4
    shares = [red(figure[:, 16 + place * width : 16 + (place + 1) * width]) for place in range(4)]
    assert shares[0] > shares[1] > shares[2] > shares[3]
    assert shares[0] == pytest.approx(hole.sum() / (figure.shape[0] * width), rel=0.05)


def test_columns_make_rows(page: Page, hole: np.ndarray) -> None:
    wide, tall = (draw_shrinking_mask(page, hole, encoder=Encoder((3, 3, 3)), columns=n).size for n in (4, 2))
    assert wide[0] > 1.8 * tall[0] - 32
    assert tall[1] > 1.8 * wide[1] - 32


def test_features_are_drawn_below_their_masks(page: Page, hole: np.ndarray) -> None:
    encoder = Encoder((3, 3))
    maps = [np.random.default_rng(0).random((5, 30, 40), np.float32), np.zeros((2, 15, 20), np.float32)]
    without = draw_shrinking_mask(page, hole, encoder=encoder, panel=80)
    with_features = draw_shrinking_mask(page, hole, encoder=encoder, features=maps, panel=80)
    assert with_features.height > 1.8 * without.height - 32
    lower = np.array(with_features)[with_features.height // 2 :]
    # Noise is shown as gray of every lightness.
    grays = lower[(lower[..., 0] == lower[..., 1]) & (lower[..., 1] == lower[..., 2])][:, 0]
    assert len(np.unique(grays)) > 100


@pytest.mark.parametrize(
    ("pixels", "mode", "expected"),
    [
        (np.full((2, 3), 200, np.uint8), "L", (200, 200, 200)),
        (np.full((2, 3), 40_000, np.uint16), "L", (156, 156, 156)),
        (np.full((2, 3, 4), (10, 20, 30, 255), np.uint8), "RGBA", (10, 20, 30)),
        (np.ones((2, 3), bool), "1", (255, 255, 255)),
    ],
)
def test_every_mode_is_shown_as_rgb(pixels: np.ndarray, mode: str, expected: tuple[int, int, int]) -> None:
    shown = rgb_of(Page(pixels, mode, "PNG", Metadata()))
    assert shown.dtype == np.uint8
    np.testing.assert_array_equal(shown, np.broadcast_to(expected, (2, 3, 3)))
