"""Sorts any folder of masks into bins."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bokwon.errors import FileAccessError, OutputExistsError
from bokwon.synthesis.masks.bins import cell_of
from bokwon.synthesis.masks.files import close_set, mask_record, open_set, save_mask, writing_into
from bokwon.synthesis.masks.polarity import Holes, Polarity, find_polarity, list_masks, read_mask
from bokwon.utilities.atomic import write_file
from bokwon.utilities.processes import map_in_processes

__all__ = ["Sorting", "sort_masks"]


@dataclass(frozen=True)
class Sorting:
    """The result of sorting a folder of masks.

    Attributes:
        polarity: Which colour meant hole, with the evidence.
        cells: Number of masks for each folder of a cell.
        unused: Reason for each file, relative to the source, that could not be used.
    """

    polarity: Polarity
    cells: dict[str, int]
    unused: dict[str, str]


def sort_masks(
    source: Path,
    out: Path,
    holes: Holes = "auto",
    jobs: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Sorting:
    """Sort the usable masks of a folder into cells, as 1-bit PNG with white = hole.

    `out` has the layout of `make_set`. The manifest names the source of each mask, and `unused.jsonl` the files that
    were left out.

    Args:
        source: Folder of masks, searched with all folders below it.
        out: Folder of the set; made if missing.
        holes: The colour of holes: `white`, `black`, or `auto` to find it from all masks.
        jobs: Worker processes.
        progress: Called with the number of finished files and of all files.

    Returns:
        The result.

    Raises:
        FileAccessError: The source holds no image, or the output cannot be written.
        OutputExistsError: The output holds another set, or other files.
        ArgumentError: The polarity cannot be found.
    """
    files = [path for path in list_masks(source) if out.resolve() not in path.resolve().parents]
    if not files:
        raise FileAccessError(f"{source} holds no image file besides those of {out}", "name a folder of mask images")
    polarity = find_polarity(files, holes, jobs)
    origin = {"sorted_from": str(source), "holes": "white" if polarity.white else "black"}
    if open_set(out, origin):
        raise OutputExistsError(f"{out} already holds these masks, sorted", "use it, or remove it to sort again")
    sort = partial(_sort_one, source, out, polarity.white)
    unused: dict[str, str] = {}
    records: list[dict[str, Any]] = []
    with writing_into(out):
        results = map_in_processes(sort, list(enumerate(files)), jobs, chunk=32)
        for done, (name, record) in enumerate(results, start=1):
            if isinstance(record, str):
                unused[name] = record
            else:
                records.append(record)
            progress(done, len(files))
        lines = "".join(json.dumps({"file": name, "reason": unused[name]}) + "\n" for name in sorted(unused))
        write_file(out / "unused.jsonl", lines)
    close_set(out, records)
    cells = Counter(str(Path(record["file"]).parent) for record in records)
    return Sorting(polarity, dict(sorted(cells.items())), unused)


def _sort_one(source: Path, out: Path, white: bool, numbered: tuple[int, Path]) -> tuple[str, dict[str, Any] | str]:
    """Write a mask into its cell; return its name, and its line of the manifest or why it has no cell."""
    number, path = numbered
    name = path.relative_to(source).as_posix()
    try:
        mask = read_mask(path)
    except ValueError as error:
        return name, str(error)
    hole = mask if white else ~mask
    cell = cell_of(hole)
    if cell is None:
        return name, f"hole ratio {hole.mean():.4f} lies in no bin, (0.01, 0.6]"
    file = f"{cell.folder}/{number:05d}.png"
    save_mask(out / file, hole)
    return name, {**mask_record(file, hole, cell, "sorted", None), "number": number, "source": name}
