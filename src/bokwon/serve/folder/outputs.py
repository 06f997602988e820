"""Which pages are restored already, by the page or by the command; read from outputs, records and the report."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bokwon.batch.found_masks import FOUND_MASK
from bokwon.batch.journal import REPORT, fingerprint
from bokwon.batch.journal import Entry as ReportEntry
from bokwon.errors import BokwonError, InputFileError
from bokwon.image_io.reader import Source, read_page
from bokwon.provenance.record import RECORD_FILE, page_file, read_record, record_folder
from bokwon.serve.folder.index import Entry
from bokwon.serve.folder.stamps import stamp_of, version_of
from bokwon.types import Hole

__all__ = ["FileOutput", "Outputs", "evidence_of", "recorded_hole", "recorded_ink"]

_UNDONE = "undone.json"


@dataclass(frozen=True)
class FileOutput:
    """State of the output of a file.

    Attributes:
        version: Time of its last change in microseconds; 0 if there is none.
        pages: Numbers of the pages that are filled in it.
        recorded: Whether a record lists these pages, so that the restoration can be undone.
        status: Status of the file in the report; empty if the report does not list it.
        problem: Why it failed; None if it did not.
        maskless: Filled pages that have no mask file, because the command found their damage.
        stamp: Changes with the output and its record.
        inputs: The files it was made from, as the report lists them; see `bokwon.batch.journal.fingerprint`.
    """

    version: int = 0
    pages: frozenset[int] = frozenset()
    recorded: bool = False
    status: str = ""
    problem: dict[str, Any] | None = None
    maskless: frozenset[int] = frozenset()
    stamp: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)

    def is_stale(self, entry: Entry) -> bool:
        """Return whether the scan or a mask of a page's file was changed since the output was made, as far as known."""
        job = entry.task.job
        return bool(self.inputs) and job is not None and self.inputs != fingerprint(job)


class Outputs:
    """The outputs of a folder; safe to use from any thread.

    Args:
        folder: Folder of outputs.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._report_stamp = ""
        self._report: dict[str, ReportEntry] = {}
        self._known: dict[str, tuple[tuple[str, ...], FileOutput]] = {}

    def of(self, entry: Entry) -> FileOutput:
        """Return the state of the output of a page's file."""
        if entry.target is None:
            return FileOutput()
        record = record_folder(entry.target)
        report = self.report().get(entry.name)
        output = stamp_of(entry.target), stamp_of(record / RECORD_FILE), stamp_of(record / _UNDONE)
        stamps = (
            *output,
            stamp_of(entry.path),
            report.to_json() if report else "",
            # A failure counts until the scan or its mask is another one.
            str(fingerprint(entry.task.job)) if report and report.status == "failed" and entry.task.job else "",
        )
        known = self._known.get(entry.name)
        if known is None or known[0] != stamps:
            inputs = report.inputs if report is not None and report.status == "restored" else {}
            known = stamps, replace(self._read_output(entry, report), stamp="|".join(output), inputs=inputs)
            self._known[entry.name] = known
        return known[1]

    def report(self) -> dict[str, ReportEntry]:
        """Return the report's entry of each file; empty if there is no report."""
        path = self.folder / REPORT
        with self._lock:
            stamp = stamp_of(path)
            if stamp != self._report_stamp:
                try:
                    lines = path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
                except OSError:
                    lines = []
                found = (ReportEntry.from_json(line) for line in lines)
                self._report = {entry.file: entry for entry in found if entry is not None}
                self._report_stamp = stamp
            return self._report

    def _read_output(self, entry: Entry, report: ReportEntry | None) -> FileOutput:
        target = entry.target
        status = report.status if report is not None else ""
        problem = None
        if (
            report is not None
            and status == "failed"
            and entry.task.job
            and report.inputs == fingerprint(entry.task.job)
        ):
            problem = {"status": 422, "title": "The last restoration failed", "detail": report.error, "fix": report.fix}
        if target is None or not target.is_file():
            return FileOutput(status=status, problem=problem)
        version = version_of(target)
        record = record_folder(target)
        if (record / _UNDONE).exists():
            return FileOutput(version, status="undone")
        try:
            told = read_record(record)[1]["pages"]
        except BokwonError:
            restored = status == "restored" and report is not None and report.output is not None
            filled = _masked(entry) if restored else frozenset()
            maskless = filled if report is not None and report.mask == "found" else frozenset()
            return FileOutput(version, filled, status=status, problem=problem, maskless=maskless)
        maskless = frozenset(number for number, page in told.items() if page.get("mask") == FOUND_MASK)
        return FileOutput(version, frozenset(told), True, status, problem, maskless)


def _masked(entry: Entry) -> frozenset[int]:
    """Return which pages of a file without a record were filled: those that have a mask."""
    masks = entry.task.job.masks if entry.task.job else None
    if masks is None or masks.whole is not None or not masks or entry.count == 1:
        return frozenset(range(1, entry.count + 1))
    return frozenset(masks.pages)


def recorded_hole(entry: Entry) -> Hole:
    """Return the pixels of a page that were filled, as stored, according to the record of its file.

    Raises:
        FileAccessError: It cannot be read.
        InputFileError: It is damaged.
    """
    return np.asarray(_picture(entry, "hole").astype(bool))


def recorded_ink(entry: Entry) -> NDArray[np.uint8] | None:
    """Return where ink was made or left out on a page, as stored; None where no record tells.

    Raises:
        InputFileError: The record is damaged.
    """
    if entry.target is None or not (record_folder(entry.target) / page_file("ink", entry.number)).is_file():
        return None
    return _numbers(entry, "ink")


def evidence_of(entry: Entry) -> tuple[NDArray[np.uint8], int]:
    """Return the evidence levels of a page, for its pixels as stored, and the number of layers of the network.

    Raises:
        FileAccessError: The record cannot be read.
        InputFileError: It is damaged.
    """
    levels = _numbers(entry, "evidence")
    assert entry.target is not None
    return levels, len(read_record(record_folder(entry.target))[1].get("kernels", ())) or 7


def _numbers(entry: Entry, kind: Literal["evidence", "ink"]) -> NDArray[np.uint8]:
    return _picture(entry, kind).astype(np.uint8, copy=False)


def _picture(entry: Entry, kind: Literal["hole", "evidence", "ink"]) -> NDArray[Any]:
    if entry.target is None:
        raise InputFileError(f"{entry.title} has no output", "restore it first")
    path = record_folder(entry.target) / page_file(kind, entry.number)
    # As large as the page it is of, which was decoded before.
    return read_page(Source.of(path)).pixels
