"""The hole of a page by a mask file that somebody gave: read, placed, and checked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bokwon.errors import ArgumentError
from bokwon.image_io.masks.hole import check_hole, check_share
from bokwon.image_io.masks.placing import MaskView, Placed, fit_hole, place_mask
from bokwon.image_io.masks.readings import MaskAs, Reading, read_samples
from bokwon.image_io.orientation import Orientation
from bokwon.image_io.page import Page
from bokwon.types import Hole

__all__ = ["GivenHole", "MaskOptions", "hole_of_mask"]

_OF_COPIES = ("painted", "erased")


@dataclass(frozen=True)
class MaskOptions:
    """How mask files are read.

    Attributes:
        white_is_hole: Polarity of gray masks and labels.
        reading: Read them in this way.
        view: Orientation in which they were drawn.
        fit: Whether masks of another resolution are resized.
        allow_large: Whether more than 60 % of a page may be hole.
    """

    white_is_hole: bool = True
    reading: MaskAs = "auto"
    view: MaskView = "auto"
    fit: bool = False
    allow_large: bool = False


@dataclass(frozen=True, eq=False)
class GivenHole:
    """The hole of a page, from a mask file.

    Attributes:
        hole: (H, W), in the orientation of the stored page.
        said: How the mask was read and placed, in words.
        plain: Whether this is the usual way, which needs no notice.
        turn: Rotation or mirroring that brought the mask into this orientation.
    """

    hole: Hole
    said: str
    plain: bool
    turn: Orientation

    @property
    def share(self) -> float:
        """Share of the page that is hole."""
        return float(np.count_nonzero(self.hole) / self.hole.size)


def hole_of_mask(mask: Page, page: Page, options: MaskOptions, *, name: str = "the mask") -> GivenHole:
    """Read the hole of a page from a mask.

    Args:
        mask: The mask.
        page: The damaged page.
        options: How to read it.
        name: What messages call the mask.

    Raises:
        ArgumentError: It does not fit, could mean two things, or covers too much of the page.
    """
    ways = place_mask(mask, page, view=options.view, fit=options.fit, name=name)
    way, reading = _choose(ways, mask.mode, page, options, name)
    hole = reading.hole if way.fits else fit_hole(reading.hole, page.size)
    check_hole(hole, page.size, name=name)
    if not options.allow_large:
        other = "black" if options.white_is_hole else "white"
        turn = f"if it means the rest, add --holes {other}" if reading.kind in ("gray", "labels") else "redraw it"
        check_share(hole, name=f"{name} ({reading.said})", fix=f"{turn}; add --allow-large to fill so much")
    said = reading.said + (f"; {way.note}" if way.note else "")
    return GivenHole(hole, said, reading.plain and not way.note, way.turn)


def _read(way: Placed, mode: str, page: Page, options: MaskOptions, name: str) -> Reading:
    scan = (page.pixels, page.mode) if way.fits else None
    return read_samples(
        way.pixels, mode, scan=scan, how=options.reading, white_is_hole=options.white_is_hole, name=name
    )


def _choose(ways: list[Placed], mode: str, page: Page, options: MaskOptions, name: str) -> tuple[Placed, Reading]:
    """Read a mask in the likeliest place, unless it is a copy of the image that lies right in the other one alone.

    Raises:
        ArgumentError: It could mean two things.
    """
    if len(ways) == 1:
        return ways[0], _read(ways[0], mode, page, options, name)
    readings: list[Reading | ArgumentError] = []
    for way in ways:
        try:
            readings.append(_read(way, mode, page, options, name))
        except ArgumentError as error:
            readings.append(error)
    copies = [isinstance(reading, Reading) and reading.kind in _OF_COPIES for reading in readings]
    chosen = copies.index(True) if any(copies) else 0
    reading = readings[chosen]
    if isinstance(reading, ArgumentError):
        raise reading
    return ways[chosen], reading
