"""One image file with its masks in, one restored file out: what the command does, and a batch does many times."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, replace
from functools import partial
from pathlib import PurePath
from typing import BinaryIO, Literal

import numpy as np

from bokwon.batch.found_masks import FindDamage, FoundMasks
from bokwon.batch.given_masks import GivenMasks
from bokwon.batch.job import Job, Outcome
from bokwon.batch.marking import Marking, name_of_page
from bokwon.batch.page_holes import HoleSource, PageHole, Tell
from bokwon.batch.page_ranges import select_pages
from bokwon.batch.treatment.file_pictures import forget_pictures, save_page
from bokwon.batch.treatment.pictures import PageDrawing, PagePictures
from bokwon.errors import ArgumentError, BokwonError, FileAccessError, InputFileError
from bokwon.image_io.document import Document, open_document
from bokwon.image_io.formats import EXTENSIONS
from bokwon.image_io.output_formats import check_fits, is_encoded_anew, lost_on_the_way
from bokwon.image_io.page import Page
from bokwon.image_io.previews import without_previews
from bokwon.image_io.reader import Source
from bokwon.image_io.transparency import spread_alpha
from bokwon.inpaint.fill import Progress
from bokwon.inpaint.restorer import Choice, Restorer
from bokwon.provenance.hole_list import Damage
from bokwon.provenance.record import check_record, set_aside
from bokwon.provenance.recorder import Recorder
from bokwon.provenance.unfinished import finish_unfinished
from bokwon.settings import Material
from bokwon.types import Hole
from bokwon.utilities.atomic import check_target
from bokwon.utilities.streams import open_output

__all__ = ["restore_file"]

_FILLED_AS: dict[Material, str] = {
    "page": "filled as a page",
    "photo": "filled as a photograph",
    "rubbing": "filled as a rubbing",
}


def restore_file(
    job: Job,
    restorer: Restorer,
    tell: Tell,
    *,
    find: FindDamage | None = None,
    holes: HoleSource | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Restore a file. The target appears whole or not at all.

    If the mask has no hole, or the page no damage, the input is copied: byte for byte, if the format stays the same.

    Args:
        job: What to restore, and where to.
        restorer: With what.
        tell: Called with notices and warnings.
        find: Finds the damage if the file has no mask. If it is None, such a file is copied as it is.
        holes: Says what is to be filled, in the place of the masks.
        progress: Told after each tile.

    Returns:
        What was done.

    Raises:
        BokwonError: With the exit code of what is wrong.
    """
    file_format = job.output_format
    _check_files(job)
    with open_document(job.source, max_pixels=job.options.max_pixels) as document, ExitStack() as opened:
        if job.target is None and job.format is None and document.format is not None:
            file_format = document.format
        for notice in document.notices:
            tell("note", notice)
        for warning in document.warnings:
            tell("warning", warning)
        wanted = _wanted(job, document.pages)
        search = find if holes is None and not job.masks else None
        found = FoundMasks(search, document.pages, wanted, tell) if search is not None else None
        holes = holes or found or GivenMasks(job, document.pages, wanted, opened, tell)
        if found is not None and job.target is not None:
            found.check_pictures(job.target, job.source.path, overwrite=job.options.overwrite)
        work = _Work(job, restorer, tell, progress, document, file_format, opened, holes)
        with open_output(job.target, overwrite=job.options.overwrite) as stream:
            work.write(stream)
        work.finish_record()
        if found is not None and job.target is not None:
            found.write_pictures(job.target)
        if job.masks and not work.asked:
            tell("warning", f"none of the pages {job.options.pages} has a mask: nothing is restored")
        outcome = Outcome(document.pages, work.restored, work.tiles, work.hole, work.pixels, tuple(work.readings))
        outcome = replace(outcome, pictures=tuple(work.pictures), materials=tuple(work.materials))
        if found is None:
            return outcome
        return replace(outcome, searched=True, regions_filled=dict(found.filled), regions_left=dict(found.left))


def _wanted(job: Job, pages: int) -> frozenset[int]:
    if job.options.pages:
        return select_pages(job.options.pages, pages, missing=job.options.missing_pages)
    return frozenset(range(1, pages + 1))


