"""Fills get the grain of the paper around them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from bokwon.inpaint.finish import background_estimate
from bokwon.inpaint.finish.background_estimate import estimate_background
from bokwon.inpaint.finish.grain import Texture, add_grain

OfMode = Callable[[str, type, np.ndarray], np.ndarray]

SIZE = (300, 420)
HOLE = np.zeros(SIZE, bool)
HOLE[60:240, 100:330] = True


def paper(deviation: float, seed: int = 1) -> np.ndarray:
    """A page of grainy paper in [0, 255] with lines of ink, its hole filled flat."""
    rng = np.random.default_rng(seed)
    page = 200 + deviation * rng.standard_normal(SIZE)
    page[::25] = 40
    page[HOLE] = 200
    return page


@pytest.mark.parametrize(
    ("mode", "dtype"),
    [("L", np.uint8), ("L", np.uint16), ("LA", np.uint8), ("RGB", np.uint16), ("RGBA", np.uint8), ("CMYK", np.uint8)],
)
def test_a_flat_fill_gets_the_papers_deviation_and_nothing_else_changes(
    mode: str, dtype: type, of_mode: OfMode
) -> None:
    before = of_mode(mode, dtype, paper(5.0))
    after = before.copy()
    add_grain(after, mode, HOLE)
    np.testing.assert_array_equal(after[~HOLE], before[~HOLE])
    if mode in ("LA", "RGBA"):
        np.testing.assert_array_equal(after[..., -1], before[..., -1])
    inside = after[HOLE].reshape(HOLE.sum(), -1)[:, 0].astype(float) * 255 / np.iinfo(dtype).max
    assert inside.std() == pytest.approx(5.0, rel=0.2)
    assert inside.mean() == pytest.approx(200 if mode != "CMYK" else 55, abs=1)
    again = before.copy()
    add_grain(again, mode, HOLE)
    np.testing.assert_array_equal(again, after)
    other = before.copy()
    add_grain(other, mode, HOLE, seed=7)
    assert not np.array_equal(other, after)


@pytest.mark.parametrize(("pitch", "thick"), [(9, 1), (16, 4), (20, 6), (30, 10), (30, 14)])
def test_paper_keeps_its_grain_between_the_lines_of_dense_text(pitch: int, thick: int) -> None:
    page = 200 + 4.0 * np.random.default_rng(1).standard_normal(SIZE)
    for row in range(0, SIZE[0], pitch):
        page[row : row + thick] = 40
    page[HOLE] = 200
    before = page.clip(0, 255).astype(np.uint8)
    found = estimate_background(before, HOLE, "L", near=HOLE)
    assert len(found.patches) > 0
    assert np.median(found.deviation[found.measured > 0]) * 255 == pytest.approx(4.0, rel=0.25)
    after = before.copy()
    add_grain(after, "L", HOLE)
    assert after[90:210, 130:300].astype(float).std() == pytest.approx(4.0, rel=0.25)


@pytest.mark.parametrize("width", [3, 6, 8, 12])
def test_thin_fills_that_have_their_grain_get_no_second_one(width: int) -> None:
    before = (200 + 5.0 * np.random.default_rng(2).standard_normal((400, 400))).clip(0, 255).astype(np.uint8)
    hole = np.arange(400)[None] % 40 < width
    hole = np.broadcast_to(hole, before.shape).copy()
    after = before.copy()
    add_grain(after, "L", hole)
    assert after[hole].astype(float).std() == pytest.approx(5.0, rel=0.1)


def test_what_is_transparent_is_no_paper(of_mode: OfMode) -> None:
    page = of_mode("RGBA", np.uint8, paper(5.0))
    page[:, 180:][~HOLE[:, 180:]] = 0
    before = page.copy()
    add_grain(page, "RGBA", HOLE)
    np.testing.assert_array_equal(page[~HOLE], before[~HOLE])
    assert page[HOLE][:, 0].std() == pytest.approx(5.0, rel=0.3)


def test_what_has_its_grain_already_is_left_nearly_alone_and_ink_gets_none(of_mode: OfMode) -> None:
    page = paper(5.0)
    whole = 200 + 5.0 * np.random.default_rng(9).standard_normal(SIZE)
    page[HOLE] = whole[HOLE]
    before = of_mode("L", np.uint8, page)
    after = before.copy()
    add_grain(after, "L", HOLE)
    assert after[HOLE].astype(float).std() == pytest.approx(5.0, rel=0.2)
    page = paper(5.0)
    page[100:140, 100:330] = 60
    before = of_mode("L", np.uint8, page)
    after = before.copy()
    add_grain(after, "L", HOLE)
    np.testing.assert_array_equal(after[100:140, 100:330], before[100:140, 100:330])


def test_a_bilevel_page_and_a_clean_one_stay_as_they_are(of_mode: OfMode) -> None:
    bilevel = paper(5.0) > 128
    after = bilevel.copy()
    add_grain(after, "1", HOLE)
    np.testing.assert_array_equal(after, bilevel)
    clean = of_mode("RGB", np.uint8, paper(0.0))
    after = clean.copy()
    add_grain(after, "RGB", HOLE)
    np.testing.assert_array_equal(after, clean)


def test_a_texture_has_the_spectrum_and_the_colours_of_its_patches() -> None:
    rng = np.random.default_rng(3)
    noise = rng.standard_normal((64, 34, 34))
    # Each pixel is the mean of its neighbourhood: neighbours correlate by 2/3 along one axis and not along the other.
    smooth = noise[:, :32, :32] + noise[:, :32, 1:33] + noise[:, :32, 2:34]
    colour = np.stack([smooth, 0.5 * smooth, -smooth], axis=-1).astype(np.float32)
    grain = Texture(colour).at((slice(500, 812), slice(0, 400)))[..., 0]
    across = np.corrcoef(grain[:, :-1].ravel(), grain[:, 1:].ravel())[0, 1]
    down = np.corrcoef(grain[:-1].ravel(), grain[1:].ravel())[0, 1]
    assert across == pytest.approx(2 / 3, abs=0.08)
    assert down == pytest.approx(0.0, abs=0.08)
    channels = Texture(colour).at((slice(0, 512), slice(0, 512))).reshape(-1, 3)
    assert np.corrcoef(channels.T)[0] == pytest.approx([1, 1, -1], abs=0.01)
    assert channels[:, 1].std() / channels[:, 0].std() == pytest.approx(0.5, abs=0.02)
    assert channels.mean(axis=-1).std() == pytest.approx(1.0, rel=1e-3)


def test_without_patches_there_is_no_grain() -> None:
    assert not Texture(np.zeros((0, 32, 32, 3), np.float32)).at((slice(0, 9), slice(0, 9))).any()


def test_a_small_hole_costs_no_estimate_of_the_whole_page(monkeypatch: pytest.MonkeyPatch) -> None:
    estimated = []
    groups = background_estimate.block_groups

    def counted(wanted: np.ndarray) -> Iterator[tuple[object, object]]:
        for group in groups(wanted):
            estimated.append(group)
            yield group

    monkeypatch.setattr(background_estimate, "block_groups", counted)
    page = np.random.default_rng(0).normal(200, 5, (2048, 2048)).clip(0, 255).astype(np.uint8)
    hole = np.zeros(page.shape, bool)
    hole[1000:1003, 1000:1003] = True
    page[hole] = 200
    add_grain(page, "L", hole)
    # The page has 16 groups, of which four lie near the hole. They are estimated once for the paper, once for the fill.
    assert len(estimated) == 8
    assert page[hole].std() > 0
