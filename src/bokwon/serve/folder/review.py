"""Decisions of people about pages, as lines of a text file beside the report."""

from __future__ import annotations

import json
import os
import threading
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal, get_args

from bokwon.errors import FileAccessError
from bokwon.serve.folder.stamps import stamp_of
from bokwon.utilities.atomic import make_folder

__all__ = ["DECISIONS", "REVIEW", "Decision", "Review"]

REVIEW = "review.jsonl"
"""Name of the file, in the folder of outputs."""

Decision = Literal["approve", "reject", "undamaged", "open"]
"""What is decided of a page; `open` takes a decision back."""

DECISIONS: tuple[str, ...] = get_args(Decision)


class Review:
    """The decisions about the pages of a folder. Each is a line with file, page, decision and time; the last counts.

    Args:
        folder: The folder of outputs; made with the first decision.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / REVIEW
        self._lock = threading.Lock()
        self._stamp = ""
        self._known: dict[tuple[str, int], str] = {}

    def of(self, file: str, page: int) -> str | None:
        """Return the decision about a page; None if there is none.

        Args:
            file: Path of its file relative to the opened folder.
            page: Its number, from 1.
        """
        return self.all().get((file, page))

    def all(self) -> dict[tuple[str, int], str]:
        """Return the last decision about each page, by file and page."""
        with self._lock:
            stamp = stamp_of(self._path)
            if stamp != self._stamp:
                self._known = _read(self._path)
                self._stamp = stamp
            return self._known

    def decide(self, file: str, page: int, decision: Decision) -> None:
        """Write a decision down.

        Raises:
            FileAccessError: It cannot be written.
        """
        line = {
            "file": file,
            "page": page,
            "decision": decision,
            "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        }
        make_folder(self._path.parent)
        try:
            with self._lock:
                # At the end and at once: lines of two servers do not mix.
                handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
                try:
                    os.write(handle, json.dumps(line).encode("ascii") + b"\n")
                finally:
                    os.close(handle)
        except OSError as error:
            raise FileAccessError(
                f"the decision cannot be written to {self._path}: {error.strerror}", "check the space and the rights"
            ) from error


def _read(path: Path) -> dict[tuple[str, int], str]:
    known: dict[tuple[str, int], str] = {}
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return known
    for line in lines:
        try:
            told = json.loads(line)
            key, decision = (str(told["file"]), int(told["page"])), told["decision"]
        except (ValueError, KeyError, TypeError):
            # The end of a line that a full disk cut off.
            continue
        if decision in DECISIONS and decision != "open":
            known[key] = decision
        else:
            known.pop(key, None)
    return known
