"""Steps from one mask to the next, which can be undone."""

from __future__ import annotations

from typing import Any

from bokwon.serve.folder.masks.files import Box, pack_change
from bokwon.serve.folder.state import PageRow, Step
from bokwon.types import Hole

__all__ = ["forgotten", "step_between"]


def step_between(
    before: Hole, after: Hole, box: Box, kinds: tuple[str, str], judged: tuple[dict[str, Any], dict[str, Any]]
) -> Step:
    """Return the change from one mask of a page to the next.

    Args:
        before: (H, W).
        after: (H, W).
        box: Around all that changed.
        kinds: Kind of the mask before and after.
        judged: How the found regions were judged before and after.
    """
    left, top, right, bottom = box
    place = slice(top, bottom), slice(left, right)
    return Step(box, pack_change(before[place] ^ after[place]), *kinds, judged)


def forgotten(row: PageRow) -> dict[str, Any]:
    """Return how found regions are judged after the mask was replaced: decisions by hand are dropped."""
    return {name: value for name, value in row.judged.items() if name == "certain"}
