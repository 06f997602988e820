"""Single characters of a known text: won back, missing, wrong or invented, by how much of their ink was hidden."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import ArgumentError
from bokwon.evaluation.measure.ink import ink_of
from bokwon.evaluation.reading.errors import align
from bokwon.types import Hole

__all__ = ["GROUPS", "MOSTLY_HIDDEN", "Box", "count_characters", "hidden_shares"]

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in the crop."""

MOSTLY_HIDDEN = 0.75
"""Share of a character's ink; where more is hidden, what it was is a guess."""

GROUPS = ("untouched", "less", "more")
"""Characters of which no ink is hidden, at most `MOSTLY_HIDDEN` of it, or more."""


def hidden_shares(truth: NDArray[np.uint8], hole: Hole, boxes: Sequence[Box]) -> list[float]:
    """Return the share of each character's ink that a hole hides.

    Args:
        truth: (H, W, 3), RGB, the undamaged page.
        hole: (H, W).
        boxes: Where the characters stand.

    Returns:
        In [0, 1]. For a character without ink, whatever its box says, the share of the box.
    """
    ink = ink_of(truth)
    shares: list[float] = []
    for left, top, right, bottom in boxes:
        place = slice(top, bottom), slice(left, right)
        own = ink[place] if ink[place].any() else np.ones_like(ink[place])
        shares.append(int(np.count_nonzero(own & hole[place])) / max(1, int(np.count_nonzero(own))))
    return shares


def count_characters(
    texts: Sequence[str],
    shares: Sequence[float],
    clean: Sequence[str],
    damaged: Sequence[str],
    restored: Sequence[str],
) -> dict[str, dict[str, int]]:
    """Count what became of the characters that a reader reads right on the undamaged page.

    Args:
        texts: The known text, in the parts that were read one by one.
        shares: Of each of its characters, how much of its ink is hidden.
        clean: What was read of each part undamaged.
        damaged: The same damaged.
        restored: The same restored.

    Returns:
        For each of `GROUPS`:

        - `characters` of the group that are read right undamaged;
        - `lost`: those of them that are not read right damaged;
        - `won_back`: those of the lost that are read right restored;
        - `missing`: those of `characters` that are not read at all restored, a safe error;
        - `wrong`: those that are read as another one, an unsafe error;
        - `invented`: characters that are read beside one of the group where there is none, and were not read there
          undamaged; of two neighbours the one with more of its ink hidden counts.

    Raises:
        ArgumentError: There are not as many shares as characters.
    """
    if len(shares) != sum(map(len, texts)):
        raise ArgumentError("each character needs a share of its ink that is hidden", "pass one for each")
    keys = ("characters", "lost", "won_back", "missing", "wrong", "invented")
    counts = {group: dict.fromkeys(keys, 0) for group in GROUPS}
    begin = 0
    for text, *readings in zip(texts, clean, damaged, restored, strict=True):
        own = shares[begin : begin + len(text)]
        begin += len(text)
        before, between, after = (align(text, reading) for reading in readings)
        for place, character in enumerate(text):
            if before.read[place] != character:
                continue
            group = counts[_group(own[place])]
            lost = between.read[place] != character
            group["characters"] += 1
            group["lost"] += lost
            group["won_back"] += lost and after.read[place] == character
            group["missing"] += after.read[place] is None
            group["wrong"] += after.read[place] not in (None, character)
        for place, number in enumerate(after.inserted):
            beside = own[max(0, place - 1) : place + 1]
            if beside:
                counts[_group(max(beside))]["invented"] += max(0, number - before.inserted[place])
    return counts


def _group(share: float) -> str:
    if share == 0:
        return "untouched"
    return "less" if share <= MOSTLY_HIDDEN else "more"
