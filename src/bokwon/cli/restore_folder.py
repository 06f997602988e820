"""`bokwon restore` on a folder: what it says while it works and at the end."""

from __future__ import annotations

from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from datetime import datetime
from io import StringIO
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

import typer

from bokwon.cli.console import Console
from bokwon.errors import ArgumentError
from bokwon.utilities.translation import translate

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from bokwon.batch.job import Options
    from bokwon.batch.journal import Entry, Shard
    from bokwon.batch.plan import Batch, Task
    from bokwon.cli.restore_iiif import Downloaded
    from bokwon.inpaint.restorer import Restorer
    from bokwon.settings import RestoreSettings

__all__ = ["Workers", "restore_folder", "run_tasks", "say", "without_masks"]

_SOME_FAILED = 4
_MOST_NAMED = 50
"""Files that are left alone and named without being asked."""
_SELDOM = ("undone", "undamaged", "uncertain")
"""Statuses that the table names only if a file has them."""


@dataclass(frozen=True)
class Workers:
    """Who does the work.

    Attributes:
        jobs: How many processes; None on a cluster: as many as it has processors for.
        timeout: Seconds that a file may take.
        on_cluster: Whether on a Ray cluster.
        address: Of the cluster; the one that RAY_ADDRESS names or that runs here by default, else one of this machine.
    """

    jobs: int | None = None
    timeout: float | None = None
    on_cluster: bool = False
    address: str | None = None


