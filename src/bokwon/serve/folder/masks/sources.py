"""Reads masks from the page's own file or from files of others. Files of others are copied before they are replaced."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from bokwon.batch.given_masks import GivenMasks
from bokwon.batch.job import Job, Options
from bokwon.errors import FileAccessError, accessing
from bokwon.image_io.reader import Source
from bokwon.serve.folder.index import Entry
from bokwon.serve.folder.masks.files import decode_mask
from bokwon.serve.folder.places import Places
from bokwon.serve.folder.view.shown import ShownPage
from bokwon.types import Hole
from bokwon.utilities.atomic import make_folder

__all__ = ["MaskSources"]

_GIVEN = "given"
"""Folder of the state that masks of others are kept in, once the page has its own in their place."""


class MaskSources:
    """Reads the mask files of a folder.

    Args:
        places: Where everything lies.
        options: How files are read.
        shown: Returns a page, decoded.
    """

    def __init__(self, places: Places, options: Options, shown: Callable[[Entry], ShownPage]) -> None:
        self._places = places
        self._options = options
        self._shown = shown

    def read(self, entry: Entry) -> tuple[Hole, str]:
        """Read the file of a mask. Return the hole, as viewers show the page, and where the mask is from."""
        source = entry.mask_source()
        if source is None or source.path is None:
            return np.zeros(self._shown(entry).size[::-1], bool), "none"
        with accessing(f"mask {source.path} cannot be read: {{error}}", "check its rights"):
            data = source.path.read_bytes() if source.path == entry.own_mask else b""
        own = decode_mask(data, str(source.path), self._options.max_pixels)
        if own is not None and own[0].shape == self.shape(entry):
            return own
        shown = self._shown(entry)
        if own is not None and own[0].shape[::-1] == shown.size:
            return own
        job = Job(Source(entry.name, entry.path), entry.current_masks(), None, options=self._options)
        with ExitStack() as opened:
            wanted = frozenset(range(1, entry.count + 1))
            masks = GivenMasks(job, entry.count, wanted, opened, lambda level, text: None)
            found = masks.of(shown.page, entry.number, entry.title)
        if found is None:
            return np.zeros(shown.size[::-1], bool), "given"
        return np.ascontiguousarray(shown.upright.apply(found.hole)), "given"

    def shape(self, entry: Entry) -> tuple[int, int]:
        """Return height and width of a page as viewers show it."""
        width, height = entry.size if all(entry.size) else self._shown(entry).size
        return height, width

    def keep_given(self, entry: Entry) -> list[Path]:
        """Copy the masks of others that the page's own mask replaces; return the ones to remove."""
        own = entry.own_mask
        found = entry.masks.whole if entry.count == 1 else entry.masks.pages.get(entry.number)
        given = found.path if found is not None and not self._places.readonly else None
        paths = [given] if given is not None and given != own and given.is_file() else []
        kept = list(paths)
        if own.is_file() and decode_mask(own.read_bytes(), str(own), self._options.max_pixels) is None:
            kept.append(own)
        for path in kept:
            target = self._places.state / _GIVEN / path.relative_to(self._places.folder)
            number = 0
            while target.exists():
                number += 1
                target = target.with_name(f"{path.stem}.{number}{path.suffix}")
            make_folder(target.parent)
            try:
                shutil.copy2(path, target)
            except OSError as error:
                raise FileAccessError(f"mask {path} cannot be kept: {error}", "check the space of its drive") from error
        return paths