class _Work:
    """The pages of one file, one after the other."""

    def __init__(
        self,
        job: Job,
        restorer: Restorer,
        tell: Tell,
        progress: Progress | None,
        document: Document,
        file_format: str,
        opened: ExitStack,
        holes: HoleSource,
    ) -> None:
        self._open = opened
        self._job = job
        self._format = file_format
        self._restorer = restorer
        self._tell = tell
        self._progress = progress
        self._document = document
        self._holes = holes
        # What is written anew: the source, or the output that only some pages of change.
        self._written = document
        if job.update is not None and job.target is not None:
            self._written = opened.enter_context(
                open_document(Source.of(job.target), max_pixels=job.options.max_pixels)
            )
        self._recorder: Recorder | None = None
        self._marking = Marking(job, document, restorer, self._format, tell)
        self.asked = self.restored = self.tiles = self.hole = self.pixels = 0
        self.readings: list[tuple[str, str]] = []
        self.materials: list[str] = []
        self.pictures: list[PagePictures] = []
        self._draws = job.pictures is not None
        if job.pictures is not None:
            forget_pictures(job.pictures)

    def restore_page(self, number: int, read: Callable[[], Page] | None) -> Page | None:
        """Restore a page, if it is to be; see `bokwon.image_io.protocols.PageTransform`."""
        name = self._page_name(number)
        masked = self._holes.has(number)
        self.asked += masked
        if read is None:
            level: Literal["note", "warning"] = "warning" if masked and self._job.masks else "note"
            self._tell(level, f"{name} has no image that can be restored: it stays as it is")
            return None
        if not masked:
            self._tell("detail", f"{name}: no mask")
        if not masked and self._document.pages > 1:
            return None
        if self._written is not self._document:
            read = partial(self._document.page, number)
        if masked:
            size = self._document.size(number)
            self._holes.check_size(number, size)
            # The model is loaded in another thread while this one reads the page.
            self._restorer.load_ahead(size)
        page = read()
        for warning in page.warnings:
            self._tell("warning", warning)
        self._check_name(page)
        try:
            found = self._holes.of(page, number, name) if masked else None
        except BokwonError:
            # Then the user must know which picture of the page the mask was compared with.
            for notice in page.notices:
                self._tell("note", notice)
            raise
        if found is None and (self._document.format or page.format) == self._format:
            return None
        if found is not None:
            metadata, had_previews = without_previews(page.metadata)
            page = replace(page, metadata=metadata)
            if had_previews:
                self._tell("note", f"{name}: its thumbnail shows the damage and is not kept")
        self._announce(page)
        if found is not None:
            hole = found.hole
            if found.samples is None:
                hole = self._restorer.grown(hole, name=f"mask {found.mask}")
            page = self._fill(number, page, hole, found)
            self.readings.append((found.mask, found.said))
            self.restored += 1
            self.hole += int(np.count_nonzero(hole))
            self.pixels += hole.size
        return page

    def _check_name(self, page: Page) -> None:
        """Refuse an image that would come back in another format only because its name says that it is one."""
        source, target = self._job.source, self._job.target
        if target is None or self._job.format is not None or self._document.format is not None:
            return
        extension = PurePath(source.name).suffix.lower()
        if page.format != self._format and EXTENSIONS.get(extension) == self._format:
            raise InputFileError(
                f"{source.name} is {page.format} by its content, and {self._format} by its name",
                f"rename it, or ask for {self._format} (--format {self._format.lower()})",
            )

    def _choose(self, number: int, page: Page, hole: Hole) -> Choice:
        """Return what fills a page, and say what it is filled as."""
        choice = self._restorer.choose(page.pixels, page.mode, hole)
        self.materials.append(choice.material or "")
        name = self._page_name(number)
        if not choice.sure:
            fix = "--material photo fills it as a photograph"
            self._tell("note", f"{name}: {choice.why}, so it is filled as a page; {fix}")
        elif choice.material is not None:
            self._tell("detail", f"{name}: {_FILLED_AS[choice.material]}: {choice.why}")
        return choice

    def _fill(self, number: int, page: Page, hole: Hole, found: PageHole) -> Page:
        recorder, target = None, self._job.target
        choice = self._choose(number, page, hole)
        restorer = choice.restorer
        if self._job.options.record and target is not None:
            self._recorder = self._recorder or self._open.enter_context(
                Recorder(
                    self._job.source,
                    target,
                    restorer,
                    with_overlay=self._job.options.overlay,
                    keep=self._job.update or frozenset(),
                )
            )
            recorder = self._recorder
        levels = None
        if recorder is not None:
            if is_encoded_anew(page.format, self._format):
                recorder.note_encoded_anew()
            levels = recorder.before(
                number,
                page,
                hole,
                found.mask,
                found.read_damage(),
                origin=found.origin,
                filled_by=found.filled_by or recorder.other_than_first(restorer),
                material=(choice.material, choice.why),
            )
        drawing = PageDrawing(page, hole, self._damage(found)) if self._draws else None
        ink = np.zeros(hole.shape, np.uint8) if found.ink is None else found.ink
        if found.samples is not None:
            page.pixels[hole] = found.samples
        else:
            if page.metadata.alpha_of_values:
                spread_alpha(page.pixels, hole)
            told = None if recorder is None else ink
            self.tiles += restorer.fill(page.pixels, page.mode, hole, ink=told, progress=self._progress)
        if recorder is not None and levels is not None:
            recorder.after(number, page, levels, ink)
        if drawing is not None:
            self._keep(drawing.finish(page, number))
        originals = recorder.originals(number) if recorder is not None else None
        return self._marking.mark_page(number, page, restorer, originals) if self._job.options.mark else page

    def _damage(self, found: PageHole) -> Damage:
        """Return what is told of the damage; nothing, if what tells it is broken: only a record insists on it."""
        try:
            return found.read_damage()
        except BokwonError as error:
            self._tell("warning", f"the report does not name the kinds of damage: {error.message}")
            return Damage()

    def _keep(self, pictures: PagePictures) -> None:
        """Write the pictures of the report. A file is not lost for them."""
        if self._job.pictures is not None:
            try:
                self.pictures.append(save_page(self._job.pictures, pictures))
            except FileAccessError as error:
                self._tell("warning", f"the report has no pictures of {self._job.source.name}: {error.message}")
                self._draws = False
                self.pictures.clear()

    def _page_name(self, number: int) -> str:
        return name_of_page(self._job, self._document, number)

    def write(self, stream: BinaryIO) -> None:
        """Write the output, and all of the record of the intervention but its place."""
        self._written.rewrite(stream, self._format, self.restore_page, self._marking.mark_file)
        if self._recorder is not None:
            options = asdict(self._job.options)
            settings = {**options.pop("masks"), **options, "format": self._format}
            settings |= self._recorder.restorer.settings.of_pixels()
            self._recorder.prepare(stream, settings)

    def finish_record(self) -> None:
        """Move the record into place, after the output."""
        target = self._job.target
        if self._recorder is not None:
            kept = self._recorder.finish()
        else:
            kept = set_aside(target) if target is not None else None
        if kept is not None:
            self._tell("note", f"the record of the restoration before this one is kept as {kept.name}")

    def _announce(self, page: Page) -> None:
        file_format = self._format
        if self._document.format == "PDF":
            # A picture within a PDF keeps its format.
            file_format = page.format
        else:
            by_name = self._job.target is not None and self._job.format is None
            check_fits(page.pixels, page.mode, file_format, named=by_name)
        for notice in (*page.notices, *lost_on_the_way(page, file_format)):
            self._tell("note", notice)


def _check_files(job: Job) -> None:
    if job.target is None:
        return
    check_target(job.target, overwrite=job.options.overwrite)
    finish_unfinished(job.target)
    if job.options.record:
        check_record(job.target)
    if not job.target.exists():
        return
    for mask in job.masks.sources:
        if mask.path and job.target.samefile(mask.path):
            raise ArgumentError("OUTPUT is the mask itself", "name another output")
