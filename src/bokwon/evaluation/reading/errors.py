"""Character errors: differences of a reading from the text, and the share that a restoration recovers."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np

from bokwon.errors import ArgumentError

__all__ = ["Alignment", "Edits", "add_edits", "align", "count_edits", "normalise", "recovered"]


@dataclass(frozen=True)
class Edits:
    """The smallest set of changes that turns the text into the reading.

    Attributes:
        length: Characters of the text.
        substituted: Characters that were read as others.
        inserted: Characters that were read where there is none. They are invented, like substituted ones.
        missing: Characters that were not read.
    """

    length: int
    substituted: int
    inserted: int
    missing: int

    @property
    def rate(self) -> float:
        """Character error rate: all changes, divided by the length of the text. It exceeds 1 if much is invented.

        Raises:
            ArgumentError: There is no text.
        """
        if self.length == 0:
            raise ArgumentError("a text without characters has no error rate", "leave such crops out")
        return (self.substituted + self.inserted + self.missing) / self.length


def normalise(text: str) -> str:
    """Normalise a text for comparison: canonical composition, no white space.

    White space is removed because readers treat it differently, whether the page is damaged or not.
    """
    return "".join(unicodedata.normalize("NFC", text).split())


@dataclass(frozen=True)
class Alignment:
    """Which character of a reading stands for which of the text.

    Attributes:
        read: For each character of the text what was read in its place; None where nothing was.
        inserted: How many characters were read before each character of the text, and after the last.
    """

    read: tuple[str | None, ...]
    inserted: tuple[int, ...]


def align(text: str, reading: str) -> Alignment:
    """Align a reading with the text, with the fewest changes.

    Where several alignments have as few changes, substitutions are preferred over a pair of insertion and gap, and
    insertions over gaps last: the result does not depend on anything but the two texts.

    Args:
        text: The truth, normalised.
        reading: What was read, normalised.

    Source: Wagner and Fischer, "The String-to-String Correction Problem", Journal of the ACM 1974.
    """
    rows, columns = len(text), len(reading)
    read = np.frombuffer(reading.encode("utf-32-le"), np.uint32)
    steps = np.arange(columns + 1, dtype=np.int32)
    costs = np.empty((rows + 1, columns + 1), np.int32)
    costs[0] = steps
    for row, character in enumerate(text, 1):
        above = costs[row - 1]
        best = above + 1
        best[1:] = np.minimum(best[1:], above[:-1] + (read != ord(character)))
        # An insertion costs 1 more than its left neighbour. Without this slope it is a running minimum.
        costs[row] = np.minimum.accumulate(best - steps) + steps
    found: list[str | None] = [None] * rows
    inserted = [0] * (rows + 1)
    row, column = rows, columns
    while row or column:
        cost = costs[row, column]
        if row and column and cost == costs[row - 1, column - 1] + (text[row - 1] != reading[column - 1]):
            row, column = row - 1, column - 1
            found[row] = reading[column]
        elif column and cost == costs[row, column - 1] + 1:
            column -= 1
            inserted[row] += 1
        else:
            row -= 1
    return Alignment(tuple(found), tuple(inserted))


def count_edits(text: str, reading: str) -> Edits:
    """Align a reading with the text (see `align`) and count the changes by kind.

    Args:
        text: The truth, normalised.
        reading: What was read, normalised.
    """
    aligned = align(text, reading)
    pairs = list(zip(text, aligned.read, strict=True))
    substituted = sum(read not in (None, character) for character, read in pairs)
    return Edits(len(text), substituted, sum(aligned.inserted), sum(read is None for _, read in pairs))


def add_edits(parts: list[Edits]) -> Edits:
    """Return the sum of the edits of several texts, each aligned by itself."""
    return Edits(
        sum(part.length for part in parts),
        sum(part.substituted for part in parts),
        sum(part.inserted for part in parts),
        sum(part.missing for part in parts),
    )


def recovered(clean: float, damaged: float, restored: float) -> float | None:
    """Return the share of the damage's errors that a restoration removes.

    Args:
        clean: Error rate before the damage.
        damaged: After it.
        restored: After restoration.

    Returns:
        1 if the restored page reads like the undamaged one, 0 if nothing was gained, negative if it reads worse; None
        if the damage made no errors.
    """
    return None if damaged <= clean else (damaged - restored) / (damaged - clean)
