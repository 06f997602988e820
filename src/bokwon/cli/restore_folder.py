"""`bokwon restore` on a folder: what it says while it works and at the end."""

from __future__ import annotations

from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import typer

from bokwon.cli.console import Voice
from bokwon.errors import ArgumentError, FileAccessError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bokwon.batch.batch import Batch, Task
    from bokwon.batch.job import Options, Recipe
    from bokwon.batch.journal import Entry

__all__ = ["Workers", "restore_folder"]

_SOME_FAILED = 4
_ROWS = ("restored", "undone", "unchanged", "no mask", "failed")


@dataclass(frozen=True)
class Workers:
    """Who does the work.

    Attributes:
        jobs: How many processes; one by default, on a cluster as many as it has processors for.
        on_cluster: Whether on a Ray cluster.
        address: Of the cluster; the one that RAY_ADDRESS names or that runs here by default, else one of this machine.
    """

    jobs: int | None = None
    on_cluster: bool = False
    address: str | None = None


def restore_folder(
    inputs: Path,
    outputs: Path,
    masks: Path | None,
    *,
    recipe: Recipe,
    options: Options,
    file_format: str | None,
    recursive: bool,
    resume: bool,
    workers: Workers,
    voice: Voice,
) -> None:
    """Restore the images of a folder into another.

    Raises:
        typer.Exit: With 4, if some files failed.
        BokwonError: What keeps the whole run from beginning.
    """
    from bokwon.batch.batch import plan_batch, settings_digest
    from bokwon.batch.cluster import check_ray
    from bokwon.batch.journal import Report
    from bokwon.cli.restore_one import introduce
    from bokwon.utilities.atomic import remove_parts
    from bokwon.utilities.processes import available_cores

    if workers.on_cluster:
        check_ray()
    if outputs.exists() and not outputs.is_dir():
        raise ArgumentError(f"{outputs} is a file and {inputs} a folder", "name a folder for the outputs")
    batch = plan_batch(inputs, outputs, masks, options, file_format=file_format, recursive=recursive)
    _announce(batch, inputs, voice)
    if recipe.threads is None:
        threads = 1 if workers.on_cluster else max(1, available_cores() // (workers.jobs or 1))
        recipe = replace(recipe, threads=threads)
    # Loaded here once, and let go: a model that cannot be used is an error of the run, not of every file.
    restorer = recipe.restorer()
    introduce(restorer, voice)
    settings = settings_digest(restorer, options, file_format)
    # The machines of a cluster may not all be of one kind, and what they write shall be the same.
    recipe = replace(recipe, precision=restorer.precision)
    del restorer
    try:
        outputs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileAccessError(f"folder {outputs} cannot be made: {error.strerror}", "check the path") from error
    begun = perf_counter()
    with Report(outputs, settings, resume=resume) as report:
        if resume:
            remove_parts(outputs)
        known = {task.name: report.done(task.name, task.job) for task in batch.tasks if task.job}
        finished = {name: entry for name, entry in known.items() if entry is not None}
        if finished:
            undone = sum(entry.status == "undone" for entry in finished.values())
            taken_back = f", {undone} of them taken back since" if undone else ""
            voice.tell("summary", f"{len(finished)} of {len(batch.tasks)} files were done before{taken_back}")
        waiting = [task for task in batch.tasks if task.name not in finished]
        pages = 0
        for count, entry in enumerate(_run(waiting, recipe, workers, inputs, outputs), 1):
            report.add(entry)
            _say(entry, inputs, voice)
            pages += entry.pages
            _show(len(finished) + count, len(batch.tasks), count, pages, perf_counter() - begun, voice)
        # What a process that died in the middle of a file has left of it.
        remove_parts(outputs)
        entries = report.finish(tuple(task.name for task in batch.tasks))
    seconds = perf_counter() - begun
    voice.table(_table(entries))
    rate = f", {pages / seconds:.2f} pages/s" if pages else ""
    voice.tell("summary", f"{_clock(seconds)}{rate}; report in {outputs / 'report.jsonl'}")
    if any(entry.status == "failed" for entry in entries):
        raise typer.Exit(_SOME_FAILED)


def _run(tasks: list[Task], recipe: Recipe, workers: Workers, inputs: Path, outputs: Path) -> Iterator[Entry]:
    from bokwon.batch.batch import restore_tasks, restore_tasks_on_cluster
    from bokwon.batch.journal import REPORT

    if not workers.on_cluster:
        yield from restore_tasks(tasks, recipe, workers.jobs or 1)
        return
    # The report of this run is there for those who see the very same folder.
    shared = (inputs, outputs / REPORT)
    # Ray prints there, from a thread of its own, whenever an actor dies; the report says what came of it.
    with redirect_stdout(StringIO()):
        yield from restore_tasks_on_cluster(tasks, recipe, address=workers.address, jobs=workers.jobs, shared=shared)


def _announce(batch: Batch, inputs: Path, voice: Voice) -> None:
    if not batch.tasks:
        voice.tell("warning", f"{inputs} holds no images (--recursive looks into its folders)")
    if batch.ignored:
        voice.tell("note", f"{batch.ignored} files of {inputs} have no image's name and are left alone")
    if batch.unused:
        shown = ", ".join(batch.unused[:3]) + (" …" if len(batch.unused) > 3 else "")
        voice.tell("warning", f"{len(batch.unused)} masks belong to no image: {shown}")


def _say(entry: Entry, inputs: Path, voice: Voice) -> None:
    for level, text in entry.messages:
        name = "" if Path(entry.file).name in text else f"{entry.file}: "
        voice.tell(level, f"{name}{text}")
    if entry.status == "failed":
        # Most messages name the file already, as it was opened.
        name = "" if str(inputs / entry.file) in entry.error else f"{entry.file}: "
        voice.tell("error", f"{name}{entry.error}" + (f"; {entry.fix}" if entry.fix else ""))
    else:
        voice.tell("detail", f"{entry.file}: {entry.status}, {entry.tiles} tiles, {entry.seconds:.2f} s")


def _show(done: int, total: int, count: int, pages: int, seconds: float, voice: Voice) -> None:
    left = _clock((total - done) * seconds / count)
    voice.progress(f"{done} of {total} files, {pages / seconds:.2f} pages/s, {left} left", last=done == total)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def _table(entries: Sequence[Entry]) -> list[str]:
    lines = [f"{'':10}{'files':>7}{'pages':>7}{'filled':>8}{'tiles':>8}{'hole':>9}"]
    for status in (*_ROWS, "total"):
        rows = [entry for entry in entries if status in (entry.status, "total")]
        if status == "undone" and not rows:
            continue
        pixels = sum(entry.pixels for entry in rows)
        share = f"{sum(entry.hole_pixels for entry in rows) / pixels:.2%}" if pixels else "-"
        pages, filled, tiles = (
            sum(getattr(entry, name) for entry in rows) for name in ("pages", "restored_pages", "tiles")
        )
        lines.append(f"{status:10}{len(rows):>7}{pages:>7}{filled:>8}{tiles:>8}{share:>9}")
    return lines
