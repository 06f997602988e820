from __future__ import annotations

import numpy as np
import pytest

from bokwon.synthesis.damage.cracks import cracks
from bokwon.synthesis.damage.paths import Path, draw_path, edge_point, wander
from bokwon.synthesis.damage.shapes import burnt_area, colonies, facing_leaf, rips, torn_off, tunnels
from bokwon.synthesis.damage.sheet import blend, cut_through, look_at, multiply, outside_distance

SHAPE = (240, 300)


@pytest.mark.parametrize("coverage", [0.02, 0.1])
def test_shapes_cover_about_what_is_asked(coverage: float) -> None:
    shares = {"insect": [], "tear": [], "burn": [], "mould": []}
    for seed in range(8):
        rng = np.random.default_rng(seed)
        shares["insect"].append((tunnels(rng, SHAPE, 0.6, coverage)[0] > 0.5).mean())
        shares["tear"].append((torn_off(rng, SHAPE, 0.6, coverage) > 0.5).mean())
        shares["burn"].append(burnt_area(rng, SHAPE, 0.6, coverage).mean())
        shares["mould"].append((colonies(rng, SHAPE, 1.0, 0.6, coverage) > 0.5).mean())
    for name, values in shares.items():
        assert coverage * 0.6 < np.mean(values) < coverage * 1.6, (name, values)


def test_alpha_lies_between_nothing_and_all() -> None:
    rng = np.random.default_rng(0)
    for alpha in (tunnels(rng, SHAPE, 0.6, 0.05)[0], torn_off(rng, SHAPE, 0.6, 0.1), rips(rng, SHAPE, 0.6, 3)):
        assert alpha.dtype == np.float32
        assert alpha.min() >= 0
        assert alpha.max() <= 1
        # Edges are about a pixel wide, not gradients.
        assert ((alpha > 0.02) & (alpha < 0.98)).mean() < 0.5 * (alpha > 0.5).mean() + 0.05


def test_the_facing_leaf_carries_the_mirrored_pattern_thinned_out() -> None:
    rng = np.random.default_rng(1)
    hole = np.zeros((512, 512), bool)
    hole[100:140, 60:400] = True
    other = facing_leaf(rng, hole)
    mirrored = hole[:, ::-1]
    assert 0.3 < other.sum() / hole.sum() < 1.05
    assert (other & mirrored).sum() > 0.9 * other.sum()
    # About another fold the pattern lands elsewhere: 60 becomes 2 * 0.25 * 511 - 60.
    quarter = facing_leaf(rng, hole, fold=0.25)
    assert quarter[:, 210:].sum() == 0


def test_cracks_have_main_lines_among_all_lines() -> None:
    lines, ridges = cracks(np.random.default_rng(2), SHAPE, 0.6, 0.02, 1.0)
    assert (ridges > 127).sum() <= (lines > 127).sum()
    assert (lines > 127).any()


def test_paths_have_the_asked_length_and_taper() -> None:
    rng = np.random.default_rng(0)
    main, *branches = wander(rng, (10.0, 20.0), 0.0, length=100, step=2, width=4, bend=0.1, branching=0.2, taper=True)
    steps = np.hypot(*np.diff(main.points, axis=0).T)
    assert steps.sum() == pytest.approx(100)
    np.testing.assert_allclose(main.points[0], (10, 20))
    assert main.widths[-1] < 0.5 * main.widths[0]
    assert branches
    # A branch begins on the line it leaves.
    assert np.hypot(*(main.points - branches[0].points[0]).T).min() == pytest.approx(0)


def test_a_straight_path_without_bends_goes_where_it_heads() -> None:
    (path,) = wander(np.random.default_rng(0), (0.0, 0.0), np.pi / 2, length=30, step=3, width=1, bend=0.0)
    np.testing.assert_allclose(path.points[-1], (0, 30), atol=1e-9)


@pytest.mark.parametrize("width", [2.0, 3.5, 6.0, 9.0, 20.0])
@pytest.mark.parametrize("angle", [0.0, 0.4, 1.1])
def test_draw_path_draws_as_wide_as_told(width: float, angle: float) -> None:
    canvas = np.zeros((300, 300), np.uint8)
    along = np.linspace(-100, 100, 21)[:, None] * (np.cos(angle), np.sin(angle)) + 150
    draw_path(canvas, Path(along, np.full(21, width)))
    area = 200 * width + np.pi * width**2 / 4
    assert canvas.sum() / 255 == pytest.approx(area, rel=0.12)


def test_edge_points_lie_on_the_edge_and_head_inwards() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        (x, y), heading = edge_point(rng, (60, 90))
        assert x in (0, 90) or y in (0, 60)
        inside = (x + np.cos(heading), y + np.sin(heading))
        assert 0 <= inside[0] <= 90
        assert 0 <= inside[1] <= 60


def test_paper_is_found_between_the_ink() -> None:
    image = np.full((200, 200, 3), (230, 210, 180), np.uint8)
    image[::8] = image[1::8] = (30, 30, 30)
    sheet = look_at(image, np.random.default_rng(0), "paper", 1.0)
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
    sheet = look_at(image, np.random.default_rng(0), "white", 1.0)
    alpha = np.zeros((100, 100), np.float32)
    alpha[30:70, 30:70] = 1
    opened = cut_through(sheet, alpha, 4.0)[..., 0]
    np.testing.assert_array_equal(opened[:25], 200)
    assert sheet.light.down > 0
    # The upper edge lies towards the light and throws its shadow into the hole; the lower edge throws it outside.
    assert opened[32, 40:60].mean() < opened[67, 40:60].mean() - 15
    assert opened[50, 50] > 225
