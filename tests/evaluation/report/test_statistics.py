from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bokwon.errors import ArgumentError
from bokwon.evaluation.report.statistics import bootstrap, summarise


def record(image: str, **psnr: float) -> dict[str, Any]:
    cost = {"seconds": 1.0, "cpu_seconds": 0.5, "peak_mb": None}
    return {"image": image, "methods": {name: {"hole_psnr": value, **cost} for name, value in psnr.items()}}


def test_the_interval_has_the_width_that_theory_says() -> None:
    values = np.random.default_rng(0).normal(3.0, 2.0, 400)
    interval = bootstrap(values.tolist(), [str(index) for index in range(400)])
    error = values.std() / np.sqrt(400)
    assert interval.mean == pytest.approx(values.mean())
    assert interval.low == pytest.approx(values.mean() - 1.96 * error, abs=0.15 * error)
    assert interval.high == pytest.approx(values.mean() + 1.96 * error, abs=0.15 * error)
    assert interval.sure


def test_many_masks_on_few_images_tell_no_more_than_the_images() -> None:
    values = [0.0, 1.0, 2.0, 3.0, 5.0, 8.0]
    names = list("abcdef")
    once, often = bootstrap(values, names), bootstrap(values * 50, names * 50)
    assert (once.low, once.high) == pytest.approx((often.low, often.high))


@pytest.mark.parametrize(("images", "sure"), [("aaaaaaaa", False), ("abcdeabc", False), ("abcdefab", True)])
def test_fewer_than_six_images_decide_nothing(images: str, sure: bool) -> None:
    interval = bootstrap([1.0, 2.0] * 4, list(images))
    assert interval.mean == 1.5
    assert interval.sure == sure
    assert (interval.low is None) == (interval.high is None) == (not sure)


def test_nothing_to_resample() -> None:
    with pytest.raises(ArgumentError):
        bootstrap([], [])


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
