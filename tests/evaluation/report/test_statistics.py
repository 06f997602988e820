from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import pytest

from bokwon.errors import ArgumentError, MissingDependencyError
from bokwon.evaluation.report.statistics import crossed_interval, interval, summarise


def record(image: str, **psnr: float) -> dict[str, Any]:
    cost = {"seconds": 1.0, "cpu_seconds": 0.5, "peak_mb": None}
    return {"image": image, "methods": {name: {"hole_psnr": value, **cost} for name, value in psnr.items()}}


def test_the_interval_of_six_images_is_worked_out_by_hand() -> None:
    # Mean 4, squares 30 / 5 = 6; the 97.5 % quantile of t with 5 degrees of freedom is 2.570582 in any table.
    found = interval([1.0, 2.0, 4.0, 4.0, 5.0, 8.0], list("abcdef"))
    half = 2.570582 * math.sqrt(6.0 / 6)
    assert (found.mean, found.low, found.high) == pytest.approx((4.0, 4.0 - half, 4.0 + half), rel=1e-6)
    assert found.sure


def test_many_masks_on_few_images_tell_no_more_than_the_images() -> None:
    values = [0.0, 1.0, 2.0, 3.0, 5.0, 8.0]
    names = list("abcdef")
    once, often = interval(values, names), interval(values * 50, names * 50)
    assert (once.low, once.high) == pytest.approx((often.low, often.high))


@pytest.mark.parametrize("pairs", [6, 10])
def test_it_covers_the_truth_in_95_percent_of_all_cells(pairs: int) -> None:
    rng = np.random.default_rng(pairs)
    names = [str(index) for index in range(pairs)]
    trials = 8000
    inside = 0
    for values in rng.normal(1.0, 2.0, (trials, pairs)):
        found = interval(values.tolist(), names)
        assert found.low is not None
        assert found.high is not None
        inside += found.low <= 1.0 <= found.high
    # Four standard deviations of a binomial share: 1 % of coverage. The percentile bootstrap has 81 to 90 %.
    assert inside / trials == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / trials))


def test_it_covers_the_truth_where_images_have_several_pairs_each() -> None:
    rng = np.random.default_rng(3)
    names = [str(image) for image in range(10) for _ in range(1 + image % 3)]
    members = np.array(names, int)
    trials = 4000
    inside = 0
    for _ in range(trials):
        values = rng.normal(0, 2.0, 10)[members] + rng.normal(0, 1.0, len(members))
        found = interval(values.tolist(), names)
        assert found.low is not None
        assert found.high is not None
        inside += found.low <= 0.0 <= found.high
    assert inside / trials == pytest.approx(0.95, abs=0.02)


def test_a_ratio_of_sums_covers_the_ratio_of_means() -> None:
    rng = np.random.default_rng(4)
    names = [str(index) for index in range(20)]
    trials = 4000
    inside = 0
    for _ in range(trials):
        below = rng.normal(10.0, 3.0, 20)
        above = 1.5 * below + rng.normal(0, 2.0, 20)
        found = interval(above.tolist(), names, below.tolist())
        assert found.mean == pytest.approx(above.sum() / below.sum())
        assert found.low is not None
        assert found.high is not None
        inside += found.low <= 1.5 <= found.high
    assert inside / trials == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / trials))


def test_a_ratio_to_what_may_be_nothing_has_no_interval() -> None:
    names = list("abcdef")
    found = interval([1.0] * 6, names, [5.0, -4.0, 6.0, -5.0, 7.0, -4.0])
    assert (found.mean, found.low, found.high, found.sure) == (pytest.approx(1.2), None, None, False)
    with pytest.raises(ArgumentError, match="ratio to nothing"):
        interval([1.0] * 6, names, [0.0] * 6)


@pytest.mark.parametrize(("images", "there"), [("aaaaaaaa", False), ("abcdeabc", False), ("abcdefab", True)])
def test_fewer_than_six_images_decide_nothing(images: str, there: bool) -> None:
    found = interval([1.0, 2.0] * 4, list(images))
    assert found.mean == 1.5
    assert found.sure == there
    assert (found.low is None) == (found.high is None) == (not there)


def test_nothing_to_average() -> None:
    with pytest.raises(ArgumentError):
        interval([], [])


def test_without_scipy_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    with pytest.raises(MissingDependencyError, match=r"bokwon\[eval\]"):
        interval([1.0] * 6, list("abcdef"))


