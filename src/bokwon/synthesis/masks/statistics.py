"""Figures of hole masks: share, number of holes, thickness, distance from the border; of one set or two compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from bokwon.errors import FileAccessError
from bokwon.synthesis.masks.bins import CELLS, cell_of
from bokwon.synthesis.masks.polarity import Holes, Polarity, find_polarity, list_masks, read_mask
from bokwon.types import Hole
from bokwon.utilities.processes import map_in_processes

__all__ = [
    "ALL",
    "FIGURES",
    "MaskFigures",
    "Sample",
    "collect",
    "measure_folder",
    "measure_mask",
    "overlap",
    "quantiles",
]


@dataclass(frozen=True)
class MaskFigures:
    """The figures of one hole mask. Lengths are in pixels of an image whose shorter side is 512.

    Attributes:
        ratio: Hole pixels over all pixels, in [0, 1].
        components: Number of 8-connected holes.
        thickness: Twice the distance to the nearest known pixel, averaged over the centre lines of the holes.
        widest: Twice the largest such distance: the diameter of the largest disc that fits into a hole.
        edge: Length of the line between hole and known pixels.
        border_distance: Distance of the nearest hole pixel from the image's edge; 0 touches it.
    """

    ratio: float
    components: int
    thickness: float
    widest: float
    edge: float
    border_distance: float


FIGURES: dict[str, str] = {
    "ratio": "hole ratio",
    "components": "number of holes",
    "thickness": "mean thickness [px at 512]",
    "widest": "widest disc [px at 512]",
    "edge": "edge length [px at 512]",
    "border_distance": "border distance [px at 512]",
}

ALL = "all"
"""Name of the sample with every mask of a set, also those outside all bins."""

Sample = Mapping[str, npt.NDArray[np.float64]]


def measure_mask(hole: Hole) -> MaskFigures:
    """Measure one mask.

    Args:
        hole: bool (H, W), True = hole.

    Returns:
        Its figures. An empty mask has lengths of 0, and a border distance of half the shorter side.
    """
    height, width = hole.shape
    scale = 512 / min(height, width)
    area = int(np.count_nonzero(hole))
    if area == 0:
        return MaskFigures(0.0, 0, 0.0, 0.0, 0.0, 256.0)
    mask = hole.astype(np.uint8)
    components = cv2.connectedComponents(mask, connectivity=8)[0] - 1
    # A mask without known pixels has no distance to one. Its shorter side is used instead.
    whole = area == hole.size
    depth = np.full(hole.shape, min(hole.shape) / 2, np.float32) if whole else _depth(mask)
    ridge = hole & (depth >= cv2.dilate(depth, np.ones((3, 3), np.uint8)))
    # The depth of a one pixel wide line is 1 on its pixels: half a pixel is taken off on either side.
    rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
    gap = min(rows[0], columns[0], height - 1 - rows[-1], width - 1 - columns[-1])
    steps = np.count_nonzero(hole[1:] != hole[:-1]) + np.count_nonzero(hole[:, 1:] != hole[:, :-1])
    return MaskFigures(
        ratio=area / hole.size,
        components=components,
        thickness=float(2 * depth[ridge].mean() - 1) * scale,
        widest=float(2 * depth.max() - 1) * scale,
        # Steps along both axes overestimate a line of random direction by 4 / pi.
        edge=steps * np.pi / 4 * scale,
        border_distance=float(gap) * scale,
    )


def _depth(mask: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    # The edge of the image is not an edge of the hole: nothing is known beyond it.
    return np.asarray(cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)


def measure_folder(
    folder: Path,
    holes: Holes = "auto",
    limit: int | None = None,
    jobs: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[dict[str, Sample], Polarity]:
    """Measure the masks of a folder.

    Args:
        folder: Folder of masks, searched with all subfolders.
        holes: The colour of holes: `white`, `black`, or `auto` to find it from all masks.
        limit: Measure at most about this many masks, evenly spread; None measures all.
        jobs: Worker processes.
        progress: Called with the number of finished files and of all files.

    Returns:
        Figures for `ALL` and for each folder of a cell with masks, in the order of `CELLS`; and the polarity.

    Raises:
        FileAccessError: No such folder, or no mask in it.
        ArgumentError: The polarity cannot be found.
    """
    files = list_masks(folder)
    polarity = find_polarity(files, holes, jobs)
    chosen = files if limit is None else files[:: -(-len(files) // max(limit, 1))]
    rows: dict[str, list[MaskFigures]] = {ALL: [], **{cell.folder: [] for cell in CELLS}}
    measured = map_in_processes(partial(_measure_one, polarity.white), chosen, jobs, chunk=32)
    for done, (names, figures) in enumerate(measured, start=1):
        for name in names:
            rows[name].append(figures)
        progress(done, len(chosen))
    if not rows[ALL]:
        raise FileAccessError(f"{folder} holds images, but no mask", "masks are black and white")
    return {name: collect(found) for name, found in rows.items() if found}, polarity


def _measure_one(white: bool, path: Path) -> tuple[tuple[str, ...], MaskFigures]:
    """Return the samples that a file belongs to, none if it is not a mask, and its figures."""
    try:
        mask = read_mask(path)
    except ValueError:
        return (), MaskFigures(0.0, 0, 0.0, 0.0, 0.0, 0.0)
    hole = mask if white else ~mask
    cell = cell_of(hole)
    return (ALL, cell.folder) if cell else (ALL,), measure_mask(hole)


def collect(figures: Iterable[MaskFigures]) -> Sample:
    """Return one array for each figure of many masks.

    Args:
        figures: Figures of the masks of one set.

    Returns:
        Field name of `MaskFigures` -> float64 (masks,).
    """
    rows = [asdict(row) for row in figures]
    return {f.name: np.array([row[f.name] for row in rows], np.float64) for f in fields(MaskFigures)}


def quantiles(sample: Sample, at: tuple[float, ...] = (0.1, 0.5, 0.9)) -> dict[str, list[float]]:
    """Return quantiles of every figure.

    Args:
        sample: Figure name -> values, at least one.
        at: Wanted quantiles, in [0, 1].

    Returns:
        Figure name -> one value per quantile.
    """
    return {name: [float(v) for v in np.quantile(values, at)] for name, values in sample.items()}


def overlap(one: npt.NDArray[np.float64], two: npt.NDArray[np.float64]) -> float:
    """Return the agreement of two distributions: 1 minus the largest difference of their cumulative shares.

    Args:
        one: Values of the first set, (n,).
        two: Values of the second set, (m,).

    Returns:
        1 for equal distributions, 0 for ones that do not meet (1 - the two-sample Kolmogorov-Smirnov statistic).
    """
    points = np.concatenate([one, two])
    shares = [np.searchsorted(np.sort(values), points, side="right") / len(values) for values in (one, two)]
    return 1.0 - float(np.abs(shares[0] - shares[1]).max())
