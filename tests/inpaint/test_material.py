from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from bokwon.inpaint import material
from bokwon.inpaint.material import CLEAR, classify, features, negative, photo_score, small_copy

NOTHING = np.zeros((360, 480), bool)


def written(paper: tuple[int, int, int] = (226, 214, 190), ink: tuple[int, int, int] = (60, 48, 40)) -> np.ndarray:
    """Return a page with lines of letters on grainy paper, RGB (360, 480, 3)."""
    page = np.full((360, 480, 3), paper, np.uint8)
    for row in range(11):
        cv2.putText(page, "sine ira et studio quorum causas", (14, 32 + 31 * row), 0, 0.8, ink, 2, cv2.LINE_AA)
    grain = np.random.default_rng(1).normal(0, 3, page.shape[:2])[..., None]
    return np.clip(page + grain, 0, 255).astype(np.uint8)


def landscape(seed: int = 0) -> np.ndarray:
    """Return what has the statistics of a photograph: shades and details of every size, RGB (360, 480, 3)."""
    rng = np.random.default_rng(seed)
    layers = []
    for size in (3, 6, 12, 24, 48, 96, 192):
        coarse = rng.normal(0, 1, (max(2, 360 * size // 480), size, 3)).astype(np.float32)
        coarse = 0.8 * coarse.mean(axis=-1, keepdims=True) + 0.2 * coarse
        layers.append(cv2.resize(coarse, (480, 360), interpolation=cv2.INTER_CUBIC) / size**0.5)
    scene = np.sum(layers, axis=0)
    return np.clip(120 + 75 * (scene - scene.mean()) / scene.std(), 0, 255).astype(np.uint8)


def test_a_written_page_is_a_page() -> None:
    for page in (written(), written((176, 140, 92)), written((255, 255, 255), (0, 0, 0))):
        verdict = classify(page, "RGB", NOTHING)
        assert (verdict.material, verdict.sure) == ("page", True), verdict
        assert verdict.why.startswith("it has ")


@pytest.mark.parametrize("seed", range(3))
def test_a_photograph_is_a_photograph(seed: int) -> None:
    verdict = classify(landscape(seed), "RGB", NOTHING)
    assert (verdict.material, verdict.sure) == ("photo", True), verdict


def test_white_writing_on_black_is_a_rubbing() -> None:
    verdict = classify(255 - written((255, 255, 255), (20, 20, 20)), "RGB", NOTHING)
    assert (verdict.material, verdict.sure) == ("rubbing", True), verdict
    assert verdict.why.startswith("its negative has ")


def test_what_is_not_clear_is_a_page_and_not_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = landscape()
    score = photo_score(features(*small_copy(scene, "RGB", NOTHING)))
    assert score > CLEAR
    monkeypatch.setattr(material, "CLEAR", score + 0.1)
    verdict = classify(scene, "RGB", NOTHING)
    assert (verdict.material, verdict.sure) == ("page", False)
    assert verdict.why.startswith("it may be a photograph: it has ")


def test_what_tells_nothing_is_a_page() -> None:
    blank = np.full((360, 480), 200, np.uint8)
    assert classify(blank, "L", NOTHING).why == "it is nearly blank"
    assert classify(landscape()[:100, :100], "RGB", NOTHING[:100, :100]).why == "it is too small to tell"
    assert classify(landscape()[..., 0] > 120, "1", NOTHING).why == "it is black and white only"
    for pixels, mode in ((blank, "L"), (landscape()[..., 0] > 120, "1")):
        assert classify(pixels, mode, NOTHING).material == "page"


def test_the_samples_of_the_hole_do_not_count() -> None:
    hole = NOTHING.copy()
    hole[40:200, 100:300] = True
    for picture in (written(), landscape()):
        verdicts = []
        for filling in (0, 255, np.random.default_rng(2).integers(0, 256, (360, 480, 3), dtype=np.uint8)):
            damaged = np.where(hole[..., None], filling, picture).astype(np.uint8)
            verdicts.append(classify(damaged, "RGB", hole))
        assert verdicts[0] == verdicts[1] == verdicts[2]
        assert verdicts[0].material == classify(picture, "RGB", NOTHING).material


def test_transparent_pixels_do_not_count() -> None:
    page = np.dstack([written(), np.full((360, 480), 255, np.uint8)])
    hidden = page.copy()
    hidden[:100] = 0
    shown = hidden.copy()
    shown[:100, :, :3] = 255
    assert classify(hidden, "RGBA", NOTHING) == classify(shown, "RGBA", NOTHING)


@pytest.mark.parametrize(("mode", "dtype"), [("L", np.uint8), ("L", np.uint16), ("RGB", np.uint16), ("CMYK", np.uint8)])
def test_mode_and_depth_do_not_matter(of_mode: Callable[..., np.ndarray], mode: str, dtype: type) -> None:
    page, scene = written((226, 226, 226), (50, 50, 50))[..., 0], landscape()[..., 0]
    for picture, expected in ((page, "page"), (scene, "photo")):
        samples = of_mode(mode, dtype, picture.astype(float))
        if mode == "CMYK":
            # As prints have it: gray is black ink alone.
            samples[..., :3] = 0
        assert classify(samples, mode, NOTHING).material == expected


def test_the_small_copy_averages_known_pixels() -> None:
    page = np.zeros((1604, 1201), np.uint8)
    page[:] = np.arange(1604)[:, None] % 251
    hole = np.zeros(page.shape, bool)
    hole[0, :3] = hole[300:306, 600:606] = True
    hole[3:6, 3:5] = True
    copy, known = small_copy(page, "L", hole)
    # Cells of 3 pixels; those at the border are not whole.
    assert copy.shape == (535, 401, 3)
    assert known.shape == (535, 401)
    assert copy[1, 5].tolist() == [4, 4, 4]
    # Of the first cell rows 1 and 2 are known.
    assert copy[0, 0].tolist() == [2, 2, 2]
    # A third of this cell is known, and nothing of the next one.
    assert known[1, 1]
    assert not known[100:102, 200:202].any()
    assert copy[534, 0, 0] == pytest.approx(np.mean([1602 % 251, 1603 % 251]), abs=1)


def test_the_negative_comes_back_even_after_an_error() -> None:
    for mode, pixels in (
        ("L", np.arange(12, dtype=np.uint8).reshape(3, 4)),
        ("1", np.eye(3, dtype=bool)),
        ("RGBA", np.arange(48, dtype=np.uint16).reshape(3, 4, 4)),
    ):
        before = pixels.copy()
        with negative(pixels, mode):
            colours = pixels[..., :3] if mode == "RGBA" else pixels
            np.testing.assert_array_equal(colours, ~before[..., :3] if mode == "RGBA" else ~before)
            if mode == "RGBA":
                np.testing.assert_array_equal(pixels[..., 3], before[..., 3])
        np.testing.assert_array_equal(pixels, before)
        with pytest.raises(RuntimeError), negative(pixels, mode):
            raise RuntimeError("the disk is full")
        np.testing.assert_array_equal(pixels, before)
