from __future__ import annotations

import numpy as np

from bokwon.reproduce.drawings import draw_glyph, draw_picture


def test_pictures_have_edges_and_shading_and_differ_by_their_seed() -> None:
    first, again, other = (draw_picture(np.random.default_rng(seed), 96) for seed in (1, 1, 2))
    assert first.shape == (96, 96, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.5
    # Neither blank nor noise: neighbours are alike, and pixels far apart are not.
    near = np.abs(np.diff(first.astype(int), axis=1)).mean()
    assert 1 < near < 0.5 * first.std()


def test_glyphs_can_be_told_apart() -> None:
    def mean(character: str, first: int) -> np.ndarray:
        rng = np.random.default_rng(first)
        return np.mean([draw_glyph(rng, character, 20).astype(float) for _ in range(400)], 0)

    assert draw_glyph(np.random.default_rng(0), "4", 20).shape == (20, 20)
    # Two sets of one glyph look alike on average, whatever their brightness; another glyph does not.
    alike, other = (np.std(mean("1", 0) - mean(character, 1)) for character in "18")
    assert alike < 0.5 * other


def test_glyphs_may_reach_over_the_border() -> None:
    rng = np.random.default_rng(3)
    glyphs = np.stack([draw_glyph(rng, "8", 20) for _ in range(60)])
    edges = np.minimum(glyphs[:, [0, -1]].min((1, 2)), glyphs[:, :, [0, -1]].min((1, 2)))
    assert (edges < 110).any()
    assert (edges > 110).any()
