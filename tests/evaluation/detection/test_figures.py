"""Figures of the damage detector, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from bokwon.detection.detector import Damage, Region
from bokwon.detection.kinds import KINDS
from bokwon.evaluation.detection.figures import (
    Counts,
    count_pixels,
    find_ink,
    judge_regions,
    polygon_mask,
)
from bokwon.synthesis.scenes.classes import CLASSES, IGNORE

MISSING, STAIN = KINDS.index("missing paper") + 1, KINDS.index("readable stain") + 1


def found(kind: int, box: tuple[int, int, int, int], confidence: float) -> Damage:
    kinds, sure = np.zeros((20, 20), np.uint8), np.zeros((20, 20), np.float32)
    left, top, right, bottom = box
    kinds[top:bottom, left:right] = kind
    sure[top:bottom, left:right] = confidence
    area = (right - left) * (bottom - top)
    region = Region(KINDS[kind - 1], box, area, float(np.float32(confidence)), True)
    return Damage(kinds > 0, kinds, sure, (region,))


def labels(kind: str, rows: slice, columns: slice) -> np.ndarray:
    values = np.zeros((20, 20), np.uint8)
    values[rows, columns] = CLASSES.index(kind)
    return values


def test_pixels_are_counted_and_ignored_ones_are_not() -> None:
    truth = labels("missing paper", slice(0, 10), slice(0, 10))
    truth[0] = IGNORE
    # 10 x 10 found from row 5 on; of the 90 true pixels 50 are hit.
    counts = count_pixels(found(MISSING, (0, 5, 10, 15), 0.8), truth, ("missing paper", "tear"), 0.5)
    assert (counts.hit, counts.extra, counts.missed) == (50, 50, 40)
    assert counts.f1 == pytest.approx(100 / 190)
    assert counts.precision == 0.5
    assert counts.recall == pytest.approx(50 / 90)
    unsure = count_pixels(found(MISSING, (0, 5, 10, 15), 0.8), truth, ("missing paper", "tear"), 0.9)
    assert (unsure.hit, unsure.extra, unsure.missed) == (0, 0, 90)
    total = Counts(1, 2, 3)
    total.add(counts)
    assert (total.hit, total.extra, total.missed) == (51, 52, 43)
    assert Counts().f1 == 0


def test_a_region_is_right_if_half_of_it_is() -> None:
    half = labels("tear", slice(0, 10), slice(0, 5))
    (verdict,) = judge_regions(found(MISSING, (0, 0, 10, 10), 0.9), half)
    assert verdict.right
    assert verdict.area == 100
    (less,) = judge_regions(found(MISSING, (0, 0, 11, 10), 0.9), half)
    assert not less.right
    # A readable stain is no hole, and a hole no readable stain.
    assert not judge_regions(found(STAIN, (0, 0, 5, 10), 0.9), half)[0].right
    stained = labels("readable stain", slice(0, 10), slice(0, 10))
    assert judge_regions(found(STAIN, (0, 0, 10, 10), 0.9), stained)[0].right
    assert not judge_regions(found(MISSING, (0, 0, 10, 10), 0.9), stained)[0].right
    assert judge_regions(found(MISSING, (0, 0, 10, 10), 0.9), np.full((20, 20), IGNORE, np.uint8)) == []


def test_ignored_pixels_do_not_judge_a_region_but_belong_to_its_area() -> None:
    truth = labels("tear", slice(0, 10), slice(0, 5))
    truth[:, 6:] = IGNORE
    (verdict,) = judge_regions(found(MISSING, (0, 0, 11, 10), 0.9), truth)
    assert verdict.right
    assert verdict.area == 110


def test_ink_is_dark_on_light_paper() -> None:
    gray = np.full((120, 120), 220, np.uint8)
    gray[50:53, 20:100] = 60
    gray[80:83, 20:100] = 180
    ink = find_ink(gray)
    assert ink[51, 40]
    assert not ink[81, 40]
    assert not find_ink(np.full((120, 120), 20, np.uint8)).any()


def test_polygons_are_filled() -> None:
    mask = polygon_mask((10, 10), [[(2, 2), (5, 2), (5, 4), (2, 4)]])
    assert mask.sum() == 12
    assert mask[3, 4]
