"""The treatment report: what was done to each leaf of a run, in pictures and words, to be read and printed."""

from bokwon.batch.treatment.leaf import Leaf, read_leaf, save_leaf
from bokwon.batch.treatment.pictures import PageDrawing, PagePictures, Region
from bokwon.batch.treatment.report import REPORT_PAGE, Run, write_report

__all__ = [
    "REPORT_PAGE",
    "Leaf",
    "PageDrawing",
    "PagePictures",
    "Region",
    "Run",
    "read_leaf",
    "save_leaf",
    "write_report",
]
