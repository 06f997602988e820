"""Means, medians and confidence intervals of cells, from the figures of single pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import ArgumentError, importing

__all__ = ["METRICS", "Interval", "Metric", "crossed_interval", "interval", "summarise"]

_FEWEST = 6
"""Fewest images for an interval. Student's t assumes normal means of images, which fewer images cannot support."""
_QUANTILE = 0.975


@dataclass(frozen=True)
class Metric:
    """A figure of a pair.

    Attributes:
        title: Heading of its column.
        digits: Decimals that are printed.
        higher_is_better: Whether larger values are better.
        ratio: Whether methods are compared by the ratio of their means too.
    """

    title: str
    digits: int
    higher_is_better: bool
    ratio: bool = False


METRICS: dict[str, Metric] = {
    "hole_psnr": Metric("PSNR in hole, dB", 2, True),
    "hole_l1": Metric("L1 in hole, %", 2, False),
    "l1": Metric("L1, %", 2, False),
    "psnr": Metric("PSNR, dB", 2, True),
    "ssim": Metric("SSIM", 4, True),
    "vgg": Metric("VGG distance", 4, False),
    "lpips": Metric("LPIPS", 4, False),
    "st_lpips": Metric("Shift-tolerant LPIPS", 4, False, ratio=True),
}
"""The figures that are averaged, by name in the records."""


@dataclass(frozen=True)
class Interval:
    """A mean, or a ratio of means, and its 95 % confidence interval.

    Attributes:
        mean: The mean or ratio.
        low: Lower limit. None if there is no interval: for fewer than six images, or for a ratio whose denominator may
            be 0.
        high: Upper limit, or None.
    """

    mean: float
    low: float | None
    high: float | None

    @property
    def sure(self) -> bool:
        """Whether there is an interval and it does not contain zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)

    def record(self) -> dict[str, float | None]:
        """Return the values as types that JSON has."""
        limits = (None if limit is None else round(limit, 6) for limit in (self.low, self.high))
        return {"mean": round(self.mean, 6), **dict(zip(("low", "high"), limits, strict=True))}


def interval(values: Sequence[float], groups: Sequence[str], divisors: Sequence[float] | None = None) -> Interval:
    """Return the mean of values, or the ratio of two sums, and its 95 % confidence interval over images.

    The values of one image are added up first, because two masks on one image are not independent. The limits are
    Fieller's with Student's t. If all images have the same number of pairs, these are mean +- t s / sqrt(n) of the
    image means.

    Args:
        values: One value a pair.
        groups: The pair's image.
        divisors: One value for each pair; the result is the sum of values / sum of divisors. By default ones, which
            gives the mean.

    Raises:
        ArgumentError: There are no values, the numbers of values and groups differ, or the sum of the divisors is not
            positive.
        MissingDependencyError: scipy is not installed.

    Source: Fieller, "Some Problems in Interval Estimation", Journal of the Royal Statistical Society B 16, 1954.
    """
    if not values or len(values) != len(groups):
        raise ArgumentError("there are no values to average", "pass one group for each of at least one value")
    _, members = np.unique(np.asarray(groups), return_inverse=True)
    x = np.bincount(members, np.asarray(values, np.float64))
    y = np.bincount(members, None if divisors is None else np.asarray(divisors, np.float64)).astype(np.float64)
    if y.sum() <= 0:
        raise ArgumentError("a ratio to nothing has no interval", "pass divisors with a positive sum")
    ratio = float(x.sum() / y.sum())
    if len(x) < _FEWEST:
        return Interval(ratio, None, None)
    t2 = _student(len(x) - 1) ** 2
    # Covariances of the two means.
    (xx, xy), (_, yy) = np.cov(x, y) / len(x)
    a = y.mean() ** 2 - t2 * yy
    b = x.mean() * y.mean() - t2 * xy
    c = x.mean() ** 2 - t2 * xx
    if a <= 0:
        return Interval(ratio, None, None)
    middle, half = b / a, np.sqrt(max(0.0, b * b - a * c)) / a
    return Interval(ratio, float(middle - half), float(middle + half))


def crossed_interval(values: NDArray[np.float64]) -> Interval:
    """Return the mean of values of every seed on every image, and its 95 % confidence interval over both.

    Seeds and images are random effects: the interval is for other seeds and other images. The variance of the mean is
    (MS_seeds + MS_images - MS_rest) / (seeds x images), but not less than MS_rest / (seeds x images); its degrees of
    freedom are Satterthwaite's.

    Args:
        values: (seeds, images), finite.

    Returns:
        The mean; without limits where there are fewer than two seeds or six images.

    Raises:
        ArgumentError: There is no value.
        MissingDependencyError: scipy is not installed.

    Source: Satterthwaite, "An Approximate Distribution of Estimates of Variance Components", Biometrics Bulletin 2,
        1946; for the crossed design, Searle, Casella, McCulloch, "Variance Components", 1992, chapter 4.
    """
    if values.ndim != 2 or not values.size:
        raise ArgumentError("there are no values to average", "pass at least one seed and one image")
    seeds, images = values.shape
    mean = float(values.mean())
    if seeds < 2 or images < _FEWEST:
        return Interval(mean, None, None)
    by_seed, by_image = values.mean(1), values.mean(0)
    rest = values - by_seed[:, None] - by_image + mean
    # Mean squares and their degrees of freedom.
    squares = {
        1: (images * float(((by_seed - mean) ** 2).sum()) / (seeds - 1), seeds - 1),
        2: (seeds * float(((by_image - mean) ** 2).sum()) / (images - 1), images - 1),
        3: (float((rest**2).sum()) / ((seeds - 1) * (images - 1)), (seeds - 1) * (images - 1)),
    }
    total = squares[1][0] + squares[2][0] - squares[3][0]
    if total <= squares[3][0]:
        total, freedom = squares[3][0], float(squares[3][1])
    else:
        freedom = total**2 / sum(square**2 / degrees for square, degrees in squares.values())
    half = _student(freedom) * (total / values.size) ** 0.5 if total else 0.0
    return Interval(mean, mean - half, mean + half)


def _student(freedom: float) -> float:
    """Return the 97.5 % quantile of Student's t distribution."""
    with importing("intervals need scipy", "pip install 'bokwon[eval]'"):
        from scipy.special import stdtrit
    return float(stdtrit(freedom, _QUANTILE))


