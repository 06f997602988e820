"""An opened folder: its pages, their masks and outputs, and the decisions about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from bokwon.batch.job import Options
from bokwon.batch.treatment.decisions import Decision
from bokwon.serve.folder.index import Entry, Index
from bokwon.serve.folder.masks.store import MaskStore
from bokwon.serve.folder.outputs import Outputs
from bokwon.serve.folder.places import Places, find_places
from bokwon.serve.folder.review import Review
from bokwon.serve.folder.state import State
from bokwon.serve.folder.summary import Summary
from bokwon.serve.folder.view.decoder import Decoder
from bokwon.serve.folder.view.layers import Layers
from bokwon.serve.jobs import Jobs
from bokwon.serve.problems import HttpError
from bokwon.settings import DETECTOR, RestoreSettings

__all__ = ["MEMORY", "Workspace"]

MEMORY = 3 << 29
"""Bytes of decoded pages that are kept in memory: scan, restored page and evidence of a 100-megapixel scan."""


class Workspace:
    """An opened folder; safe to use from any thread. Make it with `Workspace.open`, and close it at the end.

    Args:
        places: Where everything lies.
        jobs: Runs long work, and sends events about changes to all listeners.
        settings: What fills the holes by default.
        options: How files are read and written.
        recursive: Whether subfolders are included.
        memory: Bytes of decoded pages that are kept.
        detector: Name of the detector, or its model file.
        decoder: Decodes the pages; closed with the folder.

    Attributes:
        places: Where everything lies.
        jobs: The same.
        settings: The same.
        options: The same.
        detector: The same.
        state: The database.
        index: The pages.
        outputs: What has been restored.
        layers: The pages, decoded.
        masks: The masks of the pages.
        review: The decisions about pages.
        on_change: Called when something about a page has changed.
        on_close: Called before the folder is closed.
    """

    def __init__(
        self,
        places: Places,
        jobs: Jobs,
        settings: RestoreSettings,
        options: Options,
        *,
        recursive: bool,
        memory: int,
        detector: str | Path,
        decoder: Decoder,
    ) -> None:
        self.places = places
        self.jobs = jobs
        self.settings = settings
        self.options = options
        self.detector = detector
        self.state = State(places.database)
        told = partial(jobs.tell, {"type": "folder"})
        self.index = Index(places, self.state, options, recursive=recursive, changed=told)
        self.outputs = Outputs(places.output)
        self.review = Review(places.output)
        self.layers = Layers(places, self.state, self.index, self.outputs, decoder, memory=memory)
        self.on_change: Callable[[], None] = lambda: None
        self.on_close: Callable[[], None] = lambda: None
        self.masks = MaskStore(places, self.state, options, self.layers.original, self._mask_changed)

    @classmethod
    def open(
        cls,
        path: Path,
        jobs: Jobs,
        *,
        settings: RestoreSettings | None = None,
        options: Options | None = None,
        recursive: bool = False,
        memory: int = MEMORY,
        state_home: Path | None = None,
        detector: str | Path = DETECTOR,
        decoder: Decoder | None = None,
    ) -> Workspace:
        """Open a folder of scans, or a single one.

        Args:
            path: The folder or file.
            jobs: Does what takes longer.
            settings: What fills the holes by default.
            options: How files are read and written; by default as `bokwon restore FOLDER FOLDER/restored --record`.
            recursive: Whether subfolders are included.
            memory: Bytes of decoded pages that are kept in memory.
            detector: Name of the detector, or its model file.
            state_home: Folder for the state if the opened folder cannot hold it; by default the user's state folder.
            decoder: Decodes the pages; by default a new one.

        Raises:
            FileAccessError: It does not exist or cannot be listed, or no folder for its state can be written.
        """
        options = options or Options(missing_pages=True)
        return cls(
            find_places(path, state_home=state_home),
            jobs,
            settings or RestoreSettings(),
            replace(options, record=True),
            recursive=recursive,
            memory=memory,
            detector=detector,
            decoder=decoder or Decoder(options.max_pixels),
        )

    def close(self) -> None:
        """Close files, end processes and free memory."""
        self.on_close()
        self.layers.close()
        self.state.close()

    def page(self, name: str) -> Entry:
        """Return a page by its id.

        Raises:
            HttpError: There is none (404).
        """
        self.index.refresh()
        entry = self.index.get(name)
        if entry is None:
            raise HttpError(404, "No such page", "the folder has no such page, or not any more", "look at the folder")
        return entry

    def sound_page(self, name: str) -> Entry:
        """Return a page that can be worked on.

        Raises:
            HttpError: There is none (404), or it cannot be read (422).
        """
        entry = self.page(name)
        if (told := entry.problem) is not None:
            raise HttpError(422, told["title"], told["detail"], told.get("fix", ""))
        return entry

    def summary(self, entry: Entry) -> Summary:
        """Return the summary of a page."""
        row = self.state.page(entry.id)
        return Summary(
            entry,
            row,
            self.outputs.of(entry),
            self.review.of(entry.title, entry.number),
            self.state.has_steps(entry.id, row.position),
            self.state.filled().get(entry.id, 0),
        )

    def summaries(self) -> list[Summary]:
        """Return the summaries of all pages, in order of name and number."""
        self.index.refresh()
        rows, places, decisions = self.state.pages(), self.state.all_places(), self.review.all()
        filled = self.state.filled()
        empty = self.state.page("")
        found = []
        for entry in self.index.entries().values():
            row = rows.get(entry.id, empty)
            first, last = places.get(entry.id, (1, 0))
            steps = first <= row.position <= last, first <= row.position + 1 <= last
            decision = decisions.get((entry.title, entry.number))
            output = self.outputs.of(entry)
            found.append(Summary(entry, row, output, decision, steps, filled.get(entry.id, 0)))
        return found

    def neighbours(self, entry: Entry) -> tuple[str | None, str | None]:
        """Return the ids of the page before and the one after, in order of name."""
        names = list(self.index.entries())
        place = names.index(entry.id) if entry.id in names else -1
        before = names[place - 1] if place > 0 else None
        return before, names[place + 1] if 0 <= place < len(names) - 1 else None

    def note_problem(self, entry: Entry, problem: dict[str, Any] | None) -> None:
        """Store the error of a page, or clear it."""
        with self.state.writing():
            row = self.state.page(entry.id)
            if row.problem == problem:
                return
            self.state.put_page(entry.id, replace(row, problem=problem))
        self.tell(entry)

    def decide(self, entry: Entry, decision: Decision, *, result: str = "") -> None:
        """Store a person's decision about a page; see `bokwon.serve.folder.desk.Desk.decide`.

        Args:
            entry: The page.
            decision: What is decided.
            result: Digest of the result that is approved.

        Raises:
            FileAccessError: It cannot be written.
        """
        summary = self.summary(entry)
        of = summary.subject if decision == "approve" else None
        self.review.decide(entry.title, entry.number, decision, of=of, mask=summary.row.digest, result=result)
        self.tell(entry)

    def reopen(self, entry: Entry) -> None:
        """Take the approval of a page back, because its result has changed.

        Raises:
            FileAccessError: It cannot be written.
        """
        decided = self.review.of(entry.title, entry.number)
        if decided is not None and decided.decision == "approve":
            self.review.decide(entry.title, entry.number, "open")

    def _mask_changed(self, entry: Entry) -> None:
        if self.review.of(entry.title, entry.number) is not None:
            # It was about another mask.
            self.review.decide(entry.title, entry.number, "open")
        self.tell(entry)

    def tell(self, entry: Entry) -> None:
        """Send an event that a page changed to all listeners."""
        self.on_change()
        self.jobs.tell({"type": "page", **self.summary(self.page(entry.id)).facts()})
