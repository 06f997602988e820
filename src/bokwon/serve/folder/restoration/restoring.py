"""Restoring pages and parts of pages, and giving originals back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bokwon.batch.given_masks import GivenMasks
from bokwon.batch.job import Job as FileJob
from bokwon.errors import ArgumentError, BokwonError, InputFileError
from bokwon.image_io.reader import Source
from bokwon.inpaint.restorer import Restorer
from bokwon.provenance.record import read_record, record_folder
from bokwon.provenance.recorder import describe_restorer
from bokwon.serve.folder.finding import Finding
from bokwon.serve.folder.index import Entry
from bokwon.serve.folder.outputs import recorded_hole, recorded_ink
from bokwon.serve.folder.restoration.fills import Fill, Result, fill_part, give_back
from bokwon.serve.folder.restoration.holes import PageWork
from bokwon.serve.folder.restoration.restorers import Restorers
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
    """

    def __init__(self, workspace: Workspace, finding: Finding) -> None:
        self._workspace = workspace
        self._finding = finding
        self._writer = Writer(workspace)
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
        done_before = [entry for entry in pages if workspace.summary(entry).restored_version]
        with self._writer.lock(), ExitStack() as opened:
            fills = workspace.state.fills(tuple(entry.id for entry in pages))
            works = {entry.number: partial(self._work, entry, opened) for entry in pages}
            self._write(first, works, restorer, progress, spread=len(pages))
            workspace.state.forget_fills([number for number, *_ in fills])
        for entry in pages:
            workspace.note_problem(entry, None)
            if entry in done_before and workspace.review.of(entry.title, entry.number) == "approve":
                # What was approved is another restoration.
                workspace.review.decide(entry.title, entry.number, "open")
            workspace.tell(entry)

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
        changed: dict[int, Callable[[], PageWork]] = dict(works)
        if keep is None:
            for page in workspace.index.of_file(entry):
                if page.number in others:
                    changed[page.number] = partial(self._made, page)
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
                filled = wanted if result is None else int(np.count_nonzero(result.hole))
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

    def _made(self, entry: Entry, fills: Iterable[Fill] = ()) -> PageWork:
        """Return a page as it is in the output, with fills on top that the shown page has already."""
        workspace = self._workspace
        scan = workspace.layers.original(entry).page
        if entry.number in workspace.outputs.of(entry).pages:
            hole, filled_by = self._recorded(entry), self._filled_by(entry)
        else:
            hole, filled_by = np.zeros(scan.pixels.shape[:2], bool), []
        ink = recorded_ink(entry)
        ink = np.zeros(hole.shape, np.uint8) if ink is None or ink.shape != hole.shape else ink
        result = Result(hole, workspace.layers.restored(entry).page.pixels, ink, filled_by)
        for fill in fills:
            result.note(fill)
        source = entry.mask_source()
        name = source.name if source is not None else "mask"
        return PageWork(workspace.masks.current(entry), result, name, tuple(self._finding.found(entry)))

    def _recorded(self, entry: Entry) -> Hole:
        """Return what is filled of a page in the output, on its stored pixels."""
        workspace = self._workspace
        if workspace.outputs.of(entry).recorded:
            hole = recorded_hole(entry)
            if hole.shape != workspace.layers.original(entry).page.pixels.shape[:2]:
                raise InputFileError(
                    f"the record of {entry.title} is of another scan", "restore the page again, all of it"
                )
            return hole
        # Restored without a record: by its mask.
        mask = workspace.masks.current(entry).hole
        return np.array(workspace.layers.original(entry).upright.inverse.apply(mask))

    @staticmethod
    def _filled_by(entry: Entry) -> list[dict[str, Any]]:
        """Return what filled the parts of a page, as its record says."""
        if entry.target is None:
            return []
        try:
            record = read_record(record_folder(entry.target))[1]
        except BokwonError:
            return []
        names = ("method", "model", "model_sha256", "engine", "settings")
        whole = {"box": None, **{name: record.get(name) for name in names}}
        return list(record["pages"].get(entry.number, {}).get("filled_by", [whole]))

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

    def _add(self, entry: Entry, fill: Fill, settings: RestoreSettings) -> None:
        """Show a fill, and keep it until it is in the output."""
        workspace = self._workspace
        model = None if settings.model is None else str(settings.model)
        facts = {**fill.facts(), "settings": {**vars(settings), "model": model}}
        workspace.layers.add_fill(entry, fill, facts)
        if workspace.review.of(entry.title, entry.number) == "approve":
            workspace.review.decide(entry.title, entry.number, "open")
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
            works = {pages[name].number: partial(self._made, pages[name], fills) for name, fills in by_page.items()}
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

    def write_treatment(self) -> Path | None:
        """Write the treatment report; see `Writer.write_treatment`."""
        return self._writer.write_treatment()

    def flush_all(self) -> None:
        """Write all pixels that an earlier run filled but did not write into an output."""
        for name in self._workspace.state.filled():
            entry = self._workspace.index.get(name)
            if entry is not None and entry.problem is None:
                self._let_write(entry)
