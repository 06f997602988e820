"""The holes of the pages of a file: taken from their masks, or with pixels that were computed before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bokwon.batch.page_holes import HoleSource, PageHole
from bokwon.errors import ArgumentError
from bokwon.image_io.masks import check_hole
from bokwon.image_io.page import Page
from bokwon.provenance.hole_list import Damage
from bokwon.serve.folder.masks.found_regions import FoundRegion
from bokwon.serve.folder.masks.store import Mask
from bokwon.serve.folder.restoration.fills import Result
from bokwon.types import DETECTOR_CLASSES

__all__ = ["PageWork", "WorkHoles", "damage_of"]


@dataclass(frozen=True, eq=False)
class PageWork:
    """The work on one page.

    Attributes:
        mask: Its mask; or
        result: pixels that were computed before.
        name: Name of the mask in the record.
        found: What the detector found on the page.
        given: Reads the mask as the command does, if somebody else made it; None for the page's own mask.
    """

    mask: Mask
    result: Result | None
    name: str
    found: tuple[FoundRegion, ...] = ()
    given: HoleSource | None = None

    @property
    def origin(self) -> Literal["given", "found"]:
        """Whether somebody made the mask, or the detector alone."""
        return "found" if self.mask.kind == "found" else "given"


class WorkHoles:
    """Gives the hole of each page of a file; see `bokwon.batch.page_holes.HoleSource`.

    Args:
        pages: By page number, a function that returns the work on the page. Pages not listed stay as they are.
    """

    def __init__(self, pages: Mapping[int, Callable[[], PageWork]]) -> None:
        self._pages = pages

    def has(self, number: int) -> bool:
        """Return whether a page is to be changed."""
        return number in self._pages

    def check_size(self, number: int, size: tuple[int, int] | None) -> None:
        """Accept every page: its mask was made for its size."""

    def of(self, page: Page, number: int, name: str) -> PageHole | None:
        """Return the hole of a page; see `HoleSource.of`.

        Raises:
            ArgumentError: The mask covers everything, or the scan was changed since.
        """
        work = self._pages[number]()
        if work.given is not None and work.result is None:
            return work.given.of(page, number, name)
        back = page.upright.inverse
        samples = ink = None
        filled_by: tuple[Mapping[str, object], ...] = ()
        if work.result is not None:
            hole = work.result.hole
            samples, ink, filled_by = work.result.samples, work.result.ink, tuple(work.result.filled_by)
        else:
            hole = np.ascontiguousarray(back.apply(work.mask.hole))
        if hole.shape != page.pixels.shape[:2]:
            raise ArgumentError(f"{name} was changed since its mask was made", "load the page again")
        if not hole.any():
            return None
        check_hole(hole, page.size, name=f"the mask of {name}")
        damage = damage_of(work, back.apply)
        return PageHole(hole, work.name, "as drawn", work.origin, lambda: damage, samples, filled_by, ink)


def damage_of(work: PageWork, turn: Callable[[np.ndarray], np.ndarray]) -> Damage:
    """Return the kinds of damage of a page, as the detector reported them.

    Args:
        work: The page.
        turn: Turns arrays of the page as viewers show it to its stored pixels.
    """
    if not work.found:
        return Damage()
    kinds = np.zeros(work.mask.hole.shape, np.uint8)
    for region in sorted(work.found, key=lambda one: one.confidence):
        if region.kind in DETECTOR_CLASSES:
            kinds[region.grown_place][region.grown] = DETECTOR_CLASSES.index(region.kind) + 1
    return Damage("bokwon's detector", classes=np.ascontiguousarray(turn(kinds)), names=DETECTOR_CLASSES)
