"""Which image meets which mask: fixed by the seed and the files' names, and the same whatever is measured."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bokwon.errors import ArgumentError, BokwonError, FileAccessError, InputFileError
from bokwon.imaging.files import Source, read_page
from bokwon.imaging.holes import Hole, looks_inverted
from bokwon.imaging.pixels import alpha, to_pillow
from bokwon.synthesis.catalog import CELLS, Cell, cell_of
from bokwon.synthesis.mask_reading import find_polarity, list_masks, read_mask

__all__ = [
    "Pair",
    "Plan",
    "fit_hole",
    "list_images",
    "load_pair",
    "plan_pairs",
    "read_image",
    "window_of",
    "without_folders",
]

_SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp"}


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
        """The cell of the catalog."""
        return Cell(self.bin, self.border)

    def record(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {**asdict(self), "window": list(self.window)}


@dataclass(frozen=True)
class Plan:
    """All pairs, and what could not be paired.

    Attributes:
        pairs: In the catalog's order of cells.
        problems: What was left out and why, one sentence each.
    """

    pairs: tuple[Pair, ...]
    problems: tuple[str, ...]


def plan_pairs(images: Path, masks: Path, *, per_cell: int | None = None, seed: int = 0) -> Plan:
    """Pair images and masks cell by cell.

    In each cell masks and images are put into an order that depends on the seed and on their names alone; the n-th mask
    meets the n-th image, the images from the start again when they run out. A larger `per_cell` only adds pairs.

    Args:
        images: Folder of images, searched with all folders below it.
        masks: Folder of masks (white = hole), searched likewise; where it is sorted into the catalog's folders
            (`01-10/border`), only the masks that are needed are read.
        per_cell: Pairs a cell, at least 1; all masks by default.
        seed: Seed of the pairing.

    Raises:
        ArgumentError: `per_cell` is less than 1; masks of the wrong polarity; not a single pair.
        FileAccessError: A folder is missing or holds no image.
        InputFileError: A mask does not lie in its folder's cell.
    """
    if per_cell is not None and per_cell < 1:
        raise ArgumentError(f"cannot take {per_cell} pairs a cell", "ask for at least 1")
    problems: list[str] = []
    sizes = _sizes(images, problems)
    pairs: list[Pair] = []
    for cell, files in _sort_masks(masks, problems).items():
        ordered = _shuffled(sizes, f"{seed}/{cell.folder}/image")
        found = 0
        for mask in _shuffled(files, f"{seed}/{cell.folder}/mask"):
            if found == per_cell:
                break
            image = ordered[found % len(ordered)]
            hole = _read_mask(masks / mask, problems)
            if hole is None:
                continue
            _check_cell(masks / mask, hole, cell)
            window, fitted = fit_hole(hole, sizes[image])
            if cell_of(fitted) != cell:
                problems.append(f"mask {mask} reduced to {window[2]}x{window[3]} leaves {cell.folder}: not used")
                continue
            digests = _digest(images / image), _digest(masks / mask)
            ratio = round(float(fitted.mean()), 6)
            pairs.append(Pair(len(pairs), cell.bin, cell.border, image, mask, *digests, window, ratio))
            found += 1
        if found == 0 or (per_cell is not None and found < per_cell):
            wanted = "" if per_cell is None else f" of {per_cell}"
            problems.append(f"cell {cell.folder} has {found}{wanted} pairs: not enough masks")
    if not pairs:
        raise ArgumentError(f"no image of {images} can be paired with a mask of {masks}", "; ".join(problems[:3]))
    return Plan(tuple(pairs), tuple(without_folders(problem, images, masks) for problem in problems))


def without_folders(text: str, *folders: Path) -> str:
    """Return a message with files named from their folder on, as a report that travels should have them."""
    for folder in folders:
        text = text.replace(f"{folder}/", "").replace(str(folder), folder.name)
    return text


def list_images(folder: Path) -> list[Path]:
    """Return the image files of a folder and of all below it, in the order of their names.

    Raises:
        FileAccessError: It is no folder, or holds no image file.
    """
    if not folder.is_dir():
        raise FileAccessError(f"{folder} is no folder", "name a folder of undamaged images")
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in _SUFFIXES and not p.name.startswith("."))
    # Sets of rendered pages keep masks of their ink beside the pages.
    files = [path for path in files if path.relative_to(folder).parts[0] != "ink"]
    if not files:
        raise FileAccessError(f"{folder} holds no image file", f"images may be {', '.join(sorted(_SUFFIXES))}")
    return files


def window_of(size: tuple[int, int], shape: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the crop of an image that meets a mask.

    Args:
        size: Width and height of the image.
        shape: Height and width of the mask.

    Returns:
        Left, top, width, height: the mask's size from the middle of the image; of a smaller image the largest centred
        crop of the mask's proportions, which for a square mask is a square.
    """
    (width, height), (mask_height, mask_width) = size, shape
    # Fractions of integers, so that a square mask gives a square exactly.
    if width < mask_width or height < mask_height:
        if width * mask_height <= height * mask_width:
            crop_width, crop_height = width, max(1, round(width * mask_height / mask_width))
        else:
            crop_width, crop_height = max(1, round(height * mask_width / mask_height)), height
    else:
        crop_width, crop_height = mask_width, mask_height
    return (width - crop_width) // 2, (height - crop_height) // 2, crop_width, crop_height


