"""Decisions of people about pages, as lines of a text file beside the report."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal

from bokwon.batch.treatment.decisions import REVIEW, Decided, Decision, read_decisions
from bokwon.errors import FileAccessError
from bokwon.serve.folder.stamps import stamp_of
from bokwon.utilities.atomic import make_folder

__all__ = ["Review", "Subject"]

Subject = Literal["result", "mask", "scan"]
"""What is approved: the restored page, a mask that is not restored yet, or a scan without marks, as it is."""


class Review:
    """The decisions about the pages of a folder. Each is a line with file, page, decision and time; the last counts.

    Args:
        folder: The folder of outputs; made with the first decision.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / REVIEW
        self._lock = threading.Lock()
        self._stamp = ""
        self._known: dict[tuple[str, int], Decided] = {}

    @property
    def stamp(self) -> str:
        """A text that changes with every decision."""
        return stamp_of(self._path)

    def of(self, file: str, page: int) -> Decided | None:
        """Return the decision about a page; None if there is none.

        Args:
            file: Path of its file relative to the opened folder.
            page: Its number, from 1.
        """
        return self.all().get((file, page))

    def all(self) -> dict[tuple[str, int], Decided]:
        """Return the last decision about each page, by file and page."""
        with self._lock:
            stamp = stamp_of(self._path)
            if stamp != self._stamp:
                self._known = read_decisions(self._path)
                self._stamp = stamp
            return self._known

    def decide(
        self,
        file: str,
        page: int,
        decision: Decision,
        *,
        of: Subject | None = None,
        mask: str = "",
        result: str = "",
    ) -> None:
        """Write a decision down.

        Args:
            file: Path of the page's file relative to the opened folder.
            page: Its number, from 1.
            decision: What is decided.
            of: What is approved.
            mask: Digest of the page's mask.
            result: Digest of the page's result.

        Raises:
            FileAccessError: It cannot be written.
        """
        time = datetime.now(timezone.utc).isoformat(timespec="seconds")
        told = {name: value for name, value in asdict(Decided(decision, time, of or "", mask, result)).items() if value}
        line = {"file": file, "page": page, **told}
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
