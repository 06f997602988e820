"""Sources of training masks: folders, manifests, or the generator."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Protocol, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from bokwon.errors import FileAccessError, InputFileError
from bokwon.synthesis.masks.generate import check_mask, make_mask
from bokwon.synthesis.masks.polarity import list_masks, read_mask
from bokwon.training.data.config import DataConfig

__all__ = ["GeneratedHoles", "HoleFiles", "HoleSource", "open_holes", "read_manifest"]

_log = logging.getLogger(__name__)
_MIN_RATIO = 0.005
_TRIES = 200

Hole: TypeAlias = npt.NDArray[np.bool_]


class HoleSource(Protocol):
    """A source of masks."""

    def draw(self, rng: np.random.Generator) -> Hole:
        """Return a mask: bool (S, S), True = hole."""


def open_holes(name: str, config: DataConfig) -> HoleSource:
    """Open the source that an entry of `data.masks` names.

    Args:
        name: A folder of mask files, a manifest, a folder with a manifest, or "generated".
        config: Size, kind and largest ratio.

    Returns:
        The source.

    Raises:
        FileAccessError: If there are no masks.
        InputFileError: If a manifest is damaged or has no mask that is small enough.
        ArgumentError: If generated masks cannot be of this kind.
    """
    if name == "generated":
        return GeneratedHoles(config.crop, config.mask_kind, (config.min_ratio, config.max_ratio))
    path = Path(name)
    manifest = path / "manifest.jsonl" if path.is_dir() else path
    if manifest.is_file():
        paths = read_manifest(manifest, config.max_ratio)
    elif path.suffix == ".jsonl":
        raise FileAccessError(f"the manifest {path} is missing", "give a folder, or the manifest.jsonl of a mask set")
    else:
        paths = list_masks(path)
    return HoleFiles(paths, config.crop, config.max_ratio, config.islands)


def read_manifest(path: Path, max_ratio: float) -> list[Path]:
    """List the masks of a manifest, as `bokwon masks make` and `sort` write it.

    Args:
        path: A file of JSON lines with "file", relative to its folder, and "ratio".
        max_ratio: Masks with larger holes are left out.

    Returns:
        Their files, in the manifest's order.

    Raises:
        InputFileError: If a line is not of this form, or no mask is left.
    """
    files = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            record = json.loads(line)
            if float(record["ratio"]) <= max_ratio:
                files.append(path.parent / record["file"])
        except (ValueError, KeyError, TypeError) as error:
            raise InputFileError(f"{path}, line {number}, describes no mask", "make the set again") from error
    if not files:
        raise InputFileError(f"{path} has no mask with a hole ratio of up to {max_ratio}", "raise data.max_ratio")
    return files


class GeneratedHoles:
    """Masks that are drawn when they are needed.

    Args:
        size: Side, pixels.
        kind: Kind of mask.
        ratio: Half-open interval (low, high] of the hole-to-image area ratio.
    """

    def __init__(self, size: int, kind: str, ratio: tuple[float, float]) -> None:
        self.size, self.kind, self.ratio = (size, size), kind, ratio
        check_mask(self.size, kind, self.ratio, "both")

    def draw(self, rng: np.random.Generator) -> Hole:
        """Draw a mask."""
        return make_mask(rng, self.size, self.kind, self.ratio)


class HoleFiles:
    """Windows of mask files, randomly mirrored and rotated. A file that is not a mask is reported once and left out.

    Args:
        paths: The files, white = hole.
        size: Side, pixels.
        max_ratio: Largest hole-to-image area ratio.
        islands: Share of the masks that get scattered known pixels in their holes.
    """

    def __init__(self, paths: list[Path], size: int, max_ratio: float, islands: float = 0.0) -> None:
        self.paths, self.size, self.max_ratio, self.islands = paths, size, max_ratio, islands
        self._bad: set[int] = set()

    def draw(self, rng: np.random.Generator) -> Hole:
        """Return a window of a random mask."""
        for _ in range(_TRIES):
            index = int(rng.integers(len(self.paths)))
            if index in self._bad:
                continue
            try:
                hole = read_mask(self.paths[index])
            except ValueError as error:
                self._bad.add(index)
                _log.warning("%s is left out: %s", self.paths[index], error)
                continue
            hole = _window(hole, self.size, rng)
            if self.islands and rng.random() < self.islands:
                hole = _leave_islands(hole, rng)
            if _MIN_RATIO < hole.mean() <= self.max_ratio:
                return hole
        raise InputFileError(
            f"no mask with a hole ratio of up to {self.max_ratio} was found in {_TRIES} tries beside {self.paths[0]}",
            "give masks in which white is the hole",
        )


def _leave_islands(hole: Hole, rng: np.random.Generator) -> Hole:
    # From one pixel in two thousand to one in fifty, each grown to a spot of up to 5 pixels.
    seeds = (rng.random(hole.shape) < 10 ** rng.uniform(-3.3, -1.7)).astype(np.uint8)
    side = int(rng.integers(1, 6))
    spots = cv2.dilate(seeds, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    islands = spots > 0
    return np.asarray(hole & ~islands)


def _window(hole: Hole, size: int, rng: np.random.Generator) -> Hole:
    # Masks are cut or repeated by reflection, never resized, and so stay binary.
    hole = np.rot90(hole, int(rng.integers(4)))
    if rng.random() < 0.5:
        hole = hole[:, ::-1]
    short = [(0, max(0, size - length)) for length in hole.shape]
    if any(after for _, after in short):
        hole = np.pad(hole, short, mode="symmetric")
    top = int(rng.integers(hole.shape[0] - size + 1))
    left = int(rng.integers(hole.shape[1] - size + 1))
    return np.ascontiguousarray(hole[top : top + size, left : left + size])
