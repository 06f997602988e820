"""Restoring pages and parts of pages, and giving originals back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any

import numpy as np

from bokwon.batch.given_masks import GivenMasks
from bokwon.batch.job import Job as FileJob
from bokwon.errors import ArgumentError, BokwonError
from bokwon.image_io.reader import Source
from bokwon.inpaint.restorer import Restorer
from bokwon.provenance.record import read_record, record_folder
from bokwon.provenance.recorder import describe_restorer
from bokwon.serve.folder.finding import Finding
from bokwon.serve.folder.index import Entry
from bokwon.serve.folder.restoration.fills import Fill, fill_part, give_back
from bokwon.serve.folder.restoration.holes import PageWork
from bokwon.serve.folder.restoration.restorers import Restorers
from bokwon.serve.folder.restoration.results import Results
from bokwon.serve.folder.restoration.treatment import Treatment
from bokwon.serve.folder.restoration.writer import Writer
from bokwon.serve.folder.workspace import Workspace
from bokwon.serve.problems import HttpError, facts_of
from bokwon.serve.processes import Progress
from bokwon.settings import RestoreSettings
from bokwon.types import Hole

__all__ = ["Restoring"]


class Restoring:
    """Restores the pages of a folder; safe to use from any thread.

    Args:
        workspace: The folder.
        finding: Knows the regions.

    Attributes:
        results: What is filled on each page.
        treatment: The treatment report.
    """

    def __init__(self, workspace: Workspace, finding: Finding) -> None:
        self._workspace = workspace
        self._finding = finding
        self.results = Results(workspace, finding)
        self._writer = Writer(workspace)
        self.treatment = Treatment(workspace, self._writer.lock())
        self._lock = threading.Lock()
        self._restorers = Restorers()
        self._waiting: set[str] = set()

    def restore_pages(self, pages: Collection[Entry], settings: RestoreSettings, progress: Progress) -> None:
        """Restore pages of one file: fill all holes of their masks.

        Args:
            pages: The pages, at least one.
            settings: What fills the holes, and how.
            progress: Called with the share that is done, in [0, 1]; may raise to stop the work.

        Raises:
            ArgumentError: A page has no mask, or an empty one.
            BokwonError: It cannot be restored.
        """
        workspace = self._workspace
        first = next(iter(pages))
        for entry in pages:
            if not workspace.masks.current(entry).hole.any():
                fix = "draw a mask first, or let damage be found"
                raise ArgumentError(f"nothing of {entry.title} is marked as damaged", fix)
        restorer = self._restorers.of(settings)
        progress(0.02)
        with self._writer.lock(), ExitStack() as opened:
            fills = workspace.state.fills(tuple(entry.id for entry in pages))
            works = {entry.number: partial(self._work, entry, opened) for entry in pages}
            for entry in pages:
                self.results.note_mask(entry)
            self._write(first, works, restorer, progress, spread=len(pages))
            workspace.state.forget_fills([number for number, *_ in fills])
        for entry in pages:
            workspace.note_problem(entry, None)
            workspace.reopen(entry)
            self._note(entry)
            workspace.tell(entry)

    def _note(self, entry: Entry) -> None:
        """Compare what is filled with the mask, now rather than when the page is opened."""
        try:
            self.results.note(entry)
        except BokwonError as error:
            self._workspace.note_problem(entry, facts_of(error))

    def _write(
        self,
        entry: Entry,
        works: Mapping[int, Callable[[], PageWork]],
        restorer: Restorer,
        progress: Progress,
        *,
        spread: int,
        gone: bool = False,
    ) -> None:
        """Write the output of a file with some pages changed."""
        workspace = self._workspace
        keep = None if gone else self._writer.kept_pages(entry, frozenset(works))
        others = workspace.outputs.of(entry).pages - frozenset(works)
        known = self.results.known(page for page in workspace.index.of_file(entry) if page.number not in works)
        changed: dict[int, Callable[[], PageWork]] = dict(works)
        if keep is None:
            for page in workspace.index.of_file(entry):
                if page.number in others:
                    changed[page.number] = partial(self.results.made, page)
        before = {"page": 0, "tiles": 0}

        def tiles(done: int, total: int) -> None:
            if done <= before["tiles"]:
                before["page"] += 1
            before["tiles"] = done
            progress(0.05 + 0.85 * min(1.0, (before["page"] + done / total) / spread))

        self._writer.write(
            entry,
            changed,
            restorer,
            keep=keep,
            complete=self._is_complete(entry, works, others),
            progress=tiles,
            alive=lambda: progress(0.03),
        )
        self.results.carry(known)

    def _is_complete(self, entry: Entry, works: Mapping[int, Callable[[], PageWork]], others: frozenset[int]) -> bool:
        """Return whether all that the masks of a file call hole is filled, once some pages are written."""
        workspace = self._workspace
        told: dict[int, Any] = {}
        if entry.target is not None:
            with suppress(BokwonError):
                told = read_record(record_folder(entry.target))[1]["pages"]
        for page in workspace.index.of_file(entry):
            wanted = round(workspace.state.page(page.id).share * page.size[0] * page.size[1])
            filled = 0
            if page.number in works:
                result = works[page.number]().result
                # A page whose whole original was given back counts as complete.
                filled = wanted if result is None or not result.hole.any() else int(np.count_nonzero(result.hole))
            elif page.number in others:
                filled = told.get(page.number, {}).get("hole_pixels", wanted)
            if filled != wanted:
                return False
        return True

    def _work(self, entry: Entry, opened: ExitStack) -> PageWork:
        """Return what fills a page anew."""
        workspace = self._workspace
        mask = workspace.masks.current(entry)
        source = entry.mask_source()
        name = source.name if source is not None else "mask"
        found = tuple(self._finding.found(entry))
        if mask.kind != "given":
            return PageWork(mask, None, name, found)
        file_job = FileJob(Source(entry.name, entry.path), entry.current_masks(), None, options=workspace.options)
        wanted = frozenset(range(1, entry.count + 1))
        given = GivenMasks(file_job, entry.count, wanted, opened, lambda level, text: None)
        return PageWork(mask, None, name, found, given)

    def restore_part(self, entry: Entry, part: Hole, settings: RestoreSettings, progress: Progress) -> None:
        """Fill only a part of a page again.

        The page shows the new pixels at once; a later job writes the output.

        Args:
            entry: The page.
            part: (H, W) as viewers show the page; only its pixels inside the hole are filled.
            settings: What fills it, and how.
            progress: Called with the share that is done, in [0, 1]; may raise to stop the work.

        Raises:
            ArgumentError: No pixel of the part is in the hole.
            BokwonError: It cannot be filled.
        """
        workspace = self._workspace
        mask = workspace.masks.current(entry)
        part = part & mask.hole
        if not part.any():
            raise ArgumentError("nothing is marked as damaged there", "mark it in the mask first")
        shown = workspace.layers.original(entry)
        back = shown.upright.inverse
        progress(0.1)
        stored = np.ascontiguousarray(back.apply(mask.hole)), np.ascontiguousarray(back.apply(part))
        restorer = self._restorers.of_page(settings, shown, stored[0], mask.version)
        made_by = {**describe_restorer(restorer), "settings": restorer.settings.of_pixels()}
        self._add(entry, fill_part(shown.page, *stored, restorer, made_by), settings)
        self._let_write(entry)

    def give_back(self, entry: Entry, part: Hole) -> None:
        """Put a part's original pixels back. It is removed from the mask, and the output shows the scan there.

        Args:
            entry: The page.
            part: (H, W) as viewers show the page; not empty.

        Raises:
            BokwonError: The mask cannot be written.
        """
        workspace = self._workspace
        mask = workspace.masks.current(entry)
        kind = "found" if mask.kind == "found" else "drawn"
        workspace.masks.change(entry, None, lambda hole: hole & ~part, kind)  # type: ignore[arg-type]
        if workspace.summary(entry).restored_version:
            back = workspace.layers.original(entry).upright.inverse
            self._add(entry, give_back(np.ascontiguousarray(back.apply(part))), workspace.settings)
            self._let_write(entry)

    def take_back(self, entry: Entry, progress: Progress) -> None:
        """Put all original pixels of a page back into its output. Its mask stays, so it can be restored again.

        Args:
            entry: The page.
            progress: Called with the share that is done, in [0, 1]; may raise to stop the work.

        Raises:
            HttpError: It is not restored (409).
            BokwonError: The output cannot be written.
        """
        workspace = self._workspace
        with self._writer.lock():
            self.check_restored(entry)
            fills = workspace.state.fills((entry.id,))
            if entry.number in workspace.outputs.of(entry).pages:
                works = {entry.number: partial(self.results.untouched, entry)}
                restorer = self._restorers.of(workspace.settings)
                self._write(entry, works, restorer, progress, spread=1, gone=True)
            workspace.state.forget_fills([number for number, *_ in fills])
        workspace.note_problem(entry, None)
        workspace.reopen(entry)
        workspace.tell(entry)

    def check_restored(self, entry: Entry) -> None:
        """Make sure that there is a restoration to take back.

        Raises:
            HttpError: The page is not restored (409).
        """
        if not self._workspace.summary(entry).restored_version:
            raise HttpError(409, "Not restored", f"{entry.title} is not restored", "there is nothing to take back")

    def _add(self, entry: Entry, fill: Fill, settings: RestoreSettings) -> None:
        """Show a fill, and keep it until it is in the output."""
        workspace = self._workspace
        model = None if settings.model is None else str(settings.model)
        facts = {**fill.facts(), "settings": {**vars(settings), "model": model}}
        workspace.layers.add_fill(entry, fill, facts)
        self.results.note_mask(entry)
        workspace.reopen(entry)
        self._note(entry)
        workspace.tell(entry)

    def _let_write(self, entry: Entry) -> None:
        """Have the output of a file written, once, however many fills come until that begins."""
        with self._lock:
            if entry.name in self._waiting:
                return
            self._waiting.add(entry.name)
        try:
            self._workspace.jobs.submit(
                "write", lambda job: self.flush(entry, job.progress), page=entry.id, background=True
            )
        except HttpError:
            # The queue is full: the next fill, or the next start, has it written.
            with self._lock:
                self._waiting.discard(entry.name)

    def flush(self, entry: Entry, progress: Progress) -> None:
        """Write the pixels that were filled on a file's pages into its output.

        Raises:
            BokwonError: It cannot be written; it is tried again with the next fill, and at the next start.
        """
        workspace = self._workspace
        # From now on the next fill has another job do this again.
        with self._lock:
            self._waiting.discard(entry.name)
        pages = {page.id: page for page in workspace.index.of_file(entry)}
        if not workspace.state.fills(tuple(pages)):
            return
        with self._writer.lock():
            waiting = workspace.state.fills(tuple(pages))
            if not waiting:
                return
            by_page: dict[str, list[Fill]] = {}
            for _, name, facts, content in waiting:
                by_page.setdefault(name, []).append(Fill.from_bytes(facts, content))
            works = {
                pages[name].number: partial(self.results.made, pages[name], fills) for name, fills in by_page.items()
            }
            gone = not all(work().result.hole.any() for work in works.values())  # type: ignore[union-attr]
            shown = {name: workspace.layers.restored(pages[name]) for name in by_page}
            told = waiting[-1][2]["settings"]
            try:
                self._write(entry, works, self._restorers.of(RestoreSettings(**told)), progress, spread=1, gone=gone)
            except BokwonError as error:
                for name in by_page:
                    workspace.note_problem(pages[name], facts_of(error))
                raise
            for name in by_page:
                workspace.layers.wrote(
                    pages[name], shown[name], [number for number, page, *_ in waiting if page == name]
                )
        for name in by_page:
            self._note(pages[name])
            workspace.tell(pages[name])

    def write_waiting(self) -> None:
        """Write all pixels that wait into their outputs, now.

        Raises:
            BokwonError: They cannot be written.
        """
        for name in self._workspace.state.filled():
            entry = self._workspace.index.get(name)
            if entry is not None:
                self.flush(entry, lambda _: None)

    def flush_all(self) -> None:
        """Write all pixels that an earlier run filled but did not write into an output."""
        for name in self._workspace.state.filled():
            entry = self._workspace.index.get(name)
            if entry is not None and entry.problem is None:
                self._let_write(entry)
