"""Many files: matching masks, planning, worker processes, journal, cluster."""

from bokwon.batch.batch import restore_tasks, restore_tasks_on_cluster
from bokwon.batch.data_pack import Terms, check_set, pack_set
from bokwon.batch.job import Job, Options, Outcome
from bokwon.batch.journal import Entry, Report
from bokwon.batch.mask_matching import MaskFinder, Masks, list_images, masks_beside, masks_of_pages
from bokwon.batch.mask_table import TableRow, read_table
from bokwon.batch.page_ranges import select_pages
from bokwon.batch.plan import Batch, Task, plan_batch, plan_files
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
    "TableRow",
    "Task",
    "Terms",
    "check_set",
    "list_images",
    "masks_beside",
    "masks_of_pages",
    "pack_set",
    "plan_batch",
    "plan_files",
    "read_table",
    "restore_file",
    "restore_tasks",
    "restore_tasks_on_cluster",
    "select_pages",
]
