"""The state of an opened folder, in an SQLite file. It can be deleted, and is rebuilt from the other files."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from bokwon.errors import FileAccessError

__all__ = ["MOST_STEPS", "FileFacts", "PageRow", "State", "Step"]

MOST_STEPS = 200
"""How many changes of a mask can be undone."""

_VERSION = 2
"""Of the tables. A file of another version is made anew."""
_PATIENCE = 30.0
"""Seconds to wait for another process that writes."""
_TABLES = """
CREATE TABLE files (key TEXT PRIMARY KEY, stamp TEXT NOT NULL, facts TEXT NOT NULL);
CREATE TABLE pages (id TEXT PRIMARY KEY, row TEXT NOT NULL);
CREATE TABLE holes (page TEXT PRIMARY KEY, picture BLOB NOT NULL);
CREATE TABLE steps (page TEXT, place INTEGER, facts TEXT NOT NULL, change BLOB NOT NULL, PRIMARY KEY (page, place));
CREATE TABLE fills (
  number INTEGER PRIMARY KEY AUTOINCREMENT, page TEXT, version INTEGER, facts TEXT NOT NULL, content BLOB NOT NULL
);
CREATE TABLE thumbnails (page TEXT, layer TEXT, stamp TEXT NOT NULL, jpeg BLOB NOT NULL, PRIMARY KEY (page, layer));
"""


@dataclass(frozen=True)
class FileFacts:
    """Facts read when a file was opened.

    Attributes:
        sizes: Width and height of each page as viewers show it; 0 and 0 if the page must be decoded to know them.
        problem: Why it cannot be read: members of an RFC 9457 problem; None for a sound file.
    """

    sizes: tuple[tuple[int, int], ...]
    problem: dict[str, Any] | None = None


@dataclass(frozen=True)
class PageRow:
    """The stored state of a page.

    Attributes:
        stamp: Stamp of the scan's file when this was written, see `bokwon.serve.folder.stamps`.
        version: Version of the mask; it grows with every change and is never reset.
        mask_stamp: Stamp of the mask's file at this version; empty if there is no file.
        kind: `none`, `found`, `drawn` or `given`.
        share: Share of the page that is hole.
        left: Share of the page with found damage that is not filled, as its confidence is too low.
        judged: How the found regions were judged, see `bokwon.serve.folder.masks.found_regions.Judged`.
        position: Number of the last step that is in effect; later ones were undone.
        searched: Whether the detector has looked at the page.
        uncertain: How many regions were found but are not filled.
        problem: The last error, as members of an RFC 9457 problem.
        digest: Digest of the mask, see `bokwon.serve.folder.masks.files.digest_of`.
        filled: Digest of the pixels that are filled in the result, as viewers show the page.
        filled_in: Stamp of the result that `filled` was read from; see `Summary.result_stamp`.
        filled_of: Digest of the mask when the page, or a part of it, was filled last.
        result: Digest of the pixels of the result, if it was approved.
        result_in: Stamp of the result that `result` was read from.
    """

    stamp: str = ""
    version: int = 0
    mask_stamp: str = ""
    kind: str = "none"
    share: float = 0.0
    left: float = 0.0
    judged: dict[str, Any] = field(default_factory=dict)
    position: int = 0
    searched: bool = False
    uncertain: int = 0
    problem: dict[str, Any] | None = None
    digest: str = ""
    filled: str = ""
    filled_in: str = ""
    filled_of: str = ""
    result: str = ""
    result_in: str = ""


@dataclass(frozen=True)
class Step:
    """One change of a mask.

    Attributes:
        box: Left, top, right, bottom of what it changed, right and bottom exclusive.
        change: Packed bits of the box, compressed: 1 where a pixel changed. The same bits undo and redo the change.
        before: Kind of the mask before it.
        after: Kind of the mask after it.
        judged: How the found regions were judged before it and after it; see `PageRow`.
    """

    box: tuple[int, int, int, int]
    change: bytes
    before: str
    after: str
    judged: tuple[dict[str, Any], dict[str, Any]] = ({}, {})


class State:
    """The database of one folder; safe to use from any thread, and beside other processes.

    Args:
        path: The SQLite file; created if it is missing, and created again if it is damaged or of another version.

    Raises:
        FileAccessError: It cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._depth = 0
        try:
            self._connection = self._open()
        except sqlite3.Error as error:
            raise FileAccessError(
                f"state {path} cannot be opened: {error}", "check the space and the rights of its folder, or delete it"
            ) from error

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connected()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
        # Damaged: everything in it but the steps to undo is in the files of the folder, too.
        _remove(self.path)
        return self._connected()

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("BEGIN IMMEDIATE")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version != _VERSION:
                own = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
                names = connection.execute(own).fetchall()
                for (name,) in names:
                    connection.execute(f'DROP TABLE "{name}"')
                for statement in filter(str.strip, _TABLES.split(";")):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {_VERSION}")
            connection.execute("COMMIT")
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the write lock against all other threads and processes while a block runs; roll back if it fails.

        Blocks may be nested; the outermost one commits.

        Raises:
            FileAccessError: Another process writes for too long, or the disk is full.
        """
        with self._lock:
            self._depth += 1
            try:
                if self._depth == 1:
                    if not self.path.exists():
                        # Somebody deleted it: another process would write to another one.
                        self._connection.close()
                        self._connection = self._open()
                    self._run("BEGIN IMMEDIATE")
                try:
                    yield
                except BaseException:
                    if self._depth == 1:
                        self._connection.execute("ROLLBACK")
                    raise
                if self._depth == 1:
                    self._run("COMMIT")
            finally:
                self._depth -= 1

    def _run(self, statement: str, *values: Any) -> sqlite3.Cursor:
        with self._lock:
            try:
                return self._connection.execute(statement, values)
            except sqlite3.Error as error:
                raise FileAccessError(
                    f"state {self.path} cannot be used: {error}", "check the space of its folder, and try again"
                ) from error

    def _rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._run(statement, *values).fetchall()

    def close(self) -> None:
        """Close the file; nothing else may be called after it."""
        with self._lock:
            self._connection.close()

    def files(self) -> dict[str, tuple[str, FileFacts]]:
        """Return stamp and facts of all files that were opened, by key."""
        return {
            key: (stamp, _facts(json.loads(facts)))
            for key, stamp, facts in self._rows("SELECT key, stamp, facts FROM files")
        }

    def put_file(self, key: str, stamp: str, facts: FileFacts) -> None:
        """Remember what opening a file told."""
        self._run("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", key, stamp, json.dumps(asdict(facts)))

    def page(self, page: str) -> PageRow:
        """Return the stored state of a page; the defaults for an unknown one."""
        found = self._rows("SELECT row FROM pages WHERE id = ?", page)
        return _row(found[0][0]) if found else PageRow()

    def pages(self) -> dict[str, PageRow]:
        """Return the stored state of all pages."""
        return {page: _row(row) for page, row in self._rows("SELECT id, row FROM pages")}

    def put_page(self, page: str, row: PageRow) -> None:
        """Remember a page."""
        self._run("INSERT OR REPLACE INTO pages VALUES (?, ?)", page, json.dumps(asdict(row)))

    def hole(self, page: str) -> bytes | None:
        """Return the mask of a page as it was last seen, a PNG file; None where it was never seen."""
        found = self._rows("SELECT picture FROM holes WHERE page = ?", page)
        return bytes(found[0][0]) if found else None

    def put_hole(self, page: str, picture: bytes) -> None:
        """Remember the mask of a page."""
        self._run("INSERT OR REPLACE INTO holes VALUES (?, ?)", page, picture)

    def step(self, page: str, place: int) -> Step | None:
        """Return a change of a page's mask by its number, from 1; None if there is none."""
        found = self._rows("SELECT facts, change FROM steps WHERE page = ? AND place = ?", page, place)
        if not found:
            return None
        facts = json.loads(found[0][0])
        left, top, right, bottom = facts["box"]
        judged = facts["judged"][0], facts["judged"][1]
        return Step((left, top, right, bottom), bytes(found[0][1]), facts["before"], facts["after"], judged)

    def add_step(self, page: str, place: int, step: Step) -> None:
        """Store a change as the last step. Later steps are deleted, and so are those before the last `MOST_STEPS`."""
        self._run("DELETE FROM steps WHERE page = ? AND (place >= ? OR place <= ?)", page, place, place - MOST_STEPS)
        facts = json.dumps({"box": step.box, "before": step.before, "after": step.after, "judged": step.judged})
        self._run("INSERT INTO steps VALUES (?, ?, ?, ?)", page, place, facts, step.change)

    def forget_steps(self, page: str) -> None:
        """Delete all steps of a page's mask, as they belong to another scan."""
        self._run("DELETE FROM steps WHERE page = ?", page)

    def has_steps(self, page: str, position: int) -> tuple[bool, bool]:
        """Return whether a change can be undone, and whether one can be redone."""
        places = self._rows("SELECT place FROM steps WHERE page = ? AND place IN (?, ?)", page, position, position + 1)
        return (position,) in places, (position + 1,) in places

    def all_places(self) -> dict[str, tuple[int, int]]:
        """Return the first and the last number of the steps of every page that has any."""
        rows = self._rows("SELECT page, MIN(place), MAX(place) FROM steps GROUP BY page")
        return {page: (first, last) for page, first, last in rows}

    def add_fill(self, page: str, version: int, facts: dict[str, Any], content: bytes) -> None:
        """Keep filled pixels until they are in the output.

        Args:
            page: The page.
            version: When they were made, microseconds.
            facts: Their description, as JSON values.
            content: The pixels, as bytes.
        """
        self._run("INSERT INTO fills VALUES (NULL, ?, ?, ?, ?)", page, version, json.dumps(facts), content)

    def fills(self, pages: tuple[str, ...] | None = None) -> list[tuple[int, str, dict[str, Any], bytes]]:
        """Return number, page, facts and content of the fills that are in no output yet, in order; all by default."""
        rows = self._rows("SELECT number, page, facts, content FROM fills ORDER BY number")
        return [
            (number, page, json.loads(facts), bytes(content))
            for number, page, facts, content in rows
            if pages is None or page in pages
        ]

    def filled(self) -> dict[str, int]:
        """Return the time of the last fill, in microseconds, of each page with a fill that is not in an output yet."""
        return dict(self._rows("SELECT page, MAX(version) FROM fills GROUP BY page"))

    def forget_fills(self, numbers: list[int]) -> None:
        """Delete fills that are in their output now."""
        for number in numbers:
            self._run("DELETE FROM fills WHERE number = ?", number)

    def thumbnail(self, page: str, layer: str, stamp: str) -> bytes | None:
        """Return the thumbnail of a file with this stamp; None if there is none."""
        found = self._rows("SELECT jpeg FROM thumbnails WHERE page = ? AND layer = ? AND stamp = ?", page, layer, stamp)
        return bytes(found[0][0]) if found else None

    def put_thumbnail(self, page: str, layer: str, stamp: str, jpeg: bytes) -> None:
        """Remember a thumbnail."""
        self._run("INSERT OR REPLACE INTO thumbnails VALUES (?, ?, ?, ?)", page, layer, stamp, jpeg)


def _facts(told: dict[str, Any]) -> FileFacts:
    return FileFacts(tuple((int(width), int(height)) for width, height in told["sizes"]), told["problem"])


def _row(text: str) -> PageRow:
    told = json.loads(text)
    return PageRow(**{item.name: told[item.name] for item in fields(PageRow) if item.name in told})


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
