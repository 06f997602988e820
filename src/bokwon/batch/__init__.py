"""Many files: matching masks, planning, worker processes, journal, cluster."""

from bokwon.batch.batch import Batch, Task, plan_batch, restore_tasks, restore_tasks_on_cluster
from bokwon.batch.job import Job, Options, Outcome
from bokwon.batch.journal import Entry, Report
from bokwon.batch.mask_matching import MaskFinder, Masks, list_images, masks_of_pages, read_manifest
from bokwon.batch.page_ranges import select_pages
from bokwon.batch.single_file import restore_file

__all__ = [
    "Batch",
    "Entry",
    "Job",
    "MaskFinder",
    "Masks",
    "Options",
    "Outcome",
    "Report",
    "Task",
    "list_images",
    "masks_of_pages",
    "plan_batch",
    "read_manifest",
    "restore_file",
    "restore_tasks",
    "restore_tasks_on_cluster",
    "select_pages",
]
