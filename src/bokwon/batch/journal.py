"""The report of a batch: one JSON object a line, written after each file, so that an interrupted run can be resumed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, get_args

from bokwon.batch.job import Job
from bokwon.errors import ArgumentError, FileAccessError, accessing
from bokwon.provenance.hole_list import class_map_of, manifest_of
from bokwon.provenance.record import has_record, undone_sha256
from bokwon.utilities.atomic import replacing
from bokwon.utilities.checksums import key_of, sha256_of_file
from bokwon.utilities.locks import lock_output_folder

__all__ = ["REPORT", "STATUSES", "Entry", "Report", "Shard", "Status", "fingerprint"]

REPORT = "report.jsonl"
"""Name of the report in the output folder."""
Status = Literal["restored", "undone", "unchanged", "undamaged", "uncertain", "no mask", "failed"]
STATUSES: tuple[Status, ...] = get_args(Status)
"""What can come of a file, in the order of tables; see `Entry`."""
_REPORTS_OF_SHARDS = "report.*-of-*.jsonl"
_AGAIN = "run the same command again with --resume, and do not change the folder until it is done"


@dataclass(frozen=True)
class Shard:
    """One of several runs that share the work on a folder without communicating.

    The file name alone decides which run a file belongs to, so the runs may list the folder at different times.

    Attributes:
        number: From 1.
        count: How many runs there are.
    """

    number: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count:
            raise ArgumentError(
                f"shard {self.number}/{self.count} does not exist", f"give 1/{max(self.count, 1)} and so on"
            )

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read `I/N`.

        Raises:
            ArgumentError: It is something else.
        """
        number, _, count = text.partition("/")
        if not (number.isdecimal() and count.isdecimal()):
            raise ArgumentError(
                f"shard {text!r} is not I/N", "give the number of this part and the number of all parts, such as 3/8"
            )
        return cls(int(number), int(count))

    def has(self, name: str) -> bool:
        """Return whether a file belongs to this run."""
        return int(key_of(name)[:12], 16) % self.count == self.number - 1

    @property
    def report(self) -> str:
        """Name of its report."""
        return f"report.{self.number}-of-{self.count}.jsonl"


