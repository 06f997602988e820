"""Filled pixels of a part of a page: made in a window around it, kept until they are in the output."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bokwon.image_io.page import Page
from bokwon.image_io.transparency import spread_alpha
from bokwon.inpaint.restorer import Restorer
from bokwon.serve.folder.masks.files import Box, bounds
from bokwon.types import Hole, Pixels

__all__ = ["Fill", "Result", "fill_part", "give_back", "window_around"]

_AROUND = 160
"""Pixels around a part that are looked at, at least: what a tile of the network sees, and where patches come from."""
_LEAST_SIDE = 512
_LEAST_KNOWN = 0.25
"""Share of the window that must be known. With less, the window is made larger."""


@dataclass(frozen=True, eq=False)
class Fill:
    """New samples of a part of a page.

    Attributes:
        box: Where, on the stored pixels.
        inside: (h, w) of the box, which pixels.
        samples: (N,) or (N, C) what they are, in order of rows; None for those of the scan itself.
        made_by: What filled them, as in a record; empty for the scan's own.
    """

    box: Box
    inside: Hole
    samples: Pixels | None
    made_by: dict[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> tuple[slice, slice]:
        """Where the box lies."""
        return slice(self.box[1], self.box[3]), slice(self.box[0], self.box[2])

    def put(self, pixels: Pixels, scan: Pixels) -> None:
        """Write the samples into a page.

        Args:
            pixels: (H, W) or (H, W, C), the page that is changed.
            scan: The page as it was scanned.
        """
        place = self.place
        pixels[place][self.inside] = scan[place][self.inside] if self.samples is None else self.samples

    def to_bytes(self) -> bytes:
        """Return the pixels for `from_bytes`."""
        buffer = io.BytesIO()
        arrays = {"inside": np.packbits(self.inside)}
        if self.samples is not None:
            arrays["samples"] = self.samples
        np.savez(buffer, **arrays)  # type: ignore[arg-type]
        return buffer.getvalue()

    def facts(self) -> dict[str, Any]:
        """Return the rest for `from_bytes`."""
        return {"box": self.box, "made_by": self.made_by}

    @classmethod
    def from_bytes(cls, facts: dict[str, Any], content: bytes) -> Fill:
        """Return what `to_bytes` and `facts` told."""
        left, top, right, bottom = facts["box"]
        shape = bottom - top, right - left
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            inside = np.unpackbits(stored["inside"], count=shape[0] * shape[1]).astype(bool).reshape(shape)
            samples = stored.get("samples")
        return cls((left, top, right, bottom), inside, samples, facts["made_by"])


@dataclass(eq=False)
class Result:
    """What a page of the output is to be: the scan, with samples in a hole.

    Attributes:
        hole: (H, W) on the stored pixels, what is filled.
        pixels: The page with all fills in it; outside the hole of no meaning, and not changed here.
        filled_by: What made parts of it, as in a record.
    """

    hole: Hole
    pixels: Pixels
    filled_by: list[dict[str, Any]]

    def note(self, fill: Fill) -> None:
        """Take note of a fill that is in the pixels."""
        if fill.samples is None:
            self.hole[fill.place] &= ~fill.inside
            return
        self.hole[fill.place] |= fill.inside
        left, top, right, bottom = fill.box
        self.filled_by.append({"box": [left, top, right - left, bottom - top], **fill.made_by})

    @property
    def samples(self) -> Pixels:
        """What fills the hole, in order of rows."""
        return self.pixels[self.hole]


def window_around(part: Box, shape: tuple[int, ...], missing: Hole) -> tuple[slice, slice]:
    """Return the part of a page that has to be looked at to fill some of it.

    Args:
        part: Where it is to be filled.
        shape: Height and width of the page.
        missing: (H, W), all that is not known.
    """
    room = max(_AROUND, (_LEAST_SIDE - min(part[2] - part[0], part[3] - part[1])) // 2)
    while True:
        top, bottom = max(0, part[1] - room), min(shape[0], part[3] + room)
        left, right = max(0, part[0] - room), min(shape[1], part[2] + room)
        window = slice(top, bottom), slice(left, right)
        if (top, left, bottom, right) == (0, 0, shape[0], shape[1]):
            return window
        if 1 - np.count_nonzero(missing[window]) / missing[window].size >= _LEAST_KNOWN:
            return window
        room *= 2


def fill_part(page: Page, missing: Hole, part: Hole, restorer: Restorer, made_by: dict[str, Any]) -> Fill:
    """Fill a part of a page, and look at no more of the page than a window around it.

    Args:
        page: The page of the scan; it is not changed.
        missing: (H, W) on the stored pixels, all that is not known, the part among it.
        part: (H, W), what is to be filled; not empty.
        restorer: With what.
        made_by: What a record says of it.
    """
    around = bounds(part)
    assert around is not None, "an empty part is refused before"
    window = window_around(around, missing.shape, missing)
    pixels = page.pixels[window].copy()
    hole = missing[window]
    if page.metadata.alpha_of_values:
        spread_alpha(pixels, hole)
    restorer.fill(pixels, page.mode, hole)
    top, left = window[0].start, window[1].start
    inner = slice(around[1] - top, around[3] - top), slice(around[0] - left, around[2] - left)
    inside = np.ascontiguousarray(part[around[1] : around[3], around[0] : around[2]])
    return Fill(around, inside, pixels[inner][inside], made_by)


def give_back(part: Hole) -> Fill:
    """Return the fill that puts the scan's own samples back.

    Args:
        part: (H, W) on the stored pixels; not empty.
    """
    around = bounds(part)
    assert around is not None, "an empty part is refused before"
    return Fill(around, np.ascontiguousarray(part[around[1] : around[3], around[0] : around[2]]), None)
