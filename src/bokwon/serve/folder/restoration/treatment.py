"""The treatment report of a folder, kept up to date while pages are restored and reviewed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from time import monotonic

from bokwon.batch.journal import Entry as ReportEntry
from bokwon.batch.mask_matching import REPORT_FILES, REPORT_PAGE
from bokwon.batch.treatment.decisions import at_time
from bokwon.batch.treatment.report import Run, write_report
from bokwon.batch.treatment.words import Words
from bokwon.errors import BokwonError
from bokwon.serve.folder.summary import Summary
from bokwon.serve.folder.workspace import Workspace
from bokwon.serve.problems import HttpError
from bokwon.version import __version__

__all__ = ["Treatment", "told_of"]

_logger = logging.getLogger(__name__)

_AFTER = 3.0
"""Seconds after a change until the report is written."""
_SHARE = 20.0
"""Least pause between two reports, as a multiple of the time that writing the last one took."""
_PATIENCE = 5.0
"""Seconds to wait at the end for work that writes an output."""


class Treatment:
    """Writes the treatment report when it is asked for, some seconds after a change, and at the end.

    Args:
        workspace: The folder.
        lock: Held while outputs change.
    """

    def __init__(self, workspace: Workspace, lock: threading.Lock) -> None:
        self._workspace = workspace
        self._lock = lock
        self._timing = threading.Lock()
        self._timer: threading.Timer | None = None
        self._changed = False
        self._pause = _AFTER
        self._closed = False

    def touch(self) -> None:
        """Note a change that the report may have to show."""
        with self._timing:
            self._changed = True
            if self._timer is None and not self._closed:
                self._timer = threading.Timer(self._pause, self._submit)
                self._timer.daemon = True
                self._timer.start()

    def _submit(self) -> None:
        with self._timing:
            self._timer = None
        # If the queue is full, the next change tries again.
        with suppress(HttpError):
            self._workspace.jobs.submit("report", lambda _: self._refresh(), background=True)

    def _refresh(self) -> None:
        if self._changed and not self._closed:
            with self._lock:
                self._try_to_write()

    def _try_to_write(self) -> None:
        try:
            self._write()
        except BokwonError as error:
            # For example on a full disk. A request for the report returns the error.
            _logger.warning("the treatment report was not written: %s", error)

    def close(self) -> None:
        """Write the report for the last time, if something has changed."""
        with self._timing:
            self._closed = True
            if self._timer is not None:
                self._timer.cancel()
        if self._changed and self._lock.acquire(timeout=_PATIENCE):
            try:
                self._try_to_write()
            finally:
                self._lock.release()

    def write(self) -> Path | None:
        """Write the report of all files that were restored or failed, and of what was decided about all pages.

        Returns:
            Its path; None if nothing was restored or decided yet.

        Raises:
            FileAccessError: It cannot be written.
        """
        with self._lock:
            return self._write()

    def _write(self) -> Path | None:
        workspace = self._workspace
        places = workspace.places
        begun = monotonic()
        self._changed = False
        try:
            told = workspace.outputs.report()
            entries = [entry for _, entry in sorted(told.items()) if _has_output(entry, places.output)]
            summaries = workspace.summaries()
            if not entries and not any(summary.decided for summary in summaries):
                return None
            for name in (REPORT_PAGE, REPORT_FILES):
                places.check(places.output / name)
            run = Run(
                places.folder.name,
                datetime.now(),
                _facts(summaries),
                ("As of", "기준 시각"),
                _reviewed(summaries),
                _open(summaries, told),
            )
            return write_report(places.output, entries, run)
        except BaseException:
            self._changed = True
            raise
        finally:
            self._pause = max(_AFTER, _SHARE * (monotonic() - begun))


def _facts(summaries: Sequence[Summary]) -> list[tuple[Words, str]]:
    states = [summary.state for summary in summaries]
    decided = sum(state in ("approved", "approved as it is") for state in states)
    sound = sum(state == "undamaged" for state in states)
    return [
        (("Program", "프로그램"), f"bokwon {__version__}"),
        (("Approved pages", "승인한 면"), str(states.count("approved"))),
        (("Pages approved as they are", "그대로 승인한 면"), str(states.count("approved as it is"))),
        (("Undamaged pages", "훼손 없는 면"), str(sound)),
        (("Pages not approved yet", "아직 승인하지 않은 면"), str(len(states) - decided - sound)),
        (("Of these, pages that need a look", "그 가운데 확인이 필요한 면"), str(states.count("needs a look"))),
    ]


def _reviewed(summaries: Sequence[Summary]) -> Mapping[str, Mapping[int, Words]]:
    reviewed: dict[str, dict[int, Words]] = {}
    for summary in summaries:
        reviewed.setdefault(summary.entry.name, {})[summary.entry.number] = told_of(summary)
    return reviewed


def _open(summaries: Sequence[Summary], told: Mapping[str, ReportEntry]) -> list[tuple[str, Words]]:
    """Return name and state of the pages that are not restored, but not of files that the report lists as failed."""
    found = []
    for summary in summaries:
        entry = summary.entry
        report = told.get(entry.name)
        listed = report is not None and report.status == "failed"
        if summary.fill == "none" and not listed:
            name = entry.name if entry.count == 1 else f"{entry.name} {entry.number}/{entry.count}"
            found.append((name, told_of(summary)))
    return found


def told_of(summary: Summary) -> Words:
    """Return what was decided about a page and when, in both languages."""
    words = _WORDS[summary.state]
    return words if summary.decision is None or summary.decided is None else at_time(words, summary.decided)


_NOT_YET: Words = ("not yet", "아직 승인하지 않음")
_WORDS: Mapping[str, Words] = {
    "new": _NOT_YET,
    "found": ("not yet: damage is marked and not restored", "아직 승인하지 않음: 표시한 훼손을 복원하지 않음"),
    "uncertain": ("not yet: possible damage", "아직 승인하지 않음: 훼손 의심"),
    "needs a look": ("not yet: needs a look", "아직 승인하지 않음: 확인 필요"),
    "mask approved": ("not yet: only the mask is approved", "아직 승인하지 않음: 마스크만 승인"),
    "restored": _NOT_YET,
    "in part": ("not yet: only a part of what is marked is restored", "아직 승인하지 않음: 일부만 복원"),
    "changed": ("not yet: the mask changed after the restoration", "아직 승인하지 않음: 복원 뒤 마스크가 바뀜"),
    "approved": ("approved", "승인함"),
    "approved as it is": ("approved as it is", "그대로 승인함"),
    "undamaged": ("no damage", "훼손 없음"),
    "failed": ("not yet: it failed", "아직 승인하지 않음: 실패"),
}


def _has_output(entry: ReportEntry, folder: Path) -> bool:
    return entry.status == "failed" or (entry.output is not None and (folder / entry.output).is_file())
