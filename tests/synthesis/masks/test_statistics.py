from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bokwon.errors import FileAccessError
from bokwon.synthesis.masks.bins import CELLS
from bokwon.synthesis.masks.dataset import MaskSet, make_set
from bokwon.synthesis.masks.statistics import ALL, FIGURES, collect, measure_folder, measure_mask, overlap, quantiles


def test_a_bar_measures_what_a_ruler_says() -> None:
    hole = np.zeros((512, 512), bool)
    hole[100:121, 60:260] = True
    figures = measure_mask(hole)
    assert figures.ratio == pytest.approx(21 * 200 / 512**2)
    assert figures.components == 1
    # Its middle row is 10 pixels from either edge; the ends of the middle line are nearer.
    assert figures.widest == pytest.approx(21, abs=0.6)
    assert 17 < figures.thickness <= 21.5
    assert figures.edge == pytest.approx(2 * (21 + 200) * np.pi / 4)
    assert figures.border_distance == 60


def test_lengths_are_those_of_a_512_pixel_image() -> None:
    small, large = np.zeros((256, 300), bool), np.zeros((512, 600), bool)
    small[40:60, 30:90] = True
    large[80:120, 60:180] = True
    one, two = measure_mask(small), measure_mask(large)
    assert one.border_distance == two.border_distance == 60
    assert one.widest == pytest.approx(two.widest, abs=2)
    assert one.edge == pytest.approx(two.edge)


def test_components_touch_at_corners_too() -> None:
    hole = np.zeros((20, 20), bool)
    hole[2, 2] = hole[3, 3] = hole[10, 10] = True
    assert measure_mask(hole).components == 2


def test_a_disc_is_as_wide_as_its_diameter() -> None:
    rows, columns = np.indices((512, 512))
    hole = (rows - 250) ** 2 + (columns - 250) ** 2 <= 60**2
    assert measure_mask(hole).widest == pytest.approx(120, abs=1.5)
    assert measure_mask(hole).edge == pytest.approx(2 * np.pi * 60, rel=0.03)


def test_empty_and_full_masks_have_finite_figures() -> None:
    assert measure_mask(np.zeros((8, 8), bool)).components == 0
    full = measure_mask(np.ones((8, 8), bool))
    assert (full.ratio, full.components, full.edge, full.border_distance) == (1, 1, 0, 0)
    assert np.isfinite([full.thickness, full.widest]).all()


def test_a_line_that_leaves_the_image_has_no_edge_there() -> None:
    hole = np.zeros((512, 512), bool)
    hole[:, 200:211] = True
    assert measure_mask(hole).thickness == pytest.approx(11, abs=0.5)
    assert measure_mask(hole).edge == pytest.approx(2 * 512 * np.pi / 4)


def test_overlap_is_one_minus_the_largest_gap_between_cumulated_shares() -> None:
    assert overlap(np.array([1.0, 2, 3]), np.array([1.0, 2, 3])) == 1
    assert overlap(np.array([1.0, 2]), np.array([3.0, 4])) == 0
    # At 1 the shares are 1/2 and 1/4.
    assert overlap(np.array([1.0, 2]), np.array([1.0, 2, 2, 2])) == pytest.approx(0.75)


def test_quantiles_of_every_figure() -> None:
    rows = [measure_mask(np.arange(400).reshape(20, 20) < count) for count in (40, 80, 120)]
    assert quantiles(collect(rows), (0.0, 0.5, 1.0))["ratio"] == pytest.approx([0.1, 0.2, 0.3])


def test_a_folder_is_measured_cell_by_cell(tmp_path: Path) -> None:
    make_set(tmp_path / "set", MaskSet(count=36, size=(64, 64), kind="strokes"))
    samples, polarity = measure_folder(tmp_path / "set", jobs=1)
    assert polarity.white
    assert list(samples) == [ALL, *(cell.folder for cell in CELLS)]
    assert set(samples[ALL]) == set(FIGURES)
    assert len(samples[ALL]["ratio"]) == 36
    for cell in CELLS:
        low, high = cell.ratio
        assert len(samples[cell.folder]["ratio"]) == 3
        assert (samples[cell.folder]["ratio"] > low).all()
        assert (samples[cell.folder]["ratio"] <= high).all()
    limited, _ = measure_folder(tmp_path / "set", limit=12)
    assert len(limited[ALL]["ratio"]) == 12


def test_a_folder_without_a_mask_is_refused(tmp_path: Path) -> None:
    from PIL import Image

    Image.fromarray(np.tile(np.arange(256, dtype=np.uint8), (64, 1))).save(tmp_path / "photo.png")
    with pytest.raises(FileAccessError, match="is a mask"):
        measure_folder(tmp_path)
