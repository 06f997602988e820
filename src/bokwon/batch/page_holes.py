"""The holes of the pages of one file, and where they come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from bokwon.image_io.page import Page
from bokwon.provenance.hole_list import Damage
from bokwon.types import Hole, Pixels

__all__ = ["HoleSource", "PageHole", "Tell"]

Tell = Callable[[Literal["detail", "note", "warning"], str], None]
"""Told what the user may want to know, with how much it matters."""


@dataclass(frozen=True, eq=False)
class PageHole:
    """The hole of a page.

    Attributes:
        hole: (H, W), not empty.
        mask: Name of the mask, or of the detector that found the hole.
        said: How the mask was read, or what was found, in words.
        origin: Whether somebody gave the hole, or bokwon found it.
        read_damage: Returns what is told of the damage, for the record.
        samples: What fills the hole, if that was made before: its pixels in order of rows, (N,) or (N, C). None where
            it is to be filled.
        filled_by: What made parts of these samples, for the record, see `bokwon.provenance.recorder.PageRecord`.
        ink: (H, W), where these samples made ink or left it out, see `bokwon.inpaint.ink`; None without `samples`.
    """

    hole: Hole
    mask: str
    said: str
    origin: Literal["given", "found"]
    read_damage: Callable[[], Damage]
    samples: Pixels | None = None
    filled_by: tuple[Mapping[str, Any], ...] = ()
    ink: NDArray[np.uint8] | None = None


class HoleSource(Protocol):
    """Provides the holes of the pages of a file."""

    def has(self, number: int) -> bool:
        """Return whether it may have a hole for a page."""

    def check_size(self, number: int, size: tuple[int, int] | None) -> None:
        """Refuse what does not fit a page, before the page is decoded.

        Args:
            number: Number of the page, which `has` knows.
            size: Its width and height; None where only decoding tells.

        Raises:
            BokwonError: It has another shape.
        """

    def of(self, page: Page, number: int, name: str) -> PageHole | None:
        """Return the hole of a page; None if there is nothing to fill.

        Args:
            page: The page.
            number: Its number, from 1.
            name: Name in messages.

        Raises:
            BokwonError: It cannot be said.
        """
