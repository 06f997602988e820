"""The treatment report: what was done to each page of a run, in pictures and words, to be read and printed."""

from bokwon.batch.treatment.file_pictures import FilePictures, read_pictures, save_pictures
from bokwon.batch.treatment.pictures import PageDrawing, PagePictures, Region
from bokwon.batch.treatment.report import REPORT_PAGE, Run, write_report

__all__ = [
    "REPORT_PAGE",
    "FilePictures",
    "PageDrawing",
    "PagePictures",
    "Region",
    "Run",
    "read_pictures",
    "save_pictures",
    "write_report",
]
