"""Measures fills against undamaged images: pairs, figures, statistics, reading and the report."""

from typing import TYPE_CHECKING

from bokwon.utilities.lazy_names import lazy_names

if TYPE_CHECKING:
    from bokwon.evaluation.job import Order, evaluate, write_pairs
    from bokwon.evaluation.measure import Folders
    from bokwon.evaluation.report import read_results

__all__ = ["Folders", "Order", "evaluate", "read_results", "write_pairs"]

# Worker processes do not load what draws the report, because their memory is measured.
__getattr__ = lazy_names(
    __name__,
    {
        "Folders": "bokwon.evaluation.measure",
        "Order": "bokwon.evaluation.job",
        "evaluate": "bokwon.evaluation.job",
        "read_results": "bokwon.evaluation.report",
        "write_pairs": "bokwon.evaluation.job",
    },
)
