"""A folder in, a folder out: what is to be done, in which processes, and what came of it."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from time import perf_counter

import bokwon
from bokwon.batch.cluster import run_on_cluster
from bokwon.batch.job import Job, Options, Outcome, Recipe
from bokwon.batch.journal import Entry, fingerprint
from bokwon.batch.mask_matching import (
    MaskFinder,
    Masks,
    TableRow,
    composed,
    is_mask_of_neighbour,
    list_images,
    read_manifest,
)
from bokwon.batch.single_file import restore_file
from bokwon.errors import ArgumentError, BokwonError, FileAccessError, MissingDependencyError
from bokwon.image_io.decoder_warnings import listen
from bokwon.image_io.output_formats import EXTENSIONS
from bokwon.image_io.reader import Source
from bokwon.inpaint.restorer import Restorer
from bokwon.utilities.checksums import sha256_of, sha256_of_file
from bokwon.utilities.processes import run_in_processes

__all__ = [
    "Batch",
    "Task",
    "plan_batch",
    "restore_tasks",
    "restore_tasks_on_cluster",
    "settings_digest",
    "start_on_node",
    "start_worker",
]

_DIED = "the process that restored it died twice, by a damaged file or for want of memory"
# The usual extension of each format: the first in the table.
_EXTENSION = {name: extension for extension, name in reversed(EXTENSIONS.items())}


@dataclass(frozen=True)
class Task:
    """One file of a batch.

    Attributes:
        name: Its path relative to the input folder.
        output: Its output's path relative to the output folder.
        job: What is to be done; or
        fault: why nothing can be: exit code, what is wrong, what to do.
    """

    name: str
    output: str
    job: Job | None
    fault: tuple[int, str, str] = (0, "", "")


@dataclass(frozen=True)
class Batch:
    """The files of a folder.

    Attributes:
        tasks: What is to be done, in order of name.
        ignored: How many files have no image's name.
        unused: Mask files that belong to no image.
    """

    tasks: tuple[Task, ...]
    ignored: int
    unused: tuple[str, ...]


def plan_batch(
    inputs: Path, outputs: Path, masks: Path | None, options: Options, *, file_format: str | None, recursive: bool
) -> Batch:
    """Find the images of a folder, their masks and their places in the output folder.

    Args:
        inputs: Folder of images.
        outputs: Folder to write to; may lie in the other, and is passed by then.
        masks: Folder of masks laid out like the images, or a manifest; by default masks lie beside their images.
        options: Goes into every job.
        file_format: Format of all outputs; by default each keeps its own.
        recursive: Whether folders in the folder are gone through.

    Raises:
        ArgumentError: Both folders are the same.
        FileAccessError: A folder is missing or cannot be listed.
        InputFileError: The manifest is damaged.
    """
    if outputs.exists() and outputs.samefile(inputs):
        raise ArgumentError("IN_DIR and OUT_DIR are the same folder", "name another one: a batch keeps its originals")
    if masks is not None and not masks.exists():
        raise FileAccessError(
            f"{masks} does not exist", "name a folder of masks, or a CSV file with columns image,mask"
        )
    beside = masks is None or (masks.is_dir() and masks.samefile(inputs))
    mask_folder = masks if masks is not None and masks.is_dir() and not beside else None
    without = [outputs, *([mask_folder] if mask_folder else [])]
    listing = list_images(inputs, recursive=recursive, without=without)
    images = listing.files
    neighbours = {composed(name) for name in images}
    # A folder that cannot be read is a failure like that of a file: it stops no other.
    unlisted = tuple(
        Task(str(name), str(name), None, (error.exit_code, error.message, error.fix))
        for name, error in sorted(listing.unlisted.items())
    )
    if masks is not None and not masks.is_dir():
        manifest = read_manifest(masks)
        strangers = tuple(str(name) for name in sorted(set(manifest) - {composed(name) for name in images}))
        tasks = _tasks(images, inputs, outputs, lambda name: manifest.get(composed(name), {}), options, file_format)
        return Batch(tasks + unlisted, listing.others, strangers)
    if mask_folder is None:
        names = [name for name in images if is_mask_of_neighbour(name, neighbours)]
        images = sorted(set(images) - set(names))
    else:
        of_masks = list_images(mask_folder, recursive=recursive)
        for error in of_masks.unlisted.values():
            # Images would come back unrestored for want of masks that are there.
            raise error
        names = of_masks.files
    base = mask_folder or inputs
    # A mask that lies among the images is none of them, in whatever folder the masks that count lie.
    finder = MaskFinder(names, [name for name in images if not is_mask_of_neighbour(name, neighbours)])

    def find(name: PurePosixPath) -> dict[int, TableRow]:
        return {page: TableRow(base / path) for page, path in finder.of(name).items()}

    tasks = _tasks(images, inputs, outputs, find, options, file_format)
    return Batch(tasks + unlisted, listing.others, tuple(str(name) for name in finder.unused))


def _tasks(
    images: list[PurePosixPath],
    inputs: Path,
    outputs: Path,
    find: Callable[[PurePosixPath], dict[int, TableRow]],
    options: Options,
    file_format: str | None,
) -> tuple[Task, ...]:
    tasks: list[Task] = []
    taken: dict[str, str] = {}
    originals = {_identity(inputs / name): inputs / name for name in images}
    found, faults = _found(images, find)
    used = {_identity(row.mask): row.mask for rows in found.values() for row in rows.values()}
    for name in images:
        keeps = file_format is None or EXTENSIONS[name.suffix.lower()] == file_format
        output = name if keeps else name.with_suffix(_EXTENSION[str(file_format)])
        try:
            # Two names that differ in case only are one file on many systems.
            other = taken.setdefault(str(output).casefold(), str(name))
            if other != str(name):
                raise ArgumentError(f"{name} would be written over the output of {other}", "rename one of them")
            if name in faults:
                raise faults[name]
            rows = found[name]
            pages = {page: Source.of(row.mask) for page, row in rows.items()}
            source = Source.of(inputs / name)
            target = outputs / output
            if target.exists() and (original := originals.get(_identity(target))) is not None:
                raise ArgumentError(f"output {target} is the original {original} itself", "remove the link")
            if target.exists() and (mask := used.get(_identity(target))) is not None:
                raise ArgumentError(f"output {target} is the mask {mask} itself", "name another OUT_DIR")
        except BokwonError as error:
            tasks.append(Task(str(name), str(output), None, (error.exit_code, error.message, error.fix)))
            continue
        masks = Masks(pages.pop(0, None), pages, {page: row.damage for page, row in rows.items() if row.damage})
        tasks.append(Task(str(name), str(output), Job(source, masks, outputs / output, options=options)))
    return tuple(tasks)


def _found(
    images: list[PurePosixPath], find: Callable[[PurePosixPath], dict[int, TableRow]]
) -> tuple[dict[PurePosixPath, dict[int, TableRow]], dict[PurePosixPath, BokwonError]]:
    """Find all masks, before any file is planned: none may be written over for another's sake."""
    found: dict[PurePosixPath, dict[int, TableRow]] = {}
    faults: dict[PurePosixPath, BokwonError] = {}
    for name in images:
        try:
            found[name] = find(name)
        except BokwonError as error:
            faults[name] = error
    return found, faults


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from all others, whatever it is called; None if it is not there."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_dev, state.st_ino


