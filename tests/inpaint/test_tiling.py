from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bokwon.errors import ArgumentError
from bokwon.inpaint.tiling import GRID, Feather, Tiling, grid_of, plan_axis

tile_sides = st.sampled_from([256, 384, 512, 1024])


@settings(deadline=None)
@given(st.integers(1, 5000), tile_sides)
def test_the_weights_of_an_axis_add_up_to_one(length: int, tile: int) -> None:
    total = np.zeros(length)
    for span in plan_axis(length, tile, GRID):
        total[span.start : span.stop] += span.weights
    np.testing.assert_allclose(total, 1.0, atol=1e-6)


@settings(deadline=None)
@given(st.integers(1, 5000), tile_sides)
def test_spans_lie_on_the_grid_and_inside_the_axis(length: int, tile: int) -> None:
    spans = plan_axis(length, tile, GRID)
    assert all(span.start % GRID == 0 and span.stop - span.start <= tile for span in spans)
    assert spans[0].start == 0
    assert spans[-1].stop == length
    if length <= tile:
        assert len(spans) == 1


@settings(deadline=None)
@given(st.integers(1, 5000), tile_sides)
def test_segments_count_the_spans_that_weigh_in_them(length: int, tile: int) -> None:
    spans = plan_axis(length, tile, GRID)
    weighing = np.zeros(length, int)
    for span in spans:
        weighing[span.start : span.stop] += span.weights > 0
    for span in spans:
        covered = np.zeros(length, bool)
        for segment in span.segments:
            assert (weighing[segment.start : segment.stop] == segment.tiles).all()
            covered[segment.start : segment.stop] = True
        support = np.zeros(length, bool)
        support[span.start : span.stop] = span.weights > 0
        np.testing.assert_array_equal(covered, support)


def test_a_tile_counts_for_nothing_where_it_sees_least() -> None:
    first, second, *_ = plan_axis(2000, 512, 128)
    assert (first.weights[:352] == 1).all()
    assert (first.weights[-32:] == 0).all()
    assert (second.weights[:32] == 0).all()


@pytest.mark.parametrize(("tile", "overlap"), [(500, 128), (512, 100), (512, 384), (512, 0)])
def test_sides_off_the_grid_are_refused(tile: int, overlap: int) -> None:
    with pytest.raises(ArgumentError, match="multiples of 128"):
        Tiling(tile, overlap)


