"""The layers of each page: the scan, the restored page and the evidence picture, decoded once; and thumbnails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from bokwon.errors import InputFileError
from bokwon.image_io.page import Page
from bokwon.serve.folder.index import Entry, Index
from bokwon.serve.folder.outputs import Outputs, evidence_of, recorded_ink
from bokwon.serve.folder.places import Places
from bokwon.serve.folder.restoration.fills import Fill
from bokwon.serve.folder.stamps import stamp_of
from bokwon.serve.folder.state import State
from bokwon.serve.folder.view.decoder import Decoder
from bokwon.serve.folder.view.evidence import draw_evidence
from bokwon.serve.folder.view.page_cache import PageCache
from bokwon.serve.folder.view.shown import ShownPage
from bokwon.serve.folder.view.thumbnails import LONGEST, thumbnail_of
from bokwon.serve.problems import HttpError

__all__ = ["Layers"]

_LOSSLESS = frozenset({"PNG", "BMP", "TIFF", "WEBP"})
"""Formats that are written without loss: what is read back equals what was written."""
_THUMBNAILS = 2
"""How many thumbnails are made at a time: each may decode a large page."""


class Layers:
    """The decoded pages of a folder; safe to use from any thread.

    Args:
        places: Where everything lies.
        state: Holds thumbnails, and fills that are not in an output yet.
        index: Receives the sizes of decoded pages.
        outputs: Knows which pages are restored.
        decoder: Decodes the files.
        memory: Bytes of decoded pages that are kept.
    """

    def __init__(
        self, places: Places, state: State, index: Index, outputs: Outputs, decoder: Decoder, *, memory: int
    ) -> None:
        self._places = places
        self._state = state
        self._index = index
        self._outputs = outputs
        self._decoder = decoder
        self._filling = threading.RLock()
        self._decoding = threading.BoundedSemaphore(_THUMBNAILS)
        self._pages: PageCache[ShownPage] = PageCache(memory, lambda shown: shown.nbytes)

    def is_restored(self, entry: Entry) -> bool:
        """Return whether a page is filled, in the output or by fills that are not written yet."""
        return entry.number in self._outputs.of(entry).pages or entry.id in self._state.filled()

    def has_evidence(self, entry: Entry) -> bool:
        """Return whether there is a picture of the evidence of a page."""
        output = self._outputs.of(entry)
        return output.recorded and entry.number in output.pages

    def original(self, entry: Entry) -> ShownPage:
        """Return a page of the scan, decoded.

        Raises:
            BokwonError: It cannot be read.
        """
        try:
            shown = self._shown(entry, "original", entry.path, lambda: self._decode(entry, entry.path))
        except InputFileError:
            # The header of a damaged file may tell any size; browsers cannot show a page of that size.
            self._index.note_size(entry, (0, 0))
            raise
        self._index.note_size(entry, shown.size)
        return shown

    def restored(self, entry: Entry) -> ShownPage:
        """Return a page of the output, decoded, including fills that are not written yet.

        Raises:
            HttpError: It is not restored (404).
            BokwonError: It cannot be read.
        """
        with self._filling:
            if not self.is_restored(entry) or entry.target is None:
                raise HttpError(404, "Not restored", f"{entry.title} is not restored yet", "restore it first")
            return self._shown(entry, "restored", self._base(entry), lambda: self._with_fills(entry))

    def _base(self, entry: Entry) -> Path:
        """Return the file that holds the page without the fills that wait: the output, or the scan."""
        written = entry.number in self._outputs.of(entry).pages and entry.target is not None
        return entry.target if written and entry.target is not None else entry.path

    def _with_fills(self, entry: Entry) -> Page:
        base = self._base(entry)
        scan = self.original(entry).page
        page = replace(scan, pixels=scan.pixels.copy()) if base == entry.path else self._decode(entry, base)
        for _, _, facts, content in self._state.fills((entry.id,)):
            Fill.from_bytes(facts, content).put(page.pixels, scan.pixels)
        return page

    def add_fill(self, entry: Entry, fill: Fill, facts: dict[str, Any]) -> None:
        """Keep a fill until it is in the output, and show it.

        Args:
            entry: The page.
            fill: Its pixels.
            facts: Their description, stored with them.
        """
        with self._filling:
            key = self._key(entry, "restored", self._base(entry))
            self._state.add_fill(entry.id, time.time_ns() // 1000, facts, fill.to_bytes())
            shown = self._pages.peek(key)
            if shown is not None:
                with shown.lock:
                    fill.put(shown.page.pixels, self.original(entry).page.pixels)
                    shown.update(fill.box)

    def wrote(self, entry: Entry, shown: ShownPage, numbers: list[int]) -> None:
        """Note that fills of a page are in its output now.

        Args:
            entry: The page.
            shown: The page with these fills, as it was shown until now.
            numbers: Of the fills.
        """
        with self._filling:
            self._state.forget_fills(numbers)
            written = entry.number in self._outputs.of(entry).pages
            if written and shown.page.format in _LOSSLESS and self._base(entry) == entry.target:
                # The very pixels that were written: they need not be decoded.
                self._pages.put(self._key(entry, "restored", self._base(entry)), shown)

    def tidy(self) -> None:
        """End processes that have had nothing to decode for a while."""
        self._decoder.tidy()

    def close(self) -> None:
        """End the processes that decode pages."""
        self._decoder.close()

    @staticmethod
    def _key(entry: Entry, layer: str, path: Path) -> tuple[str, str, str]:
        return entry.id, layer, stamp_of(path)

    def _shown(self, entry: Entry, layer: str, path: Path, read: Callable[[], Page]) -> ShownPage:
        self._places.check(path)
        return self._pages.get(self._key(entry, layer, path), lambda: ShownPage(read()))

    def _decode(self, entry: Entry, path: Path) -> Page:
        return self._decoder.page(path, entry.number, entry.title)

    def layer(self, entry: Entry, layer: str) -> ShownPage:
        """Return a layer of a page, decoded: `original`, `restored` or `evidence`.

        Raises:
            HttpError: It is not restored, or has no evidence (404).
            BokwonError: It cannot be read.
        """
        if layer == "original":
            return self.original(entry)
        return self.restored(entry) if layer == "restored" else self.evidence(entry)

    def evidence(self, entry: Entry) -> ShownPage:
        """Return the evidence picture of a page.

        Raises:
            HttpError: It is not restored with a record (404).
            BokwonError: The record cannot be read.
        """
        if not self.has_evidence(entry) or entry.target is None:
            fix = "restore it here, or with bokwon restore --record"
            raise HttpError(404, "No evidence", f"there is no record of {entry.title}", fix)

        def draw() -> Page:
            scan, restored = self.original(entry).page, self.restored(entry).page
            levels, layers = evidence_of(entry)
            ink = recorded_ink(entry)
            shapes = {levels.shape, restored.pixels.shape[:2]} | (set() if ink is None else {ink.shape})
            if shapes != {scan.pixels.shape[:2]}:
                raise InputFileError(f"the record of {entry.title} is of another scan", "restore the page again")
            return draw_evidence(scan, restored, levels, layers, ink)

        return self._shown(entry, "evidence", entry.target, draw)

    def thumbnail(self, entry: Entry, layer: str) -> bytes:
        """Return a small picture of a page, a JPEG file.

        Args:
            entry: The page.
            layer: `original` or `restored`.

        Raises:
            HttpError: It is not restored (404).
            BokwonError: It cannot be read.
        """
        if layer == "restored" and not self.is_restored(entry):
            raise HttpError(404, "Not restored", f"{entry.title} is not restored yet", "restore it first")
        path = self._places.check(entry.path if layer == "original" or entry.target is None else entry.target)
        stamp = stamp_of(path)
        known = self._state.thumbnail(entry.id, layer, stamp)
        if known is None:
            # Few at a time: each may decode a large page.
            with self._decoding:
                small = self._decoder.small(path, LONGEST, entry.title) if entry.count == 1 else None
                known = thumbnail_of(self.layer(entry, layer).small(LONGEST) if small is None else small)
            self._state.put_thumbnail(entry.id, layer, stamp, known)
        return known