def test_gains_are_against_the_best_other_method() -> None:
    pairs = [record("a", ours=12.0, telea=10.0, ns=11.0), record("b", ours=14.0, telea=9.0, ns=12.0)]
    methods = summarise(pairs, ["ours", "telea", "ns"])["methods"]
    assert methods["ours"]["hole_psnr"]["mean"] == 13.0
    assert methods["ours"]["hole_psnr"]["gain"] == {"other": "ns", "mean": 1.5, "low": None, "high": None}
    assert methods["ns"]["hole_psnr"]["gain"]["other"] == "ours"
    assert methods["telea"]["hole_psnr"]["gain"]["mean"] == -3.5
    assert methods["ours"]["seconds"] == 1.0
    assert "l1" not in methods["ours"]


def test_a_gain_is_positive_where_less_is_better() -> None:
    pairs = [record(name, ours=0.0, telea=0.0) for name in "ab"]
    for pair in pairs:
        pair["methods"]["ours"]["l1"], pair["methods"]["telea"]["l1"] = 1.0, 3.0
    assert summarise(pairs, ["ours", "telea"])["methods"]["ours"]["l1"]["gain"]["mean"] == 2.0


def test_median_and_empty_cell() -> None:
    pairs = [record("a", ours=1.0), record("b", ours=2.0), record("c", ours=9.0)]
    figures = summarise(pairs, ["ours"])["methods"]["ours"]["hole_psnr"]
    assert figures == {"mean": 4.0, "median": 2.0}
    assert summarise([], ["ours"]) == {"pairs": 0, "methods": {}}


IMAGES = np.array([1.0, 2.0, 4.0, 4.0, 5.0, 8.0])


def test_seeds_that_agree_leave_the_interval_of_the_images() -> None:
    found = crossed_interval(np.stack([IMAGES, IMAGES]))
    # As above: Student's t with 5 degrees of freedom, and a standard error of 1.
    assert (found.mean, found.low, found.high) == pytest.approx((4.0, 4.0 - 2.570582, 4.0 + 2.570582), rel=1e-6)


def test_images_that_agree_leave_the_interval_of_the_seeds() -> None:
    found = crossed_interval(np.repeat([[-1.0], [0.0], [1.0]], 6, 1))
    # Three seeds with a variance of 1; t with 2 degrees of freedom is 4.302653.
    half = 4.302653 / math.sqrt(3)
    assert (found.mean, found.low, found.high) == pytest.approx((0.0, -half, half), rel=1e-6)


@pytest.mark.parametrize("spread", [(1.0, 1.0, 1.0), (0.1, 1.0, 0.5), (0.0, 0.0, 1.0)])
def test_the_interval_over_seeds_and_images_covers_the_truth(spread: tuple[float, float, float]) -> None:
    rng = np.random.default_rng(4)
    seeds, images, trials = 3, 8, 2000
    inside = 0
    for _ in range(trials):
        by_seed, by_image = rng.normal(0, spread[0], (seeds, 1)), rng.normal(0, spread[1], images)
        found = crossed_interval(by_seed + by_image + rng.normal(0, spread[2], (seeds, images)))
        assert found.low is not None
        assert found.high is not None
        inside += found.low <= 0.0 <= found.high
    # Satterthwaite's degrees of freedom are approximate; a percentile bootstrap of three seeds has below 80 %.
    assert 0.92 < inside / trials < 0.995


def test_too_few_seeds_or_images_have_no_interval_and_no_value_is_refused() -> None:
    assert crossed_interval(IMAGES[None]).low is None
    assert crossed_interval(np.ones((3, 5))).low is None
    same = crossed_interval(np.ones((2, 6)))
    assert (same.low, same.high) == (1.0, 1.0)
    with pytest.raises(ArgumentError):
        crossed_interval(np.ones((0, 6)))


def test_some_figures_are_compared_by_the_ratio_of_their_means() -> None:
    cost = {"seconds": 1.0, "cpu_seconds": 0.5, "peak_mb": None}
    pairs = [
        {"image": str(n), "methods": {"a": {"st_lpips": 3.0 * n, **cost}, "b": {"st_lpips": 2.0 * n, **cost}}}
        for n in range(1, 8)
    ]
    methods = summarise(pairs, ["a", "b"])["methods"]
    # Every pair has the same ratio, so there is no doubt about it.
    assert methods["a"]["st_lpips"]["ratios"]["b"] == {"mean": 1.5, "low": 1.5, "high": 1.5}
    assert methods["b"]["st_lpips"]["ratios"]["a"]["mean"] == pytest.approx(2 / 3, abs=1e-6)
    assert "ratios" not in summarise([record("x", a=1.0, b=2.0)], ["a", "b"])["methods"]["a"]["hole_psnr"]
