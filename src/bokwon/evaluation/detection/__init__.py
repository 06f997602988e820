"""Measures the damage detector on sound pages, on synthetic damage and on pages with marked zones."""

from bokwon.evaluation.detection.calibration import fit_calibration, fit_curve
from bokwon.evaluation.detection.figures import (
    GROUPS,
    Counts,
    RegionVerdict,
    count_pixels,
    find_ink,
    judge_regions,
    polygon_mask,
)
from bokwon.evaluation.detection.job import DetectionOrder, measure_detector

__all__ = [
    "GROUPS",
    "Counts",
    "DetectionOrder",
    "RegionVerdict",
    "count_pixels",
    "find_ink",
    "fit_calibration",
    "fit_curve",
    "judge_regions",
    "measure_detector",
    "polygon_mask",
]
