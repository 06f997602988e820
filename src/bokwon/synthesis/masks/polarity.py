"""Reads mask files, and finds which colour means hole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import cv2
import numpy as np
import numpy.typing as npt

from bokwon.errors import ArgumentError, BokwonError, FileAccessError
from bokwon.image_io.modes import alpha, to_pillow
from bokwon.image_io.reader import Source, read_page
from bokwon.types import Hole
from bokwon.utilities.listing import list_files
from bokwon.utilities.processes import map_in_processes

__all__ = ["Holes", "Polarity", "find_polarity", "list_masks", "read_mask"]

Holes = Literal["white", "black", "auto"]
# Below this the evidence is not sufficient; see `Polarity`.
_CERTAIN = 0.35
_ENOUGH = 1000


@dataclass(frozen=True)
class Polarity:
    """Which colour means hole in all masks of a folder.

    One mask cannot tell: a mask with 55 % holes looks like an inverted one with 45 %. So three values from -1 to 1 are
    averaged over many masks. First, how much more of the outermost ring is black than white: masks rarely cover the
    whole edge. Second, the same for the whole image: most masks hide less than half. Third, into which colour a small
    disc fits better: holes are dilated or painted and have no slivers, while the areas between them have.

    Attributes:
        white: True if white means hole.
        evidence: Mean of the sum of the three values, -3 to 3. Positive means white. 0 if the colour was given.
        doubtful: Files whose own evidence is clearly for the other colour.
    """

    white: bool
    evidence: float
    doubtful: tuple[Path, ...] = ()


def list_masks(folder: Path) -> list[Path]:
    """List the image files in a folder and its subfolders, sorted by path.

    Args:
        folder: The folder.

    Returns:
        The files, at least one.

    Raises:
        FileAccessError: No such folder, or no image file in it.
    """
    return list_files(folder, "mask images")


def read_mask(path: Path) -> npt.NDArray[np.bool_]:
    """Read a mask file and make it binary.

    Args:
        path: The file. For a colour image the luminance is used, for a partly transparent one the opacity.

    Returns:
        bool (H, W), True = white (or opaque).

    Raises:
        ValueError: The file is not an image, or not a mask: more than 5 % of it is neither black nor white.
    """
    try:
        page = read_page(Source.of(path))
    except BokwonError as error:
        raise ValueError(error.message) from error
    samples = page.pixels if page.pixels.dtype != np.uint16 else np.asarray(page.pixels >> 8, np.uint8)
    opacity = alpha(samples, page.mode)
    see_through = opacity is not None and opacity.min() < 128
    gray = np.asarray(opacity if see_through else to_pillow(samples, page.mode).convert("L"))
    between = np.count_nonzero((gray > 64) & (gray < 192)) / gray.size
    if between > 0.05:
        raise ValueError(f"not a mask: {between:.0%} of its pixels are neither black nor white")
    return np.asarray(gray > 127)


def find_polarity(files: Sequence[Path], holes: Holes = "auto", jobs: int = 1) -> Polarity:
    """Find which colour means hole in the masks of a folder.

    Args:
        files: The mask files. At most 1,000 of them, evenly spread, are measured.
        holes: `white` or `black` if it is known, `auto` to find it.
        jobs: Worker processes.

    Returns:
        The polarity.

    Raises:
        ArgumentError: The evidence is not sufficient, or `holes` has an unknown value.
        FileAccessError: None of the files is a mask.
    """
    if holes not in get_args(Holes):
        raise ArgumentError(f"unknown colour of holes {holes!r}", f"choose one of {', '.join(get_args(Holes))}")
    if holes != "auto":
        return Polarity(holes == "white", 0.0)
    looked_at = list(files[:: -(-len(files) // _ENOUGH)])
    found = map_in_processes(_judge, looked_at, jobs, chunk=32)
    masks = [(path, value) for path, value in zip(looked_at, found, strict=True) if value is not None]
    if not masks:
        raise FileAccessError(
            f"none of {len(looked_at)} images is a mask", "masks are black and white, with few gray pixels"
        )
    evidence = float(np.mean([value for _, value in masks]))
    if abs(evidence) < _CERTAIN:
        raise ArgumentError(
            f"cannot tell whether white or black means hole (evidence {evidence:+.2f})",
            "look at a mask and give --holes white or --holes black",
        )
    white = evidence >= 0
    return Polarity(white, evidence, tuple(path for path, value in masks if (value if white else -value) < -0.5))


def _judge(path: Path) -> float | None:
    """The evidence of a file; None if it is not a mask."""
    try:
        return _evidence(read_mask(path))
    except ValueError:
        return None


def _evidence(white: Hole) -> float:
    """Evidence for white = hole in one mask, -3 to 3."""
    ring = np.concatenate([white[:2].ravel(), white[-2:].ravel(), white[:, :2].ravel(), white[:, -2:].ravel()])
    size = max(2 * round(3 * min(white.shape) / 512) + 1, 3)
    disc = np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)
    lost_white, lost_black = (_slivers(colour.astype(np.uint8), disc) for colour in (white, ~white))
    fit = (lost_black - lost_white) / (lost_black + lost_white + 1e-4)
    return float((1 - 2 * ring.mean()) + (1 - 2 * white.mean()) + fit)


def _slivers(colour: npt.NDArray[np.uint8], disc: npt.NDArray[np.uint8]) -> float:
    """Return the share of an area that a disc does not fit into."""
    margin = len(disc)
    padded = cv2.copyMakeBorder(colour, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    reached = np.asarray(cv2.morphologyEx(padded, cv2.MORPH_OPEN, disc), np.uint8)[margin:-margin, margin:-margin]
    area = cv2.countNonZero(colour)
    return 1 - cv2.countNonZero(reached & colour) / area if area else 0.0
