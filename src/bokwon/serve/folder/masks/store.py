"""The mask of each page. The mask file is authoritative, and every change is a step that can be undone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bokwon.batch.job import Options
from bokwon.errors import ArgumentError, BokwonError
from bokwon.image_io.document import open_document
from bokwon.image_io.masks import MaskOptions, hole_of_mask
from bokwon.image_io.reader import Source
from bokwon.serve.folder.index import Entry
from bokwon.serve.folder.masks.files import (
    Box,
    Kind,
    apply_change,
    bounds,
    decode_mask,
    digest_of,
    encode_mask,
)
from bokwon.serve.folder.masks.sources import MaskSources
from bokwon.serve.folder.masks.steps import forgotten, step_between
from bokwon.serve.folder.places import Places
from bokwon.serve.folder.stamps import stamp_of
from bokwon.serve.folder.state import PageRow, State
from bokwon.serve.folder.view.page_cache import PageCache
from bokwon.serve.folder.view.shown import ShownPage
from bokwon.serve.problems import HttpError
from bokwon.types import Hole
from bokwon.utilities.atomic import make_folder, write_file

__all__ = ["Change", "Mask", "MaskStore"]

_CACHE = 256 << 20
"""Bytes of masks that are kept in memory."""


@dataclass(frozen=True, eq=False)
class Mask:
    """The mask of a page as it is now.

    Attributes:
        hole: (H, W) as viewers show the page; not to be changed in place.
        version: Grows with every change.
        kind: `none`, `found`, `drawn` or `given`.
    """

    hole: Hole
    version: int
    kind: str

    @property
    def share(self) -> float:
        """Share of the page that is hole."""
        return float(np.count_nonzero(self.hole) / self.hole.size)


@dataclass(frozen=True, eq=False)
class Change:
    """The result of a change.

    Attributes:
        mask: The mask after it.
        box: Box around the changed pixels; None if nothing changed.
    """

    mask: Mask
    box: Box | None


class MaskStore:
    """Reads and writes the masks of a folder.

    Args:
        places: Where everything lies.
        state: Remembers versions and steps.
        options: How files are read.
        shown: Returns a page, decoded.
        changed: Called with each page whose mask changed.
    """

    def __init__(
        self,
        places: Places,
        state: State,
        options: Options,
        shown: Callable[[Entry], ShownPage],
        changed: Callable[[Entry], None],
    ) -> None:
        self._places = places
        self._state = state
        self._options = options
        self._shown = shown
        self._changed = changed
        self._sources = MaskSources(places, options, shown)
        self._locks: dict[str, threading.RLock] = {}
        self._cache: PageCache[Mask] = PageCache(_CACHE, lambda mask: mask.hole.nbytes)

    def _lock(self, entry: Entry) -> threading.RLock:
        return self._locks.setdefault(entry.id, threading.RLock())

    def current(self, entry: Entry) -> Mask:
        """Return the mask of a page. If its file was changed by others, that becomes a step that can be undone.

        Raises:
            BokwonError: The page or the mask cannot be read.
        """
        with self._lock(entry):
            row = self._state.page(entry.id)
            stamp = self._stamp(entry)
            if stamp == row.mask_stamp and row.stamp == stamp_of(entry.path):
                return self._remembered(entry, row)
            # Read before others are kept from writing: decoding takes seconds.
            hole, kind = self._sources.read(entry)
            with self._state.writing():
                row = self._state.page(entry.id)
                stamp = self._stamp(entry)
                if stamp == row.mask_stamp and row.stamp == stamp_of(entry.path):
                    return self._remembered(entry, row)
                return self._take_over(entry, row, hole, kind, stamp)

    def change(
        self,
        entry: Entry,
        version: int | None,
        make: Callable[[Hole], Hole],
        kind: Kind,
        *,
        whole: bool = False,
        **facts: int | float | bool | dict[str, Any],
    ) -> Change:
        """Change the mask of a page: one step.

        Args:
            entry: The page.
            version: The version that the mask must have; None accepts any version.
            make: Returns the new mask, given a copy of the old one that it may change.
            kind: Where the new mask is from.
            whole: Whether the new mask replaces all of the old one, so that the old one may be unreadable.
            facts: Further fields of `PageRow` to store.

        Raises:
            HttpError: The mask has another version (412).
            BokwonError: The mask cannot be read or written.
        """
        with self._lock(entry):
            unread = False
            try:
                self.current(entry)
            except BokwonError:
                if not whole:
                    raise
                unread = True
                self._give_up(entry)
            with self._state.writing():
                mask = self._checked(entry, version)
                hole = make(mask.hole.copy())
                box = bounds(hole ^ mask.hole)
                before = self._state.page(entry.id)
                row = replace(before, **facts)  # type: ignore[arg-type]
                if box is None and not unread:
                    self._state.put_page(entry.id, row)
                    return Change(mask, None)
                box = box or (0, 0, 1, 1)
                step = step_between(mask.hole, hole, box, (mask.kind, kind), (before.judged, row.judged))
                self._state.add_step(entry.id, row.position + 1, step)
                row = replace(row, position=row.position + 1)
                mask = self._write(entry, row, hole, kind)
        self._changed(entry)
        return Change(mask, box)

    def _give_up(self, entry: Entry) -> None:
        """Take a mask that cannot be read for the one that was seen last, or for none on a scan of another size."""
        row = replace(self._state.page(entry.id), mask_stamp=self._stamp(entry), stamp=stamp_of(entry.path))
        self._state.put_page(entry.id, row)
        last, shape = self._last(entry), self._sources.shape(entry)
        if last is not None and last.shape != shape:
            self._state.forget_steps(entry.id)
            self._state.put_hole(entry.id, encode_mask(np.zeros(shape, bool), "drawn"))
            self._cache.drop(entry.id)

    def walk(self, entry: Entry, version: int | None, *, back: bool) -> Change:
        """Undo the last step, or redo the next one.

        Raises:
            HttpError: The mask has another version (412), or there is no such step (409).
        """
        with self._lock(entry):
            self.current(entry)
            with self._state.writing():
                mask = self._checked(entry, version)
                row = self._state.page(entry.id)
                step = self._state.step(entry.id, row.position if back else row.position + 1)
                if step is None:
                    what = "undo" if back else "do again"
                    raise HttpError(409, "Nothing there", f"there is nothing to {what} on this page", "draw something")
                hole = mask.hole.copy()
                apply_change(hole, step.box, step.change)
                row = replace(row, position=row.position + (-1 if back else 1))
                if step.judged[0] != step.judged[1]:
                    row = replace(row, judged=step.judged[0 if back else 1])
                kind = step.before if back else step.after
                if kind == "none" and not hole.any():
                    mask = self._remove(entry, row, hole)
                else:
                    mask = self._write(entry, row, hole, "found" if kind == "found" else "drawn")
        self._changed(entry)
        return Change(mask, step.box)

    def put(
        self, entry: Entry, version: int | None, data: bytes, name: str, options: MaskOptions
    ) -> tuple[Change, str]:
        """Replace a page's mask by a mask file.

        Args:
            entry: The page.
            version: The version that the mask must have.
            data: The file, of any kind that `bokwon restore` reads.
            name: What messages call it.
            options: How it is read.

        Returns:
            The change, and how the mask was read.

        Raises:
            ArgumentError: It does not fit the page, or it is ambiguous.
            InputFileError: It cannot be read.
        """
        page = self._shown(entry).page
        own = decode_mask(data, name, self._options.max_pixels)
        if own is not None and own[0].shape == page.upright.apply(page.pixels).shape[:2]:
            hole, said = own[0], "white is hole"
        else:
            with open_document(Source(name, data=data), max_pixels=self._options.max_pixels) as document:
                if document.pages not in (1, entry.count):
                    raise ArgumentError(
                        f"{name} has {document.pages} pages, and the scan has {entry.count}",
                        "send the mask of one page",
                    )
                number = entry.number if document.pages == entry.count else 1
                given = hole_of_mask(document.page(number), page, options, name=name)
            hole, said = page.upright.apply(given.hole), given.said
        judged = forgotten(self._state.page(entry.id))
        change = self.change(entry, version, lambda _: np.ascontiguousarray(hole), "drawn", whole=True, judged=judged)
        return change, said

    def _checked(self, entry: Entry, version: int | None) -> Mask:
        """Return the mask, within a block in which nobody else writes."""
        row = self._state.page(entry.id)
        if self._stamp(entry) != row.mask_stamp or version not in (None, row.version):
            raise HttpError(
                412,
                "The mask was changed elsewhere",
                f"the mask of {entry.title} was changed in another tab, or by another program",
                "load the page again, and repeat the last step",
                {"ETag": f'"{row.version}"'},
            )
        return self._remembered(entry, row)

    def _stamp(self, entry: Entry) -> str:
        source = entry.mask_source()
        if source is None or source.path is None:
            return ""
        self._places.check(source.path)
        return entry.stamp_of_mask(source)

    def _remembered(self, entry: Entry, row: PageRow) -> Mask:
        known = self._cache.peek(entry.id)
        if known is not None and known.version == row.version:
            return known
        hole = self._last(entry)
        if hole is None:
            hole = np.zeros(self._sources.shape(entry), bool)
        return self._keep(entry, Mask(hole, row.version, row.kind))

    def _keep(self, entry: Entry, mask: Mask) -> Mask:
        mask.hole.flags.writeable = False
        self._cache.put(entry.id, mask)
        return mask

    def _last(self, entry: Entry) -> Hole | None:
        """Return the mask as it was seen last."""
        data = self._state.hole(entry.id)
        found = decode_mask(data, "the mask", self._options.max_pixels) if data else None
        return found[0] if found else None

    def _take_over(self, entry: Entry, row: PageRow, hole: Hole, kind: str, stamp: str) -> Mask:
        """Remember a mask that was not written here, or not by this process."""
        before = self._last(entry)
        scan = stamp_of(entry.path)
        if stamp == row.mask_stamp and row.version:
            # Only the scan is another one.
            self._state.put_page(entry.id, replace(row, stamp=scan))
            if before is not None and before.shape == hole.shape:
                return self._remembered(entry, replace(row, stamp=scan))
        if before is not None and before.shape != hole.shape:
            self._state.forget_steps(entry.id)
            before = None
        if before is None and row.version and row.kind == "none":
            before = np.zeros(hole.shape, bool)
        box = None if before is None else bounds(before ^ hole)
        position = row.position
        if before is not None and box is not None:
            position += 1
            step = step_between(before, hole, box, (row.kind, kind), (row.judged, forgotten(row)))
            self._state.add_step(entry.id, position, step)
            row = replace(row, judged=forgotten(row))
        version = 0 if kind == "none" and not row.version else _next(row.version)
        row = replace(row, position=position, stamp=scan, problem=None)
        mask = self._remember(entry, row, Mask(hole, version, kind), encode_mask(hole, "drawn"))
        if box is not None:
            self._changed(entry)
        return mask

    def _remember(self, entry: Entry, row: PageRow, mask: Mask, picture: bytes) -> Mask:
        row = replace(row, version=mask.version, mask_stamp=self._stamp(entry), kind=mask.kind, share=mask.share)
        row = replace(row, digest=digest_of(mask.hole))
        self._state.put_page(entry.id, row)
        self._state.put_hole(entry.id, picture)
        return self._keep(entry, mask)

    def _write(self, entry: Entry, row: PageRow, hole: Hole, kind: Kind) -> Mask:
        picture = encode_mask(hole, kind)
        target = self._places.check(entry.own_mask)
        make_folder(target.parent)
        replaced = self._sources.keep_given(entry)
        write_file(target, picture)
        for path in replaced:
            path.unlink(missing_ok=True)
        row = replace(row, stamp=stamp_of(entry.path), problem=None)
        return self._remember(entry, row, Mask(hole, _next(row.version), kind), picture)

    def _remove(self, entry: Entry, row: PageRow, hole: Hole) -> Mask:
        self._places.check(entry.own_mask).unlink(missing_ok=True)
        return self._remember(entry, row, Mask(hole, _next(row.version), "none"), encode_mask(hole, "drawn"))


def _next(version: int) -> int:
    """Return a number that no tab has seen yet, even if the database was deleted meanwhile."""
    return max(version + 1, int(time.time()))
