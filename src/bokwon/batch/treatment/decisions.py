"""Decisions about pages, such as approvals. `bokwon open` writes them beside the outputs."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

from bokwon.batch.journal import Entry
from bokwon.batch.treatment.words import Words

__all__ = ["DECISIONS", "REVIEW", "Decided", "Decision", "at_time", "read_decisions", "reviewed"]

REVIEW = "review.jsonl"
"""Name of the file, in the folder of outputs."""

Decision = Literal["approve", "reject", "undamaged", "open"]
"""A decision about a page; `open` takes the last one back."""

DECISIONS: tuple[str, ...] = get_args(Decision)


@dataclass(frozen=True)
class Decided:
    """A decision about a page.

    Attributes:
        decision: `approve`, `reject` or `undamaged`.
        time: When it was made, as ISO 8601 in UTC.
        of: What was approved: `result`, `mask` or `scan`; empty for other decisions.
        mask: Digest of the mask at that time, see `bokwon.serve.folder.masks.files.digest_of`.
        result: Digest of the pixels that were approved; empty if no result was.
    """

    decision: str
    time: str = ""
    of: str = ""
    mask: str = ""
    result: str = ""


def read_decisions(path: Path) -> dict[tuple[str, int], Decided]:
    """Return the last decision about each page, by file and page number; empty if the file cannot be read."""
    known: dict[tuple[str, int], Decided] = {}
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return known
    for line in lines:
        try:
            told: dict[str, Any] = json.loads(line)
            key, decision = (str(told["file"]), int(told["page"])), told["decision"]
            decided = Decided(decision, *(str(told.get(name, "")) for name in ("time", "of", "mask", "result")))
        except (ValueError, KeyError, TypeError, AttributeError):
            # A line can be cut off where the disk was full.
            continue
        if decision in DECISIONS and decision != "open":
            known[key] = decided
        else:
            known.pop(key, None)
    return known


def reviewed(
    outputs: Path, entries: Sequence[Entry], kept: Collection[str]
) -> Mapping[str, Mapping[int, Words]] | None:
    """Return what a report says of the approval of each page, by file and page number; None without any decision.

    Args:
        outputs: The folder of outputs.
        entries: The result of each file.
        kept: Names of the files that this run has not restored again. Approvals of other files are of an older result.
    """
    decisions = read_decisions(outputs / REVIEW)
    if not decisions:
        return None
    told: dict[str, dict[int, Words]] = {}
    for entry in entries:
        name = entry.file.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        told[entry.file] = {}
        for number in range(1, max(1, entry.pages) + 1):
            decided = decisions.get((name, number)) if entry.file in kept else None
            words: Words = ("not yet", "아직 승인하지 않음")
            if decided is not None and decided.decision == "approve" and decided.of in ("result", ""):
                words = at_time(("approved", "승인함"), decided)
            elif decided is not None and decided.decision == "reject":
                words = at_time(("not yet: needs a look", "아직 승인하지 않음: 확인 필요"), decided)
            told[entry.file][number] = words
    return told


def at_time(words: Words, decided: Decided) -> Words:
    """Return the words followed by the local time of a decision."""
    with suppress(ValueError):
        time = datetime.fromisoformat(decided.time).astimezone().strftime("%Y-%m-%d %H:%M")
        return f"{words[0]}, {time}", f"{words[1]}, {time}"
    return words
