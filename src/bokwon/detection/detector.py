"""The Python interface: an image in, its damage out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bokwon.detection.bed import SEEN_THROUGH, find_bed, holes_to_the_bed
from bokwon.detection.kinds import KINDS, LINES, choose_kinds
from bokwon.detection.network import DetectionNetwork, Probabilities
from bokwon.detection.outline import torn_edges
from bokwon.detection.refine import grow_mask, refine_mask
from bokwon.detection.regions import Piece, find_pieces
from bokwon.errors import ArgumentError
from bokwon.image_io.modes import from_pillow, mode_of_array
from bokwon.inpaint.colour import eight_bits, samples_to_light
from bokwon.inpaint.material import classify
from bokwon.settings import DETECTION_GROW, DETECTION_THRESHOLD, DETECTOR
from bokwon.types import Hole, Pixels

__all__ = ["MOST_GROWN", "Damage", "Detector", "Region", "as_gray", "as_rgb"]

MOST_GROWN = 32
"""Largest number of pixels by which regions may be grown."""

# Least area of a region by default, pixels of the working size (longest side 1,750).
_LEAST_AREA = 12


@dataclass(frozen=True)
class Region:
    """A connected piece of damage.

    Attributes:
        kind: One of `bokwon.detection.kinds.KINDS`.
        box: Left, top, right, bottom in pixels of the page, right and bottom exclusive.
        area: Its area in pixels, before growing.
        confidence: Share of regions of this kind and score that are right, in [0, 1].
        filled: Whether it is part of the hole.
        inside: bool (h, w) of the box, its pixels before it is grown; None if they are not kept.
    """

    kind: str
    box: tuple[int, int, int, int]
    area: int
    confidence: float
    filled: bool
    inside: NDArray[np.bool_] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, eq=False)
class Damage:
    """The damage of a page.

    Attributes:
        hole: bool (H, W), True where damage is to be filled: regions of the chosen kinds with enough confidence and
            area, grown.
        kinds: uint8 (H, W): 0 for no damage, else the index of the kind in `KINDS`, from 1. All kinds, before growing.
        confidence: float32 (H, W) in [0, 1]: confidence of the region at each pixel, 0 outside regions.
        regions: The regions, the largest first.
    """

    hole: Hole
    kinds: NDArray[np.uint8]
    confidence: NDArray[np.float32]
    regions: tuple[Region, ...]

    @property
    def undamaged(self) -> bool:
        """Whether there is nothing to fill."""
        return not self.hole.any()


class Detector:
    """Finds damage. The model is loaded once; use one object for many images.

    Args:
        model: Name of a shipped model, or path of a model file (.onnx).
        kinds: Kinds of damage to fill; all but readable stains by default.
        threshold: Least confidence of a region that is filled, in (0, 1].
        min_area: Least area of a region, pixels of the page. By default 12 for a longest side of 1,750 pixels, and in
            proportion to the area for larger pages.
        grow: Pixels to grow the hole by, 0 to 32, so that it covers the soft rim of the damage.
        outline: Also fill parts that are torn off the sheet, up to its former straight edges.
        threads: How many threads the engine may use; all cores by default.

    Raises:
        ArgumentError: No such model or kind, or a number out of range.
        FileAccessError: The model file cannot be read.
        InputFileError: It is damaged, or not a detection model.
    """

    def __init__(
        self,
        model: str | Path = DETECTOR,
        *,
        kinds: tuple[str, ...] | None = None,
        threshold: float = DETECTION_THRESHOLD,
        min_area: int | None = None,
        grow: int = DETECTION_GROW,
        outline: bool = False,
        threads: int | None = None,
    ) -> None:
        self.kinds = choose_kinds(kinds)
        if not 0 < threshold <= 1:
            raise ArgumentError(f"threshold {threshold} is no confidence", "give a number above 0 and at most 1")
        if min_area is not None and min_area < 0:
            raise ArgumentError(f"min_area {min_area} is negative", "give 0 or more pixels")
        if not 0 <= grow <= MOST_GROWN:
            raise ArgumentError(f"what is found cannot be grown by {grow} pixels", f"give 0 to {MOST_GROWN}")
        self.threshold, self.min_area, self.grow, self.outline = threshold, min_area, grow, outline
        self.network = DetectionNetwork(model, threads=threads)

    def detect(self, image: NDArray[Any] | Image.Image) -> Damage:
        """Find the damage of a page.

        Args:
            image: NumPy array: uint8 or uint16, (H, W) or (H, W, C) with gray, gray and alpha, RGB or RGBA channels, or
                bool (H, W). Or a Pillow image.

        Returns:
            The damage.

        Raises:
            ArgumentError: The image cannot be used; the message says what to do.
        """
        if isinstance(image, Image.Image):
            pixels, mode, _ = from_pillow(image)
        elif isinstance(image, np.ndarray):
            mode, pixels = mode_of_array(image), image
        else:
            raise ArgumentError(f"image is a {type(image).__name__}", "pass a NumPy array or a Pillow image")
        return self.find(pixels, mode)

    def find(self, pixels: Pixels, mode: str) -> Damage:
        """Find the damage of a decoded page.

        Damage of film and dust is looked for in photographs only.

        Args:
            pixels: Samples of the page, (H, W) or (H, W, C).
            mode: Their mode, a key of `bokwon.image_io.modes.MODES`.
        """
        rgb = as_rgb(pixels, mode)
        found = self.network.run(rgb)
        if classify(pixels, mode, np.zeros(rgb.shape[:2], bool)).material != "photo":
            # Hatching in woodcuts looks like scratched film.
            found.kinds[KINDS.index("film and dust")] = 0
        shrunk = found.scale**2
        least = _LEAST_AREA if self.min_area is None else self.min_area * shrunk
        pieces = find_pieces(found.kinds, self.network.card.get("calibration", {}), least)
        pieces = _with_bed(pieces, found, least, outline=self.outline)
        gray = as_gray(rgb, "RGB")
        hole = np.zeros(gray.shape, bool)
        kinds = np.zeros(gray.shape, np.uint8)
        confidence = np.zeros(gray.shape, np.float32)
        regions = []
        # The most certain region last, because it is drawn over the others.
        for piece in sorted(pieces, key=lambda one: one.confidence):
            window, mask = _at_full_size(piece, gray, found.scale)
            if not mask.any():
                continue
            filled = piece.kind in self.kinds and piece.confidence >= self.threshold
            if filled:
                hole[window] |= mask
            kinds[window][mask] = KINDS.index(piece.kind) + 1
            confidence[window][mask] = piece.confidence
            box = (window[1].start, window[0].start, window[1].stop, window[0].stop)
            regions.append(Region(piece.kind, box, int(np.count_nonzero(mask)), piece.confidence, filled, mask))
        regions.sort(key=lambda region: -region.area)
        return Damage(grow_mask(hole, self.grow), kinds, confidence, tuple(regions))


def as_gray(pixels: Pixels, mode: str) -> NDArray[np.uint8]:
    """Return samples of any mode as uint8 (H, W); larger is lighter."""
    return np.asarray(cv2.cvtColor(as_rgb(pixels, mode), cv2.COLOR_RGB2GRAY), np.uint8)


def as_rgb(pixels: Pixels, mode: str) -> NDArray[np.uint8]:
    """Return samples of any mode as uint8 (H, W, 3), RGB.

    Args:
        pixels: Samples of a page.
        mode: Their mode.
    """
    eight = eight_bits(samples_to_light(pixels, mode))
    if mode == "CMYK":
        return np.asarray(eight[..., :3].astype(np.uint16) * eight[..., 3:] // 255, np.uint8)
    return np.ascontiguousarray(np.broadcast_to(eight[..., :3], (*eight.shape[:2], 3)), np.uint8)


def _with_bed(pieces: list[Piece], found: Probabilities, least_area: float, *, outline: bool) -> list[Piece]:
    """Add the holes through which the bed is seen, and the torn edges if they are asked for.

    A hole replaces the pieces that the network found in its place.
    """
    bed = find_bed(found)
    if bed is None:
        return pieces
    holes = holes_to_the_bed(found, bed)
    kept = [piece for piece in pieces if holes[_window(piece.box)][piece.mask].mean() < 0.5]
    kept += _as_pieces(holes, least_area, SEEN_THROUGH)
    if outline:
        # Who asks for torn edges wants them filled at any threshold.
        kept += _as_pieces(torn_edges(bed), least_area, 1.0)
    return kept


def _as_pieces(mask: NDArray[np.bool_], least_area: float, confidence: float) -> list[Piece]:
    """The pieces of a mask, all of them missing paper."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    pieces = []
    for number in range(1, count):
        left, top, width, height, area = (int(value) for value in stats[number])
        if area >= least_area:
            box = (left, top, left + width, top + height)
            pieces.append(Piece("missing paper", box, labels[_window(box)] == number, 1.0, confidence))
    return pieces