def fit_hole(hole: Hole, size: tuple[int, int]) -> tuple[tuple[int, int, int, int], Hole]:
    """Fit a mask to an image.

    Args:
        hole: (H, W).
        size: Width and height of the image.

    Returns:
        The crop of the image, and the mask of the crop's size, reduced by nearest neighbour where it is larger.
    """
    window = window_of(size, (hole.shape[0], hole.shape[1]))
    _, _, width, height = window
    if (height, width) == hole.shape:
        return window, hole
    reduced = cv2.resize(hole.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    return window, reduced.astype(bool)


def read_image(path: Path) -> NDArray[np.uint8]:
    """Read an image as 8-bit RGB.

    Returns:
        (H, W, 3).

    Raises:
        FileAccessError: It cannot be opened.
        InputFileError: It is damaged, no image, or transparent in places.
    """
    page = read_page(Source.of(path))
    pixels = page.pixels if page.pixels.dtype != np.uint16 else np.asarray(page.pixels >> 8, np.uint8)
    opacity = alpha(pixels, page.mode)
    if opacity is not None and opacity.min() < 255:
        raise InputFileError(f"{path} is transparent in places", "flatten it: a truth must be whole")
    return np.array(to_pillow(pixels, page.mode).convert("RGB"))


def load_pair(pair: Pair, images: Path, masks: Path) -> tuple[NDArray[np.uint8], Hole]:
    """Read a pair's files.

    Returns:
        The truth (H, W, 3), cropped, and the hole (H, W).

    Raises:
        FileAccessError: A file is missing.
        InputFileError: A file is damaged, or another than when the pairs were planned.
    """
    for path, digest in ((images / pair.image, pair.image_sha256), (masks / pair.mask, pair.mask_sha256)):
        if _digest(path) != digest:
            raise InputFileError(f"{path} has changed since the pairs were planned", "start a new report")
    image = read_image(images / pair.image)
    try:
        hole = read_mask(masks / pair.mask)
    except ValueError as error:
        raise InputFileError(f"{masks / pair.mask}: {error}", "get an undamaged copy") from error
    left, top, width, height = pair.window
    _, hole = fit_hole(hole, (image.shape[1], image.shape[0]))
    return np.ascontiguousarray(image[top : top + height, left : left + width]), hole


def _sizes(images: Path, problems: list[str]) -> dict[str, tuple[int, int]]:
    sizes = {}
    for path in list_images(images):
        try:
            with Image.open(path) as image:
                sizes[path.relative_to(images).as_posix()] = image.size
        # Decoders meet damage with whatever exception their parsing happens to hit.
        except Exception as error:
            problems.append(f"image {path} cannot be read: {error}")
    if not sizes:
        raise FileAccessError(f"no image of {images} can be read", "; ".join(problems[:3]))
    return sizes


def _sort_masks(masks: Path, problems: list[str]) -> dict[Cell, list[str]]:
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
        hole = _read_mask(masks / file, problems)
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


def _read_mask(path: Path, problems: list[str]) -> Hole | None:
    try:
        return read_mask(path)
    except (ValueError, BokwonError) as error:
        problem = f"mask {path} cannot be used: {error}"
        if problem not in problems:
            problems.append(problem)
        return None


def _check_cell(path: Path, hole: Hole, cell: Cell) -> None:
    found = cell_of(hole)
    if found == cell:
        return
    where = _fault(hole) if found is None else f"belongs to {found.folder}"
    fix = "masks must be white where pixels are missing; `bokwon masks sort` sorts a folder and turns it"
    raise InputFileError(f"mask {path} lies in {cell.folder} and {where}", fix)


def _fault(hole: Hole) -> str:
    inverted = ", as a mask of the other polarity" if looks_inverted(hole) else ""
    return f"is hole by {hole.mean():.1%}{inverted}, which is no bin (1 to 60 %)"


def _shuffled(names: Iterable[str], key: str) -> Sequence[str]:
    # A hash, and not a random generator over positions: the order of names survives files that come and go, and does
    # not depend on any library's version.
    return sorted(names, key=lambda name: hashlib.sha256(f"{key}/{name}".encode()).digest())


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise FileAccessError(f"{path} cannot be read: {error.strerror or error}", "check the file") from error
