"""Networks for pages fill no lighter than the lightest that is known around."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import bokwon
from bokwon.inpaint.colour import Light, as_float, samples_to_light
from bokwon.inpaint.engines.base import ModelEngine
from bokwon.inpaint.fill import LETTER_REACH, fill_hole
from bokwon.inpaint.finish.highlight_limit import LightestKnown
from bokwon.inpaint.tiling import Tiling
from bokwon.settings import Letters

OfMode = Callable[[str, type, np.ndarray], np.ndarray]

SIZE = (300, 420)
HOLE = np.zeros(SIZE, bool)
HOLE[120:180, 150:230] = True
WHOLE = slice(0, SIZE[0]), slice(0, SIZE[1])
MIDDLE = slice(140, 160), slice(170, 210)
PAPER, INK, GRAIN = 200, 40, 6.0


def page(paper: float = PAPER, ink: float = INK) -> np.ndarray:
    """Grainy paper with lines of ink, 3 pixels wide."""
    made = paper + np.random.default_rng(3).normal(0.0, GRAIN, SIZE)
    for row in range(0, SIZE[0], 25):
        made[row : row + 3] = ink
    return made


def bounded(samples: np.ndarray, mode: str, light: float, window: tuple[slice, slice] = WHOLE) -> np.ndarray:
    """Bound an even fill, and return it in [0, 255]."""
    channels = samples_to_light(samples[:1, :1], mode).shape[-1]
    fill = np.full((*HOLE[window].shape, channels), light / 255, np.float32)
    return LightestKnown(samples, mode, HOLE).bound(fill, window, HOLE[window]) * 255


@pytest.mark.parametrize(
    ("mode", "dtype"),
    [("L", np.uint8), ("L", np.uint16), ("LA", np.uint8), ("RGB", np.uint16), ("RGBA", np.uint8), ("CMYK", np.uint8)],
)
def test_what_is_lighter_than_the_paper_becomes_paper_and_the_rest_stays(
    mode: str, dtype: type, of_mode: OfMode
) -> None:
    samples = of_mode(mode, dtype, page())
    # Means of 64 grainy pixels differ by an eighth of the grain, and the lightest of a hundred by three times that.
    middle = bounded(samples, mode, 250.0)[MIDDLE]
    assert middle.min() >= PAPER
    assert middle.max() <= PAPER + 4 * GRAIN / 8
    np.testing.assert_allclose(bounded(samples, mode, PAPER - 5.0)[MIDDLE], PAPER - 5.0, atol=1e-3)


def test_what_lies_under_the_hole_counts_for_nothing() -> None:
    painted = page()
    painted[HOLE] = 255.0
    assert bounded(painted.astype(np.uint8), "L", 250.0)[MIDDLE].max() <= PAPER + 4 * GRAIN / 8


def test_light_strokes_on_dark_ground_are_gone_on_with() -> None:
    rubbing = page(paper=60, ink=60)
    rubbing[::25] = 220.0
    assert bounded(rubbing.clip(0, 255).astype(np.uint8), "L", 215.0)[MIDDLE].min() == pytest.approx(215.0)


def test_nothing_bounds_what_is_far_from_all_that_is_known() -> None:
    hole = np.zeros((400, 400), bool)
    hole[20:, 20:] = True
    dark = np.full((400, 400), 50, np.uint8)
    whole = slice(0, 400), slice(0, 400)
    fill = LightestKnown(dark, "L", hole).bound(np.full((400, 400, 1), 0.9, np.float32), whole, hole)
    # Within a level: means of spots are rounded to levels.
    assert fill[20:64, 20:64].max() <= 51 / 255
    assert fill[200:, 200:].min() == pytest.approx(0.9)


def test_a_pixel_is_bounded_the_same_whatever_window_asks() -> None:
    samples = np.linspace(80, 220, SIZE[1]) * np.ones(SIZE) + page() - PAPER
    samples = samples.clip(0, 255).astype(np.uint8)
    part = slice(131, 177), slice(163, 211)
    np.testing.assert_array_equal(bounded(samples, "L", 255.0, part), bounded(samples, "L", 255.0)[part])


class WhiteEngine(ModelEngine):
    """A model that fills with white."""

    description = "white"

    def __init__(self) -> None:
        super().__init__("white")

    def run(self, light: Light, missing: np.ndarray, scale: float) -> np.ndarray:
        return np.ones((1, 3, *missing.shape), np.float32)


def filled(hole: np.ndarray, *, bounded: bool = True, letters: Letters = "restore", side: int = 512) -> np.ndarray:
    pixels = page().astype(np.uint8)
    fill_hole(pixels, "L", hole, WhiteEngine(), letters=letters, bounded=bounded, tiling=Tiling(side))
    return pixels


def test_only_fills_that_are_to_be_bounded_are() -> None:
    assert filled(HOLE)[HOLE].max() <= PAPER + GRAIN
    assert filled(HOLE, bounded=False)[HOLE].min() == 255


@pytest.mark.parametrize(("model", "is_bounded"), [("document", True), ("document-int8", True), ("photo", False)])
def test_which_shipped_models_are_bounded(model: str, is_bounded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    restorer = bokwon.Restorer(bokwon.RestoreSettings(model, engine="onnx", precision="auto", finish="off"))
    monkeypatch.setattr(restorer.engine, "run", WhiteEngine().run)
    dark = page(paper=120).clip(0, 255).astype(np.uint8)
    lightest = restorer.restore(dark, HOLE).image[HOLE].max()
    assert (lightest <= 120 + GRAIN) == is_bounded


def test_tiles_make_no_difference() -> None:
    np.testing.assert_array_equal(filled(HOLE, side=256), filled(HOLE))


def test_what_is_too_deep_for_the_model_is_bounded_too() -> None:
    hole = np.zeros(SIZE, bool)
    hole[20:-20, 20:-20] = True
    pixels = page().astype(np.uint8)
    engine = WhiteEngine()
    engine.reach = 24
    fill_hole(pixels, "L", hole, engine, bounded=True)
    # 64 pixels and more from what is known nothing says how light paper is.
    assert pixels[70, 70] <= PAPER + GRAIN


def test_paper_that_is_laid_where_no_letter_may_be_keeps_its_grain() -> None:
    middle = filled(HOLE, letters="leave")[HOLE][2 * LETTER_REACH :]
    lightest = as_float(filled(HOLE))[HOLE].max() * 255
    assert (middle > lightest + GRAIN).any()
