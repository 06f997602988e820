"""What became of each region of a page in its result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bokwon.errors import BokwonError
from bokwon.provenance.record import record_folder
from bokwon.serve.folder.finding import Finding
from bokwon.serve.folder.index import Entry
from bokwon.serve.folder.masks.files import Box, bounds
from bokwon.serve.folder.restoration.results import filled_by, filled_pixels
from bokwon.serve.folder.stamps import stamp_of
from bokwon.serve.folder.view.page_cache import PageCache
from bokwon.serve.folder.workspace import Workspace
from bokwon.types import Hole

__all__ = ["OUTCOMES", "Outcomes", "outcome_of"]

OUTCOMES = ("restored", "left", "new", "changed")
"""The region is filled; not filled, as intended; marked after the restoration; or its mask changed after it."""

_CACHE = 128 << 20
"""Bytes of masks of results that are kept in memory."""
_SLIGHT = 0.05
"""Share of a region's pixels that may differ between mask and result: a short stroke at its edge is no change."""


def outcome_of(inside: Hole, mask: Hole, filled: Hole) -> str:
    """Return what became of a region, one of `OUTCOMES`.

    Args:
        inside: (h, w), its pixels.
        mask: (h, w), the mask there.
        filled: (h, w), the pixels that are filled in the result.
    """
    area = max(1, int(np.count_nonzero(inside)))
    added = np.count_nonzero(inside & mask & ~filled) / area
    dropped = np.count_nonzero(inside & filled & ~mask) / area
    done = np.count_nonzero(inside & filled) / area
    if done <= _SLIGHT:
        return "new" if added > _SLIGHT else "left"
    if added > _SLIGHT or dropped > _SLIGHT:
        return "changed"
    return "restored" if done > 0.5 else "left"


class Outcomes:
    """Knows what became of the regions of a folder's pages; safe to use from any thread.

    Args:
        workspace: The folder.
        finding: Knows the regions.
    """

    def __init__(self, workspace: Workspace, finding: Finding) -> None:
        self._workspace = workspace
        self._finding = finding
        self._known: PageCache[tuple[Hole, list[dict[str, Any]]]] = PageCache(_CACHE, lambda told: told[0].nbytes)

    def add_to(self, entry: Entry, regions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the regions of a page with `outcome` and `filled_by`. Both are None if the page is not restored.

        Args:
            entry: The page.
            regions: In the JSON form of the interface.
        """
        workspace = self._workspace
        nothing = [{**region, "outcome": None, "filled_by": None} for region in regions]
        version = workspace.summary(entry).restored_version
        if not version or not regions:
            return nothing
        record = "" if entry.target is None else stamp_of(record_folder(entry.target))
        try:
            filled, methods = self._known.get((entry.id, version, record), lambda: self._filled(entry))
        except BokwonError:
            # The error is shown when somebody opens the result.
            return nothing
        mask = workspace.masks.current(entry).hole
        if filled.shape != mask.shape:
            return nothing
        told = []
        for region, (box, inside) in zip(nothing, self._finding.parts(entry), strict=True):
            place = slice(box[1], box[3]), slice(box[0], box[2])
            outcome = outcome_of(inside, mask[place], filled[place])
            by = _method_at(methods, box) if outcome in ("restored", "changed") else None
            told.append({**region, "outcome": outcome, "filled_by": by})
        return told

    def _filled(self, entry: Entry) -> tuple[Hole, list[dict[str, Any]]]:
        """Return the filled pixels of a page as viewers show it, and the methods that filled them, in order."""
        workspace = self._workspace
        scan = workspace.layers.original(entry)
        output = workspace.outputs.of(entry)
        hole, record = filled_pixels(workspace, entry, waiting=True)
        methods: list[dict[str, Any]] = []
        turn = scan.upright.apply
        if entry.number in output.pages and output.recorded:
            methods = filled_by(record, entry)
        for _, _, facts, _ in workspace.state.fills((entry.id,)):
            left, top, right, bottom = facts["box"]
            methods.append({"box": [left, top, right - left, bottom - top], **facts["made_by"]})
        shown = [
            method if method["box"] is None else {**method, "box": _turned(method["box"], hole.shape, turn)}
            for method in methods
        ]
        return np.ascontiguousarray(turn(hole)), shown


def _turned(box: Sequence[int], shape: tuple[int, ...], turn: Any) -> Box:
    """Return a box of stored pixels (left, top, width, height) as viewers show the page."""
    left, top, width, height = box
    marked = np.zeros(shape, bool)
    marked[top : top + height, left : left + width] = True
    turned = bounds(turn(marked))
    assert turned is not None, "a filled box has pixels"
    return turned


def _method_at(methods: Sequence[Mapping[str, Any]], box: Box) -> str | None:
    """Return the model, or else the method, that filled a box last."""
    for method in reversed(methods):
        at = method["box"]
        if at is None or (at[0] < box[2] and box[0] < at[2] and at[1] < box[3] and box[1] < at[3]):
            name = method.get("model") or method.get("method")
            return None if name is None else str(name)
    return None
