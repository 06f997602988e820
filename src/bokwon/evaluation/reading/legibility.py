"""Reads every pair before damage, after it and after each restoration."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import InputFileError
from bokwon.evaluation.data.pairs import Pair, load_pair
from bokwon.evaluation.measure.benchmark import Task, restored_picture
from bokwon.evaluation.measure.journal import Journal
from bokwon.evaluation.measure.methods import erase
from bokwon.evaluation.reading.characters import Box, count_characters, hidden_shares
from bokwon.evaluation.reading.errors import Edits, add_edits, count_edits, normalise
from bokwon.evaluation.reading.readers import Reader
from bokwon.types import Hole
from bokwon.utilities.checksums import key_of
from bokwon.utilities.processes import in_processes

__all__ = ["CLEAN", "DAMAGED", "READABLE", "KnownLine", "known_lines", "read_pairs"]

CLEAN, DAMAGED = "undamaged", "damaged"

READABLE = 0.25
"""Highest error rate on the undamaged crop; a reader above it cannot judge a restoration."""

# Around a line that is read alone, as a share of its height: accents may rise above the boxes, neighbours stay out.
_MARGIN = 0.12


@dataclass(frozen=True)
class KnownLine:
    """A line of a rendered page, or the part of it in a crop.

    Attributes:
        text: Its characters, normalised.
        box: Where they stand.
        boxes: Where each of them stands; empty where normalising has merged some.
    """

    text: str
    box: Box
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True)
class _Work:
    """One pair to read."""

    tasks: tuple[Task, ...]
    readers: tuple[Reader, ...]
    by_line: bool
    texts: dict[str, str] = field(hash=False)
    """Earlier readings, by key."""


def known_lines(pair: Pair, images: Path) -> tuple[KnownLine, ...] | None:
    """Return the lines (or columns) in the crop of a pair, if the page was rendered.

    A set of rendered pages has a JSON file beside each page, with its text, its characters and their boxes. Of each
    line, the characters that lie completely inside the crop are returned.

    Args:
        pair: The pair.
        images: Folder of images.

    Returns:
        The lines in reading order, without empty ones; None if the text of the page is not known.

    Raises:
        InputFileError: The JSON file is damaged.
    """
    path = (images / pair.image).with_suffix(".json")
    if not path.is_file():
        return None
    x, y, width, height = pair.window
    lines = []
    try:
        page = json.loads(path.read_text(encoding="utf-8"))
        characters = iter([(str(entry["text"]), tuple(map(int, entry["box"]))) for entry in page["characters"]])
        for line in str(page["text"]).split("\n"):
            written = [next(characters) for _ in "".join(line.split())]
            seen = [
                (text, (left - x, top - y, right - x, bottom - y))
                for text, (left, top, right, bottom) in written
                if left >= x and top >= y and right <= x + width and bottom <= y + height
            ]
            if seen:
                lefts, tops, rights, bottoms = zip(*(box for _, box in seen), strict=True)
                box = (min(lefts), min(tops), max(rights), max(bottoms))
                # A character that is written as several, or merged with its neighbour, has no box of its own.
                parts = [normalise(text) for text, _ in seen]
                text = normalise("".join(text for text, _ in seen))
                own = tuple(place for part, (_, place) in zip(parts, seen, strict=True) for _ in part)
                lines.append(KnownLine(text, box, own if text == "".join(parts) else ()))
        if next(characters, None) is not None:
            raise ValueError("there are more characters than the text has")
    except (ValueError, KeyError, TypeError, StopIteration) as error:
        raise InputFileError(f"{path} does not say where characters are: {error}", "render the page again") from error
    return tuple(lines)


def read_pairs(
    tasks: Sequence[Task],
    readers: Sequence[Reader],
    journal: Journal,
    jobs: int,
    progress: Callable[[int, int], None],
    by_line: bool = False,
) -> dict[int, dict[str, Any]]:
    """Read the crops of all pairs.

    Every reader reads the undamaged crop. The reader with the fewest errors there reads the rest. So the choice does
    not depend on any restored image. If the text is not known, the first reader that finds text on the undamaged crop
    is used, and its reading counts as the text.

    Args:
        tasks: Tasks whose results were measured.
        readers: The readers.
        journal: Where readings are kept.
        jobs: Number of processes.
        progress: Called with the number of finished pairs and of all pairs.
        by_line: Whether each line is cut out and read by itself, on pages whose lines are known. Then a restoration is
            not judged by its effect on the layout analysis.

    Returns:
        By the pair's number: `reader`, its description; `known`, whether the text is known; `readable`, whether the
        reader can read the undamaged crop; `readings`, the edits by `undamaged`, `damaged` and method (only
        `undamaged` where it is not readable); and where the place of every character is known, `characters`, by
        `damaged` and method what `count_characters` returns. A pair with nothing to read in it has no entry.

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
    # Made on demand: most undamaged crops are not read again with their next mask.
    work = (_work(mine, readers, journal, by_line) for mine in by_pair.values())
    results = in_processes(_read_pair, work, min(jobs, len(by_pair)), "a reader")
    for done, (number, (texts, entry)) in enumerate(zip(by_pair, results, strict=True), 1):
        for key, text in texts.items():
            journal.add({"key": key, "text": text})
        if entry is not None:
            found[number] = entry
        progress(done, len(by_pair))
    return found


