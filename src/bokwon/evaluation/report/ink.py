"""What became of the ink in the holes, for pairs together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bokwon.evaluation.measure.ink import INK_FIGURES
from bokwon.synthesis.masks.bins import BINS

__all__ = ["summarise_ink"]


def summarise_ink(pairs: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[str, Any]:
    """Return the medians of the figures of `bokwon.evaluation.measure.ink`.

    Args:
        pairs: Records with `bin` and `methods`, the figures of each method by name.
        names: The methods.

    Returns:
        `pairs`, the number of those whose hole hides enough ink; and `rows`, for all of them (`bin` None) and for each
        bin: their number, and for each method the medians.
    """
    chosen = [pair for pair in pairs if all(pair["methods"][name].get(INK_FIGURES[0]) is not None for name in names)]
    rows = []
    for place in (None, *BINS):
        mine = [pair for pair in chosen if place in (None, pair["bin"])]
        if mine:
            medians = {
                name: {
                    key: round(float(np.median([pair["methods"][name][key] for pair in mine])), 4)
                    for key in INK_FIGURES
                }
                for name in names
            }
            rows.append({"bin": place, "pairs": len(mine), "methods": medians})
    return {"pairs": len(chosen), "rows": rows}
