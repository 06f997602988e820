"""One image file with its masks in, one restored file out: what the command does, and a batch does many times."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import PurePath
from typing import BinaryIO, Literal

import numpy as np

from bokwon.batch.job import Job, Outcome
from bokwon.batch.page_ranges import select_pages
from bokwon.errors import ArgumentError, BokwonError, FileAccessError, InputFileError
from bokwon.image_io.document import Book, open_book
from bokwon.image_io.masks import check_hole, hole_of_samples, looks_inverted
from bokwon.image_io.output_formats import EXTENSIONS, check_fits, lost_on_the_way
from bokwon.image_io.page import Page
from bokwon.image_io.reader import read_page
from bokwon.inpaint.fill import Progress
from bokwon.inpaint.restorer import Restorer
from bokwon.provenance.hole_list import Damage, read_damage
from bokwon.provenance.record import check_record, set_aside
from bokwon.provenance.recorder import Recorder
from bokwon.types import Hole
from bokwon.utilities.atomic import check_target, replacing

__all__ = ["Tell", "restore_file"]

Tell = Callable[[Literal["detail", "note", "warning"], str], None]
"""Told what the user may want to know, with how much it matters."""


def restore_file(job: Job, restorer: Restorer, tell: Tell, *, progress: Progress | None = None) -> Outcome:
    """Restore a file. The target appears whole or not at all.

    A mask without a hole gives the input back: its very bytes, if the format stays the same.

    Args:
        job: What to restore, and where to.
        restorer: With what.
        tell: Told notices and warnings.
        progress: Told after each tile.

    Returns:
        What was done.

    Raises:
        BokwonError: With the exit code of what is wrong.
    """
    file_format = job.output_format
    _check_files(job)
    with open_book(job.source, max_pixels=job.options.max_pixels) as book, ExitStack() as opened:
        if job.target is None and job.format is None and book.format is not None:
            file_format = book.format
        for notice in book.notices:
            tell("note", notice)
        work = _Work(job, restorer, tell, progress, book, file_format, opened)
        _write(job, work.write)
        work.finish_record()
        if job.masks and not work.asked:
            tell("warning", f"none of the pages {job.options.pages} has a mask: nothing is restored")
        return Outcome(book.pages, work.restored, work.tiles, work.hole, work.pixels)


class _Work:
    """The pages of one file, one after the other."""

    def __init__(
        self,
        job: Job,
        restorer: Restorer,
        tell: Tell,
        progress: Progress | None,
        book: Book,
        file_format: str,
        opened: ExitStack,
    ) -> None:
        self._open = opened
        self._job = job
        self._format = file_format
        self._restorer = restorer
        self._tell = tell
        self._progress = progress
        self._book = book
        self._mask_book: Book | None = None
        self._recorder: Recorder | None = None
        options = job.options
        pages = book.pages
        self._wanted = frozenset(range(1, pages + 1))
        if options.pages:
            self._wanted = select_pages(options.pages, pages, missing=options.missing_pages)
        if job.masks.whole is not None:
            mask = job.masks.whole
            self._mask_book = opened.enter_context(open_book(mask, max_pixels=options.max_pixels))
            if self._mask_book.pages != pages:
                raise ArgumentError(
                    f"mask {mask.name} has {self._mask_book.pages} pages and the image {pages}",
                    "give one page of mask for each, or one file a page, named like NAME_p003.png",
                )
        strangers = sorted(number for number in job.masks.pages if number > pages or number < 1)
        if strangers:
            name = job.masks.pages[strangers[0]].name
            raise ArgumentError(f"mask {name} is for a page that the image, with {pages}, has not", "rename the mask")
        self.asked = self.restored = self.tiles = self.hole = self.pixels = 0

    def visit(self, number: int, read: Callable[[], Page] | None) -> Page | None:
        """Restore a page, if it is to be; see `bokwon.image_io.document.Visit`."""
        name = self._job.source.name if self._book.pages == 1 else f"{self._job.source.name}, page {number}"
        masked = number in self._wanted and (number in self._job.masks.pages or self._mask_book is not None)
        self.asked += masked
        if read is None:
            level: Literal["note", "warning"] = "warning" if masked else "note"
            self._tell(level, f"{name} has no image that can be restored: it stays as it is")
            return None
        if not masked:
            self._tell("detail", f"{name}: no mask")
        if not masked and self._book.pages > 1:
            return None
        page = read()
        for warning in page.warnings:
            self._tell("warning", warning)
        self._check_name(page)
        try:
            hole = self._hole_of(page, number, name) if masked else None
        except BokwonError:
            # Which picture of a page a mask was held against is what one has to know then.
            for notice in page.notices:
                self._tell("note", notice)
            raise
        if hole is None and (self._book.format or page.format) == self._format:
            return None
        self._announce(page)
        if hole is not None:
            self._fill(number, page, hole)
            self.restored += 1
            self.hole += int(np.count_nonzero(hole))
            self.pixels += hole.size
        return page

    def _check_name(self, page: Page) -> None:
        """Refuse an image that would come back in another format only because its name says that it is one."""
        source, target = self._job.source, self._job.target
        if target is None or self._job.format is not None or self._book.format is not None:
            return
        extension = PurePath(source.name).suffix.lower()
        if page.format != self._format and EXTENSIONS.get(extension) == self._format:
            raise InputFileError(
                f"{source.name} is {page.format} by its content, and {self._format} by its name",
                f"rename it, or ask for {self._format} (--format {self._format.lower()})",
            )

    def _fill(self, number: int, page: Page, hole: Hole) -> None:
        recorder, target = None, self._job.target
        if self._job.options.record and target is not None:
            self._recorder = self._recorder or self._open.enter_context(
                Recorder(self._job.source, target, self._restorer, with_overlay=self._job.options.overlay)
            )
            recorder = self._recorder
        levels = recorder.before(number, page, hole, *self._told(number, page)) if recorder else None
        self.tiles += self._restorer.fill(page.pixels, page.mode, hole, progress=self._progress)
        if recorder is not None and levels is not None:
            recorder.after(number, page, levels)

    def write(self, stream: BinaryIO) -> None:
        """Write the output, and all of the record of the intervention but its place."""
        self._book.rewrite(stream, self._format, self.visit)
        if self._recorder is not None:
            chosen = {name: getattr(self._restorer, name) for name in ("letters", "grain", "ink", "ensemble", "widen")}
            options = {**asdict(self._job.options), "format": self._format, **chosen}
            self._recorder.prepare(stream, options)

    def finish_record(self) -> None:
        """Put the record into its place, once the output is in its own."""
        target = self._job.target
        if self._recorder is not None:
            kept = self._recorder.finish()
        else:
            kept = set_aside(target) if target is not None else None
        if kept is not None:
            self._tell("note", f"the record of the restoration before this one is kept as {kept.name}")

    def _told(self, number: int, page: Page) -> tuple[str, Damage]:
        """Return the name of a page's mask, and what is told of the damage behind it."""
        masks = self._job.masks
        source = masks.pages.get(number) or masks.whole
        if source is None:
            raise RuntimeError(f"page {number} has no mask")
        kind = masks.damage.get(number if number in masks.pages else 0)
        return source.name, read_damage(source, number, page.size, kind, self._job.options.max_pixels)

    def _announce(self, page: Page) -> None:
        file_format = self._format
        if self._book.format == "PDF":
            # A picture within a PDF stays one of its kind.
            file_format = page.format
        else:
            by_name = self._job.target is not None and self._job.format is None
            check_fits(page.pixels, page.mode, file_format, named=by_name)
        for notice in (*page.notices, *lost_on_the_way(page, file_format)):
            self._tell("note", notice)

    def _mask(self, number: int) -> tuple[Page, str]:
        source = self._job.masks.pages.get(number)
        if source is not None:
            return read_page(source, max_pixels=self._job.options.max_pixels), source.name
        if self._mask_book is None or self._job.masks.whole is None:
            raise RuntimeError(f"page {number} has no mask")
        name = self._job.masks.whole.name
        return self._mask_book.page(number), name if self._book.pages == 1 else f"{name}, page {number}"

    def _hole_of(self, page: Page, number: int, name: str) -> Hole | None:
        """Return what is to be filled; None for nothing."""
        options, tell = self._job.options, self._tell
        mask_page, mask_name = self._mask(number)
        hole, notices = hole_of_samples(mask_page.pixels, mask_page.mode, white_is_hole=options.white_is_hole)
        notices = tuple(f"{mask_name}: {notice}" for notice in notices)
        for warning in mask_page.warnings:
            tell("warning", warning)
        orientation = page.metadata.orientation
        if (own := mask_page.metadata.orientation) not in (1, orientation):
            notices += (f"{mask_name} has EXIF orientation {own}, which is not followed: its pixels count as stored",)
        check_hole(hole, page.size, orientation=orientation, name=f"mask {mask_name}")
        share = np.count_nonzero(hole) / hole.size
        tell("detail", f"{name}: {_summary(page)}, hole {share:.2%}")
        if orientation != 1:
            notices += (f"{name} has EXIF orientation {orientation}: the mask follows its pixels as stored",)
        for notice in notices:
            tell("note", notice)
        if not hole.any():
            tell("warning", f"mask {mask_name} has no hole: the image is given back as it is")
            return None
        if looks_inverted(hole):
            other = "black" if options.white_is_hole else "white"
            tell(
                "warning",
                f"mask {mask_name} calls {share:.0%} of the image hole; if it means the rest, add --holes {other}",
            )
        return self._restorer.widened(hole, name=f"mask {mask_name}")


def _check_files(job: Job) -> None:
    if job.target is None:
        return
    check_target(job.target, overwrite=job.options.overwrite)
    if job.options.record:
        check_record(job.target)
    if not job.target.exists():
        return
    for mask in job.masks.sources:
        if mask.path and job.target.samefile(mask.path):
            raise ArgumentError("OUTPUT is the mask itself", "name another output")


def _summary(page: Page) -> str:
    depth = 1 if page.mode == "1" else page.pixels.dtype.itemsize * 8
    return f"{page.format}, {page.size[0]}x{page.size[1]}, {page.mode}, {depth} bits"


def _write(job: Job, encode: Callable[[BinaryIO], None]) -> None:
    if job.target is None:
        # Whole before the first byte leaves: whoever reads the pipe gets a picture or nothing.
        buffer = io.BytesIO()
        encode(buffer)
        try:
            sys.stdout.buffer.write(buffer.getbuffer())
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            message = f"cannot write to standard output: {error.strerror or error}"
            raise FileAccessError(message, "check the space where it goes") from error
        return
    with replacing(job.target, overwrite=job.options.overwrite) as stream:
        encode(stream)