@pytest.mark.parametrize("size", [(3508, 2480), (2480, 3508), (5000, 7000), (100, 20_000), (1100, 900), (300, 300)])
@pytest.mark.parametrize("tile", [256, 512, 1664])
def test_tiles_of_any_shape_take_no_more_than_square_ones(size: tuple[int, int], tile: int) -> None:
    hole = np.ones(size, bool)

    def sides(square: bool) -> list[tuple[int, int]]:
        windows = [each.window for each in Tiling(tile, square=square).plan(hole)]
        return [(rows.stop - rows.start, columns.stop - columns.start) for rows, columns in windows]

    def computed(sizes: list[tuple[int, int]]) -> int:
        tall, wide = (max(-(-side // GRID) * GRID for side in axis) for axis in zip(*sizes, strict=True))
        assert tall * wide <= tile**2
        return len(sizes) * tall * wide

    assert computed(sides(square=False)) <= computed(sides(square=True))
    assert all(max(size) <= 2 * tile for size in sides(square=False))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 1200), st.integers(1, 1200), st.integers(0, 2**32 - 1))
def test_every_pixel_is_written_by_tiles_of_any_shape(height: int, width: int, seed: int) -> None:
    hole = np.random.default_rng(seed).random((height, width)) < 0.01
    out = np.zeros((height, width, 3), np.uint8)
    feather = Feather(out, "RGB", hole)
    for tile in Tiling(256, square=False).plan(hole):
        size = tile.rows.stop - tile.rows.start, tile.columns.stop - tile.columns.start, 3
        feather.add(tile, np.ones(size, np.float32))
    assert feather.waiting == 0
    assert (out[hole] == 255).all()
    assert (out[~hole] == 0).all()


def test_only_tiles_that_touch_the_hole_are_planned() -> None:
    hole = np.zeros((3000, 3000), bool)
    assert Tiling().plan(hole) == []
    hole[1500, 10] = True
    (tile,) = Tiling().plan(hole)
    assert hole[tile.window].any()
    hole[2999, 2999] = True
    assert len(Tiling().plan(hole)) == 2


def fill_with_tile_numbers(hole: np.ndarray, tiling: Tiling, spread: float = 0.8) -> np.ndarray:
    """Let every tile be of one gray, neighbours far apart."""
    out = np.zeros((*hole.shape, 3), np.uint8)
    feather = Feather(out, "RGB", hole)
    for tile in tiling.plan(hole):
        chequer = (tile.rows.start // 384 + tile.columns.start // 384) % 2
        size = tile.rows.stop - tile.rows.start, tile.columns.stop - tile.columns.start, 3
        feather.add(tile, np.full(size, 0.5 + spread * (chequer - 0.5), np.float32))
    return out


def test_seams_between_opposite_tiles_are_smooth() -> None:
    hole = np.ones((1100, 900), bool)
    out = fill_with_tile_numbers(hole, Tiling()).astype(int)
    assert np.ptp(out) > 190
    # 204 levels over a raised cosine of 64 pixels climb by 5.01 a pixel at most.
    assert np.abs(np.diff(out, axis=0)).max() <= 6
    assert np.abs(np.diff(out, axis=1)).max() <= 6


def test_seams_between_tiles_of_wild_values_are_smooth_too() -> None:
    out = fill_with_tile_numbers(np.ones((1100, 900), bool), Tiling(), spread=100.0).astype(int)
    assert np.ptp(out) == 255
    assert np.abs(np.diff(out, axis=0)).max() <= 7
    assert np.abs(np.diff(out, axis=1)).max() <= 7


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 900), st.integers(1, 900), st.integers(0, 2**32 - 1))
def test_every_pixel_of_the_hole_is_written_and_no_other(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    hole = rng.random((height, width)) < rng.choice([0.0001, 0.01, 0.5])
    out = fill_with_tile_numbers(hole, Tiling(256))
    assert (out[hole] >= 25).all()
    assert (out[~hole] == 0).all()


def test_nothing_waits_once_all_tiles_are_in() -> None:
    hole = np.ones((700, 1300), bool)
    feather = Feather(np.zeros(hole.shape, np.uint16), "L", hole)
    for tile in Tiling().plan(hole):
        size = tile.rows.stop - tile.rows.start, tile.columns.stop - tile.columns.start, 1
        feather.add(tile, np.full(size, 0.5, np.float32))
    assert feather.waiting == 0


@pytest.mark.parametrize(("multiple", "grid"), [(1, 128), (8, 128), (24, 144), (128, 128), (129, 129), (256, 256)])
def test_the_grid_is_a_multiple_of_what_the_network_strides_by(multiple: int, grid: int) -> None:
    assert grid_of(multiple) == grid


def test_tiles_lie_on_a_grid_of_another_size() -> None:
    hole = np.random.default_rng(3).random((1500, 1300)) < 0.0005
    out = np.zeros(hole.shape, np.uint8)
    feather = Feather(out, "L", hole)
    for tile in Tiling(720, 144, grid=144).plan(hole):
        size = tile.rows.stop - tile.rows.start, tile.columns.stop - tile.columns.start
        assert all(span.start % 144 == 0 for span in (tile.rows, tile.columns, *tile.window))
        assert max(size) <= 720
        feather.add(tile, np.ones((*size, 1), np.float32))
    assert (out[hole] == 255).all()
    with pytest.raises(ArgumentError, match="multiples of 144"):
        Tiling(512, 128, grid=144)