def settings_digest(restorer: Restorer, options: Options, file_format: str | None) -> str:
    """Return a checksum of all that decides what is written, by which `--resume` knows a finished file."""
    parts = (
        restorer.method,
        restorer.sha256,
        restorer.engine.description,
        restorer.letters,
        options.white_is_hole,
        options.pages,
        options.record,
        options.overlay,
        restorer.grain,
        restorer.ink,
        restorer.widen,
        file_format,
        bokwon.__version__,
    )
    return sha256_of(repr(parts).encode())[:16]


def start_worker(recipe: Recipe) -> Callable[[Task], Entry]:
    """Load what fills the holes, and return what restores one file with it: for `run_in_processes`."""
    if not os.environ.get("BOKWON_DEBUG"):
        listen()
    return partial(_restore, recipe.restorer())


def _restore(restorer: Restorer, task: Task) -> Entry:
    begun = perf_counter()
    said: list[tuple[str, str]] = []
    outcome = Outcome(0, 0, 0, 0, 0)
    status, code, error_text, fix = "failed", *task.fault
    sha256 = None
    if task.job is not None and task.job.target is not None:
        try:
            _make_folder(task.job.target.parent)
            outcome = restore_file(task.job, restorer, lambda level, text: said.append((level, text)))
            sha256 = sha256_of_file(task.job.target)
            status = "restored" if outcome.restored else "unchanged" if task.job.masks else "no mask"
        except BokwonError as error:
            code, error_text, fix = error.exit_code, error.message, error.fix
        # A batch goes on, whatever is wrong with one file.
        except Exception as error:
            code, error_text = 15, f"unexpected {type(error).__name__}: {error}"
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
        messages=tuple(said),
        inputs=fingerprint(task.job) if task.job else {},
        sha256=sha256,
    )


def restore_tasks(tasks: Sequence[Task], recipe: Recipe, jobs: int) -> Iterator[Entry]:
    """Restore files in processes of their own; one that fails stops no other.

    Args:
        tasks: What is to be done.
        recipe: What fills the holes.
        jobs: How many processes.

    Yields:
        What came of each, as they are done.
    """
    for task, entry in run_in_processes(partial(start_worker, recipe), tasks, jobs):
        yield entry or _died(task)


def restore_tasks_on_cluster(
    tasks: Sequence[Task], recipe: Recipe, *, address: str | None, jobs: int | None, shared: Sequence[Path]
) -> Iterator[Entry]:
    """Restore files on a Ray cluster; one that fails stops no other.

    Args:
        tasks: What is to be done.
        recipe: What fills the holes.
        address: Of the cluster, see `bokwon.batch.cluster.run_on_cluster`.
        jobs: How many actors; by default as many as the cluster has processors for.
        shared: What every node must see under the same path.

    Yields:
        What came of each, as they are done.

    Raises:
        FileAccessError: There is no cluster, or one of its nodes does not see the files.
        MissingDependencyError: Ray is not installed, or a node has another version of bokwon.
    """
    start = partial(start_on_node, recipe, Path.cwd(), tuple(path.absolute() for path in shared), bokwon.__version__)
    for task, entry in run_on_cluster(start, tasks, address=address, jobs=jobs, threads=recipe.threads or 1):
        yield entry or _died(task)


def start_on_node(recipe: Recipe, folder: Path, shared: Sequence[Path], version: str) -> Callable[[Task], Entry]:
    """Do what `start_worker` does on another machine, after making sure that it sees the same files.

    Args:
        recipe: What fills the holes.
        folder: Where the paths of tasks begin.
        shared: What must be there.
        version: Of bokwon, where the run was begun.

    Raises:
        FileAccessError: The node does not see the files.
        MissingDependencyError: It has another version of bokwon.
    """
    node = platform.node()
    if bokwon.__version__ != version:
        raise MissingDependencyError(
            f"node {node} has bokwon {bokwon.__version__}, and the run is of {version}",
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
    return start_worker(recipe)


def _died(task: Task) -> Entry:
    return Entry(file=task.name, status="failed", code=15, error=_DIED, fix="look at the file by itself")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileAccessError(f"folder {folder} cannot be made: {error.strerror}", "check the path") from error
