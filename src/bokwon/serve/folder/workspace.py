"""An opened folder: its pages, their masks and outputs, and what was decided of them."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from bokwon.batch.job import Options
from bokwon.errors import InputFileError
from bokwon.image_io.document import open_document
from bokwon.image_io.page import Page
from bokwon.image_io.reader import Source
from bokwon.serve.folder.index import Entry, Index
from bokwon.serve.folder.masks.store import MaskStore
from bokwon.serve.folder.outputs import Outputs, evidence_of
from bokwon.serve.folder.places import Places, find_places
from bokwon.serve.folder.restoration.fills import Fill
from bokwon.serve.folder.review import Decision, Review
from bokwon.serve.folder.stamps import stamp_of
from bokwon.serve.folder.state import State
from bokwon.serve.folder.summary import STATES, Summary
from bokwon.serve.folder.view.evidence import draw_evidence
from bokwon.serve.folder.view.page_cache import PageCache
from bokwon.serve.folder.view.shown import ShownPage
from bokwon.serve.folder.view.thumbnails import LONGEST, quick_thumbnail, thumbnail_of
from bokwon.serve.jobs import Jobs
from bokwon.serve.problems import HttpError
from bokwon.settings import RestoreSettings

__all__ = ["MEMORY", "Workspace"]

_LOSSLESS = frozenset({"PNG", "BMP"})
"""Formats that give back the very pixels that were written."""

MEMORY = 1 << 30
"""Bytes of decoded pages that are kept in memory."""


class Workspace:
    """An opened folder; safe to use from any thread. Make it with `Workspace.open`, and close it at the end.

    Args:
        places: Where everything lies.
        jobs: Does what takes longer, and tells everybody who listens what changed.
        settings: What fills the holes by default.
        options: How files are read and written.
        recursive: Whether folders below are gone through.
        memory: Bytes of decoded pages that are kept.
        detector: Name of what finds damage, or its model file.

    Attributes:
        places: Where everything lies.
        jobs: The same.
        settings: The same.
        options: The same.
        detector: The same.
        state: The database.
        index: The pages.
        outputs: What has been restored.
        masks: The masks of the pages.
        review: What was decided.
    """

    def __init__(
        self,
        places: Places,
        jobs: Jobs,
        settings: RestoreSettings,
        options: Options,
        *,
        recursive: bool,
        memory: int,
        detector: str | Path,
    ) -> None:
        self.places = places
        self.jobs = jobs
        self.settings = settings
        self.options = options
        self.detector = detector
        self.state = State(places.database)
        self.index = Index(places, self.state, options, recursive=recursive)
        self.outputs = Outputs(places.output)
        self.review = Review(places.output)
        self._filling = threading.RLock()
        self._decoding = threading.BoundedSemaphore(2)
        self._pages: PageCache[ShownPage] = PageCache(memory, lambda shown: shown.nbytes)
        self.masks = MaskStore(places, self.state, options, self.original, self._mask_changed)

    @classmethod
    def open(
        cls,
        path: Path,
        jobs: Jobs,
        *,
        settings: RestoreSettings | None = None,
        options: Options | None = None,
        recursive: bool = False,
        memory: int = MEMORY,
        state_home: Path | None = None,
        detector: str | Path = "detect",
    ) -> Workspace:
        """Open a folder of scans, or a single one.

        Args:
            path: The folder or file.
            jobs: Does what takes longer.
            settings: What fills the holes by default.
            options: How files are read and written; by default as `bokwon restore FOLDER FOLDER/restored --record`.
            recursive: Whether folders below are gone through.
            memory: Bytes of decoded pages that are kept in memory.
            detector: Name of what finds damage, or its model file.
            state_home: Where the state goes if the folder cannot hold it; by default the user's folder for this.

        Raises:
            FileAccessError: It does not exist or cannot be listed, or its state can be kept nowhere.
        """
        options = options or Options(missing_pages=True)
        return cls(
            find_places(path, state_home=state_home),
            jobs,
            settings or RestoreSettings(),
            replace(options, record=True),
            recursive=recursive,
            memory=memory,
            detector=detector,
        )

    def close(self) -> None:
        """Let go of files and memory."""
        self.state.close()

    def page(self, name: str) -> Entry:
        """Return a page by its id.

        Raises:
            HttpError: There is none (404).
        """
        entry = self.index.get(name)
        if entry is None:
            self.index.refresh()
            entry = self.index.get(name)
        if entry is None:
            raise HttpError(404, "No such page", "the folder has no such page, or not any more", "look at the folder")
        return entry

    def sound_page(self, name: str) -> Entry:
        """Return a page that can be worked on.

        Raises:
            HttpError: There is none (404), or it cannot be read (422).
        """
        entry = self.page(name)
        if (told := entry.problem) is not None:
            raise HttpError(422, told["title"], told["detail"], told.get("fix", ""))
        return entry

    def original(self, entry: Entry) -> ShownPage:
        """Return a page of the scan, decoded.

        Raises:
            BokwonError: It cannot be read.
        """
        shown = self._shown(entry, "original", entry.path, lambda: self._decode(entry, entry.path))
        self.index.note_size(entry, shown.size)
        return shown

    def restored(self, entry: Entry) -> ShownPage:
        """Return a page of the output, decoded, with what is not written yet.

        Raises:
            HttpError: It is not restored (404).
            BokwonError: It cannot be read.
        """
        with self._filling:
            if not self.summary(entry).restored_version or entry.target is None:
                raise HttpError(404, "Not restored", f"{entry.title} is not restored yet", "restore it first")
            return self._shown(entry, "restored", self._base(entry), lambda: self._with_fills(entry))

    def _base(self, entry: Entry) -> Path:
        """Return the file that holds the page without the fills that wait: the output, or the scan."""
        written = entry.number in self.outputs.of(entry).pages and entry.target is not None
        return entry.target if written and entry.target is not None else entry.path

    def _with_fills(self, entry: Entry) -> Page:
        base = self._base(entry)
        scan = self.original(entry).page
        page = replace(scan, pixels=scan.pixels.copy()) if base == entry.path else self._decode(entry, base)
        for _, _, facts, content in self.state.fills((entry.id,)):
            Fill.from_bytes(facts, content).put(page.pixels, scan.pixels)
        return page

    def add_fill(self, entry: Entry, fill: Fill, facts: dict[str, Any]) -> None:
        """Keep a fill until it is in the output, and show it.

        Args:
            entry: The page.
            fill: Its pixels.
            facts: What is kept with them.
        """
        with self._filling:
            key = self._key(entry, "restored", self._base(entry))
            self.state.add_fill(entry.id, time.time_ns() // 1000, facts, fill.to_bytes())
            shown = self._pages.peek(key)
            if shown is not None:
                with shown.lock:
                    fill.put(shown.page.pixels, self.original(entry).page.pixels)
                    shown.update(fill.box)

    def wrote(self, entry: Entry, shown: ShownPage, numbers: list[int]) -> None:
        """Take note that fills of a page are in its output now.

        Args:
            entry: The page.
            shown: The page with these fills, as it was shown until now.
            numbers: Of the fills.
        """
        with self._filling:
            self.state.forget_fills(numbers)
            written = entry.number in self.outputs.of(entry).pages
            if written and shown.page.format in _LOSSLESS and self._base(entry) == entry.target:
                # The very pixels that were written: they need not be decoded.
                self._pages.put(self._key(entry, "restored", self._base(entry)), shown)

    @staticmethod
    def _key(entry: Entry, layer: str, path: Path) -> tuple[str, str, str]:
        return entry.id, layer, stamp_of(path)

    def _shown(self, entry: Entry, layer: str, path: Path, read: Callable[[], Page]) -> ShownPage:
        self.places.check(path)
        return self._pages.get(self._key(entry, layer, path), lambda: ShownPage(read()))

    def _decode(self, entry: Entry, path: Path) -> Page:
        with open_document(Source.of(path), max_pixels=self.options.max_pixels) as document:
            return document.page(entry.number)

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
        """Return the picture of what was done to a page.

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
            if levels.shape != scan.pixels.shape[:2] or restored.size != scan.size:
                raise InputFileError(f"the record of {entry.title} is of another scan", "restore the page again")
            return draw_evidence(scan, restored, levels, layers)

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
        if layer == "restored" and not self.summary(entry).restored_version:
            raise HttpError(404, "Not restored", f"{entry.title} is not restored yet", "restore it first")
        path = self.places.check(entry.path if layer == "original" or entry.target is None else entry.target)
        stamp = stamp_of(path)
        known = self.state.thumbnail(entry.id, layer, stamp)
        if known is None:
            # Few at a time: each may decode a large page.
            with self._decoding:
                known = quick_thumbnail(path) if entry.count == 1 else None
                known = known or thumbnail_of(self.layer(entry, layer).small(LONGEST))
            self.state.put_thumbnail(entry.id, layer, stamp, known)
        return known

    def has_evidence(self, entry: Entry) -> bool:
        """Return whether there is a picture of the evidence of a page."""
        return self.outputs.of(entry).recorded and entry.number in self.outputs.of(entry).pages

    def summary(self, entry: Entry) -> Summary:
        """Return what is known of a page."""
        row = self.state.page(entry.id)
        return Summary(
            entry,
            row,
            self.outputs.of(entry),
            self.review.of(entry.title, entry.number),
            self.state.has_steps(entry.id, row.position),
            self.state.filled().get(entry.id, 0),
        )

    def summaries(self) -> list[Summary]:
        """Return what is known of all pages, in order of name and number."""
        self.index.refresh()
        rows, places, decisions = self.state.pages(), self.state.all_places(), self.review.all()
        filled = self.state.filled()
        empty = self.state.page("")
        found = []
        for entry in self.index.entries().values():
            row = rows.get(entry.id, empty)
            first, last = places.get(entry.id, (1, 0))
            steps = first <= row.position <= last, first <= row.position + 1 <= last
            decision = decisions.get((entry.title, entry.number))
            output = self.outputs.of(entry)
            found.append(Summary(entry, row, output, decision, steps, filled.get(entry.id, 0)))
        return found

    def counts(self) -> dict[str, int]:
        """Return how many pages are in which state."""
        counted = Counter(summary.state for summary in self.summaries())
        return {state: counted[state] for state in STATES}

    def neighbours(self, entry: Entry) -> tuple[str | None, str | None]:
        """Return the ids of the page before and the one after, in order of name."""
        names = list(self.index.entries())
        place = names.index(entry.id) if entry.id in names else -1
        before = names[place - 1] if place > 0 else None
        return before, names[place + 1] if 0 <= place < len(names) - 1 else None

    def note_problem(self, entry: Entry, problem: dict[str, Any] | None) -> None:
        """Remember what went wrong with a page, or that nothing is wrong any more."""
        with self.state.writing():
            row = self.state.page(entry.id)
            if row.problem == problem:
                return
            self.state.put_page(entry.id, replace(row, problem=problem))
        self.tell(entry)

    def decide(self, entry: Entry, decision: Decision) -> None:
        """Write down what somebody decided of a page.

        Raises:
            FileAccessError: It cannot be written.
        """
        self.review.decide(entry.title, entry.number, decision)
        self.tell(entry)

    def _mask_changed(self, entry: Entry) -> None:
        if self.review.of(entry.title, entry.number) is not None:
            # It was made of another mask.
            self.review.decide(entry.title, entry.number, "open")
        self.tell(entry)

    def tell(self, entry: Entry) -> None:
        """Tell everybody who listens that a page changed."""
        self.jobs.tell({"type": "page", **self.summary(self.page(entry.id)).facts()})
