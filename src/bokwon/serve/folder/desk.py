"""The parts that work on an opened folder, in one object."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bokwon.detection.kinds import FILLED
from bokwon.errors import ArgumentError, BokwonError
from bokwon.serve.folder.finding import Finding
from bokwon.serve.folder.index import Entry
from bokwon.serve.folder.restoration.outcomes import Outcomes
from bokwon.serve.folder.restoration.restoring import Restoring
from bokwon.serve.folder.restoration.settings import settings_of
from bokwon.serve.folder.summary import Summary
from bokwon.serve.folder.workspace import Workspace
from bokwon.serve.jobs import Job
from bokwon.serve.models import list_fillers
from bokwon.serve.problems import HttpError, facts_of
from bokwon.serve.processes import Progress
from bokwon.settings import CERTAIN, RestoreSettings

__all__ = ["ONLY", "Desk"]

ONLY = ("approved", "found", "all")
"""Which pages of a folder are restored: `found` are those with a mask that are not restored yet."""


@dataclass(frozen=True)
class Desk:
    """An opened folder, with the objects that find and restore damage.

    Attributes:
        workspace: The folder.
        finding: Finds damage.
        restoring: Fills it.
    """

    workspace: Workspace
    finding: Finding
    restoring: Restoring

    @cached_property
    def outcomes(self) -> Outcomes:
        """What became of each region."""
        return Outcomes(self.workspace, self.finding)

    @classmethod
    def of(cls, workspace: Workspace) -> Desk:
        """Return the desk of a folder, and take up what an earlier run left unfinished."""
        finding = Finding(workspace, workspace.detector)
        desk = cls(workspace, finding, Restoring(workspace, finding))
        desk.restoring.flush_all()
        if any(desk.is_unseen(summary) for summary in workspace.summaries()):
            workspace.jobs.submit("read", lambda job: desk.read_all_masks(job.progress), background=True)
        return desk

    def is_unseen(self, summary: Summary) -> bool:
        """Return whether a page has a mask or found damage that the database does not know yet."""
        if summary.entry.problem is not None or summary.row.version:
            return False
        return summary.entry.mask_source() is not None or self.finding.has_found(summary.entry)

    def read_all_masks(self, progress: Progress) -> None:
        """Read the masks that the database does not know yet, so that the list can show how damaged each page is."""
        unseen = [summary.entry for summary in self.workspace.summaries() if self.is_unseen(summary)]
        for number, entry in enumerate(unseen):
            progress(number / len(unseen))
            self.read_masks(entry)

    def read_masks(self, entry: Entry) -> Entry:
        """Read the mask of a page and the damage found on it into the database; an error is stored with the page.

        Returns:
            The page, with its size after decoding.
        """
        workspace = self.workspace
        if entry.problem is None:
            try:
                workspace.masks.current(entry)
                self.finding.recall(entry)
            except BokwonError as error:
                workspace.note_problem(entry, facts_of(error))
        return workspace.page(entry.id)

    def settings_of(self, told: dict[str, Any]) -> RestoreSettings:
        """Return the settings that a request asks for; see `bokwon.serve.folder.restoration.settings`."""
        return settings_of(self.workspace.settings, told, [model["name"] for model in list_fillers()])

    def guarded(self, entry: Entry, work: Callable[[Job], None]) -> Callable[[Job], None]:
        """Return work that stores its error with the page, unless the request itself was wrong."""

        def guarded(job: Job) -> None:
            try:
                work(job)
            except BokwonError as error:
                if not isinstance(error, ArgumentError | HttpError):
                    self.workspace.note_problem(entry, facts_of(error))
                raise

        return guarded

    def detect_all(self, progress: Progress, *, threshold: float = CERTAIN, kinds: Collection[str] = FILLED) -> None:
        """Find the damage of all pages that have neither a mask nor a decision.

        Args:
            progress: Called with the share that is done.
            threshold: Least confidence of a region that is filled.
            kinds: Kinds of damage that are filled.
        """
        chosen = [
            summary.entry
            for summary in self.workspace.summaries()
            if summary.entry.problem is None
            and summary.mask_kind == "none"
            and not summary.row.searched
            and summary.decision is None
        ]
        for number, entry in enumerate(chosen):
            progress(number / len(chosen))
            try:
                self.finding.detect(entry, _part(progress, number, len(chosen)), threshold=threshold, kinds=kinds)
            except BokwonError as error:
                self.workspace.note_problem(entry, facts_of(error))
            self.workspace.tell(entry)

    def restore_all(
        self, progress: Progress, settings: RestoreSettings, *, only: str, certain: float | None = None
    ) -> None:
        """Restore the pages of the folder, file by file.

        Args:
            progress: Called with the share that is done.
            settings: What fills the holes, and how.
            only: One of `ONLY`.
            certain: Before that, leave found regions out that are less sure, and take those in that are as sure; None
                leaves the masks as they are.
        """
        chosen: dict[str, list[Entry]] = {}
        for summary in self.workspace.summaries():
            if _is_chosen(summary, only):
                chosen.setdefault(summary.entry.name, []).append(summary.entry)
        for number, pages in enumerate(chosen.values()):
            progress(number / len(chosen))
            ready = []
            for entry in pages:
                try:
                    if certain is not None and self.finding.found(entry):
                        self.finding.apply_threshold(entry, None, certain)
                    if self.workspace.masks.current(entry).hole.any():
                        ready.append(entry)
                except BokwonError as error:
                    self.workspace.note_problem(entry, facts_of(error))
            if not ready:
                continue
            try:
                self.restoring.restore_pages(ready, settings, _part(progress, number, len(chosen)))
            except BokwonError as error:
                for entry in ready:
                    self.workspace.note_problem(entry, facts_of(error))


def _is_chosen(summary: Summary, only: str) -> bool:
    if summary.entry.problem is not None or summary.mask_kind == "none":
        return False
    if only == "approved":
        return summary.decision == "approve" and not summary.restored_version
    if summary.decision in ("reject", "undamaged"):
        return False
    return only == "all" or not summary.restored_version


def _part(progress: Progress, number: int, count: int) -> Progress:
    """Return what is told how much of one of several pages or files is done."""
    return lambda share: progress((number + share) / count)