def restore_folder(
    inputs: Path | Sequence[Path],
    outputs: Path,
    masks: Path | None,
    *,
    settings: RestoreSettings,
    options: Options,
    file_format: str | None,
    recursive: bool,
    resume: bool,
    workers: Workers,
    console: Console,
    ignore_masks: bool = False,
    treatment: bool = True,
    shard: Shard | None = None,
    downloaded: Downloaded | None = None,
) -> None:
    """Restore the images of a folder, or several images, into another folder.

    With `treatment` a report of it is written for people, `report.html`; with `shard` only a part of the files is done,
    and the report is left to the run that does the rest. Of scans that were `downloaded`, only these are restored.

    Raises:
        typer.Exit: With 4, if some files failed.
        BokwonError: What keeps the whole run from beginning.
    """
    from bokwon.batch.cluster import check_ray
    from bokwon.batch.journal import REPORT, Report
    from bokwon.batch.plan import plan_batch, plan_files
    from bokwon.batch.settings_digest import settings_digest
    from bokwon.batch.treatment.decisions import reviewed
    from bokwon.batch.treatment.report import REPORT_PAGE, Run, write_report
    from bokwon.cli.restore_one import announce_search, introduce
    from bokwon.inpaint.restorer import Restorer
    from bokwon.provenance.unfinished import is_prepared
    from bokwon.utilities.atomic import make_folder, remove_parts
    from bokwon.utilities.processes import available_cores

    if workers.on_cluster:
        check_ray()
    if outputs.exists() and not outputs.is_dir():
        told = f"{inputs} is a folder" if isinstance(inputs, Path) else "there are several images"
        raise ArgumentError(f"{outputs} is a file, but {told}", "name a folder for the outputs")
    if isinstance(inputs, Path):
        batch = plan_batch(inputs, outputs, masks, options, file_format=file_format, recursive=recursive)
        base = inputs
    else:
        batch = plan_files(inputs, outputs, masks, options, file_format=file_format)
        base = Path()
    if downloaded is not None:
        batch = downloaded.of(batch)
    if ignore_masks:
        batch = replace(batch, tasks=tuple(map(without_masks, batch.tasks)))
    if shard is not None:
        batch = replace(batch, tasks=tuple(task for task in batch.tasks if shard.has(task.name)))
    if treatment:
        batch = replace(batch, tasks=tuple(_with_pictures(task, outputs) for task in batch.tasks))
    without = sum(task.job is not None and not task.job.masks for task in batch.tasks)
    if options.find is not None and without:
        images = "1 image has no mask" if without == 1 else f"{without} images have no mask"
        console.tell("summary", f"{images}: {announce_search(options.find)}")
    _announce(batch, base, console)
    # Loaded here once, and let go: a model that cannot be used is an error of the run, not of every file.
    restorer = Restorer(settings, loaded=lambda loaded: introduce(loaded, console))
    if workers.on_cluster:
        restorer = Restorer(restorer.pinned())
    digest = settings_digest(restorer, options, file_format)
    facts = [*(downloaded.facts if downloaded else ()), *_facts(restorer)]
    # The machines of a cluster may not all be of one kind, and what they write shall be the same.
    settings = restorer.settings
    del restorer
    make_folder(outputs)
    begun = perf_counter()
    with Report(outputs, digest, resume=resume, shard=shard) as report:
        # Other shards may be at work: only a run of the whole folder tidies up.
        if resume and shard is None:
            remove_parts(outputs, keep=is_prepared)
        known = {task.name: report.done(task.name, task.job) for task in batch.tasks if task.job}
        finished = {name: entry for name, entry in known.items() if entry is not None}
        if finished:
            undone = sum(entry.status == "undone" for entry in finished.values())
            taken_back = f", {undone} of them undone since" if undone else ""
            console.tell("summary", f"{len(finished)} of {len(batch.tasks)} files were done before{taken_back}")
        waiting = [task for task in batch.tasks if task.name not in finished]
        if settings.threads is None:
            processes = min(workers.jobs or 1, len(waiting) or 1)
            settings = replace(settings, threads=1 if workers.on_cluster else max(1, available_cores() // processes))
        pages = 0
        running = run_tasks(waiting, settings, workers, base, outputs)
        try:
            for count, entry in enumerate(running, 1):
                report.add(entry)
                say(entry, base, console)
                pages += entry.pages
                _show(len(finished) + count, len(batch.tasks), count, pages, perf_counter() - begun, console)
        finally:
            # Ends the workers, also when the run is interrupted; then what they have left of a file can go.
            running.close()
            if shard is None:
                remove_parts(outputs, keep=is_prepared)
        entries = report.finish(tuple(task.name for task in batch.tasks))
        if treatment and shard is None:
            named = inputs if isinstance(inputs, Path) else outputs
            title = downloaded.title if downloaded else named.absolute().name
            decided = reviewed(outputs, entries, finished.keys())
            write_report(outputs, entries, Run(title, datetime.now(), facts, reviewed=decided))
    seconds = perf_counter() - begun
    console.table(_table(entries))
    _tell_found(entries, console)
    per_second = pages / seconds
    rate = f", {per_second:.2f} pages/s" if pages else ""
    shown = outputs / (shard.report if shard else REPORT_PAGE if treatment else REPORT)
    console.tell("summary", f"{_clock(seconds)}{rate}; report in {shown}")
    if any(entry.status == "failed" for entry in entries):
        raise typer.Exit(_SOME_FAILED)


def without_masks(task: Task) -> Task:
    """Return a task whose image has no mask, so that damage is looked for."""
    from bokwon.batch.mask_matching import Masks

    return replace(task, job=replace(task.job, masks=Masks())) if task.job else task


def _with_pictures(task: Task, outputs: Path) -> Task:
    from bokwon.batch.treatment.file_pictures import pictures_folder

    pictures = pictures_folder(outputs, task.output)
    return replace(task, job=replace(task.job, pictures=pictures)) if task.job else task


def _facts(restorer: Restorer) -> list[tuple[tuple[str, str], str]]:
    """Return what the head of the treatment report says of the program and its settings."""
    from bokwon.version import __version__

    used = restorer.used()
    engines = ", ".join(dict.fromkeys(one.engine.description for one in used))
    chosen = restorer.settings.of_pixels()
    named = [f"{one.model.name}, sha256 {one.sha256}" for one in used if one.model is not None]
    rest = ", ".join(f"{name} {value}" for name, value in chosen.items() if name != "method" and value is not None)
    return [
        (("Program", "프로그램"), f"bokwon {__version__}, {engines}"),
        (("Model", "모델") if named else ("Method", "방법"), "; ".join(named) or restorer.settings.method),
        (("Settings", "설정"), rest),
    ]


def run_tasks(
    tasks: list[Task], settings: RestoreSettings, workers: Workers, inputs: Path, outputs: Path
) -> Generator[Entry, None, None]:
    """Restore files in processes of their own, or on a cluster; yield what came of each."""
    from bokwon.batch.batch import restore_tasks, restore_tasks_on_cluster
    from bokwon.batch.journal import REPORT

    if not workers.on_cluster:
        yield from restore_tasks(tasks, settings, workers.jobs or 1, timeout=workers.timeout)
        return
    # The report of this run is there for those who see the very same folder.
    shared = (inputs, outputs / REPORT)
    # Ray prints there, from a thread of its own, whenever an actor dies; the report says what came of it.
    with redirect_stdout(StringIO()):
        yield from restore_tasks_on_cluster(
            tasks, settings, address=workers.address, jobs=workers.jobs, shared=shared, timeout=workers.timeout
        )


def _tell_found(entries: Sequence[Entry], console: Console) -> None:
    from collections import Counter

    from bokwon.batch.found_masks import counted

    filled, left = Counter[str](), Counter[str]()
    for entry in entries:
        filled.update(entry.regions_filled)
        left.update(entry.regions_left)
    if filled or left:
        done = f"filled {counted(filled)}" if filled else "filled nothing"
        rest = f"; left {counted(left)}, see OUT.uncertain.png beside each image" if left else ""
        console.tell("summary", f"of the damage found, bokwon {done}{rest}")


def _announce(batch: Batch, inputs: Path, console: Console) -> None:
    if not batch.tasks:
        console.tell("warning", f"{inputs} holds no images (--recursive looks into its folders)")
    for name, reason in batch.left[:_MOST_NAMED]:
        console.tell("note", f"{name} is left alone: {reason}")
    if rest := batch.left[_MOST_NAMED:]:
        console.tell("note", f"{len(rest)} more files of {inputs} are left alone (-v names them)")
    for name, reason in rest:
        console.tell("detail", f"{name} is left alone: {reason}")
    if batch.unused:
        shown = ", ".join(batch.unused[:3]) + (" …" if len(batch.unused) > 3 else "")
        console.tell("warning", f"{len(batch.unused)} masks belong to no image: {shown}")


def say(entry: Entry, inputs: Path, console: Console) -> None:
    """Say what came of a file."""
    for level, text in entry.messages:
        name = "" if Path(entry.file).name in text else f"{entry.file}: "
        console.tell(level, f"{name}{text}")
    if entry.status == "failed":
        # Most messages name the file already, as it was opened.
        name = "" if str(inputs / entry.file) in entry.error else f"{entry.file}: "
        console.tell("error", f"{name}{entry.error}" + (f"; {entry.fix}" if entry.fix else ""))
    else:
        console.tell("detail", f"{entry.file}: {entry.status}, {entry.tiles} tiles, {entry.seconds:.2f} s")


def _show(done: int, total: int, count: int, pages: int, seconds: float, console: Console) -> None:
    left = _clock((total - done) * seconds / count)
    console.progress(f"{done} of {total} files, {pages / seconds:.2f} pages/s, {left} left", last=done == total)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def _table(entries: Sequence[Entry]) -> list[str]:
    from bokwon.batch.journal import STATUSES

    names = {status: translate(status) for status in (*STATUSES, "total")}
    first = max(10, *(_columns(name) + 1 for name in names.values()))
    heads = zip(("files", "pages", "filled", "tiles", "hole"), (7, 7, 8, 8, 9), strict=True)
    lines = [" " * first + "".join(_padded(translate(head), -width) for head, width in heads)]
    for status, name in names.items():
        rows = [entry for entry in entries if status in (entry.status, "total")]
        if status in _SELDOM and not rows:
            continue
        pixels = sum(entry.pixels for entry in rows)
        share = f"{sum(entry.hole_pixels for entry in rows) / pixels:.2%}" if pixels else "-"
        pages, filled, tiles = (
            sum(getattr(entry, name) for entry in rows) for name in ("pages", "restored_pages", "tiles")
        )
        lines.append(f"{_padded(name, first)}{len(rows):>7}{pages:>7}{filled:>8}{tiles:>8}{share:>9}")
    return lines


def _padded(text: str, width: int) -> str:
    """Pad a text to `width` columns of a terminal; on its left if `width` is negative."""
    space = " " * (abs(width) - _columns(text))
    return space + text if width < 0 else text + space


def _columns(text: str) -> int:
    """Return how many columns of a terminal a text takes; a Korean letter takes two."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)
