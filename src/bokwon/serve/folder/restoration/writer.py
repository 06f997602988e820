"""Writing outputs, records and the report as `bokwon restore FOLDER FOLDER/restored --record` does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace

from bokwon.batch.batch import restore_task
from bokwon.batch.found_masks import detector_is_installed
from bokwon.batch.job import Job as FileJob
from bokwon.batch.journal import Entry as ReportEntry
from bokwon.batch.journal import Report
from bokwon.batch.mask_matching import Masks
from bokwon.batch.settings_digest import settings_digest
from bokwon.errors import ArgumentError, BokwonError, FileAccessError
from bokwon.image_io.reader import Source
from bokwon.inpaint.fill import Progress
from bokwon.inpaint.restorer import Restorer
from bokwon.provenance.record import read_record, record_folder
from bokwon.serve.folder.index import Entry
from bokwon.serve.folder.restoration.holes import PageWork, WorkHoles
from bokwon.serve.folder.workspace import Workspace
from bokwon.serve.problems import error_of
from bokwon.settings import CERTAIN
from bokwon.utilities.atomic import make_folder
from bokwon.utilities.checksums import sha256_of_file

__all__ = ["Writer"]

_PATIENCE = 60.0
"""Seconds to wait for another run that writes to the same folder."""
_PAUSE = 0.5


class Writer:
    """Writes the outputs of a folder, one at a time.

    Args:
        workspace: The folder.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = threading.Lock()

    def lock(self) -> threading.Lock:
        """Return the lock to hold while an output is planned and written."""
        return self._lock

    def write(
        self,
        entry: Entry,
        works: Mapping[int, Callable[[], PageWork]],
        restorer: Restorer,
        *,
        keep: frozenset[int] | None,
        complete: bool,
        progress: Progress | None,
        alive: Callable[[], None],
    ) -> ReportEntry:
        """Write the output of a file, its record, and its line in the report. The caller holds `lock`.

        Args:
            entry: One of its pages.
            works: The work on each page, by its number.
            restorer: What fills the holes.
            keep: Pages that are copied from the present output; None to write all pages again.
            complete: Whether all holes of the masks are filled afterwards. If not, the command with --resume restores
                the file again.
            progress: Told after each tile.
            alive: Called while waiting for another run; may raise to stop waiting.

        Returns:
            The line of the report.

        Raises:
            BokwonError: It could not be written; the report says so, too.
        """
        workspace = self._workspace
        target = entry.target
        if target is None:
            raise ArgumentError(f"{entry.title} cannot be restored", "see what is wrong with it")
        workspace.places.check(target)
        workspace.places.check(record_folder(target))
        make_folder(target.parent)
        options = workspace.options
        file_job = FileJob(Source(entry.name, entry.path), self.masks_of(entry), target, options=options, update=keep)
        digest = ""
        if complete:
            by_command = replace(options, find=CERTAIN if detector_is_installed() else None)
            digest = settings_digest(restorer, by_command, None)
        task = replace(entry.task, job=file_job)
        with ExitStack() as opened:
            report = opened.enter_context(self._report(digest, alive))
            told = restore_task(restorer, task, holes=WorkHoles(works), progress=progress)
            if told.status not in ("restored", "failed"):
                # Given back as it was: who took a restoration back does not want it again.
                told = replace(told, status="undone")
            report.add(told)
        if told.status == "failed":
            raise error_of(told.code, told.error, told.fix)
        return told

    def _report(self, digest: str, alive: Callable[[], None]) -> Report:
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                return Report(self._workspace.places.output, digest, resume=True)
            except FileAccessError:
                raise
            except ArgumentError:
                # The command is at work there.
                alive()
                if time.monotonic() > until:
                    raise
                time.sleep(_PAUSE)

    def masks_of(self, entry: Entry) -> Masks:
        """Return the masks of all pages of a file, as the command finds them."""
        masks = entry.masks
        for page in self._workspace.index.of_file(entry):
            own = page.current_masks()
            masks = own if page.count == 1 else replace(masks, pages={**masks.pages, **own.pages})
        return masks

    def kept_pages(self, entry: Entry, changed: frozenset[int]) -> frozenset[int] | None:
        """Return the pages of an output that can be copied while others change; None if all must be written again.

        Args:
            entry: One of the pages of the file.
            changed: Numbers of the pages that change.
        """
        output = self._workspace.outputs.of(entry)
        if entry.count == 1 or not output.recorded or entry.target is None:
            return None
        try:
            told = read_record(record_folder(entry.target))[1]["output"]["sha256"]
            if told != sha256_of_file(entry.target):
                return None
        except BokwonError:
            return None
        return output.pages - changed
