"""Marks restored pages and files in their XMP: that pixels were filled, by which method, and the name of the record."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from bokwon.batch.job import Job
from bokwon.batch.page_holes import Tell
from bokwon.image_io.document import Document
from bokwon.image_io.page import Page
from bokwon.image_io.xmp import holds_xmp, with_xmp
from bokwon.inpaint.restorer import Restorer
from bokwon.provenance.mark import Mark, add_mark, mark_of, remove_mark
from bokwon.provenance.record import page_file, record_folder
from bokwon.utilities.checksums import sha256_of_file

__all__ = ["Marking", "name_of_page"]


class Marking:
    """Marks the pages of one file, and the file itself if its format has one XMP packet for all pages.

    Args:
        job: The input and output of the restoration.
        document: The source.
        restorer: What fills the holes.
        file_format: Format of the output.
        tell: Called with a message for what cannot be marked.
    """

    def __init__(self, job: Job, document: Document, restorer: Restorer, file_format: str, tell: Tell) -> None:
        self._job, self._document, self._restorer = job, document, restorer
        self._format, self._tell = file_format, tell
        self._first: tuple[int, Mark] | None = None

    def mark_page(self, number: int, page: Page, restorer: Restorer, originals: Path | None) -> Page:
        """Return a filled page with the mark in its XMP, if its format can hold one.

        Args:
            number: Of the page, from 1.
            page: The page, filled.
            restorer: What filled it.
            originals: The record's file of its original samples; None where there is no record.
        """
        name = name_of_page(self._job, self._document, number)
        self._restorer = restorer
        mark = mark_of(restorer, originals)
        # Of a PDF, which speaks for all of its pictures, the first one names the record.
        self._first = self._first or (number, mark)
        inner = self._document.format == "PDF"
        file_format = page.format if inner else self._format
        if not holds_xmp(page.metadata, file_format):
            if not inner:
                what = "a bare codestream" if file_format == "JPEG2000" else file_format
                self._tell("note", f"{name}: {what} has no place for XMP: the output is not marked as restored")
            return page
        try:
            return replace(page, metadata=with_xmp(page.metadata, add_mark(page.metadata.xmp, mark)))
        except ValueError as error:
            self._tell("warning", f"{name} is not marked as restored, because of its XMP: {error}")
            return page

    def mark_file(self, packet: bytes | None) -> bytes | None:
        """Return the XMP of a whole file, which says that pages of it are filled.

        The mark names the first page of the record. If this changes an earlier restoration, its mark is replaced.
        """
        earlier = self._earlier_originals()
        if packet is not None and earlier:
            with suppress(ValueError):
                packet = remove_mark(packet, sha256_of_file(earlier[min(earlier)]))
        kept = [number for number in earlier if number in (self._job.update or ())]
        mark = self._first[1] if self._first else None
        if kept and (self._first is None or min(kept) < self._first[0]):
            mark = mark_of(self._restorer, earlier[min(kept)])
        if mark is None or not self._job.options.mark:
            return packet
        try:
            return add_mark(packet, mark)
        except ValueError as error:
            self._tell("warning", f"{self._job.source.name} is not marked as restored, because of its XMP: {error}")
            return packet

    def _earlier_originals(self) -> dict[int, Path]:
        """Return the original samples in the record of the output that is changed: page number to file."""
        if self._job.update is None or self._job.target is None:
            return {}
        folder = record_folder(self._job.target)
        files = {number: folder / page_file("original", number) for number in range(1, self._document.pages + 1)}
        return {number: path for number, path in files.items() if path.is_file()}


def name_of_page(job: Job, document: Document, number: int) -> str:
    """Return the name of a page for messages: its file, and its number if the file has several pages."""
    return job.source.name if document.pages == 1 else f"{job.source.name}, page {number}"
