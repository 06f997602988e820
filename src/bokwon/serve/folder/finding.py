"""Finding the damage of pages, and deciding which of it is filled."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokwon.batch.found_masks import MOST_DAMAGED
from bokwon.detection.detector import Detector
from bokwon.detection.kinds import FILLED, choose_kinds
from bokwon.errors import ArgumentError
from bokwon.inpaint.models import find_model, is_installed
from bokwon.serve.folder.index import Entry
from bokwon.serve.folder.masks.files import Box
from bokwon.serve.folder.masks.found_regions import (
    FoundRegion,
    Judged,
    accepted,
    listed,
    new_hole,
    read_found,
    surest,
    to_found,
    together,
    write_found,
)
from bokwon.serve.folder.masks.regions import Pieces, find_regions, label_picture, pixels_of
from bokwon.serve.folder.masks.store import Change
from bokwon.serve.folder.stamps import stamp_of
from bokwon.serve.folder.view.page_cache import PageCache
from bokwon.serve.folder.workspace import Workspace
from bokwon.serve.problems import HttpError
from bokwon.serve.processes import Progress
from bokwon.settings import CERTAIN, DETECTOR
from bokwon.types import Hole

__all__ = ["Finding"]

_FOLDER = "found"
"""Folder of the state that holds what was found on each page."""
_NOTHING = 1.01
"""A certainty that no region has."""
_CACHE = 128 << 20
"""Bytes of found regions, and of lists of regions, that are kept in memory."""


class Finding:
    """Finds the damage of the pages of a folder; safe to use from any thread.

    Args:
        workspace: The folder.
        model: Name of the detector, or its file.
    """

    def __init__(self, workspace: Workspace, model: str | Path = DETECTOR) -> None:
        self._workspace = workspace
        self._model = model
        self._lock = threading.Lock()
        self._detector: tuple[str, Detector] | None = None
        self._found: PageCache[list[FoundRegion]] = PageCache(
            _CACHE, lambda regions: sum(one.inside.nbytes + one.grown.nbytes for one in regions)
        )
        self._listed: PageCache[Pieces] = PageCache(_CACHE, lambda pieces: pieces.nbytes)

    @property
    def available(self) -> bool:
        """Whether damage can be found: there is a model for it."""
        return self._model.is_file() if isinstance(self._model, Path) else is_installed(self._model)

    def _load(self) -> Detector:
        self.check()
        path = self._model if isinstance(self._model, Path) else find_model(self._model).path
        with self._lock:
            stamp = stamp_of(path)
            if self._detector is None or self._detector[0] != stamp:
                self._detector = stamp, Detector(path)
            return self._detector[1]

    def check(self) -> None:
        """Make sure that damage can be found.

        Raises:
            HttpError: No model is installed (503).
        """
        if not self.available:
            raise HttpError(
                503,
                "No damage model",
                "no model that finds damage is installed",
                "draw the mask by hand, or add a model: bokwon models add",
            )

    def _path(self, entry: Entry) -> Path:
        return self._workspace.places.state / _FOLDER / f"{entry.id}.json"

    def found(self, entry: Entry) -> list[FoundRegion]:
        """Return the regions found on a page; empty if the detector has not run on it."""
        path = self._path(entry)
        if not path.is_file():
            return []
        size = self._workspace.layers.original(entry).size
        scan = stamp_of(entry.path)
        key = entry.id, stamp_of(path), scan, size
        return self._found.get(key, lambda: read_found(path, size, scan) or [])

    def has_found(self, entry: Entry) -> bool:
        """Return whether a file with the regions found on a page exists."""
        return self._path(entry).is_file()

    def has_certain(self, entry: Entry, threshold: float, kinds: Collection[str] = FILLED) -> bool:
        """Return whether a page has a region with enough confidence, or one marked by hand. The page is not decoded.

        Args:
            entry: The page.
            threshold: Least confidence.
            kinds: Kinds of damage that are filled.
        """
        regions = listed(self._path(entry), stamp_of(entry.path))
        sure = {n for n, (kind, confidence) in enumerate(regions, 1) if kind in kinds and confidence >= threshold}
        judged = self.judged(entry)
        return bool((sure | judged.kept) - judged.refused)

    def recall(self, entry: Entry) -> None:
        """Note again that the detector has run on a page, in case the database was deleted since."""
        row = self._workspace.state.page(entry.id)
        if row.searched or not self._path(entry).is_file():
            return
        found = self.found(entry)
        hole = self._workspace.masks.current(entry).hole
        taken = accepted(found, hole, Judged.of(row.judged))
        left = [one for number, one in enumerate(found, 1) if number not in taken and one.kind in FILLED]
        with self._workspace.state.writing():
            row = self._workspace.state.page(entry.id)
            self._workspace.state.put_page(entry.id, replace(row, searched=True, **_facts_of_left(left, hole)))

    def detect(
        self,
        entry: Entry,
        progress: Progress,
        *,
        threshold: float | None = None,
        kinds: Collection[str] = FILLED,
        keep: bool = False,
    ) -> Change:
        """Find the damage of a page, and add regions with enough confidence to its mask. Drawn pixels stay.

        Args:
            entry: The page.
            progress: Called with the share that is done, in [0, 1]; may raise to stop the work.
            threshold: Least confidence of a region that is filled; None keeps the page's own.
            kinds: Kinds of damage that are filled.
            keep: Whether the mask stays as it is if it is not empty and the search before this one found the same:
                somebody may have judged the regions since.

        Raises:
            HttpError: No model is installed (503).
            BokwonError: The page cannot be read, or the mask not written.
        """
        workspace = self._workspace
        kinds = choose_kinds(tuple(kinds))
        detector = self._load()
        shown = workspace.layers.original(entry)
        progress(0.2)
        before = self.found(entry)
        # Upright, as the pages are that the detector has learned from.
        pixels = np.ascontiguousarray(shown.upright.apply(shown.page.pixels))
        damage = detector.find(pixels, shown.page.mode)
        progress(0.9)
        after = to_found(damage.regions, shown.size)
        mask = workspace.masks.current(entry)
        then = self.judged(entry)
        if threshold is None:
            threshold = then.certain if then.certain < _NOTHING else CERTAIN
        now = Judged(threshold)
        if keep and mask.hole.any() and [(r.kind, r.box) for r in before] == [(r.kind, r.box) for r in after]:
            return Change(mask, None)
        numbers = now.numbers(after, kinds)
        if np.count_nonzero(together(after, numbers, mask.hole.shape)) / mask.hole.size > MOST_DAMAGED:
            # Hardly true: somebody has to look. Until then no region is filled.
            now, numbers = Judged(_NOTHING), set()
        # A request that names kinds decides about the regions of these kinds.
        usual = now.numbers(after)
        now = now.decided(numbers - usual, usual - numbers)
        left = [region for number, region in enumerate(after, 1) if number not in numbers and region.kind in kinds]
        write_found(self._path(entry), after, shown.size, stamp_of(entry.path))
        return workspace.masks.change(
            entry,
            None,
            lambda hole: new_hole(hole, before, after, (then, now)),
            "found" if mask.kind in ("none", "found") else "drawn",
            judged=now.facts(),
            searched=True,
            **_facts_of_left(left, mask.hole),
        )

    def _pieces(self, entry: Entry) -> Pieces:
        mask = self._workspace.masks.current(entry)
        found = self.found(entry)
        judged = self.judged(entry)
        key = entry.id, mask.version, stamp_of(self._path(entry)), judged
        return self._listed.get(key, lambda: find_regions(found, mask.hole, mask.kind, judged))

    def judged(self, entry: Entry) -> Judged:
        """Return how the found regions of a page were judged."""
        return Judged.of(self._workspace.state.page(entry.id).judged)

    def regions(self, entry: Entry) -> list[dict[str, Any]]:
        """Return the regions of a page in the JSON form of the interface."""
        return [region.facts() for region in self._pieces(entry).regions]

    def parts(self, entry: Entry) -> Iterator[tuple[Box, Hole]]:
        """Return box and pixels within the box of each region of a page, in the order of `regions`."""
        pieces, found = self._pieces(entry), self.found(entry)
        for one in found:
            yield one.box, one.inside
        if len(pieces.regions) == len(found) or pieces.box is None:
            return
        numbers, (x, y) = pieces.numbers(), pieces.box[:2]
        for region in pieces.regions[len(found) :]:
            left, top, right, bottom = region.box
            yield region.box, numbers[top - y : bottom - y, left - x : right - x] == region.id

    def picture(self, entry: Entry) -> NDArray[np.uint16]:
        """Return the number of the region that each pixel of a page belongs to, as viewers show it."""
        shape = self._workspace.masks.current(entry).hole.shape
        return label_picture(self.found(entry), self._pieces(entry), shape)

    def pixels(self, entry: Entry, number: int) -> Hole:
        """Return the pixels of a region, (H, W) as viewers show the page.

        Raises:
            HttpError: There is no such region (404).
        """
        shape = self._workspace.masks.current(entry).hole.shape
        part = pixels_of(self.found(entry), self._pieces(entry), number, shape)
        if part is None:
            raise HttpError(404, "No such region", f"the page has no region {number}", "load the page again")
        return part

    def decide(
        self, entry: Entry, version: int, *, accept: Collection[int] = (), reject: Collection[int] = ()
    ) -> Change:
        """Put regions into the mask of a page, or take them out of it.

        Args:
            entry: The page.
            version: The version that the mask must have.
            accept: Numbers of regions that are damage.
            reject: Numbers of regions that are not damage.

        Raises:
            ArgumentError: A region is in both lists, or a number belongs to no region.
            HttpError: The mask has another version (412).
        """
        if both := set(accept) & set(reject):
            raise ArgumentError(f"region {min(both)} is both accepted and rejected", "choose one of them")
        found = self.found(entry)
        known = {told["id"] for told in self.regions(entry)}
        if unknown := sorted({*accept, *reject} - known):
            raise ArgumentError(f"the page has no region {unknown[0]}", "load the page again")
        mask = self._workspace.masks.current(entry).hole
        parts = np.zeros(mask.shape, bool)
        for number in reject:
            if number > len(found):
                parts |= self.pixels(entry, number)
        keep, refuse = ({number for number in told if number <= len(found)} for told in (accept, reject))
        then = self.judged(entry)
        now = then.seen(found, mask & ~parts).decided(keep, refuse)
        return self._change(entry, version, lambda hole: new_hole(hole & ~parts, found, found, (then, now)), now)

    def apply_threshold(self, entry: Entry, version: int | None, threshold: float, *, forget: bool = False) -> Change:
        """Let the mask hold the found regions with enough confidence. Drawn pixels and decisions by hand stay.

        Args:
            entry: The page.
            version: The version that the mask must have; None accepts any version.
            threshold: Least confidence.
            forget: Whether decisions by hand are dropped.

        Raises:
            HttpError: The mask has another version (412).
        """
        found = self.found(entry)
        then = self.judged(entry)
        by_hand = Judged() if forget else then.seen(found, self._workspace.masks.current(entry).hole)
        now = replace(by_hand, certain=threshold)
        return self._change(entry, version, lambda hole: new_hole(hole, found, found, (then, now)), now)

    def _change(self, entry: Entry, version: int | None, change: Callable[[Hole], Hole], judged: Judged) -> Change:
        mask, found = self._workspace.masks.current(entry), self.found(entry)
        left: list[FoundRegion] = []
        # Whoever marks something has looked at the whole page. If nothing is marked, regions may wait for a decision.
        if not judged.numbers(found) and not change(mask.hole.copy()).any():
            left = [found[number - 1] for number in surest(found, 0.0) - judged.refused]
        return self._workspace.masks.change(
            entry,
            version,
            change,
            "found" if mask.kind in ("none", "found") else "drawn",
            judged=judged.facts(),
            **_facts_of_left(left, mask.hole),
        )


def _facts_of_left(left: Collection[FoundRegion], hole: Hole) -> dict[str, Any]:
    """Return the fields of `PageRow` about regions that are not filled."""
    return {"left": min(1.0, sum(region.area for region in left) / hole.size), "uncertain": len(left)}
