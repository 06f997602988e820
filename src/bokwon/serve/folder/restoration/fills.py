"""Filled pixels of a part of a page. They are computed in a window around it, and kept until the output is written."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
        inside: (h, w) of the box, True at the filled pixels.
        samples: (N,) or (N, C), the new values in row-major order; None stands for the values of the scan itself.
        made_by: The method that filled them, as in a record; empty for the scan's own values.
        ink: (N,), where they made ink or left it out, see `bokwon.inpaint.ink`; None where nothing is known of it.
    """

    box: Box
    inside: Hole
    samples: Pixels | None
    made_by: dict[str, Any] = field(default_factory=dict)
    ink: NDArray[np.uint8] | None = None

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
        if self.ink is not None:
            arrays["ink"] = self.ink
        np.savez(buffer, **arrays)  # type: ignore[arg-type]
        return buffer.getvalue()

    def facts(self) -> dict[str, Any]:
        """Return the other fields for `from_bytes`."""
        return {"box": self.box, "made_by": self.made_by}

    @classmethod
    def from_bytes(cls, facts: dict[str, Any], content: bytes) -> Fill:
        """Return the fill that `to_bytes` and `facts` describe."""
        left, top, right, bottom = facts["box"]
        shape = bottom - top, right - left
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            inside = np.unpackbits(stored["inside"], count=shape[0] * shape[1]).astype(bool).reshape(shape)
            samples, ink = stored.get("samples"), stored.get("ink")
        return cls((left, top, right, bottom), inside, samples, facts["made_by"], ink)


@dataclass(eq=False)
class Result:
    """The content of one page of the output: the scan, with new samples in a hole.

    Attributes:
        hole: (H, W), the filled pixels, as stored.
        pixels: The page with all fills in it; values outside the hole are not used. Not changed here.
        ink: (H, W), where the fills made ink or left it out, see `bokwon.inpaint.ink`.
        filled_by: The methods that filled parts of it, as in a record.
    """

    hole: Hole
    pixels: Pixels
    ink: NDArray[np.uint8]
    filled_by: list[dict[str, Any]]

    def note(self, fill: Fill) -> None:
        """Update the hole, the ink and `filled_by` for a fill that the pixels already contain."""
        self.ink[fill.place][fill.inside] = 0 if fill.ink is None else fill.ink
        if fill.samples is None:
            self.hole[fill.place] &= ~fill.inside
            return
        self.hole[fill.place] |= fill.inside
        left, top, right, bottom = fill.box
        self.filled_by.append({"box": [left, top, right - left, bottom - top], **fill.made_by})

    @property
    def samples(self) -> Pixels:
        """The samples that fill the hole, in row-major order."""
        return self.pixels[self.hole]


def window_around(part: Box, shape: tuple[int, ...], missing: Hole) -> tuple[slice, slice]:
    """Return the window of a page that is needed to fill a part of it.

    Args:
        part: The part to be filled.
        shape: Height and width of the page.
        missing: (H, W), all missing pixels.
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
    """Fill a part of a page from a window around it.

    Args:
        page: The page of the scan; it is not changed.
        missing: (H, W), all missing pixels as stored, those of the part included.
        part: (H, W), the pixels to fill; not empty.
        restorer: Fills them.
        made_by: What a record names as the method.
    """
    around = bounds(part)
    assert around is not None, "an empty part is refused before"
    window = window_around(around, missing.shape, missing)
    pixels = page.pixels[window].copy()
    hole = missing[window]
    if page.metadata.alpha_of_values:
        spread_alpha(pixels, hole)
    ink = np.zeros(hole.shape, np.uint8)
    restorer.fill(pixels, page.mode, hole, ink=ink)
    top, left = window[0].start, window[1].start
    inner = slice(around[1] - top, around[3] - top), slice(around[0] - left, around[2] - left)
    inside = np.ascontiguousarray(part[around[1] : around[3], around[0] : around[2]])
    return Fill(around, inside, pixels[inner][inside], made_by, ink[inner][inside])


def give_back(part: Hole) -> Fill:
    """Return the fill that puts the scan's own samples back.

    Args:
        part: (H, W) on the stored pixels; not empty.
    """
    around = bounds(part)
    assert around is not None, "an empty part is refused before"
    return Fill(around, np.ascontiguousarray(part[around[1] : around[3], around[0] : around[2]]), None)
