"""Many files: in which processes they are restored, and what came of each."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter

from bokwon.batch.cluster import run_on_cluster
from bokwon.batch.found_masks import load_detector
from bokwon.batch.job import Job, Outcome
from bokwon.batch.journal import Entry, Status, fingerprint
from bokwon.batch.page_holes import HoleSource
from bokwon.batch.plan import Task
from bokwon.batch.single_file import restore_file
from bokwon.batch.treatment.file_pictures import FilePictures, save_pictures
from bokwon.errors import BokwonError, FileAccessError, MissingDependencyError
from bokwon.image_io.decoder_warnings import listen
from bokwon.inpaint.fill import Progress
from bokwon.inpaint.restorer import Restorer
from bokwon.settings import RestoreSettings
from bokwon.utilities.atomic import make_folder
from bokwon.utilities.checksums import sha256_of_file
from bokwon.utilities.memory import as_bokwon_error
from bokwon.utilities.processes import Lost, run_in_processes
from bokwon.utilities.time_limit import overdue
from bokwon.version import __version__

__all__ = [
    "restore_task",
    "restore_tasks",
    "restore_tasks_on_cluster",
    "start_on_node",
    "start_worker",
]

_DIED = "the process that restored it crashed twice, because of a damaged file or too little memory"
_DIED_FIX = "try the file by itself; if memory is short, lower -j, --threads or --tile"


def start_worker(settings: RestoreSettings) -> Callable[[Task], Entry]:
    """Load what fills the holes, and return what restores one file with it: for `run_in_processes`."""
    if not os.environ.get("BOKWON_DEBUG"):
        listen()
    return partial(restore_task, Restorer(settings))


def restore_task(
    restorer: Restorer, task: Task, *, holes: HoleSource | None = None, progress: Progress | None = None
) -> Entry:
    """Restore one file, and say what came of it, whatever is wrong.

    Args:
        restorer: What fills the holes.
        task: The file.
        holes: Says what is to be filled, in the place of the file's masks.
        progress: Told after each tile.
    """
    begun = perf_counter()
    said: list[tuple[str, str]] = []
    outcome = Outcome(0, 0, 0, 0, 0)
    status: Status = "failed"
    code, error_text, fix = task.fault
    sha256 = None
    # Before the files are read: one that is replaced while it is worked on is not the one that was restored.
    inputs = fingerprint(task.job) if task.job else {}
    if task.job is not None and task.job.target is not None:
        try:
            make_folder(task.job.target.parent)
            wanted = task.job.options.find
            find = None if wanted is None or task.job.masks else load_detector(wanted)
            outcome = restore_file(
                task.job,
                restorer,
                lambda level, text: said.append((level, text)),
                find=find,
                holes=holes,
                progress=progress,
            )
            sha256 = sha256_of_file(task.job.target)
            if task.job.pictures is not None and outcome.pictures:
                _save_pictures(task.job.pictures, FilePictures(sha256, outcome.pages, outcome.pictures), said)
            status = _status(task.job, outcome)
        except Exception as error:  # A batch goes on, whatever is wrong with one file.
            told = as_bokwon_error(task.name, error)
            code, error_text, fix = told.exit_code, told.message, told.fix
    return Entry(
        file=task.name,
        output=task.output if status != "failed" else None,
        status=status,
        code=code,
        error=error_text,
        fix=fix,
        pages=outcome.pages,
        restored_pages=outcome.restored,
        tiles=outcome.tiles,
        hole_pixels=outcome.hole,
        pixels=outcome.pixels,
        seconds=round(perf_counter() - begun, 3),
        mask="found" if outcome.searched else "given" if outcome.readings else "",
        materials=outcome.materials,
        regions_filled=outcome.regions_filled,
        regions_left=outcome.regions_left,
        messages=tuple(said),
        inputs=inputs,
        sha256=sha256,
    )


def _status(job: Job, outcome: Outcome) -> Status:
    """Return the status of a file that has not failed; see `Entry`."""
    if outcome.restored:
        return "restored"
    if outcome.searched:
        return "uncertain" if outcome.uncertain else "undamaged"
    return "unchanged" if job.masks else "no mask"


def _save_pictures(folder: Path, pictures: FilePictures, said: list[tuple[str, str]]) -> None:
    try:
        save_pictures(folder, pictures)
    except FileAccessError as error:
        said.append(("warning", f"the report has no pictures: {error.message}"))


def restore_tasks(
    tasks: Sequence[Task], settings: RestoreSettings, jobs: int, *, timeout: float | None = None
) -> Iterator[Entry]:
    """Restore files in worker processes. A file that fails does not stop the others.

    Args:
        tasks: What is to be done.
        settings: What fills the holes, and how.
        jobs: How many processes.
        timeout: Seconds that a file may take.

    Yields:
        The result of each file, in the order in which they finish.

    Raises:
        BokwonError: No process can be started.
    """
    for task, entry in run_in_processes(partial(start_worker, settings), tasks, jobs, limit=timeout):
        yield _lost(task, entry, timeout) if isinstance(entry, Lost) else entry


def restore_tasks_on_cluster(
    tasks: Sequence[Task],
    settings: RestoreSettings,
    *,
    address: str | None,
    jobs: int | None,
    shared: Sequence[Path],
    timeout: float | None = None,
) -> Iterator[Entry]:
    """Restore files on a Ray cluster. A file that fails does not stop the others.

    Args:
        tasks: What is to be done.
        settings: What fills the holes, and how.
        address: Of the cluster, see `bokwon.batch.cluster.run_on_cluster`.
        jobs: How many actors; by default as many as the cluster has processors for.
        shared: What every node must see under the same path.
        timeout: Seconds that a file may take.

    Yields:
        The result of each file, in the order in which they finish.

    Raises:
        FileAccessError: There is no cluster, or one of its nodes does not see the files.
        MissingDependencyError: Ray is not installed, or a node has another version of bokwon.
    """
    start = partial(start_on_node, settings, Path.cwd(), tuple(path.absolute() for path in shared), __version__)
    threads = settings.threads or 1
    found = run_on_cluster(start, tasks, address=address, jobs=jobs, threads=threads, limit=timeout)
    for task, entry in found:
        yield _lost(task, entry, timeout) if isinstance(entry, Lost) else entry


def start_on_node(
    settings: RestoreSettings, folder: Path, shared: Sequence[Path], version: str
) -> Callable[[Task], Entry]:
    """Do what `start_worker` does on another machine, after making sure that it sees the same files.

    Args:
        settings: What fills the holes, and how.
        folder: Where the paths of tasks begin.
        shared: What must be there.
        version: Of bokwon, where the run was begun.

    Raises:
        FileAccessError: The node does not see the files.
        MissingDependencyError: It has another version of bokwon.
    """
    node = platform.node()
    if __version__ != version:
        raise MissingDependencyError(
            f"node {node} has bokwon {__version__}, but the run was started with {version}",
            f"pip install 'bokwon[cluster]=={version}' there",
        )
    try:
        # The same names as in a local run, in messages and records too.
        os.chdir(folder)
        for path in shared:
            path.stat()
    except OSError as error:
        raise FileAccessError(
            f"node {node} does not see {error.filename}: {error.strerror}",
            "keep images, masks, outputs and models in a folder that all nodes mount at the same place",
        ) from error
    return start_worker(settings)


def _lost(task: Task, why: Lost, timeout: float | None) -> Entry:
    error = BokwonError(_DIED, _DIED_FIX)
    if why is Lost.OVERDUE and timeout is not None:
        error = overdue(task.job.source.name if task.job else task.name, timeout)
    return Entry(file=task.name, status="failed", code=error.exit_code, error=error.message, fix=error.fix)
