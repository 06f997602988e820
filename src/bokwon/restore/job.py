"""One image file with its mask in, one restored file out: what the command does, and a batch does many times."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np

from bokwon.imaging.decode import Page
from bokwon.imaging.files import Source, read_page
from bokwon.imaging.formats import check_fits, encode_page, format_of, lost_on_the_way
from bokwon.imaging.holes import check_hole, looks_inverted, read_hole
from bokwon.imaging.output import check_target, replacing
from bokwon.restore.fill import Progress
from bokwon.restore.restorer import Restorer

__all__ = ["Job", "Tell", "restore_file"]

Tell = Callable[[Literal["detail", "note", "warning"], str], None]
"""Told what the user may want to know, with how much it matters."""


@dataclass(frozen=True)
class Job:
    """One file to restore.

    Attributes:
        source: The image.
        mask: Its mask.
        target: The file to write, in the format its extension names; None for PNG on standard output.
        white_is_hole: Polarity of the mask.
        overwrite: Whether the target may be there already.
    """

    source: Source
    mask: Source
    target: Path | None
    white_is_hole: bool = True
    overwrite: bool = True

    @property
    def format(self) -> str:
        """The format to write.

        Raises:
            ArgumentError: The target's extension names none.
        """
        return "PNG" if self.target is None else format_of(self.target)


def restore_file(job: Job, restorer: Restorer, tell: Tell, *, progress: Progress | None = None) -> int:
    """Restore a file. The target appears whole or not at all.

    A mask without a hole gives the input back: its very bytes, if the format stays the same.

    Args:
        job: What to restore, and where to.
        restorer: With what.
        tell: Told notices and warnings.
        progress: Told after each tile.

    Returns:
        How many tiles were run.

    Raises:
        BokwonError: With the exit code of what is wrong.
    """
    file_format = job.format
    if job.target is not None:
        check_target(job.target, overwrite=job.overwrite)
    page = read_page(job.source)
    hole, notices = read_hole(job.mask, white_is_hole=job.white_is_hole)
    orientation = page.metadata.orientation
    check_hole(hole, page.size, orientation=orientation, name=f"mask {job.mask.name}")
    share = np.count_nonzero(hole) / hole.size
    tell("detail", f"{job.source.name}: {_summary(page)}, hole {share:.2%}")
    if orientation != 1:
        notices += (f"{job.source.name} has EXIF orientation {orientation}: the mask follows its pixels as stored",)
    for notice in notices:
        tell("note", notice)
    if not hole.any():
        tell("warning", f"mask {job.mask.name} has no hole: the image is given back as it is")
        if page.format == file_format:
            _write(job, lambda stream: _copy(job.source, stream))
            return 0
    elif looks_inverted(hole):
        other = "black" if job.white_is_hole else "white"
        tell(
            "warning",
            f"mask {job.mask.name} calls {share:.0%} of the image hole; if it means the rest, add --holes {other}",
        )
    check_fits(page.pixels, page.mode, file_format)
    for notice in (*page.notices, *lost_on_the_way(page, file_format)):
        tell("note", notice)
    tiles = restorer.fill(page.pixels, page.mode, hole, progress=progress)
    _write(job, lambda stream: encode_page(stream, page.pixels, page.mode, file_format, page.metadata))
    return tiles


def _summary(page: Page) -> str:
    depth = 1 if page.mode == "1" else page.pixels.dtype.itemsize * 8
    return f"{page.format}, {page.size[0]}x{page.size[1]}, {page.mode}, {depth} bits"


def _copy(source: Source, stream: BinaryIO) -> None:
    with source.open() as original:
        shutil.copyfileobj(original, stream)


def _write(job: Job, encode: Callable[[BinaryIO], None]) -> None:
    if job.target is None:
        # Whole before the first byte leaves: whoever reads the pipe gets a picture or nothing.
        buffer = io.BytesIO()
        encode(buffer)
        sys.stdout.buffer.write(buffer.getbuffer())
        sys.stdout.buffer.flush()
        return
    with replacing(job.target, overwrite=job.overwrite) as stream:
        encode(stream)
