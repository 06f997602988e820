"""From scores to confidence, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from bokwon.detection.kinds import KINDS
from bokwon.evaluation.detection import RegionVerdict, fit_calibration, fit_curve


def curve(scores: list[float], right: list[float]) -> list[list[float]]:
    return fit_curve(np.array(scores), np.array(right))


def test_a_rising_curve_stays_as_it_is() -> None:
    # Twenty regions are a group, with one wrong region more: 0 of 21, 10 of 21, 20 of 21.
    scores = [0.8] * 20 + [0.2] * 20 + [0.5] * 20
    right = [1.0] * 20 + [0.0] * 20 + [1.0] * 10 + [0.0] * 10
    assert curve(scores, right) == [[0, 0], [0.2, 0], [0.5, 0.4762], [0.8, 0.9524], [1, 0.9524]]


def test_neighbours_that_fall_are_put_together() -> None:
    # 20 right ones and 20 wrong ones: 20 of 42, at the mean of all scores.
    assert curve([0.2] * 20 + [0.6] * 20, [1.0] * 20 + [0.0] * 20) == [[0, 0], [0.4, 0.4762], [1, 0.4762]]
    # A third group is put to both: 20 of 63.
    scores, right = [0.2] * 20 + [0.4] * 20 + [0.9] * 20, [1.0] * 20 + [0.0] * 40
    assert curve(scores, right) == [[0, 0], [0.5, 0.3175], [1, 0.3175]]


def test_a_few_regions_are_one_group() -> None:
    assert curve([0.2, 0.6], [1, 0]) == [[0, 0], [0.4, 0.3333], [1, 0.3333]]


def test_without_regions_the_score_is_the_confidence() -> None:
    assert curve([], []) == [[0, 0], [1, 1]]


def test_a_kind_of_forty_regions_has_its_own_curve() -> None:
    tears = [RegionVerdict("tear", 0.5, False, 9)] * 40
    creases = [RegionVerdict("crease", 0.5, True, 9)] * 39
    curves = fit_calibration(tears + creases)
    assert set(curves) == set(KINDS)
    # None of the tears is right; the creases are too few, and take the curve of all, which ends higher.
    assert {confidence for _, confidence in curves["tear"]} == {0.0}
    assert curves["crease"] == curves["scratch"]
    assert curves["crease"][-1][1] > 0.3


def test_small_areas_are_calibrated_by_themselves() -> None:
    small = [RegionVerdict("missing paper", 0.9, False, 999)] * 40
    large = [RegionVerdict("missing paper", 0.9, True, 1000)] * 40
    curves = fit_calibration(small + large)
    assert curves["small missing paper"][-1] == [1.0, 0.0]
    # One wrong region is added to each of two groups: 40 of 42.
    assert curves["missing paper"][-1] == [1.0, 0.9524]
    # Without enough large ones, they share the curve of their kind.
    few = fit_calibration(small + large[:39])
    assert few["missing paper"] == curve([0.9] * 79, [0.0] * 40 + [1.0] * 39)


def test_confidence_is_how_often_a_score_is_right() -> None:
    rng = np.random.default_rng(0)
    scores = rng.uniform(0.3, 1, 3000)
    verdicts = [RegionVerdict("tear", float(score), bool(rng.random() < score**2), 9) for score in scores]
    curves = fit_calibration(verdicts)
    points = np.array(curves["tear"])
    assert np.interp(0.6, *points.T) == pytest.approx(0.36, abs=0.06)
    assert np.interp(0.9, *points.T) == pytest.approx(0.81, abs=0.06)
    assert (np.diff(points, axis=0) >= 0).all()
    # Too few of a kind: the curve of all.
    assert curves["crease"] == curves["tear"]


def test_a_falling_curve_is_made_level() -> None:
    scores = np.linspace(0.4, 0.9, 120)
    points = np.array(fit_curve(scores, (scores < 0.6).astype(float)))
    assert points[1:-1, 1] == pytest.approx(48 / 132, abs=0.02)
