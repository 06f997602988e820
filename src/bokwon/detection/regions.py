"""From probabilities to regions: pieces of damage with a place, a kind and a confidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bokwon.detection.kinds import AREAS, KINDS, LINES, curve_name
from bokwon.detection.lines import follow_lines

__all__ = ["Piece", "find_pieces"]

# A piece reaches as far as its pixels are at least this probable: its soft rim belongs to it.
_REACH = 0.3
# Mean probability along a line from which it is a line.
_LINE = 0.25
# Share of a piece's pixels, the surest, whose mean probability is its score.
_SUREST = 0.5


@dataclass(frozen=True)
class Piece:
    """A connected piece of damage at the working size.

    Attributes:
        kind: One of `KINDS`.
        box: Left, top, right, bottom in pixels, right and bottom exclusive.
        mask: bool, of the box's size.
        score: Mean probability of the half of its pixels with the highest probability, in [0, 1].
        confidence: How often pieces of this kind, size and score are right, in [0, 1].
    """

    kind: str
    box: tuple[int, int, int, int]
    mask: NDArray[np.bool_]
    score: float
    confidence: float


def find_pieces(
    probabilities: NDArray[np.float32], calibration: Mapping[str, Sequence[Sequence[float]]], least_area: float
) -> list[Piece]:
    """Find the pieces of damage.

    Areas, lines and readable stains are looked for separately, so that a hole in a stain is a piece of its own. A piece
    has the kind that is most probable over it.

    Args:
        probabilities: float32 (K, H, W) in [0, 1], one map for each of `KINDS`.
        calibration: For each `curve_name`, points (score, confidence) of a curve. If there is none for small areas of a
            kind, they take the curve of the kind. If there is no curve at all, the score is the confidence.
        least_area: Smaller pieces are left out, pixels of the working size.

    Returns:
        The pieces, the largest first.
    """
    index = {kind: number for number, kind in enumerate(KINDS)}
    pieces: list[Piece] = []
    for group in (AREAS, LINES, ("readable stain",)):
        members = [index[kind] for kind in group]
        together = probabilities[members].sum(0)
        if group is LINES:
            # The lines' pixels count by their line, those of short specks by themselves.
            score = np.maximum(np.where(together >= _REACH, together, 0), _lifted(together))
            mask = (together >= _REACH) | (score > 0)
        else:
            score, mask = together, together >= _REACH
        pieces += _connected(mask, score, probabilities, members, calibration, least_area)
    return sorted(pieces, key=lambda piece: -int(np.count_nonzero(piece.mask)))


def _lifted(together: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probability of a line where there is one, from the mean along it: `_LINE` counts as an even chance."""
    along = follow_lines(together)
    sure = np.clip(0.5 + 1.2 * (along - _LINE), 0, 1)
    return np.where(along >= _LINE, sure, 0).astype(np.float32)


def _connected(
    mask: NDArray[np.bool_],
    score: NDArray[np.float32],
    probabilities: NDArray[np.float32],
    members: list[int],
    calibration: Mapping[str, Sequence[Sequence[float]]],
    least_area: float,
) -> list[Piece]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    found = []
    for number in range(1, count):
        left, top, width, height, area = (int(value) for value in stats[number])
        if area < least_area:
            continue
        window = (slice(top, top + height), slice(left, left + width))
        inside = labels[window] == number
        values = np.sort(score[window][inside])
        mean = float(values[int(len(values) * (1 - _SUREST)) :].mean())
        sums = [float(probabilities[member][window][inside].sum()) for member in members]
        kind = KINDS[members[int(np.argmax(sums))]]
        points = calibration.get(curve_name(kind, area), calibration.get(kind))
        confidence = float(np.interp(mean, *np.asarray(points, float).T)) if points else mean
        found.append(Piece(kind, (left, top, left + width, top + height), inside, mean, confidence))
    return found
