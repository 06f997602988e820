"""The pictures of one filled page: before, after and what was filled; the whole page, and its largest regions enlarged.

Each picture is a strip of three columns, one JPEG. All strips have the same proportions, so their columns line up.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bokwon.image_io.page import Page
from bokwon.inpaint.colour import samples_to_light
from bokwon.provenance.hole_list import Damage
from bokwon.types import Hole, Pixels

__all__ = ["PageDrawing", "PagePictures", "Region"]

Box = tuple[int, int, int, int]
"""Left, top, width and height in pixels of the upright page."""

_MOST_REGIONS = 3
"""Enlarged regions a page: as many as fit on a printed sheet together with the page itself."""
_PAGE_BOX = 360, 500
"""Width and height at most of a page in its column, pixels of the strip."""
_SHOWN_WIDTH = 360
"""Width of a column in the report, CSS pixels; style.css has it too."""
_WINDOWS = ((3, 120, 72), (2, 180, 108))
"""How many times a region is enlarged, and width and height of the window that is shown then, pixels of the page."""
_MARGIN = 8
"""Known pixels that should be seen around an enlarged region."""
_MOST_SEARCHED = 250_000
"""Pixels of a large region in which the place of its window is looked for."""
_GAP = 4 / 120
"""Between columns, of a column's width."""
_MOST_LABELLED = 4_000_000
"""Pixels of the reduced mask in which regions are looked for: more would cost time and show nothing else."""
_MOST_ENLARGED = 3.0
"""How many times a small page is enlarged at most, to fill its column."""
_LEAST_SEEN = 200
"""Pixels of a mask for one that is shown: with more, a single one of 255 rounds to zero in bytes."""
_FILLED = np.array((178, 24, 43), np.float32)
"""Red that stays darker than paper in a print without colours."""
_PAGE_QUALITY, _REGION_QUALITY = 82, 93
_LARGEST_PROFILE = 60_000
"""Bytes of a colour profile: larger ones (of printers) would outweigh the picture."""


@dataclass(frozen=True)
class Region:
    """A region that is shown enlarged.

    Attributes:
        box: Where it lies on the upright page: left, top, width, height.
        area: Pixels filled.
        damage: Kind of damage; None if it is not known.
        confidence: Of the detector that found it, in [0, 1]; None for a mask that was given.
        scale: How many times it is enlarged.
        whole: Whether all of it is shown; of a large region only a part is.
    """

    box: Box
    area: int
    damage: str | None
    confidence: float | None
    scale: int
    whole: bool


@dataclass(frozen=True)
class PagePictures:
    """What the report shows of one page.

    Attributes:
        page: Its number, from 1.
        size: Width and height, upright.
        filled: Pixels filled.
        holes: How many separate regions were filled; on large pages, regions a few pixels apart may count as one.
        kinds: Filled pixels of each kind of damage.
        regions: The largest regions.
        strips: JPEG files: the page, then each region.
    """

    page: int
    size: tuple[int, int]
    filled: int
    holes: int
    kinds: dict[str, int]
    regions: tuple[Region, ...]
    strips: tuple[bytes, ...]


