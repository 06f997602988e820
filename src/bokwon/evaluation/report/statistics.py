"""From figures of single pairs to cells: means, medians, and how sure a difference is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import ArgumentError

__all__ = ["METRICS", "Interval", "Metric", "bootstrap", "resample", "summarise"]

_RESAMPLES = 4000
_SEED = 0
# Of n images that all speak for one side by chance alone, resampling makes a certainty; with six that happens in 3 % of
# all cases, with five already in 6 %.
_FEWEST = 6


@dataclass(frozen=True)
class Metric:
    """A figure of a pair.

    Attributes:
        title: Heading of its column.
        digits: Decimals that are printed.
        higher_is_better: Which way is good.
    """

    title: str
    digits: int
    higher_is_better: bool


METRICS: dict[str, Metric] = {
    "hole_psnr": Metric("PSNR in hole, dB", 2, True),
    "hole_l1": Metric("L1 in hole, %", 2, False),
    "l1": Metric("L1, %", 2, False),
    "psnr": Metric("PSNR, dB", 2, True),
    "ssim": Metric("SSIM", 4, True),
    "vgg": Metric("VGG distance", 4, False),
    "lpips": Metric("LPIPS", 4, False),
}
"""What is averaged, by name in the records."""


@dataclass(frozen=True)
class Interval:
    """A mean and its 95 % bootstrap interval.

    Attributes:
        mean: Mean of the values.
        low: 2.5 % quantile of the resampled means; None where fewer than six groups allow no 95 %.
        high: 97.5 % quantile, or None.
    """

    mean: float
    low: float | None
    high: float | None

    @property
    def sure(self) -> bool:
        """Whether there is an interval and it leaves out zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)

    def record(self) -> dict[str, float | None]:
        """Return what JSON can hold."""
        limits = (None if limit is None else round(limit, 6) for limit in (self.low, self.high))
        return {"mean": round(self.mean, 6), **dict(zip(("low", "high"), limits, strict=True))}


def bootstrap(values: Sequence[float], groups: Sequence[str]) -> Interval:
    """Return the mean of values and its 95 % percentile bootstrap interval.

    Groups are drawn with replacement, not values: two masks on one image tell less than two images. The draws come from
    a fixed seed.

    Args:
        values: One value a pair.
        groups: The pair's image.

    Raises:
        ArgumentError: No value, or the numbers of values and groups differ.

    Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 8 and 13.
    """
    if not values or len(values) != len(groups):
        raise ArgumentError("nothing to resample", "pass one group for each of at least one value")
    table = np.stack([np.asarray(values, np.float64), np.ones(len(values))], axis=1)
    draws = resample(table, groups)
    if draws is None:
        return Interval(float(np.mean(values)), None, None)
    low, high = np.quantile(draws[:, 0] / draws[:, 1], (0.025, 0.975))
    return Interval(float(np.mean(values)), float(low), float(high))


def resample(table: NDArray[np.float64], groups: Sequence[str]) -> NDArray[np.float64] | None:
    """Draw groups with replacement, always in the same way, and add their rows up.

    Args:
        table: (N, C), a row a pair.
        groups: The pair's image, N.

    Returns:
        (4000, C), the sums of every draw; None where there are fewer than six groups, which allow no 95 %.
    """
    _, members = np.unique(np.asarray(groups), return_inverse=True)
    sums = np.stack([np.bincount(members, column) for column in table.T], axis=1)
    if len(sums) < _FEWEST:
        return None
    rng = np.random.default_rng(_SEED)
    # One draw after the other: thousands of images times thousands of resamples would fill the memory.
    return np.stack([sums[rng.integers(len(sums), size=len(sums))].sum(axis=0) for _ in range(_RESAMPLES)])


def summarise(pairs: Sequence[Mapping[str, Any]], methods: Sequence[str]) -> dict[str, Any]:
    """Summarise pairs that every method has been measured on.

    Args:
        pairs: Records with `image` and `methods`, the figures of each method by name.
        methods: Names, in the order of the table.

    Returns:
        `pairs`, their number, and `methods`: for each method and metric `mean`, `median` and `gain`, the difference to
        the best other method (`other`) with its interval, positive where this method is better; and for each method
        the median `seconds` and `cpu_seconds` and the largest `peak_mb` of a pair.
    """
    result: dict[str, Any] = {"pairs": len(pairs), "methods": {}}
    if not pairs:
        return result
    groups = [str(pair["image"]) for pair in pairs]
    for method in methods:
        figures = [pair["methods"][method] for pair in pairs]
        peaks = [figure["peak_mb"] for figure in figures if figure["peak_mb"] is not None]
        result["methods"][method] = {
            "seconds": round(float(np.median([figure["seconds"] for figure in figures])), 4),
            "cpu_seconds": round(float(np.median([figure["cpu_seconds"] for figure in figures])), 4),
            "peak_mb": round(max(peaks), 1) if peaks else None,
        }
    for key, metric in METRICS.items():
        columns = _columns(pairs, methods, key)
        if columns is None:
            continue
        sign = 1.0 if metric.higher_is_better else -1.0
        means = {method: float(values.mean()) for method, values in columns.items()}
        for method, values in columns.items():
            summary: dict[str, Any] = {
                "mean": round(means[method], 6),
                "median": round(float(np.median(values)), 6),
            }
            others = [other for other in methods if other != method]
            if others:
                best = max(others, key=lambda other: sign * means[other])
                gain = bootstrap((sign * (values - columns[best])).tolist(), groups)
                summary["gain"] = {"other": best, **gain.record()}
            result["methods"][method][key] = summary
    return result


def _columns(
    pairs: Sequence[Mapping[str, Any]], methods: Sequence[str], key: str
) -> dict[str, NDArray[np.float64]] | None:
    """Return a metric's values by method; None if it has not been measured on every pair."""
    columns = {}
    for method in methods:
        values = [pair["methods"][method].get(key) for pair in pairs]
        if any(value is None for value in values):
            return None
        columns[method] = np.array(values, np.float64)
    return columns
