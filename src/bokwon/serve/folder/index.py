"""Lists the pages of an opened folder, with the facts about each that need no decoding."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from time import monotonic
from typing import Any

from PIL import Image

from bokwon.batch.job import Options
from bokwon.batch.mask_matching import Masks, folded
from bokwon.batch.plan import Task, plan_batch
from bokwon.errors import BokwonError
from bokwon.image_io.document import open_document
from bokwon.image_io.orientation import Orientation
from bokwon.image_io.reader import Source
from bokwon.serve.folder.places import Places
from bokwon.serve.folder.stamps import stamp_of
from bokwon.serve.folder.state import FileFacts, State
from bokwon.serve.problems import error_of, facts_of
from bokwon.utilities.checksums import sha256_of
from bokwon.utilities.memory import as_bokwon_error

__all__ = ["Entry", "Index", "page_id"]

_EVERY = 2.0
"""Seconds between two looks at the folder at least."""
_SHARE = 20.0
"""A look that took some time is repeated after this many times as long at the earliest."""
_ORIENTATION = 274


@dataclass(frozen=True)
class Entry:
    """One page of the folder.

    Attributes:
        id: Names it in addresses; the same after every start.
        name: Path of its file relative to the folder.
        number: Its number in the file, from 1.
        count: How many pages the file has.
        path: Its file.
        target: Path of the restored file; None if the file cannot be restored.
        masks: Masks of the file that the user supplied; the page's own mask file takes precedence.
        own_mask: Where the page's own mask is written.
        size: Width and height as viewers show it; zeros if the page must be decoded to know them.
        task: The plan of its file, as `bokwon restore` makes it.
        problem: Why it cannot be worked on; None if it can.
    """

    id: str
    name: str
    number: int
    count: int
    path: Path
    target: Path | None
    masks: Masks
    own_mask: Path
    size: tuple[int, int]
    task: Task
    problem: dict[str, Any] | None

    @property
    def title(self) -> str:
        """The file's name as valid UTF-8 text, for JSON."""
        return self.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")

    def _own_source(self) -> Source:
        # Named as in the folder: records tell no paths of this machine.
        return Source(str(PurePosixPath(self.name).with_name(self.own_mask.name)), self.own_mask)

    def current_masks(self) -> Masks:
        """Return the mask files that apply to the file now."""
        if not self.own_mask.is_file():
            return self.masks
        own = self._own_source()
        if self.count == 1:
            return Masks(own)
        return replace(self.masks, pages={**self.masks.pages, self.number: own})

    def mask_source(self) -> Source | None:
        """Return the file of the page's mask; None where it has none."""
        if self.own_mask.is_file():
            return self._own_source()
        found = self.masks.pages.get(self.number) or self.masks.whole
        return found if found is not None and found.path is not None and found.path.is_file() else None

    def stamp_of_mask(self, source: Source | None) -> str:
        """Return the stamp of the file that `mask_source` returned; empty for None."""
        return "" if source is None else f"{self.number}|{stamp_of(source.path)}"


def page_id(name: str, number: int) -> str:
    """Return the id of a page, as used in URLs.

    Args:
        name: Path of its file relative to the folder.
        number: Its number, from 1.
    """
    return sha256_of(f"{name}\0{number}".encode("utf-8", "surrogateescape"))[:16]