class PageDrawing:
    """Draws a page. Create it before the page is filled, call `finish` afterwards. It keeps no copy of the page.

    Args:
        page: The page, not yet filled.
        hole: (H, W), what will be filled; not empty.
        damage: The known kinds of damage.
    """

    def __init__(self, page: Page, hole: Hole, damage: Damage) -> None:
        turn = page.upright
        self._hole = np.ascontiguousarray(turn.apply(hole))
        classes, confidence = (
            None if given is None else turn.apply(given) for given in (damage.classes, damage.confidence)
        )
        damage = replace(damage, classes=classes, confidence=confidence)
        self._size: tuple[int, int] = (self._hole.shape[1], self._hole.shape[0])
        self._filled = int(np.count_nonzero(self._hole))
        self._kinds = damage.areas(self._hole)
        self._holes, found = _largest_regions(self._hole)
        self._regions: list[Region] = []
        self._windows: list[Box] = []
        for box, inside in found:
            scale, window = _window(box, self._hole, inside)
            place = _slices(box)
            self._regions.append(
                Region(
                    box,
                    int(np.count_nonzero(inside)),
                    damage.of(place, inside),
                    damage.confidence_of(place, inside),
                    scale,
                    box[2] <= window[2] and box[3] <= window[3],
                )
            )
            self._windows.append(window)
        self._before = self._views(page)

    def finish(self, page: Page, number: int) -> PagePictures:
        """Return the pictures, now that the page is filled.

        Args:
            page: The same page.
            number: Its number, from 1.
        """
        after = self._views(page)
        profile = page.metadata.icc if page.mode.startswith("RGB") else None
        if profile is not None and len(profile) > _LARGEST_PROFILE:
            profile = None
        strips = [self._page_strip(self._before[0], after[0], profile)]
        for region, window, before, filled in zip(
            self._regions, self._windows, self._before[1:], after[1:], strict=True
        ):
            shown = _mark(filled, self._hole[_slices(window)], 0.5)
            # Wider than the window on a page that is narrower itself.
            width = _SHOWN_WIDTH // region.scale
            strips.append(_jpeg(_strip((before, filled, shown), width), _REGION_QUALITY, profile))
        return PagePictures(
            number, self._size, self._filled, self._holes, self._kinds, tuple(self._regions), tuple(strips)
        )

    def _views(self, page: Page) -> list[NDArray[np.uint8]]:
        """Return the page reduced and each window at full size, (H, W, 3)."""
        pixels = page.upright.apply(page.pixels)
        scale = self._scale()
        if scale > 1:
            whole = _resized(_rgb(pixels, page.mode), self._shown_size())
        else:
            # Reduced as it is stored: turning a large page into RGB first would take longer than all the rest.
            whole = _rgb(_resized(pixels, self._shown_size()), page.mode)
        return [whole, *(_rgb(pixels[_slices(window)], page.mode) for window in self._windows)]

    def _scale(self) -> float:
        width, height = self._size
        return min(_PAGE_BOX[0] / width, _PAGE_BOX[1] / height, _MOST_ENLARGED)

    def _shown_size(self) -> tuple[int, int]:
        scale = self._scale()
        return max(1, round(self._size[0] * scale)), max(1, round(self._size[1] * scale))

    def _page_strip(self, before: NDArray[np.uint8], after: NDArray[np.uint8], profile: bytes | None) -> bytes:
        import cv2

        hole = _shown_hole(self._hole, self._shown_size())
        shown = _mark(after, hole, 0.9)
        scale = self._scale()
        for number, region in enumerate(self._regions, 1):
            left, top = (int(side * scale) - 3 for side in region.box[:2])
            right, bottom = (int((region.box[i] + region.box[i + 2]) * scale) + 3 for i in (0, 1))
            cv2.rectangle(shown, (left, top), (right, bottom), (20, 20, 20), 1)
            spot = (right + 2 if right + 14 < shown.shape[1] else left - 13, max(top + 11, 12))
            for colour, thickness in (((255, 255, 255), 4), ((20, 20, 20), 1)):
                cv2.putText(shown, str(number), spot, cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, thickness, cv2.LINE_AA)
        return _jpeg(_strip((before, after, shown), _PAGE_BOX[0]), _PAGE_QUALITY, profile)


