"""Sets of masks on disk. They do not depend on the number of processes, and can be resumed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bokwon.errors import ArgumentError
from bokwon.synthesis.masks.bins import CELLS, Cell
from bokwon.synthesis.masks.files import close_set, mask_record, open_set, save_mask, writing_into
from bokwon.synthesis.masks.generate import check_mask, make_mask
from bokwon.types import Hole
from bokwon.utilities.atomic import remove_parts, write_file
from bokwon.utilities.processes import map_in_processes

__all__ = ["PRESETS", "MaskSet", "Preset", "make_set"]


@dataclass(frozen=True)
class Preset:
    """A set of the paper, by size.

    Attributes:
        count: Number of masks.
        stream: Keeps the presets' random numbers apart: no mask of one is in another.
    """

    count: int
    stream: int


PRESETS = {"paper-train": Preset(55_116, 1), "paper-test": Preset(24_866, 2), "paper-bench": Preset(12_000, 3)}


@dataclass(frozen=True)
class MaskSet:
    """The settings of a set of masks: the same values give the same files.

    Attributes:
        count: Number of masks, shared evenly among the cells; the first cells get the remainder.
        size: (H, W) of every mask, pixels.
        kind: Kind of mask, see `bokwon.synthesis.masks.generate.KINDS`.
        cells: Cells to fill.
        seed: Seed of the whole set, 0 or more.
        stream: Stream of random numbers under the seed, 0 or more.
    """

    count: int = 1200
    size: tuple[int, int] = (512, 512)
    kind: str = "occlusion"
    cells: tuple[Cell, ...] = CELLS
    seed: int = 0
    stream: int = 0

    def __post_init__(self) -> None:
        """Check the settings before anything is written."""
        if self.count < 1:
            raise ArgumentError(f"cannot make {self.count} masks", "give a count of at least 1")
        if self.seed < 0:
            raise ArgumentError(f"seed {self.seed} is negative", "give a seed of 0 or more")
        if not self.cells:
            raise ArgumentError("no bin is chosen", "choose at least one bin")
        for cell in self.cells:
            check_mask(self.size, self.kind, cell.ratio, cell.border_class)

    def cell(self, number: int) -> Cell:
        """Return the cell of a mask by its number, from 0. The masks of a cell have consecutive numbers."""
        each, rest = divmod(self.count, len(self.cells))
        longer = rest * (each + 1)
        return self.cells[number // (each + 1) if number < longer else rest + (number - longer) // each]

    def path(self, number: int) -> str:
        """Return the path of a mask, relative to the folder of the set."""
        return f"{self.cell(number).folder}/{number:05d}.png"

    def draw(self, number: int) -> Hole:
        """Draw a mask.

        Args:
            number: Number of the mask, from 0.

        Returns:
            bool (H, W), True = hole.
        """
        cell = self.cell(number)
        rng = np.random.default_rng((self.seed, self.stream, number))
        return make_mask(rng, self.size, self.kind, cell.ratio, cell.border_class)

    def description(self) -> dict[str, Any]:
        """Return the settings as types that JSON has."""
        return {**asdict(self), "size": list(self.size), "cells": [cell.folder for cell in self.cells]}


def make_set(
    out: Path, plan: MaskSet, jobs: int = 1, progress: Callable[[int], None] = lambda done: None
) -> tuple[int, int]:
    """Write a set of masks, or its missing part.

    The folder gets the masks as 1-bit PNG, white = hole; `manifest.jsonl` with one line for each mask, sorted by
    number; and `settings.json`. It holds a file `INCOMPLETE` until everything is written.

    Args:
        out: Folder of the set; made if missing.
        plan: The set.
        jobs: Number of worker processes. The files do not depend on it.
        progress: Called with the number of finished masks.

    Returns:
        The number of masks written now, and of masks kept from an interrupted run.

    Raises:
        OutputExistsError: The folder holds another set, or other files.
        FileAccessError: The folder cannot be written.
    """
    if jobs < 1:
        raise ArgumentError(f"cannot run {jobs} processes", "give -j 1 or more")
    if open_set(out, plan.description()):
        progress(plan.count)
        return 0, plan.count
    records = _finished(out, plan)
    found = len(records)
    progress(found)
    missing = [number for number in range(plan.count) if number not in records]
    with writing_into(out), (out / "manifest.jsonl.part").open("a", encoding="utf-8") as part:
        for record in map_in_processes(partial(_write_mask, out, plan), missing, jobs, chunk=24):
            records[record["number"]] = record
            part.write(json.dumps(record) + "\n")
            part.flush()
            progress(len(records))
    close_set(out, [records[number] for number in sorted(records)])
    return len(missing), found


def _write_mask(out: Path, plan: MaskSet, number: int) -> dict[str, Any]:
    """Draw and write a mask, and return its line of the manifest."""
    hole = plan.draw(number)
    save_mask(out / plan.path(number), hole)
    seed = [plan.seed, plan.stream, number]
    return {"number": number, **mask_record(plan.path(number), hole, plan.cell(number), plan.kind, seed)}


def _finished(out: Path, plan: MaskSet) -> dict[int, dict[str, Any]]:
    """Return the records of an interrupted run whose files exist."""
    part = out / "manifest.jsonl.part"
    records = {}
    for record in _lines(part) if part.exists() else ():
        number = record["number"]
        file = out / plan.path(number)
        if file.exists() and file.stat().st_size:
            records[number] = record
    remove_parts(out)
    # A torn last line would swallow the next record appended to it.
    write_file(part, "".join(json.dumps(record) + "\n" for record in records.values()))
    return records


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            # The line was cut off when the run was killed; that mask is drawn again.
            return
