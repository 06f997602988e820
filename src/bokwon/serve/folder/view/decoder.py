"""Decodes pages in other processes. A file on which a decoder crashes or hangs costs nothing but itself."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import InputFileError, TimeLimitError
from bokwon.image_io.page import Page
from bokwon.serve.decoding import Decode, Shrink, decode
from bokwon.serve.folder.stamps import stamp_of
from bokwon.serve.processes import Processes, WorkLostError

__all__ = ["Decoder"]

_LIMIT = 300.0
"""Seconds that a page may take."""
_AT_ONCE = 3
"""How many pages are decoded at a time. Each may be large."""
_ATTEMPTS = 2
"""A process that dies may have been the victim of too little memory, once."""
_IDLE = 20.0
"""Seconds after which idle processes end, but for one: the next page is not to wait for its start."""
_FIX = "get another copy of it, or save it anew with another program"


class Decoder:
    """Decodes pages and thumbnails; safe to use from any thread.

    Args:
        max_pixels: Larger pages are refused.
        limit: Seconds that a page may take.
    """

    def __init__(self, max_pixels: int, *, limit: float = _LIMIT) -> None:
        self._max_pixels = max_pixels
        self._processes = Processes(decode, limit=limit)
        self._room = threading.BoundedSemaphore(_AT_ONCE)
        self._broken: dict[Path, tuple[str, InputFileError]] = {}
        # Loads what decoding needs while the user looks at the list.
        self._processes.prepare()

    def page(self, path: Path, number: int, name: str) -> Page:
        """Decode a page.

        Args:
            path: Its file.
            number: Its number in the file, from 1.
            name: Name of the file in messages.

        Raises:
            BokwonError: It cannot be read, or its decoder crashes or takes too long.
        """
        page = self._do(Decode(path, number, self._max_pixels), name)
        assert isinstance(page, Page)
        return page

    def small(self, path: Path, longest: int, name: str) -> NDArray[np.uint8] | None:
        """Return a small picture of a large JPEG, upright, (h, w) or (h, w, 3); None for all other files.

        Args:
            path: The file.
            longest: Pixels of the longer side.
            name: Name of the file in messages.

        Raises:
            InputFileError: Its decoder crashes or takes too long.
        """
        picture = self._do(Shrink(path, longest), name)
        assert not isinstance(picture, Page)
        return picture

    def _do(self, task: Decode | Shrink, name: str) -> Page | NDArray[np.uint8] | None:
        stamp = stamp_of(task.path)
        told = self._broken.get(task.path)
        if told is not None and told[0] == stamp:
            # Each tile of the page would let a process crash, or wait for one that hangs.
            raise told[1]
        with self._room:
            try:
                return self._attempt(task, name)
            except WorkLostError:
                error = InputFileError(f"{name} is damaged: reading it crashes the decoder", _FIX)
            except TimeLimitError as late:
                error = InputFileError(f"{name} is damaged or too large: {late.message}", _FIX)
        self._broken[task.path] = stamp, error
        raise error

    def _attempt(self, task: Decode | Shrink, name: str) -> Page | NDArray[np.uint8] | None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                done: Page | NDArray[np.uint8] | None = self._processes.run(task, None, name=name)
                return done
            except WorkLostError:
                if attempt == _ATTEMPTS:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def tidy(self) -> None:
        """End processes that have been idle for a while, but for one."""
        self._processes.release(_IDLE, keep=1)

    def close(self) -> None:
        """End all processes. Busy ones finish their page first."""
        self._processes.close()