def _window(box: tuple[int, int, int, int]) -> tuple[slice, slice]:
    left, top, right, bottom = box
    return slice(top, bottom), slice(left, right)


def _at_full_size(piece: Piece, gray: NDArray[np.uint8], scale: float) -> tuple[tuple[slice, slice], NDArray[np.bool_]]:
    """The window of the page that a piece lies in, and its mask there."""
    left, top, right, bottom = piece.box
    if scale == 1:
        return (slice(top, bottom), slice(left, right)), piece.mask
    height, width = gray.shape
    # Margin for moving the edge.
    room = 3
    soft = np.pad(piece.mask.astype(np.float32), room)
    x0, y0, x1, y1 = (round(value / scale) for value in (left - room, top - room, right + room, bottom + room))
    inner = (slice(max(y0, 0), min(y1, height)), slice(max(x0, 0), min(x1, width)))
    cut = gray[inner]
    framed = cv2.copyMakeBorder(
        cut, inner[0].start - y0, y1 - inner[0].stop, inner[1].start - x0, x1 - inner[1].stop, cv2.BORDER_REPLICATE
    )
    # Narrow regions would be smoothed away, so they get half a pixel of the working size on each side.
    level = 0.35 if piece.kind in LINES else 0.5
    mask = refine_mask(soft, np.asarray(framed, np.uint8), round(2 / scale), level)
    return inner, mask[inner[0].start - y0 : inner[0].stop - y0, inner[1].start - x0 : inner[1].stop - x0]
