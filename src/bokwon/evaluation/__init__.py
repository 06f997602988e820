"""Measures fills against undamaged images: pairs, figures, statistics, reading and the report."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bokwon.evaluation.job import Order, evaluate, write_pairs
    from bokwon.evaluation.measure import Folders
    from bokwon.evaluation.report import read_results

__all__ = ["Folders", "Order", "evaluate", "read_results", "write_pairs"]

_MODULES = {
    "Folders": "bokwon.evaluation.measure",
    "Order": "bokwon.evaluation.job",
    "evaluate": "bokwon.evaluation.job",
    "read_results": "bokwon.evaluation.report",
    "write_pairs": "bokwon.evaluation.job",
}


def __getattr__(name: str) -> Any:
    # Worker processes do not load what draws the report, because their memory is measured.
    if name in _MODULES:
        return getattr(importlib.import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
