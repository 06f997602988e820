"""What is filled on each page, and whether that is what its mask marks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from bokwon.errors import BokwonError, InputFileError
from bokwon.image_io.masks import grow_hole
from bokwon.provenance.record import read_record, record_folder
from bokwon.serve.folder.finding import Finding
from bokwon.serve.folder.index import Entry
from bokwon.serve.folder.masks.files import digest_of
from bokwon.serve.folder.masks.found_regions import FoundRegion
from bokwon.serve.folder.outputs import recorded_hole, recorded_ink
from bokwon.serve.folder.restoration.fills import Fill, Result
from bokwon.serve.folder.restoration.holes import PageWork
from bokwon.serve.folder.workspace import Workspace
from bokwon.types import Hole
from bokwon.utilities.checksums import sha256_of

__all__ = ["Results", "filled_by", "filled_pixels"]


class Results:
    """The results of a folder's pages; safe to use from any thread.

    Args:
        workspace: The folder.
        finding: Knows the regions.
    """

    def __init__(self, workspace: Workspace, finding: Finding) -> None:
        self._workspace = workspace
        self._finding = finding

    def made(self, entry: Entry, fills: Iterable[Fill] = ()) -> PageWork:
        """Return a page as it is in the output, with further fills that are not in the output yet."""
        workspace = self._workspace
        hole, told = filled_pixels(workspace, entry, waiting=False)
        ink = recorded_ink(entry)
        ink = np.zeros(hole.shape, np.uint8) if ink is None or ink.shape != hole.shape else ink
        methods = filled_by(told, entry) if hole.any() else []
        result = Result(hole, workspace.layers.restored(entry).page.pixels, ink, methods)
        for fill in fills:
            result.note(fill)
        return PageWork(workspace.masks.current(entry), result, self._mask_name(entry, told), self._found(entry))

    def untouched(self, entry: Entry) -> PageWork:
        """Return a page with nothing filled."""
        scan = self._workspace.layers.original(entry).page.pixels
        nothing = np.zeros(scan.shape[:2], bool)
        result = Result(nothing, scan, nothing.astype(np.uint8), [])
        return PageWork(self._workspace.masks.current(entry), result, self._mask_name(entry, {}), self._found(entry))

    def _found(self, entry: Entry) -> tuple[FoundRegion, ...]:
        return tuple(self._finding.found(entry))

    @staticmethod
    def _mask_name(entry: Entry, told: Mapping[str, Any]) -> str:
        source = entry.mask_source()
        if source is not None:
            return source.name
        return str(told.get("pages", {}).get(entry.number, {}).get("mask", "mask"))

    def note(self, entry: Entry) -> None:
        """Store which pixels a page's result fills, and the digest of an approved result, unless both are up to date.

        Raises:
            BokwonError: The record or the output cannot be read.
        """
        self._note_fill(entry)
        summary = self._workspace.summary(entry)
        if not summary.is_result_known:
            self.note_result(entry)

    def note_result(self, entry: Entry) -> str:
        """Store the digest of the pixels of a page's result.

        Returns:
            Their digest.

        Raises:
            BokwonError: The output cannot be read.
        """
        workspace = self._workspace
        stamp = workspace.summary(entry).result_stamp
        pixels = np.ascontiguousarray(workspace.layers.restored(entry).page.pixels)
        digest = sha256_of(f"{pixels.shape}{pixels.dtype}".encode("ascii") + pixels.tobytes())[:32]
        with workspace.state.writing():
            row = workspace.state.page(entry.id)
            workspace.state.put_page(entry.id, replace(row, result=digest, result_in=stamp))
        return digest

    def _note_fill(self, entry: Entry) -> None:
        workspace = self._workspace
        summary = workspace.summary(entry)
        stamp = summary.result_stamp
        recorded = summary.output.recorded or summary.filled
        if not (summary.restored_version and recorded) or summary.row.filled_in == stamp:
            return
        hole, told = filled_pixels(workspace, entry, waiting=True)
        shown = workspace.layers.original(entry).upright.apply(hole)
        mask = workspace.masks.current(entry).hole
        grown = int((told.get("settings") or {}).get("grow") or 0)
        # The command may have grown the mask before it filled. It still counts as the same mask.
        same = grown > 0 and np.array_equal(grow_hole(mask, grown), shown)
        filled = digest_of(mask if same else np.ascontiguousarray(shown))
        with workspace.state.writing():
            row = workspace.state.page(entry.id)
            workspace.state.put_page(entry.id, replace(row, filled=filled, filled_in=stamp))

    def note_mask(self, entry: Entry) -> None:
        """Store that a page was filled by the mask that it has now."""
        with self._workspace.state.writing():
            row = self._workspace.state.page(entry.id)
            self._workspace.state.put_page(entry.id, replace(row, filled_of=row.digest))

    def known(self, pages: Iterable[Entry]) -> list[tuple[Entry, str]]:
        """Return the pages that are restored, each with the stamp of its result, for `carry`."""
        summaries = [self._workspace.summary(page) for page in pages]
        return [(one.entry, one.result_stamp) for one in summaries if one.restored_version]

    def carry(self, pages: Iterable[tuple[Entry, str]]) -> None:
        """Store new stamps for pages that stayed the same when their output was written again."""
        for page, before in pages:
            stamp = self._workspace.summary(page).result_stamp
            with self._workspace.state.writing():
                row = self._workspace.state.page(page.id)
                row = replace(row, filled_in=stamp) if row.filled_in == before else row
                row = replace(row, result_in=stamp) if row.result_in == before else row
                self._workspace.state.put_page(page.id, row)


def filled_by(told: Mapping[str, Any], entry: Entry) -> list[dict[str, Any]]:
    """Return the methods that filled the parts of a page, in order, each with its box; None stands for the whole page.

    Args:
        told: The record of its output; empty if there is none.
        entry: The page.
    """
    if not told:
        return []
    names = ("method", "model", "model_sha256", "engine", "settings")
    whole = {"box": None, **{name: told.get(name) for name in names}}
    return list(told["pages"].get(entry.number, {}).get("filled_by", [whole]))


def filled_pixels(workspace: Workspace, entry: Entry, *, waiting: bool) -> tuple[Hole, Mapping[str, Any]]:
    """Return which pixels of a page are filled, (H, W) as they are stored, and the record of its output.

    Args:
        workspace: The folder.
        entry: The page.
        waiting: Whether fills that are not in the output yet count.

    Raises:
        BokwonError: The record cannot be read, or it is of another scan.
    """
    scan = workspace.layers.original(entry)
    output = workspace.outputs.of(entry)
    told: Mapping[str, Any] = {}
    if entry.target is not None:
        with suppress(BokwonError):
            told = read_record(record_folder(entry.target))[1]
    if entry.number not in output.pages:
        hole = np.zeros(scan.page.pixels.shape[:2], bool)
    elif output.recorded:
        hole = recorded_hole(entry)
        if hole.shape != scan.page.pixels.shape[:2]:
            raise InputFileError(f"the record of {entry.title} is of another scan", "restore the page again, all of it")
        hole = hole if hole.flags.writeable else hole.copy()
    else:
        # Restored without a record: by its mask.
        hole = np.array(scan.upright.inverse.apply(workspace.masks.current(entry).hole))
    for _, _, facts, content in workspace.state.fills((entry.id,)) if waiting else ():
        fill = Fill.from_bytes(facts, content)
        hole[fill.place] = hole[fill.place] & ~fill.inside | (fill.inside & (fill.samples is not None))
    return hole, told
