"""Reads every pair before damage, after it and after each restoration."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bokwon.errors import InputFileError
from bokwon.evaluation.benchmark import Journal, Task, restored_picture
from bokwon.evaluation.methods import erase
from bokwon.evaluation.pairs import Pair, load_pair
from bokwon.evaluation.readers import Reader
from bokwon.evaluation.reading import count_edits, normalise
from bokwon.processes import in_processes

__all__ = ["CLEAN", "DAMAGED", "READABLE", "known_text", "read_pairs"]

CLEAN, DAMAGED = "undamaged", "damaged"

READABLE = 0.25
"""A reader whose error rate on the undamaged crop is higher cannot tell what a restoration is worth."""


@dataclass(frozen=True)
class _Work:
    """One pair to read."""

    tasks: tuple[Task, ...]
    readers: tuple[Reader, ...]
    texts: dict[str, str] = field(hash=False)
    """What has been read before, by key."""


def known_text(pair: Pair, images: Path) -> str | None:
    """Return the text of a pair's crop where the page was rendered.

    A set of rendered pages has a JSON file beside each page with its characters and their boxes; those that lie in the
    crop whole are its text.

    Args:
        pair: The pair.
        images: Folder of images.

    Returns:
        The text, normalised; None for a page whose text is not known.

    Raises:
        InputFileError: The JSON file is damaged.
    """
    path = (images / pair.image).with_suffix(".json")
    if not path.is_file():
        return None
    x, y, width, height = pair.window
    try:
        characters = json.loads(path.read_text(encoding="utf-8"))["characters"]
        inside = [
            str(character["text"])
            for character in characters
            for left, top, right, bottom in [character["box"]]
            if left >= x and top >= y and right <= x + width and bottom <= y + height
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise InputFileError(f"{path} does not say where characters are: {error}", "render the page again") from error
    return normalise("".join(inside))


def read_pairs(
    tasks: Sequence[Task],
    readers: Sequence[Reader],
    journal: Journal,
    jobs: int,
    progress: Callable[[int, int], None],
) -> dict[int, dict[str, Any]]:
    """Read the crops of all pairs.

    Every reader reads the undamaged crop. The one that makes the fewest errors there reads the rest, so the choice is
    made before anything restored is seen. Where nobody knows the text, the first reader that finds any on the undamaged
    crop is taken, and what it found stands for the text.

    Args:
        tasks: Tasks whose results were measured.
        readers: What reads.
        journal: Where readings are kept.
        jobs: Number of processes.
        progress: Told how many pairs are done, and of how many.

    Returns:
        By the pair's number: `reader`, its description; `known`, whether the text is known; `readable`, whether the
        reader can read the undamaged crop; and `readings`, the edits by `undamaged`, `damaged` and method (only
        `undamaged` where it is not readable). A pair with nothing to read in it has no entry.

    Raises:
        InputFileError: A file of a known text is damaged, or a pair's file has changed.
    """
    by_pair: dict[int, list[Task]] = {}
    for task in tasks:
        by_pair.setdefault(task.pair.number, []).append(task)
    found: dict[int, dict[str, Any]] = {}
    progress(0, len(by_pair))
    if not by_pair:
        return found
    # Made when it is needed: most crops that have just been read undamaged are not read again with their next mask.
    work = (_work(mine, readers, journal) for mine in by_pair.values())
    results = in_processes(_read_pair, work, min(jobs, len(by_pair)), "a reader")
    for done, (number, (texts, entry)) in enumerate(zip(by_pair, results, strict=True), 1):
        for key, text in texts.items():
            journal.add({"key": key, "text": text})
        if entry is not None:
            found[number] = entry
        progress(done, len(by_pair))
    return found


def _work(tasks: Sequence[Task], readers: Sequence[Reader], journal: Journal) -> _Work:
    keys = [key for reader in readers for key in _keys(tasks, reader).values()]
    texts = {key: str(journal.records[key]["text"]) for key in keys if key in journal.records}
    return _Work(tuple(tasks), tuple(readers), texts)


def _read_pair(work: _Work) -> tuple[dict[str, str], dict[str, Any] | None]:
    """Return what was read now, by key; and the pair's entry, None where there is nothing to read."""
    pictures = _Pictures(work)
    text = known_text(work.tasks[0].pair, work.tasks[0].folders.images)
    best: tuple[float, Reader, str] | None = None
    for reader in work.readers:
        read = normalise(pictures.read(CLEAN, reader))
        reference = read if text is None else text
        if reference:
            rate = count_edits(reference, read).rate
            if best is None or rate < best[0]:
                best = rate, reader, reference
    if best is None:
        return pictures.new, None
    rate, reader, reference = best
    readable = rate <= READABLE
    names = [CLEAN, DAMAGED, *(task.method.name for task in work.tasks)] if readable else [CLEAN]
    edits = {name: asdict(count_edits(reference, normalise(pictures.read(name, reader)))) for name in names}
    about = {"reader": reader.description, "known": text is not None, "readable": readable}
    return pictures.new, {**about, "readings": edits}


class _Pictures:
    """A pair's pictures, read only where no reading is known, and loaded only where one must be read."""

    def __init__(self, work: _Work) -> None:
        self._work = work
        self._by_name = {task.method.name: task for task in work.tasks}
        self._pair: Any = None
        self.new: dict[str, str] = {}

    def read(self, name: str, reader: Reader) -> str:
        key = _keys(self._work.tasks, reader)[name]
        for texts in (self._work.texts, self.new):
            if key in texts:
                return texts[key]
        if self._pair is None:
            first = self._work.tasks[0]
            self._pair = load_pair(first.pair, first.folders.images, first.folders.masks)
        truth, hole = self._pair
        if name in self._by_name:
            picture = restored_picture(self._by_name[name], truth, hole)
        else:
            picture = truth if name == CLEAN else erase(truth, hole)
        self.new[key] = reader.read(picture)
        return self.new[key]


def _keys(tasks: Sequence[Task], reader: Reader) -> dict[str, str]:
    """Return what the journal knows the readings of a pair's pictures by."""
    pair = tasks[0].pair
    crop = pair.image_sha256, pair.window
    names: dict[str, tuple[Any, ...]] = {CLEAN: (CLEAN, *crop), DAMAGED: (DAMAGED, *crop, pair.mask_sha256)}
    names |= {task.method.name: (task.key,) for task in tasks}
    return {
        name: hashlib.sha256(json.dumps((reader.description, key)).encode()).hexdigest()[:20]
        for name, key in names.items()
    }
