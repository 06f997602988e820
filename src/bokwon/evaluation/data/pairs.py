"""Pairs of images and masks, fixed by the seed and the file names, whatever is measured."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import ArgumentError, InputFileError
from bokwon.evaluation.data.crops import SMALLEST, fit_hole, image_sizes, read_image
from bokwon.evaluation.data.mask_cells import check_cell, masks_by_cell, read_or_name
from bokwon.synthesis.masks.bins import CELLS, Cell, cell_of
from bokwon.synthesis.masks.polarity import read_mask
from bokwon.types import Hole
from bokwon.utilities.checksums import key_of, sha256_of, sha256_of_file

__all__ = ["Pair", "Plan", "load_pair", "plan_pairs", "without_folders"]

# Digits of a checksum that a plan keeps: enough to notice that a file has changed.
_DIGITS = 16
_TRIES = 2
"""Masks in a row that an image may fail to take before it is left out of a cell."""


@dataclass(frozen=True)
class Pair:
    """One image with one mask.

    Attributes:
        number: Place in the plan, from 0.
        bin: Hole-ratio bin, 1 to 6.
        border: Whether the hole reaches into the border frame.
        image: File, relative to the folder of images.
        mask: File, relative to the folder of masks.
        image_sha256: Checksum of the image file, first 16 digits.
        mask_sha256: Checksum of the mask file, first 16 digits.
        window: Crop of the image: left, top, width, height, pixels.
        ratio: Hole pixels over all pixels of the crop.
    """

    number: int
    bin: int
    border: bool
    image: str
    mask: str
    image_sha256: str
    mask_sha256: str
    window: tuple[int, int, int, int]
    ratio: float

    @property
    def cell(self) -> Cell:
        """The bin and border class that the mask belongs to."""
        return Cell(self.bin, self.border)

    @property
    def name(self) -> str:
        """Name of the pair's files for other programs: the stem of the image, and a key of image, mask and crop."""
        stem = re.sub(r"[^\w.-]", "_", Path(self.image).stem)
        return f"{stem}-{key_of([self.image_sha256, self.mask_sha256, list(self.window)])[:8]}"

    def record(self) -> dict[str, Any]:
        """Return the values as types that JSON has."""
        return {**asdict(self), "window": list(self.window)}


@dataclass(frozen=True)
class Plan:
    """All pairs, and the problems with images and masks.

    Attributes:
        pairs: In the order of `synthesis.masks.bins.CELLS`.
        problems: What was left out and why, one sentence each.
    """

    pairs: tuple[Pair, ...]
    problems: tuple[str, ...]


def plan_pairs(
    images: Path, masks: Path, *, per_cell: int | None = None, seed: int = 0, cells: Sequence[Cell] = CELLS
) -> Plan:
    """Pair images and masks cell by cell.

    In each cell, masks and images are sorted at random; the order depends only on the seed and on their names. The n-th
    mask is paired with the n-th image, and the images repeat when they run out. A larger `per_cell` only adds pairs. If
    a mask leaves its cell when it is reduced to the size of an image, it is not used. If that happens with two masks in
    a row, the image is too small for the cell, and the next image is taken.

    Args:
        images: Folder of images, searched with all folders below it.
        masks: Folder of masks (white = hole), searched likewise. If it is sorted into folders of cells
            (`01-10/border`), only the needed masks are read.
        per_cell: Pairs a cell, at least 1; all masks by default.
        seed: Seed of the pairing.
        cells: Cells to fill. The pairs of a cell do not depend on the other cells.

    Raises:
        ArgumentError: `per_cell` is less than 1, the masks have the wrong polarity, or there is no pair.
        FileAccessError: A folder is missing or holds no image.
        InputFileError: A mask does not lie in its folder's cell.
    """
    if per_cell is not None and per_cell < 1:
        raise ArgumentError(f"cannot take {per_cell} pairs a cell", "ask for at least 1")
    problems: list[str] = []
    sizes = {}
    for name, size in image_sizes(images, problems).items():
        if min(size) < SMALLEST:
            problems.append(f"image {images / name} is smaller than {SMALLEST} pixels: not used")
        else:
            sizes[name] = size
    pairs: list[Pair] = []
    sorted_masks = masks_by_cell(masks, problems)
    for cell in cells:
        waiting = deque(_shuffled(sizes, f"{seed}/{cell.folder}/image"))
        found = failed = 0
        for mask in _shuffled(sorted_masks[cell], f"{seed}/{cell.folder}/mask"):
            if found == per_cell or not waiting:
                break
            hole = read_or_name(masks / mask, problems)
            if hole is None:
                continue
            check_cell(masks / mask, hole, cell)
            image = waiting[0]
            window, fitted = fit_hole(hole, sizes[image])
            if cell_of(fitted) != cell:
                problems.append(f"mask {mask} reduced to {window[2]}x{window[3]} leaves {cell.folder}: not used")
                failed += 1
                if failed == _TRIES:
                    problems.append(f"image {waiting.popleft()} is too small for the masks of {cell.folder}: not used")
                    failed = 0
                continue
            digests = sha256_of_file(images / image)[:_DIGITS], sha256_of_file(masks / mask)[:_DIGITS]
            ratio = round(float(fitted.mean()), 6)
            pairs.append(Pair(len(pairs), cell.bin, cell.border, image, mask, *digests, window, ratio))
            waiting.rotate(-1)
            found, failed = found + 1, 0
        if found == 0 or (per_cell is not None and found < per_cell):
            wanted = "" if per_cell is None else f" of {per_cell}"
            what = "masks" if waiting else "images that are large enough"
            problems.append(f"cell {cell.folder} has {found}{wanted} pairs: not enough {what}")
    if not pairs:
        raise ArgumentError(f"no image of {images} can be paired with a mask of {masks}", "; ".join(problems[:3]))
    return Plan(tuple(pairs), tuple(without_folders(problem, images, masks) for problem in problems))


def without_folders(text: str, *folders: Path) -> str:
    """Return a message with paths relative to the folders, so that it does not show where they lie."""
    for folder in folders:
        text = text.replace(f"{folder}/", "").replace(str(folder), folder.name)
    return text


def load_pair(pair: Pair, images: Path, masks: Path) -> tuple[NDArray[np.uint8], Hole]:
    """Read a pair's files.

    Returns:
        The truth (H, W, 3), cropped, and the hole (H, W).

    Raises:
        FileAccessError: A file is missing.
        InputFileError: A file is damaged, or has changed since the pairs were planned.
    """
    for path, digest in ((images / pair.image, pair.image_sha256), (masks / pair.mask, pair.mask_sha256)):
        if sha256_of_file(path)[:_DIGITS] != digest:
            raise InputFileError(f"{path} has changed since the pairs were planned", "start a new report")
    image = read_image(images / pair.image)
    try:
        hole = read_mask(masks / pair.mask)
    except ValueError as error:
        raise InputFileError(f"{masks / pair.mask}: {error}", "get an undamaged copy") from error
    left, top, width, height = pair.window
    _, hole = fit_hole(hole, (image.shape[1], image.shape[0]))
    return np.ascontiguousarray(image[top : top + height, left : left + width]), hole


def _shuffled(names: Iterable[str], key: str) -> Sequence[str]:
    # A hash of names instead of random positions: the order survives when files are added or removed, and does
    # not depend on the version of a library.
    return sorted(names, key=lambda name: sha256_of(f"{key}/{name}".encode()))
