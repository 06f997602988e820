"""Plans the work on many files: which are images, which are their masks, and where the outputs go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bokwon.batch.job import Job, Options
from bokwon.batch.left_files import left_files
from bokwon.batch.mask_matching import (
    MaskFinder,
    Masks,
    expected_names,
    folded,
    is_mask_of_neighbour,
    list_images,
    masks_beside,
)
from bokwon.batch.mask_table import TableRow, read_table
from bokwon.errors import ArgumentError, BokwonError, FileAccessError
from bokwon.image_io.formats import EXTENSIONS, FORMATS
from bokwon.image_io.reader import Source

__all__ = ["Batch", "Task", "check_masks", "plan_batch", "plan_files"]

# The usual extension of each format: the first in the table.
_EXTENSION = {name: extension for extension, name in reversed(EXTENSIONS.items())}


@dataclass(frozen=True)
class Task:
    """One file of a batch.

    Attributes:
        name: Its path relative to the input folder.
        output: Its output's path relative to the output folder.
        job: What to do; None if there is a fault.
        fault: Exit code, what is wrong, and what to do about it; None if there is a job.
    """

    name: str
    output: str
    job: Job | None
    fault: tuple[int, str, str] = (0, "", "")


@dataclass(frozen=True)
class Batch:
    """The files of a folder.

    Attributes:
        tasks: One task for each file, sorted by name.
        left: Files that are not restored, with the reason.
        unused: Mask files that belong to no image.
    """

    tasks: tuple[Task, ...]
    left: tuple[tuple[str, str], ...]
    unused: tuple[str, ...]


def plan_batch(
    inputs: Path,
    outputs: Path,
    masks: Path | None,
    options: Options,
    *,
    file_format: str | None,
    recursive: bool,
    growing: bool = False,
) -> Batch:
    """Find the images of a folder, their masks and their outputs.

    Args:
        inputs: Folder of images.
        outputs: Folder to write to. It may lie inside the input folder, and is then left out.
        masks: Folder of masks with the same subfolders as the images, or a table. By default masks lie beside their
            images.
        options: Options of every job.
        file_format: Format of all outputs; by default each keeps its own.
        recursive: Whether to include subfolders.
        growing: Whether images and masks may still arrive, so that none of them needs to belong together.

    Raises:
        ArgumentError: Both folders are the same, or no mask belongs to an image.
        FileAccessError: A folder is missing or cannot be listed.
        InputFileError: The table is damaged.
    """
    if outputs.exists() and outputs.samefile(inputs):
        raise ArgumentError("IN_DIR and OUT_DIR are the same folder", "name another one: a batch keeps its originals")
    check_masks(masks)
    beside = masks is None or (masks.is_dir() and masks.samefile(inputs))
    mask_folder = masks if masks is not None and masks.is_dir() and not beside else None
    without = [outputs, *([mask_folder] if mask_folder else [])]
    listing = list_images(inputs, recursive=recursive, without=without)
    images = listing.files
    left = left_files(inputs, listing.others)
    neighbours = {folded(name) for name in images}
    # A folder that cannot be read is a failure like that of a file: it stops no other.
    unlisted = tuple(_failed(name, name, error) for name, error in sorted(listing.unlisted.items()))
    if masks is not None and not masks.is_dir():
        table = read_table(masks)
        marked = {_identity(row.mask) for rows in table.values() for row in rows.values()}
        # A mask among the images is not an image.
        images = [name for name in images if folded(name) in table or _identity(inputs / name) not in marked]
        strangers = tuple(str(name) for name in sorted(set(table) - {folded(name) for name in images}))
        tasks = _tasks(images, inputs, outputs, lambda name: table.get(folded(name), {}), options, file_format)
        if not growing:
            _check_any(tasks, masks, inputs, [str(name) for name in table])
        return Batch(tasks + unlisted, left, strangers)
    if mask_folder is None:
        names = [name for name in images if is_mask_of_neighbour(name, neighbours)]
        images = sorted(set(images) - set(names))
    else:
        of_masks = list_images(mask_folder, recursive=recursive)
        for error in of_masks.unlisted.values():
            # Otherwise images would stay unrestored although there are masks.
            raise error
        names = of_masks.files
    base = mask_folder or inputs
    # A mask among the images is not an image, wherever the other masks lie.
    finder = MaskFinder(names, [name for name in images if not is_mask_of_neighbour(name, neighbours)])

    def find(name: PurePosixPath) -> dict[int, TableRow]:
        return {page: TableRow(base / path) for page, path in finder.of(name).items()}

    tasks = _tasks(images, inputs, outputs, find, options, file_format)
    if mask_folder is not None and not growing:
        _check_any(tasks, mask_folder, inputs, [str(name) for name in names])
    return Batch(tasks + unlisted, left, tuple(str(name) for name in finder.unused))


def plan_files(
    files: Sequence[Path], outputs: Path, masks: Path | None, options: Options, *, file_format: str | None
) -> Batch:
    """Find the masks and the outputs of several images.

    Args:
        files: The images. Their masks may be among them, if a wildcard matched both.
        outputs: Folder to write to.
        masks: Folder of masks or a table, see `plan_batch`; by default masks lie beside their images.
        options: Options of every job.
        file_format: Format of all outputs; by default each keeps its own.

    Raises:
        FileAccessError: A folder is missing or cannot be listed.
        InputFileError: The table is damaged.
    """
    check_masks(masks)
    names = [PurePosixPath(path.as_posix()) for path in files]
    neighbours = {folded(name) for name in names}
    images = [name for name in names if not is_mask_of_neighbour(name, neighbours)]
    used: set[str] = set()
    if masks is None:
        known: list[str] = []

        def find(name: PurePosixPath) -> dict[int, TableRow]:
            return _rows(masks_beside(Path(name)))

    elif masks.is_dir():
        of_masks = list_images(masks, recursive=False).files
        finder = MaskFinder(of_masks, [PurePosixPath(name.name) for name in images])
        known = [str(name) for name in of_masks]

        def find(name: PurePosixPath) -> dict[int, TableRow]:
            return {page: TableRow(masks / path) for page, path in finder.of(PurePosixPath(name.name)).items()}

    else:
        table = read_table(masks)
        known = [str(name) for name in table]

        def find(name: PurePosixPath) -> dict[int, TableRow]:
            written = next((key for key in (folded(name), folded(PurePosixPath(name.name))) if key in table), None)
            used.add(str(written))
            return table[written] if written is not None else {}

    tasks = _tasks(images, Path(), outputs, find, options, file_format, flat=True)
    if masks is None:
        return Batch(tasks, (), ())
    _check_any(tasks, masks, None, known)
    if all(task.job is None or task.job.masks for task in tasks):
        # The other masks belong to images that were not chosen.
        return Batch(tasks, (), ())
    unused = map(str, finder.unused) if masks.is_dir() else sorted(set(known) - used)
    return Batch(tasks, (), tuple(unused))


def _rows(masks: Masks) -> dict[int, TableRow]:
    pages = dict(masks.pages) | ({0: masks.whole} if masks.whole else {})
    return {page: TableRow(source.path) for page, source in pages.items() if source.path is not None}


def check_masks(masks: Path | None) -> None:
    """Check that a folder or table of masks exists, if one is named.

    Raises:
        FileAccessError: It is missing.
    """
    if masks is not None and not masks.exists():
        raise FileAccessError(
            f"{masks} does not exist", "name a folder of masks, or a CSV file with columns image,mask"
        )


def _check_any(tasks: Sequence[Task], masks: Path, inputs: Path | None, known: Sequence[str]) -> None:
    """Make sure that the masks that were given belong to an image at all.

    Raises:
        ArgumentError: None of them does.
    """
    if not tasks or any(task.job is None or task.job.masks for task in tasks):
        return
    example = PurePosixPath(tasks[0].name)
    of = "one of the images" if inputs is None else f"an image of {inputs}"
    holds = ", ".join(known[:3]) + (" ..." if len(known) > 3 else "") if known else "nothing"
    if masks.is_dir():
        message, fix = f"no mask in {masks} belongs to {of}", f"name them like the images: {expected_names(example)}"
        raise ArgumentError(f"{message}; it holds {holds}", fix)
    fix = f"its column image must hold names such as {example}"
    raise ArgumentError(f"no line of {masks} belongs to {of}; it names {holds}", fix)


def _tasks(
    images: list[PurePosixPath],
    inputs: Path,
    outputs: Path,
    find: Callable[[PurePosixPath], dict[int, TableRow]],
    options: Options,
    file_format: str | None,
    *,
    flat: bool = False,
) -> tuple[Task, ...]:
    tasks: list[Task] = []
    taken: dict[str, str] = {}
    originals = {_identity(inputs / name): inputs / name for name in images}
    found, faults = _found(images, find)
    used = {_identity(row.mask): row.mask for rows in found.values() for row in rows.values()}
    for name in images:
        placed = PurePosixPath(name.name) if flat else name
        own = EXTENSIONS.get(name.suffix.lower())
        wanted = file_format or ("PNG" if own and FORMATS[own].is_read_only else own)
        output = placed if wanted in (own, None) else placed.with_suffix(_EXTENSION[str(wanted)])
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
            tasks.append(_failed(name, output, error))
            continue
        masks = Masks(pages.pop(0, None), pages, {page: row.damage for page, row in rows.items() if row.damage})
        tasks.append(Task(str(name), str(output), Job(source, masks, outputs / output, options=options)))
    return tuple(tasks)


def _failed(name: PurePosixPath, output: PurePosixPath, error: BokwonError) -> Task:
    return Task(str(name), str(output), None, (error.exit_code, error.message, error.fix))


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
    with suppress(OSError):
        state = path.stat()
        return state.st_dev, state.st_ino
    return None
