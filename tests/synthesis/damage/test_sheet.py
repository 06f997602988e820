from __future__ import annotations

import numpy as np
import pytest

from bokwon.synthesis.damage.sheet import blend, cut_through, grain, multiply, outside_distance, prepare_sheet


def test_paper_is_found_between_the_ink() -> None:
    image = np.full((200, 200, 3), (230, 210, 180), np.uint8)
    image[::8] = image[1::8] = (30, 30, 30)
    sheet = prepare_sheet(image, np.random.default_rng(0), "paper", 1.0)
    np.testing.assert_allclose(sheet.paper[100, 100], (230, 210, 180), atol=12)
    assert sheet.ink[0, 100] > 0.8
    assert sheet.ink[4, 100] < 0.1


def test_compositing_by_hand() -> None:
    image = np.full((1, 2, 3), 100, np.float32)
    alpha = np.array([[0.0, 0.5]], np.float32)
    np.testing.assert_allclose(blend(image, np.full(3, 200, np.float32), alpha)[0, :, 0], [100, 150])
    # A dye of half transmission, full and double thickness.
    tinted = multiply(image, (0.5, 1.0, 1.0), np.array([[1.0, 2.0]], np.float32))
    np.testing.assert_allclose(tinted[0, :, 0], [50, 25], rtol=1e-5)
    np.testing.assert_allclose(tinted[0, :, 1], [100, 100], rtol=1e-5)


def test_distance_outside_a_mask() -> None:
    mask = np.zeros((9, 9), bool)
    mask[4, 4] = True
    assert outside_distance(mask)[4, 8] == pytest.approx(4, abs=0.1)
    assert outside_distance(mask)[4, 4] == 0
    assert (outside_distance(np.zeros((4, 6), bool)) == 6).all()


def test_the_shadow_falls_away_from_the_light() -> None:
    image = np.full((100, 100, 3), 200, np.uint8)
    sheet = prepare_sheet(image, np.random.default_rng(0), "white", 1.0)
    alpha = np.zeros((100, 100), np.float32)
    alpha[30:70, 30:70] = 1
    opened = cut_through(sheet, alpha, 4.0)[..., 0]
    np.testing.assert_array_equal(opened[:25], 200)
    assert sheet.light.down > 0
    # The upper edge lies towards the light and throws its shadow into the hole; the lower edge throws it outside.
    assert opened[32, 40:60].mean() < opened[67, 40:60].mean() - 15
    assert opened[50, 50] > 225


@pytest.mark.parametrize(
    ("background", "low", "high"), [("black", 0, 40), ("white", 220, 256), ((10, 120, 240), 100, 140)]
)
def test_what_lies_behind_is_what_was_asked_for(background: str, low: int, high: int) -> None:
    image = np.full((60, 80, 3), 200, np.uint8)
    sheet = prepare_sheet(image, np.random.default_rng(0), background, 1.0)  # type: ignore[arg-type]
    assert low <= sheet.behind[..., 1].mean() < high
    assert sheet.shape == (60, 80)


def test_the_next_leaf_is_the_page_itself_moved_and_darker() -> None:
    image = np.random.default_rng(1).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    behind = prepare_sheet(image, np.random.default_rng(0), "leaf", 1.0).behind
    assert 0.8 * image.mean() < behind.mean() < image.mean()
    assert np.sort(behind, None)[-1] == pytest.approx(0.9 * 255, rel=0.1)


def test_grain_is_centred_and_of_about_unit_spread() -> None:
    noise = grain(np.random.default_rng(0), (200, 200))
    assert abs(noise.mean()) < 0.05
    assert 0.5 < noise.std() < 1.5
