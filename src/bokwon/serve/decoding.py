"""The tasks of the processes that decode the pages of an opened folder. Kept small: each process loads this module."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from bokwon.image_io.decoder_warnings import listen
from bokwon.image_io.document import open_document
from bokwon.image_io.page import Page
from bokwon.image_io.source import Source
from bokwon.serve.processes import Progress

__all__ = ["Decode", "Shrink", "decode"]


@dataclass(frozen=True)
class Decode:
    """Decode a page.

    Attributes:
        path: Its file.
        number: Its number in the file, from 1.
        max_pixels: Larger pages are refused.
    """

    path: Path
    number: int
    max_pixels: int


@dataclass(frozen=True)
class Shrink:
    """Decode a JPEG without colour profile at a fraction of its size.

    Attributes:
        path: The file.
        longest: Pixels of the longer side.
    """

    path: Path
    longest: int


def decode(task: Decode | Shrink, progress: Progress) -> Page | NDArray[np.uint8] | None:
    """Do a task; see `bokwon.serve.processes.Work`.

    Returns:
        The page; or the small picture, upright, (h, w) or (h, w, 3), None for files that must be decoded at full size.

    Raises:
        BokwonError: The page cannot be read.
    """
    _prepare()
    if isinstance(task, Shrink):
        return _shrink(task)
    with open_document(Source.of(task.path), max_pixels=task.max_pixels) as document:
        return document.page(task.number)


@lru_cache(maxsize=1)
def _prepare() -> None:
    if not os.environ.get("BOKWON_DEBUG"):
        listen()


def _shrink(task: Shrink) -> NDArray[np.uint8] | None:
    try:
        with Image.open(task.path, formats=("JPEG",)) as image:
            if image.mode not in ("L", "RGB") or image.info.get("icc_profile") or max(image.size) < 8 * task.longest:
                return None
            image.draft(image.mode, (2 * task.longest, 2 * task.longest))
            upright = ImageOps.exif_transpose(image)
            upright.thumbnail((task.longest, task.longest))
            return np.array(upright)
    # Whatever is wrong with the file is told when it is decoded whole.
    except Exception:
        return None
