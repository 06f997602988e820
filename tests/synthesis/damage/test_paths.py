from __future__ import annotations

import numpy as np
import pytest

from bokwon.synthesis.damage.paths import Path, draw_path, edge_point, wander


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