@dataclass(frozen=True)
class Entry:
    """The result of one file.

    Attributes:
        file: Path relative to the input folder.
        status: `restored`; `undone`: restored, then undone; `unchanged`: its masks have no hole; `undamaged`: no
            damage was found; `uncertain`: damage was found, and nothing is sure enough to be filled; `no mask`: copied
            as it is; or `failed`.
        output: Path relative to the output folder; None where there is none.
        code: 0, or the exit code of restoring this file alone.
        error: What is wrong.
        fix: What to do about it.
        pages: How many pages the file has.
        restored_pages: How many of them were filled.
        tiles: Number of tiles that were run.
        hole_pixels: Pixels that were filled.
        pixels: Pixels of the filled pages.
        seconds: Time it took.
        mask: `given` or `found`: where its hole came from; empty if it was not restored.
        materials: What each filled page was filled as: `page`, `photo` or `rubbing`; empty for a classical method.
        regions_filled: Number of filled regions for each kind of damage.
        regions_left: Number of regions that were found but not filled, for each kind.
        messages: Level and text of its messages.
        inputs: Size and modification time of the image and its masks. A later run compares them.
        sha256: Checksum of the output.
        settings: Checksum of the run's settings.
    """

    file: str
    status: Status
    output: str | None = None
    code: int = 0
    error: str = ""
    fix: str = ""
    pages: int = 0
    restored_pages: int = 0
    tiles: int = 0
    hole_pixels: int = 0
    pixels: int = 0
    seconds: float = 0.0
    mask: str = ""
    materials: tuple[str, ...] = ()
    regions_filled: Mapping[str, int] = field(default_factory=dict)
    regions_left: Mapping[str, int] = field(default_factory=dict)
    messages: tuple[tuple[str, str], ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    sha256: str | None = None
    settings: str = ""

    def to_json(self) -> str:
        """Return the entry as one line of JSON. Names that are not UTF-8 are escaped."""
        line = json.dumps(asdict(self), ensure_ascii=False)
        try:
            line.encode("utf-8")
        except UnicodeEncodeError:
            return json.dumps(asdict(self))
        return line

    @classmethod
    def from_json(cls, line: str) -> Entry | None:
        """Read an entry. Return None for an incomplete line, such as the last one of a run that was killed."""
        try:
            values = json.loads(line)
            known = {item.name for item in fields(cls)}
            read = {key: value for key, value in values.items() if key in known}
            return cls(**{**read, "materials": tuple(read.get("materials", ()))})
        except (ValueError, TypeError, AttributeError):
            return None


def fingerprint(job: Job) -> dict[str, list[Any]]:
    """Return size in bytes and modification time in nanoseconds of each file a job reads, and its inputs for records.

    Inputs for records are class maps, and the kind of damage of each page from a table or a manifest.
    """
    sources = {"image": job.source, **{f"mask of page {page}": mask for page, mask in job.masks.pages.items()}}
    if job.masks.whole is not None:
        sources["mask"] = job.masks.whole
    found: dict[str, list[Any]] = {}
    for role, source in sources.items():
        if source.path is not None:
            _note(found, role, source.path)
            if job.options.record and role != "image":
                _note(found, f"class map of {role}", class_map_of(source.path))
                if (manifest := manifest_of(source.path)) is not None:
                    _note(found, f"manifest of {role}", manifest)
    if job.options.record and job.masks.damage:
        found["damage"] = [[page, kind] for page, kind in sorted(job.masks.damage.items())]
    return found


def _note(found: dict[str, list[Any]], role: str, path: Path) -> None:
    with suppress(OSError):
        state = path.stat()
        found[role] = [state.st_size, state.st_mtime_ns]


class Report:
    """The open report of a run. Only one run at a time may write to a folder.

    Args:
        folder: The output folder.
        settings: Checksum of the run's settings.
        resume: Whether the entries of runs before this one count.
        shard: Which part of the folder this run does; all of it by default. Each shard writes its own report,
            and the next run over the whole folder merges these reports.

    Raises:
        ArgumentError: Another run is writing to the folder.
        FileAccessError: The report cannot be written.
    """

    def __init__(self, folder: Path, settings: str, *, resume: bool, shard: Shard | None = None) -> None:
        self._path = folder / (shard.report if shard else REPORT)
        self._settings = settings
        self._entries: dict[str, Entry] = {}
        # What the runs of shards have left is taken over by a run of the whole folder.
        self._others = [] if shard else sorted(folder.glob(_REPORTS_OF_SHARDS))
        self._lock = lock_output_folder(folder, shared=shard is not None)
        try:
            with self._writing():
                self._stream = self._path.open("a+", encoding="utf-8", errors="surrogateescape")
                self._stream.seek(0)
                if resume:
                    self._entries = _entries(self._stream)
                    for path in (folder / REPORT, *sorted(folder.glob(_REPORTS_OF_SHARDS))):
                        if path != self._path and path.is_file():
                            with path.open(encoding="utf-8", errors="surrogateescape") as lines:
                                self._entries = {**_entries(lines), **self._entries}
                # What is there stays until this run is finished: one begun without --resume by mistake loses nothing.
                if self._stream.seek(0, os.SEEK_END):
                    self._stream.write("\n")
                    self._stream.flush()
        except FileAccessError:
            self._unlock()
            raise

    def done(self, name: str, job: Job) -> Entry | None:
        """Return the entry of a file that need not be restored again; else None.

        The input, masks and settings must be the same. The output, and the record if one is asked for, must be as the
        run or `bokwon undo` left them.
        """
        entry = self._entries.get(name)
        if entry is None or entry.status == "failed" or entry.settings != self._settings or job.target is None:
            return None
        if job.options.record and entry.status == "restored" and not has_record(job.target):
            return None
        if entry.inputs != fingerprint(job) or not job.target.is_file():
            return None
        found = sha256_of_file(job.target)
        if found == entry.sha256:
            return entry
        if found != undone_sha256(job.target):
            return None
        # Files that were undone are not restored again.
        self._entries[name] = replace(entry, status="undone", sha256=found)
        return self._entries[name]

    def add(self, entry: Entry) -> None:
        """Write the entry of a file immediately.

        Raises:
            FileAccessError: The report cannot be written.
        """
        entry = Entry(**{**vars(entry), "settings": self._settings})
        self._entries[entry.file] = entry
        with self._writing():
            self._stream.write(entry.to_json() + "\n")
            self._stream.flush()

    def finish(self, names: tuple[str, ...]) -> tuple[Entry, ...]:
        """Rewrite the report in order, and return its entries.

        A file whose output no longer exists counts as failed.

        Args:
            names: The files of this run.

        Raises:
            FileAccessError: The report cannot be written, or its folder is gone.
        """
        entries = tuple(self._still_there(self._entries[name]) for name in names)
        with self._writing():
            # Windows does not replace a file that is open.
            self._stream.close()
        with replacing(self._path) as stream:
            stream.write("".join(entry.to_json() + "\n" for entry in entries).encode("utf-8", "surrogateescape"))
        for path in self._others:
            path.unlink(missing_ok=True)
        return entries

    def _still_there(self, entry: Entry) -> Entry:
        if entry.output is None or (self._path.parent / entry.output).is_file():
            return entry
        error = f"output {entry.output} was removed while the run went on"
        return replace(entry, status="failed", output=None, code=FileAccessError.exit_code, error=error, fix=_AGAIN)

    def _writing(self) -> AbstractContextManager[None]:
        fix = "check the space and the rights of its folder, or remove it"
        return accessing(f"report {self._path} cannot be written: {{error}}", fix)

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)

    def __enter__(self) -> Report:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A failure to write was already reported.
        with suppress(OSError):
            self._stream.close()
        self._unlock()


def _entries(lines: Iterable[str]) -> dict[str, Entry]:
    """The last entry of each file; lines that a killed run has cut short do not count."""
    found = (Entry.from_json(line) for line in lines)
    return {entry.file: entry for entry in found if entry is not None}