def _work(tasks: Sequence[Task], readers: Sequence[Reader], journal: Journal, by_line: bool) -> _Work:
    keys = [key for reader in readers for key in _keys(tasks, reader, by_line).values()]
    texts = {key: str(journal.records[key]["text"]) for key in keys if key in journal.records}
    return _Work(tuple(tasks), tuple(readers), by_line, texts)


def _read_pair(work: _Work) -> tuple[dict[str, str], dict[str, Any] | None]:
    """Return what was read now, by key; and the pair's entry, None where there is nothing to read."""
    lines = known_lines(work.tasks[0].pair, work.tasks[0].folders.images)
    pictures = _Pictures(work, lines)
    whole = None if lines is None else "".join(line.text for line in lines)
    # The text that each reading is compared with: of each line, or of the whole crop.
    known = [line.text for line in lines] if lines and work.by_line else [whole]
    best: tuple[float, Reader, list[str]] | None = None
    for reader in work.readers:
        read = pictures.read(CLEAN, reader)
        references = [text if part is None else part for part, text in zip(known, read, strict=True)]
        if any(references):
            rate = _edits(references, read).rate
            if best is None or rate < best[0]:
                best = rate, reader, references
    if best is None:
        return pictures.new, None
    rate, reader, references = best
    readable = rate <= READABLE
    names = [CLEAN, DAMAGED, *(task.method.name for task in work.tasks)] if readable else [CLEAN]
    edits = {name: asdict(_edits(references, pictures.read(name, reader))) for name in names}
    about = {"reader": reader.description, "known": lines is not None, "readable": readable}
    entry = {**about, "readings": edits}
    if readable and lines and all(line.boxes for line in lines):
        shares = hidden_shares(*pictures.pair(), [box for line in lines for box in line.boxes])
        told = {name: pictures.read(name, reader) for name in names}
        entry["characters"] = {
            name: count_characters(references, shares, told[CLEAN], told[DAMAGED], told[name]) for name in names[1:]
        }
    return pictures.new, entry


def _edits(texts: Sequence[str], read: Sequence[str]) -> Edits:
    return add_edits([count_edits(text, reading) for text, reading in zip(texts, read, strict=True)])


class _Pictures:
    """The images of a pair. An image is loaded and read only if its reading is not in the journal."""

    def __init__(self, work: _Work, lines: Sequence[KnownLine] | None) -> None:
        self._work = work
        self._boxes = [line.box for line in lines or ()] if work.by_line else []
        self._by_name = {task.method.name: task for task in work.tasks}
        self._pair: tuple[NDArray[np.uint8], Hole] | None = None
        self.new: dict[str, str] = {}

    def read(self, name: str, reader: Reader) -> list[str]:
        """Return the normalised text of an image: by line if the lines are given, else as one text."""
        key = _keys(self._work.tasks, reader, self._work.by_line)[name]
        text = next((texts[key] for texts in (self._work.texts, self.new) if key in texts), None)
        if text is None:
            text = self.new[key] = self._read(self._picture(name), reader)
        return [normalise(line) for line in text.split("\n")] if self._boxes else [normalise(text)]

    def pair(self) -> tuple[NDArray[np.uint8], Hole]:
        """Return the undamaged crop and its hole."""
        if self._pair is None:
            first = self._work.tasks[0]
            self._pair = load_pair(first.pair, first.folders.images, first.folders.masks)
        return self._pair

    def _picture(self, name: str) -> NDArray[np.uint8]:
        truth, hole = self.pair()
        if name in self._by_name:
            return restored_picture(self._by_name[name], truth, hole)
        return truth if name == CLEAN else erase(truth, hole)

    def _read(self, picture: NDArray[np.uint8], reader: Reader) -> str:
        if not self._boxes:
            return reader.read(picture)
        texts = reader.read_lines([_cut(picture, box) for box in self._boxes])
        return "\n".join(" ".join(text.split()) for text in texts)


def _cut(picture: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    left, top, right, bottom = box
    margin = max(2, round(_MARGIN * min(right - left, bottom - top)))
    return picture[max(0, top - margin) : bottom + margin, max(0, left - margin) : right + margin]


def _keys(tasks: Sequence[Task], reader: Reader, by_line: bool) -> dict[str, str]:
    """Return the key of a pair's readings in the journal."""
    pair = tasks[0].pair
    crop = pair.image_sha256, pair.window
    names: dict[str, tuple[Any, ...]] = {CLEAN: (CLEAN, *crop), DAMAGED: (DAMAGED, *crop, pair.mask_sha256)}
    names |= {task.method.name: (task.key,) for task in tasks}
    manner = (reader.description, "by line") if by_line else (reader.description,)
    return {name: key_of((*manner, key)) for name, key in names.items()}