def summarise(pairs: Sequence[Mapping[str, Any]], methods: Sequence[str]) -> dict[str, Any]:
    """Summarise pairs that were measured with every method.

    Args:
        pairs: Records with `image` and `methods`, the figures of each method by name.
        methods: Names, in the order of the table.

    Returns:
        `pairs`, their number, and `methods`: for each method and metric `mean`, `median` and `gain`, the difference to
        the best other method (`other`) with its interval, positive where this method is better; of some metrics
        `ratios`, the mean over that of each other method, with its interval; and for each method the median `seconds`
        and `cpu_seconds` and the largest `peak_mb` of a pair, None where they are not known.
    """
    result: dict[str, Any] = {"pairs": len(pairs), "methods": {}}
    if not pairs:
        return result
    groups = [str(pair["image"]) for pair in pairs]
    for method in methods:
        figures = [pair["methods"][method] for pair in pairs]
        # The cost of results from a folder is not known.
        costs = {key: [f[key] for f in figures if f[key] is not None] for key in ("seconds", "cpu_seconds", "peak_mb")}
        result["methods"][method] = {
            "seconds": round(float(np.median(costs["seconds"])), 4) if costs["seconds"] else None,
            "cpu_seconds": round(float(np.median(costs["cpu_seconds"])), 4) if costs["cpu_seconds"] else None,
            "peak_mb": round(max(costs["peak_mb"]), 1) if costs["peak_mb"] else None,
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
                gain = interval((sign * (values - columns[best])).tolist(), groups)
                summary["gain"] = {"other": best, **gain.record()}
            if metric.ratio:
                summary["ratios"] = {
                    other: interval(values.tolist(), groups, columns[other].tolist()).record()
                    for other in others
                    if columns[other].sum() > 0
                }
            result["methods"][method][key] = summary
    return result


def _columns(
    pairs: Sequence[Mapping[str, Any]], methods: Sequence[str], key: str
) -> dict[str, NDArray[np.float64]] | None:
    """Return a metric's values by method; None if it has not been measured on every pair."""
    columns = {method: [pair["methods"][method].get(key) for pair in pairs] for method in methods}
    if any(value is None for values in columns.values() for value in values):
        return None
    return {method: np.array(values, np.float64) for method, values in columns.items()}
