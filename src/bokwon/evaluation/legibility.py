"""Reads every pair before damage, after it and after each restoration, and adds the errors up."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bokwon.errors import InputFileError
from bokwon.evaluation.benchmark import Journal, Task, restored_picture
from bokwon.evaluation.methods import erase
from bokwon.evaluation.pairs import Pair, load_pair
from bokwon.evaluation.readers import Reader
from bokwon.evaluation.reading import Edits, add_edits, count_edits, normalise, recovered
from bokwon.synthesis.catalog import BINS

__all__ = ["known_text", "read_pairs", "summarise_reading"]

CLEAN, DAMAGED = "undamaged", "damaged"


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
    tasks: Sequence[Task], reader: Reader, journal: Journal, progress: Callable[[int, int], None]
) -> dict[int, dict[str, Any]]:
    """Read the crops of all pairs.

    Args:
        tasks: Tasks whose results were measured.
        reader: What reads.
        journal: Where readings are kept.
        progress: Told how many pairs are done, and of how many.

    Returns:
        By the pair's number: `known`, whether the text is known, and `readings`, the edits by `undamaged`, `damaged`
        and method. A pair with nothing to read in it has no entry.
    """
    by_pair: dict[int, list[Task]] = {}
    for task in tasks:
        by_pair.setdefault(task.pair.number, []).append(task)
    found: dict[int, dict[str, Any]] = {}
    for done, (number, mine) in enumerate(by_pair.items(), 1):
        readings = _read(mine, reader, journal)
        text = known_text(mine[0].pair, mine[0].folders.images)
        # Where nobody knows the text, what the reader made of the undamaged page stands for it.
        reference = normalise(readings[CLEAN]) if text is None else text
        if reference:
            edits = {name: asdict(count_edits(reference, normalise(read))) for name, read in readings.items()}
            found[number] = {"known": text is not None, "readings": edits}
        progress(done, len(by_pair))
    return found


def _read(tasks: Sequence[Task], reader: Reader, journal: Journal) -> dict[str, str]:
    """Return the text of a pair's pictures by name, from the journal as far as it goes."""
    first = tasks[0]
    parts = (first.pair.image_sha256, first.pair.mask_sha256, first.pair.window)
    keys = {CLEAN: (CLEAN, *parts), DAMAGED: (DAMAGED, *parts), **{t.method.name: (t.key,) for t in tasks}}
    digests = {
        name: hashlib.sha256(json.dumps((reader.description, key)).encode()).hexdigest()[:20]
        for name, key in keys.items()
    }
    if any(key not in journal.records for key in digests.values()):
        truth, hole = load_pair(first.pair, first.folders.images, first.folders.masks)
        by_name = {task.method.name: task for task in tasks}
        for name, key in digests.items():
            if key in journal.records:
                continue
            if name in by_name:
                picture = restored_picture(by_name[name], truth, hole)
            else:
                picture = truth if name == CLEAN else erase(truth, hole)
            journal.add({"key": key, "text": reader.read(picture)})
    return {name: str(journal.records[key]["text"]) for name, key in digests.items()}


def summarise_reading(
    found: Mapping[int, Mapping[str, Any]], pairs: Sequence[Mapping[str, Any]], reader: str
) -> dict[str, Any]:
    """Add readings up, over all pairs and by bin.

    Args:
        found: What `read_pairs` returns.
        pairs: Records of the pairs with `number` and `bin`.
        reader: Description of the reader.

    Returns:
        `reader`; `pairs` that were read; `without_text`, the number of those with nothing to read; `known`, how many
        have a known text; and `rows`: for all and for each bin, by picture, the rates and what was recovered.
    """
    chosen = [(int(pair["bin"]), found[pair["number"]]) for pair in pairs if pair["number"] in found]
    rows = []
    for number in (None, *BINS):
        mine = [entry for of_bin, entry in chosen if number in (None, of_bin)]
        if mine:
            rows.append({"bin": number, "pairs": len(mine), "pictures": _rates([entry["readings"] for entry in mine])})
    return {
        "reader": reader,
        "pairs": len(chosen),
        "without_text": len(pairs) - len(chosen),
        "known": sum(bool(entry["known"]) for _, entry in chosen),
        "rows": rows,
    }


def _rates(readings: Sequence[Mapping[str, Mapping[str, int]]]) -> dict[str, dict[str, float | int | None]]:
    sums = {name: add_edits([Edits(**reading[name]) for reading in readings]) for name in readings[0]}
    rates: dict[str, dict[str, float | int | None]] = {}
    for name, edits in sums.items():
        won = recovered(sums[CLEAN].rate, sums[DAMAGED].rate, edits.rate)
        rates[name] = {
            "characters": edits.length,
            "cer": round(edits.rate, 5),
            "substituted": round(edits.substituted / edits.length, 5),
            "inserted": round(edits.inserted / edits.length, 5),
            "missing": round(edits.missing / edits.length, 5),
            "recovered": None if won is None or name in (CLEAN, DAMAGED) else round(won, 5),
        }
    return rates
