"""Fits the curves in a detector's card: from the score of a region to how often such regions are right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bokwon.detection.kinds import AREAS, KINDS, curve_name
from bokwon.evaluation.detection.figures import RegionVerdict

__all__ = ["fit_calibration", "fit_curve"]

# A kind with fewer regions than this takes the curve of all kinds. Fewer small areas get no curve of their own.
_FEWEST = 40
# Points of a curve at most, and regions behind each at least.
_POINTS, _LEAST = 30, 20


def fit_calibration(verdicts: Sequence[RegionVerdict]) -> dict[str, list[list[float]]]:
    """Fit a curve from score to confidence for every kind, and separate curves for small areas.

    Args:
        verdicts: Regions of a detector without calibration, so that their confidence is their score.

    Returns:
        For each `curve_name`, points (score, confidence), both rising, from score 0 to 1. There is a curve for every
        kind, and one for small areas of a kind if there are enough of them.
    """
    scores = np.array([verdict.confidence for verdict in verdicts])
    right = np.array([verdict.right for verdict in verdicts], float)
    names = np.array([curve_name(verdict.kind, verdict.area) for verdict in verdicts])
    kinds = np.array([verdict.kind for verdict in verdicts])
    curves = {}
    for kind in KINDS:
        # Large regions alone, if there are enough of them; otherwise all regions of the kind.
        here = names == kind
        if here.sum() < _FEWEST:
            here = kinds == kind
        if here.sum() < _FEWEST:
            here[:] = True
        curves[kind] = fit_curve(scores[here], right[here])
        small = names == curve_name(kind, 0)
        if kind in AREAS and small.sum() >= _FEWEST:
            curves[curve_name(kind, 0)] = fit_curve(scores[small], right[small])
    return curves


def fit_curve(scores: NDArray[np.float64], right: NDArray[np.float64]) -> list[list[float]]:
    """Fit a rising curve from score to the share of right regions (isotonic regression).

    The regions are first put into groups of equal size. One wrong region is added to each group, so that a
    few right ones do not give a confidence of 1.

    Args:
        scores: (n,), in [0, 1].
        right: (n,), 1 for right and 0 for wrong.

    Returns:
        Points (score, confidence), from score 0 to 1.

    Source:
        Pool-adjacent-violators: Barlow et al., "Statistical Inference under Order Restrictions", 1972.
    """
    order = np.argsort(scores)
    groups = [group for group in np.array_split(order, min(_POINTS, max(1, len(order) // _LEAST))) if group.size]
    pools: list[list[float]] = []
    for group in groups:
        pools.append([float(right[group].sum()), float(group.size + 1), float(scores[group].mean()), 1])
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            last = pools.pop()
            before = pools.pop()
            number = before[3] + last[3]
            middle = (before[2] * before[3] + last[2] * last[3]) / number
            pools.append([before[0] + last[0], before[1] + last[1], middle, number])
    points = [[round(middle, 4), round(hits / count, 4)] for hits, count, middle, _ in pools]
    if not points:
        return [[0.0, 0.0], [1.0, 1.0]]
    return [[0.0, 0.0], *points, [1.0, points[-1][1]]]
