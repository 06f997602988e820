"""The parts that work on an opened folder, in one object."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bokwon.batch.treatment.decisions import Decision
from bokwon.detection.kinds import FILLED
from bokwon.errors import ArgumentError, BokwonError
from bokwon.serve.folder.finding import Finding
from bokwon.serve.folder.index import Entry
from bokwon.serve.folder.restoration.outcomes import Outcomes
from bokwon.serve.folder.restoration.restoring import Restoring
from bokwon.serve.folder.restoration.settings import settings_of
from bokwon.serve.folder.selection import Only, not_restored, not_searched, plan
from bokwon.serve.folder.summary import Summary
from bokwon.serve.folder.workspace import Workspace
from bokwon.serve.jobs import Job, Outcome
from bokwon.serve.models import list_fillers
from bokwon.serve.problems import HttpError, facts_of
from bokwon.serve.processes import Progress
from bokwon.settings import CERTAIN, RestoreSettings

__all__ = ["Desk"]

_READ = "read"
"""Kind of the job that reads masks, found damage and results."""


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
        treatment = desk.restoring.treatment
        workspace.on_change, workspace.on_close = treatment.touch, treatment.close
        if workspace.review.all():
            # A report that the command wrote shows no decisions.
            treatment.touch()
        desk.restoring.flush_all()
        desk.read_unseen(workspace.summaries())
        return desk

    def read_unseen(self, summaries: Sequence[Summary]) -> None:
        """Start a job that reads what the database does not know yet: at the start, and after others changed files."""
        reading = any(job.kind == _READ for job in self.workspace.jobs.unfinished())
        if not reading and any(self.is_unseen(summary) for summary in summaries):
            # If the queue is full, a later call starts the job.
            with suppress(HttpError):
                self.workspace.jobs.submit(_READ, lambda job: self.read_all_masks(job.progress), background=True)

    def is_unseen(self, summary: Summary) -> bool:
        """Return whether a page has a mask, found damage or a result that the database does not know yet."""
        # A page that cannot be read is tried again when somebody opens it.
        if summary.entry.problem is not None or summary.row.problem is not None:
            return False
        if not (summary.is_mask_known and summary.is_result_known):
            return True
        if summary.output.recorded and summary.restored_version and summary.row.filled_in != summary.result_stamp:
            return True
        known = bool(summary.row.version)
        return not known and (summary.entry.mask_source() is not None or self.finding.has_found(summary.entry))

    def read_all_masks(self, progress: Progress) -> None:
        """Read what the database does not know yet, so that the list can show how damaged each page is."""
        unseen = [summary.entry for summary in self.workspace.summaries() if self.is_unseen(summary)]
        for number, entry in enumerate(unseen):
            progress(number / len(unseen))
            self.workspace.tell(self.read_masks(entry))

    def read_masks(self, entry: Entry) -> Entry:
        """Read mask, found damage and result of a page into the database; an error is stored with the page.

        Returns:
            The page, with its size after decoding.
        """
        workspace = self.workspace
        if entry.problem is None:
            try:
                workspace.masks.current(entry)
                self.finding.recall(entry)
                self.restoring.results.note(entry)
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

    def decide(self, entry: Entry, decision: Decision) -> None:
        """Store a person's decision about a page.

        Approving a page whose present mask is not restored approves only the mask, never a result of another mask.

        Raises:
            HttpError: The decision contradicts the state of the page (409).
            FileAccessError: It cannot be written.
        """
        entry = self.read_masks(entry)
        summary = self.workspace.summary(entry)
        if decision == "approve":
            if (told := summary.problem) is not None:
                raise HttpError(409, told["title"], told["detail"], told.get("fix", ""))
            if summary.is_pending and not summary.is_marked:
                raise HttpError(
                    409,
                    "Nothing is marked any more",
                    f"{entry.title} is restored, but nothing of it is marked as damaged any more",
                    "give the original back, or undo the change of the mask",
                )
        if decision == "undamaged" and summary.restored_version:
            fix = "give its original back first, or approve it"
            raise HttpError(409, "The page is restored", f"{entry.title} is restored, so it was damaged", fix)
        result = ""
        if decision == "approve" and summary.subject == "result":
            # The output must hold the result that is approved.
            self.restoring.flush(entry, lambda _: None)
            result = self.restoring.results.note_result(entry)
        self.workspace.decide(entry, decision, result=result)

    def detect_all(
        self,
        progress: Progress,
        *,
        threshold: float = CERTAIN,
        kinds: Collection[str] = FILLED,
        outcome: Outcome,
    ) -> None:
        """Find the damage of all pages that have neither a mask nor a decision.

        Args:
            progress: Called with the share that is done.
            threshold: Least confidence of a region that is filled.
            kinds: Kinds of damage that are filled.
            outcome: Counts the pages by their result.
        """
        chosen = []
        for summary in self.workspace.summaries():
            if (reason := not_searched(summary)) is None:
                chosen.append(summary.entry)
            else:
                outcome.skipped[reason] += 1
        for number, entry in enumerate(chosen):
            progress(number / len(chosen))
            try:
                self.finding.detect(entry, _part(progress, number, len(chosen)), threshold=threshold, kinds=kinds)
                outcome.done[self.workspace.summary(entry).state] += 1
            except BokwonError as error:
                self._fail([entry], error, outcome)
            self.workspace.tell(entry)

    def plan(self, only: Only, certain: float | None = None) -> dict[str, Any]:
        """Return what `restore_all` would do; see `bokwon.serve.folder.selection.plan`."""
        return plan(self.workspace.summaries(), only, self._marks(certain))

    def _marks(self, certain: float | None) -> Callable[[Summary], bool] | None:
        """Return the function that `not_restored` takes as `certain`: drawn and given masks count as they are."""
        if certain is None:
            return None
        return lambda one: (
            (one.is_marked and one.mask_kind in ("drawn", "given")) or self.finding.has_certain(one.entry, certain)
        )

    def restore_all(
        self,
        progress: Progress,
        settings: RestoreSettings,
        *,
        only: Only,
        certain: float | None = None,
        outcome: Outcome,
    ) -> None:
        """Restore the pages of the folder, file by file.

        Args:
            progress: Called with the share that is done.
            settings: What fills the holes, and how.
            only: Which pages.
            certain: Before that, leave found regions out that are less sure, and take those in that are as sure; None
                leaves the masks as they are.
            outcome: Counts the pages by their result.
        """
        marks = self._marks(certain)
        chosen: dict[str, list[Entry]] = {}
        for summary in self.workspace.summaries():
            if (reason := not_restored(summary, only, marks)) is None:
                chosen.setdefault(summary.entry.name, []).append(summary.entry)
            else:
                outcome.skipped[reason] += 1
        for number, pages in enumerate(chosen.values()):
            progress(number / len(chosen))
            ready = []
            for entry in pages:
                try:
                    if certain is not None and self.finding.found(entry):
                        self.finding.apply_threshold(entry, None, certain)
                    if self.workspace.masks.current(entry).hole.any():
                        ready.append(entry)
                    else:
                        outcome.skipped["nothing marked" if certain is None else "nothing certain"] += 1
                except BokwonError as error:
                    self._fail([entry], error, outcome)
            if not ready:
                continue
            try:
                self.restoring.restore_pages(ready, settings, _part(progress, number, len(chosen)))
                outcome.done["restored"] += len(ready)
            except BokwonError as error:
                self._fail(ready, error, outcome)

    def _fail(self, pages: list[Entry], error: BokwonError, outcome: Outcome) -> None:
        """Store an error with the pages of one file, and count them."""
        told = facts_of(error)
        for entry in pages:
            self.workspace.note_problem(entry, told)
        outcome.fail(pages[0].id, pages[0].title, told, len(pages))


def _part(progress: Progress, number: int, count: int) -> Progress:
    """Return what is told how much of one of several pages or files is done."""
    return lambda share: progress((number + share) / count)
