"""`bokwon restore --watch`: images are restored as they arrive in a folder."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bokwon.cli.console import Console
from bokwon.cli.restore_folder import Workers, run_tasks, say, without_masks
from bokwon.errors import ArgumentError

if TYPE_CHECKING:
    from bokwon.batch.job import Options
    from bokwon.batch.journal import Report
    from bokwon.batch.plan import Task
    from bokwon.settings import RestoreSettings

__all__ = ["watch_folder"]

_LOOKS = 4
"""How often the folder is looked at while a file settles."""
_LONGEST = 5.0
"""Seconds between two looks at most."""


def watch_folder(
    inputs: Path,
    outputs: Path,
    masks: Path | None,
    *,
    settings: RestoreSettings,
    options: Options,
    file_format: str | None,
    recursive: bool,
    workers: Workers,
    console: Console,
    settle: float,
    ignore_masks: bool = False,
) -> None:
    """Restore the images of a folder into another one, and then those that arrive, until the process is ended.

    What an earlier run has finished is left out, as with --resume. An image waits for its mask where bokwon does not
    look for damage by itself. A file that failed is tried again once it has changed, or in another run.

    Args:
        inputs: The folder.
        outputs: Where to.
        masks: Folder of masks, or a table; by default masks lie beside their images.
        settings: What fills the holes, and how.
        options: How files are read and written.
        file_format: Format of all outputs; by default each keeps its own.
        recursive: Whether folders in the folder are looked into.
        workers: Who does the work.
        console: What tells how it goes.
        settle: Seconds that a file and its masks must not have changed before they are taken.
        ignore_masks: Whether damage is looked for on images with masks too.

    Raises:
        BokwonError: What keeps the run from beginning or from going on, such as a folder that is gone.
    """
    from bokwon.batch.journal import Report, fingerprint
    from bokwon.batch.plan import plan_batch
    from bokwon.batch.settings_digest import settings_digest
    from bokwon.batch.settling import Settling
    from bokwon.cli.restore_one import announce_search, introduce
    from bokwon.inpaint.restorer import Restorer
    from bokwon.provenance.unfinished import is_prepared
    from bokwon.utilities.atomic import make_folder, remove_parts
    from bokwon.utilities.processes import available_cores

    if outputs.exists() and not outputs.is_dir():
        raise ArgumentError(f"{outputs} is a file, but {inputs} is a folder", "name a folder for the outputs")
    if options.find is not None:
        console.tell("summary", f"images without a mask: {announce_search(options.find)}")
    restorer = Restorer(settings, loaded=lambda loaded: introduce(loaded, console))
    digest = settings_digest(restorer, options, file_format)
    del restorer
    if settings.threads is None:
        settings = replace(settings, threads=max(1, available_cores() // (workers.jobs or 1)))
    make_folder(outputs)
    settling = Settling(settle)
    taken: dict[str, Any] = {}
    with Report(outputs, digest, resume=True) as report:
        remove_parts(outputs, keep=is_prepared)
        console.tell("summary", f"watching {inputs}; Ctrl-C ends it")
        while True:
            batch = plan_batch(
                inputs, outputs, masks, options, file_format=file_format, recursive=recursive, growing=True
            )
            tasks = map(without_masks, batch.tasks) if ignore_masks else batch.tasks
            by_name = {task.name: task for task in tasks if _may_be_taken(task, options)}
            states = {name: fingerprint(task.job) if task.job else task.fault for name, task in by_name.items()}
            ready = [name for name in settling.whole(states, time.monotonic()) if taken.get(name) != states[name]]
            taken |= {name: states[name] for name in ready}
            waiting = [by_name[name] for name in ready if not _is_done(by_name[name], report)]
            running = run_tasks(waiting, settings, workers, inputs, outputs)
            try:
                for entry in running:
                    report.add(entry)
                    say(entry, inputs, console)
                    if entry.status != "failed":
                        console.tell("summary", f"{entry.file}: {entry.status}, {entry.seconds:.1f} s")
            finally:
                running.close()
                if waiting:
                    remove_parts(outputs, keep=is_prepared)
            time.sleep(min(settle / _LOOKS, _LONGEST))


def _may_be_taken(task: Task, options: Options) -> bool:
    return task.job is None or bool(task.job.masks) or options.find is not None


def _is_done(task: Task, report: Report) -> bool:
    return task.job is not None and report.done(task.name, task.job) is not None