class Index:
    """The pages of a folder, listed again from time to time; safe to use from any thread.

    Args:
        places: Where everything lies.
        state: Stores the facts that were read when the files were opened.
        options: How files are read and written.
        recursive: Whether subfolders are included.
        changed: Called when the folder has other pages than before.

    Raises:
        FileAccessError: The folder cannot be listed.
    """

    def __init__(
        self,
        places: Places,
        state: State,
        options: Options,
        *,
        recursive: bool,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._places = places
        self._state = state
        self._options = options
        self._recursive = recursive
        # Held while the folder is looked at, and files are opened; the other one for moments, within any lock.
        self._looking = threading.Lock()
        self._lock = threading.Lock()
        self._facts = state.files()
        self._entries: dict[str, Entry] = {}
        self._sizes: dict[str, tuple[int, int]] = {}
        self._due = 0.0
        # Nobody is told of the first listing.
        self._changed: Callable[[], None] = lambda: None
        self.refresh(force=True)
        self._changed = changed

    def refresh(self, *, force: bool = False) -> None:
        """List the folder again, if the last listing is old enough."""
        begun = monotonic()
        if not force and begun < self._due:
            return
        # Nobody waits for a look that another thread takes already.
        if not self._looking.acquire(blocking=force):
            return
        try:
            entries = self._read_folder()
            others = entries.keys() != self._entries.keys()
            with self._lock:
                self._entries = {name: self._sized(entry) for name, entry in entries.items()}
            self._due = monotonic() + max(_EVERY, _SHARE * (monotonic() - begun))
        finally:
            self._looking.release()
        if others:
            self._changed()

    def entries(self) -> dict[str, Entry]:
        """Return all pages by id, in order of name and number."""
        return self._entries

    def get(self, name: str) -> Entry | None:
        """Return a page by its id; None for an unknown one."""
        return self._entries.get(name)

    def of_file(self, entry: Entry) -> list[Entry]:
        """Return all pages of a page's file, in order."""
        found = (self._entries.get(page_id(entry.name, number)) for number in range(1, entry.count + 1))
        return [page for page in found if page is not None]

    def note_size(self, entry: Entry, size: tuple[int, int]) -> None:
        """Note the size of a page that was decoded, as viewers show it."""
        if entry.size != size:
            with self._lock:
                self._sizes[entry.id] = size
                if entry.id in self._entries:
                    self._entries[entry.id] = replace(self._entries[entry.id], size=size)

    def _sized(self, entry: Entry) -> Entry:
        size = self._sizes.get(entry.id)
        return entry if size is None else replace(entry, size=size)

    def _read_folder(self) -> dict[str, Entry]:
        places = self._places
        batch = plan_batch(
            places.folder, places.output, None, self._options, file_format=None, recursive=self._recursive
        )
        tasks = [task for task in batch.tasks if places.only in (None, task.name)]
        # Where files differ in their extensions only, a mask bears the whole name of its image.
        stems = Counter(folded(PurePosixPath(task.name).with_suffix("")) for task in batch.tasks)
        found: dict[str, Entry] = {}
        for task in tasks:
            shared = stems[folded(PurePosixPath(task.name).with_suffix(""))] > 1
            for entry in self._of_task(task, shared=shared):
                found[entry.id] = entry
        return found

    def _of_task(self, task: Task, *, shared: bool) -> list[Entry]:
        path = self._places.folder / task.name
        problem = _fault(task)
        try:
            self._places.check(path)
            for mask in task.job.masks.sources if task.job else ():
                if mask.path is not None:
                    self._places.check(mask.path)
            if task.job is not None and task.job.target is not None:
                self._places.check(task.job.target)
        except BokwonError as error:
            problem = facts_of(error)
        facts = FileFacts(((0, 0),)) if problem else self._facts_of(task.name, path)
        problem = problem or facts.problem
        masks = task.job.masks if task.job else Masks()
        relative = PurePosixPath(task.name)
        stem = relative.name if shared else relative.stem
        folder = self._places.masks / relative.parent
        count = len(facts.sizes)
        entries = []
        for number, size in enumerate(facts.sizes, 1):
            name = page_id(task.name, number)
            entries.append(
                Entry(
                    id=name,
                    name=task.name,
                    number=number,
                    count=count,
                    path=path,
                    target=task.job.target if task.job else None,
                    masks=masks,
                    own_mask=folder / f"{stem}_mask{f'_p{number:03}' if count > 1 else ''}.png",
                    size=size,
                    task=task,
                    problem=problem,
                )
            )
        return entries

    def _facts_of(self, name: str, path: Path) -> FileFacts:
        key = name.encode("utf-8", "backslashreplace").decode()
        stamp = stamp_of(path)
        known = self._facts.get(key)
        if known is not None and known[0] == stamp:
            return known[1]
        facts = _inspect(path, self._options.max_pixels)
        for number in range(1, len(facts.sizes) + 1):
            self._sizes.pop(page_id(name, number), None)
        self._facts[key] = stamp, facts
        self._state.put_file(key, stamp, facts)
        return facts


def _fault(task: Task) -> dict[str, Any] | None:
    if task.job is not None:
        return None
    return facts_of(error_of(*task.fault))


def _inspect(path: Path, max_pixels: int) -> FileFacts:
    """Find out how many pages a file has, and of which size."""
    try:
        with open_document(Source.of(path), max_pixels=max_pixels) as document:
            sizes = [document.size(number) or (0, 0) for number in range(1, document.pages + 1)]
            single = document.format is None
    except Exception as error:
        return FileFacts(((0, 0),), facts_of(as_bokwon_error(str(path), error)))
    if single:
        # Only for the list; the size that counts is that of the decoded page.
        with suppress(Exception), Image.open(path) as image:
            sizes = [Orientation.of_exif(image.getexif().get(_ORIENTATION)).size(sizes[0])]
    return FileFacts(tuple((int(width), int(height)) for width, height in sizes))