def _largest_regions(hole: Hole) -> tuple[int, list[tuple[Box, Hole]]]:
    """Return how many connected regions there are, and box and pixels of the largest."""
    import cv2

    height, width = hole.shape
    step = max(1, int(np.ceil((hole.size / _MOST_LABELLED) ** 0.5)))
    padded = np.pad(hole, ((0, -height % step), (0, -width % step)))
    small = _shown_hole(padded, (padded.shape[1] // step, padded.shape[0] // step))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(small.astype(np.uint8), connectivity=8)
    order = sorted(range(1, count), key=lambda label: -int(stats[label, cv2.CC_STAT_AREA]))[:_MOST_REGIONS]
    found: list[tuple[Box, Hole]] = []
    for label in order:
        left, top, across, down = (int(value) for value in stats[label][:4])
        mine = labels[top : top + down, left : left + across] == label
        mine = mine.repeat(step, axis=0).repeat(step, axis=1)[: height - top * step, : width - left * step]
        inside = mine & hole[top * step :, left * step :][: mine.shape[0], : mine.shape[1]]
        rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
        box = (
            left * step + int(columns[0]),
            top * step + int(rows[0]),
            int(columns[-1] - columns[0]) + 1,
            int(rows[-1] - rows[0]) + 1,
        )
        found.append((box, inside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]))
    return count - 1, sorted(found, key=lambda region: -int(np.count_nonzero(region[1])))


def _window(box: Box, hole: Hole, inside: Hole) -> tuple[int, Box]:
    """Return how many times a region is enlarged, and the part of the page that is shown.

    A region that is too large for a window is shown where about half of the window is filled: there one sees how the
    fill goes on from what is known.
    """
    import cv2

    left, top, width, height = box
    scale, across, down = next(
        (one for one in _WINDOWS if width + 2 * _MARGIN <= one[1] and height + 2 * _MARGIN <= one[2]), _WINDOWS[-1]
    )
    across, down = min(across, hole.shape[1]), min(down, hole.shape[0])
    middle = left + width // 2, top + height // 2
    if width > across or height > down:
        step = max(1, int((inside.size / _MOST_SEARCHED) ** 0.5))
        small = inside[::step, ::step].astype(np.float32)
        share = cv2.blur(small, (max(1, across // step), max(1, down // step)), borderType=cv2.BORDER_CONSTANT)
        row, column = np.unravel_index(int(np.abs(share - 0.5).argmin()), share.shape)
        middle = left + int(column) * step, top + int(row) * step
    return scale, (
        min(max(middle[0] - across // 2, 0), hole.shape[1] - across),
        min(max(middle[1] - down // 2, 0), hole.shape[0] - down),
        across,
        down,
    )


def _slices(box: Box) -> tuple[slice, slice]:
    return slice(box[1], box[1] + box[3]), slice(box[0], box[0] + box[2])


def _resized(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    import cv2

    samples = pixels.astype(np.uint8) * 255 if pixels.dtype == np.bool_ else np.ascontiguousarray(pixels)
    smaller = size[0] * size[1] < samples.shape[0] * samples.shape[1]
    return np.asarray(cv2.resize(samples, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC))


def _shown_hole(hole: Hole, size: tuple[int, int]) -> Hole:
    """Return a mask at another size, in which no hole is lost however small it gets."""
    import cv2

    samples = hole.astype(np.uint8) * 255
    if size[0] >= hole.shape[1] and size[1] >= hole.shape[0]:
        return np.asarray(cv2.resize(samples, size, interpolation=cv2.INTER_NEAREST) > 0)
    if hole.size > _LEAST_SEEN * size[0] * size[1]:
        return np.asarray(cv2.resize(samples.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0)
    return np.asarray(cv2.resize(samples, size, interpolation=cv2.INTER_AREA) > 0)


def _rgb(pixels: Pixels, mode: str) -> NDArray[np.uint8]:
    """Return samples as 8-bit RGB, (H, W, 3), on white where they are transparent."""
    if mode == "1" and pixels.dtype != np.bool_:
        # Reduced to gray.
        mode = "L"
    light = samples_to_light(pixels, mode)
    shallow = np.asarray(light if light.dtype == np.uint8 else light >> 8, np.uint8)
    if mode == "CMYK":
        shallow = np.asarray(shallow[..., :3].astype(np.uint16) * shallow[..., 3:] // 255, np.uint8)
    elif mode in ("LA", "RGBA"):
        opacity = pixels[..., -1:].astype(np.float32) / np.iinfo(pixels.dtype).max
        shallow = np.asarray(shallow * opacity + 255 * (1 - opacity), np.uint8)
    return np.repeat(shallow, 3, axis=-1) if shallow.shape[-1] == 1 else np.ascontiguousarray(shallow)


def _mark(picture: NDArray[np.uint8], hole: Hole, strength: float) -> NDArray[np.uint8]:
    """Return a picture in pale gray with the hole in red."""
    import cv2

    pale = cv2.convertScaleAbs(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), alpha=0.6, beta=0.4 * 255)
    marked = np.asarray(cv2.cvtColor(pale, cv2.COLOR_GRAY2RGB), np.uint8)
    marked[hole] = (1 - strength) * marked[hole] + strength * _FILLED
    return marked


def _strip(pictures: tuple[NDArray[np.uint8], ...], width: int) -> NDArray[np.uint8]:
    """Return pictures of one size side by side, each in a white column of a width."""
    height = pictures[0].shape[0]
    gap = round(width * _GAP)
    strip = np.full((height, len(pictures) * width + (len(pictures) - 1) * gap, 3), 255, np.uint8)
    for place, picture in enumerate(pictures):
        left = place * (width + gap) + (width - picture.shape[1]) // 2
        strip[:, left : left + picture.shape[1]] = picture
    return strip


def _jpeg(strip: NDArray[np.uint8], quality: int, profile: bytes | None) -> bytes:
    buffer = io.BytesIO()
    # Colour at full resolution: else the red of a hole of one pixel is lost.
    Image.fromarray(strip).save(buffer, "JPEG", quality=quality, subsampling=0, icc_profile=profile)
    return buffer.getvalue()
