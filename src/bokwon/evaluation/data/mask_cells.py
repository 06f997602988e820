"""Sorts masks into cells; reports masks of the wrong polarity or in the wrong folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bokwon.errors import ArgumentError, BokwonError, InputFileError
from bokwon.image_io.masks import is_large
from bokwon.synthesis.masks.bins import CELLS, Cell, cell_of
from bokwon.synthesis.masks.polarity import find_polarity, list_masks, read_mask
from bokwon.types import Hole

__all__ = ["check_cell", "masks_by_cell", "read_or_name"]


def masks_by_cell(masks: Path, problems: list[str]) -> dict[Cell, list[str]]:
    """Sort the masks of a folder into cells, by its subfolders (`01-10/border`) or by measuring the masks.

    Args:
        masks: The folder.
        problems: Receives a sentence for each mask that cannot be used.

    Returns:
        Names in the folder, by cell.

    Raises:
        ArgumentError: The masks are black where pixels are missing.
    """
    files = [path.relative_to(masks).as_posix() for path in list_masks(masks)]
    sorted_files: dict[Cell, list[str]] = {cell: [] for cell in CELLS}
    folders = {cell.folder: cell for cell in CELLS}
    rest = []
    for file in files:
        cell = folders.get("/".join(file.split("/")[-3:-1]))
        if cell is None:
            rest.append(file)
        else:
            sorted_files[cell].append(file)
    if rest:
        _check_polarity(masks, [masks / file for file in rest], problems)
    for file in rest:
        hole = read_or_name(masks / file, problems)
        cell = None if hole is None else cell_of(hole)
        if cell is not None:
            sorted_files[cell].append(file)
        elif hole is not None:
            problems.append(f"mask {masks / file} {_fault(hole)}: not used")
    return sorted_files


def _check_polarity(folder: Path, files: Sequence[Path], problems: list[str]) -> None:
    try:
        polarity = find_polarity(files)
    except ArgumentError:
        problems.append(f"nothing tells whether white or black means hole in {folder}: white was taken")
        return
    if not polarity.white:
        fix = "turn them first: `bokwon masks sort` does"
        raise ArgumentError(f"the masks of {folder} are black where pixels are missing, such as {files[0]}", fix)


def read_or_name(path: Path, problems: list[str]) -> Hole | None:
    """Read a mask. If it cannot be used, add a problem and return None."""
    try:
        return read_mask(path)
    except (ValueError, BokwonError) as error:
        problem = f"mask {path} cannot be used: {error}"
        if problem not in problems:
            problems.append(problem)
        return None


def check_cell(path: Path, hole: Hole, cell: Cell) -> None:
    """Check that a mask belongs to the cell of its folder.

    Raises:
        InputFileError: It does not, perhaps because it is inverted.
    """
    found = cell_of(hole)
    if found == cell:
        return
    where = _fault(hole) if found is None else f"belongs to {found.folder}"
    fix = "masks must be white where pixels are missing; `bokwon masks sort` sorts a folder and turns it"
    raise InputFileError(f"mask {path} lies in {cell.folder} and {where}", fix)


def _fault(hole: Hole) -> str:
    inverted = ", as a mask of the other polarity" if is_large(hole) else ""
    return f"is hole by {hole.mean():.1%}{inverted}, which is no bin (1 to 60 %)"
