"""The tasks on uploaded files, run in a separate process: restoring, finding damage, reading masks."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from bokwon.batch.found_masks import load_detector
from bokwon.batch.job import Job, Options
from bokwon.batch.mask_matching import Masks
from bokwon.batch.single_file import restore_file
from bokwon.detection.detector import Damage, Detector, as_gray
from bokwon.detection.overlay import draw_overlay
from bokwon.errors import ArgumentError
from bokwon.image_io.decoder_warnings import listen
from bokwon.image_io.document import Document, open_document
from bokwon.image_io.formats import FORMATS, format_of_content
from bokwon.image_io.formats.table import HEAD_BYTES
from bokwon.image_io.masks import MaskOptions, hole_of_mask
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.output_formats import encode_page
from bokwon.image_io.page import Page
from bokwon.image_io.source import Source
from bokwon.inpaint.restorer import Restorer
from bokwon.serve.processes import Progress
from bokwon.settings import RestoreSettings
from bokwon.types import Hole, Pixels

__all__ = ["MEDIA_TYPES", "Answer", "Detect", "ReadMask", "Restore", "Upload", "do_task"]

MEDIA_TYPES = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "TIFF": "image/tiff",
    "WEBP": "image/webp",
    "BMP": "image/bmp",
    "JPEG2000": "image/jp2",
    "PDF": "application/pdf",
}
"""What is written, and how HTTP calls it."""

_MODELS_KEPT = 2
"""How many models a process keeps loaded, of each kind."""


@dataclass(frozen=True)
class Upload:
    """A file that was sent.

    Attributes:
        name: The sender's name for it. Used only in messages, never as a path.
        path: Where it lies.
    """

    name: str
    path: Path

    @property
    def source(self) -> Source:
        """The file as a source for the image readers."""
        return Source(self.name, self.path)


@dataclass(frozen=True)
class Answer:
    """The result of a task.

    Attributes:
        path: The file to send; None if there are only facts.
        media_type: Its type.
        name: Suggested name for the download.
        facts: Further results, as JSON values.
    """

    path: Path | None = None
    media_type: str = ""
    name: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Restore:
    """Restore an image.

    Attributes:
        image: The image.
        mask: Its mask; None: the damage is found.
        folder: A folder of the request's own.
        settings: What fills the holes, and how.
        options: How files are read and written.
        format: The format to write; None: the image's own.
    """

    image: Upload
    mask: Upload | None
    folder: Path
    settings: RestoreSettings
    options: Options
    format: str | None = None


@dataclass(frozen=True)
class Detect:
    """Find the damage of a page.

    Attributes:
        image: The image.
        folder: A folder of the request's own.
        page: Number of the page, from 1.
        answer: `mask`, `overlay` or `regions`.
        options: Arguments of `Detector`.
        max_pixels: Larger pages are refused.
    """

    image: Upload
    folder: Path
    page: int
    answer: str
    options: tuple[tuple[str, Any], ...]
    max_pixels: int


@dataclass(frozen=True)
class ReadMask:
    """Tell how a mask is read.

    Attributes:
        image: The image.
        mask: The mask.
        folder: A folder of the request's own.
        page: Number of the image's page, from 1.
        answer: `mask` or `reading`.
        options: How masks are read.
        max_pixels: Larger pages are refused.
    """

    image: Upload
    mask: Upload
    folder: Path
    page: int
    answer: str
    options: MaskOptions
    max_pixels: int


def do_task(task: Restore | Detect | ReadMask, progress: Progress) -> Answer:
    """Do a task; see `bokwon.serve.processes.Work`.

    Raises:
        BokwonError: It cannot be done.
    """
    _prepare()
    if isinstance(task, Restore):
        return _restore(task, progress)
    return _detect(task) if isinstance(task, Detect) else _read_mask(task)


@lru_cache(maxsize=1)
def _prepare() -> None:
    if not os.environ.get("BOKWON_DEBUG"):
        listen()


_restorer = lru_cache(maxsize=_MODELS_KEPT)(Restorer)


@lru_cache(maxsize=_MODELS_KEPT)
def _detector(options: tuple[tuple[str, Any], ...]) -> Detector:
    return Detector(**dict(options))


def _restore(task: Restore, progress: Progress) -> Answer:
    source = task.image.source
    with source.open() as stream:
        found = format_of_content(stream.read(HEAD_BYTES))
    # What is no image is refused by what reads it.
    file_format = task.format or (found.written_as if found else "PNG")
    extension = FORMATS[file_format].extensions[0]
    out = task.folder / "out"
    out.mkdir()
    target = out / f"restored{extension}"
    messages: list[dict[str, str]] = []

    def tell(level: str, text: str) -> None:
        if level != "detail":
            messages.append({"level": level, "text": text})

    masks = Masks(task.mask.source if task.mask else None)
    outcome = restore_file(
        Job(source, masks, target, file_format, task.options),
        _restorer(task.settings),
        tell,
        find=None if task.options.find is None or masks else load_detector(task.options.find),
        progress=_over_pages(source, task.options.max_pixels, progress),
    )
    facts = {
        "pages": outcome.pages,
        "restored_pages": outcome.restored,
        "share": round(outcome.hole / outcome.pixels, 6) if outcome.pixels else 0.0,
        "readings": list(dict.fromkeys(said for _, said in outcome.readings)),
        "messages": messages,
    }
    stem = PurePath(task.image.name).stem
    if task.options.record:
        return Answer(_zipped(out), "application/zip", f"{stem}.zip", facts)
    return Answer(target, MEDIA_TYPES[file_format], f"{stem}{extension}", facts)


def _over_pages(source: Source, max_pixels: int, progress: Progress) -> Callable[[int, int], None]:
    """Return what turns the tiles of one page after the other into the share of all pages."""
    with open_document(source, max_pixels=max_pixels) as document:
        pages = document.pages
    finished = 0

    def tiles(done: int, total: int) -> None:
        nonlocal finished
        progress(min(1.0, (finished + done / total) / pages))
        finished += done == total

    return tiles


def _zipped(folder: Path) -> Path:
    """Put everything of a folder into an archive beside it."""
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder))
    return path


def _detect(task: Detect) -> Answer:
    with open_document(task.image.source, max_pixels=task.max_pixels) as document:
        page = _page(document, task.page, task.image.name)
    pixels = np.ascontiguousarray(page.upright.apply(page.pixels))
    damage = _detector(task.options).find(pixels, page.mode)
    facts = {
        "width": pixels.shape[1],
        "height": pixels.shape[0],
        "undamaged": damage.undamaged,
        "share": round(float(damage.hole.mean()), 6),
    }
    if task.answer == "regions":
        return Answer(facts={**facts, "regions": _regions(damage)})
    dpi = page.metadata.dpi
    metadata = Metadata(dpi=dpi[::-1] if dpi and page.upright.swaps_sides else dpi)
    if task.answer == "overlay":
        return _png(task, draw_overlay(as_gray(pixels, page.mode), damage), "RGB", metadata, "found", facts)
    return _png(task, _white(damage.hole), "L", metadata, "mask", facts)


def _regions(damage: Damage) -> list[dict[str, Any]]:
    return [
        {
            "kind": region.kind,
            "box": list(region.box),
            "area": region.area,
            "confidence": round(region.confidence, 4),
            "filled": region.filled,
        }
        for region in damage.regions
    ]


def _read_mask(task: ReadMask) -> Answer:
    with open_document(task.image.source, max_pixels=task.max_pixels) as document:
        page = _page(document, task.page, task.image.name)
    with open_document(task.mask.source, max_pixels=task.max_pixels) as document:
        mask = _page(document, 1 if document.pages == 1 else task.page, task.mask.name)
    given = hole_of_mask(mask, page, task.options, name=f"mask {task.mask.name}")
    facts = {
        "width": page.size[0],
        "height": page.size[1],
        "reading": given.said,
        "plain": given.plain,
        "share": round(given.share, 6),
    }
    if task.answer == "reading":
        return Answer(facts=facts)
    return _png(task, _white(given.hole), "L", Metadata(), "mask", facts)


def _page(document: Document, number: int, name: str) -> Page:
    if number > document.pages:
        raise ArgumentError(
            f"{name} has {document.pages} page{'s' * (document.pages > 1)}, and no page {number}",
            "pages count from 1",
        )
    return document.page(number)


def _white(hole: Hole) -> Pixels:
    return np.where(hole, np.uint8(255), np.uint8(0))


def _png(
    task: Detect | ReadMask, pixels: Pixels, mode: str, metadata: Metadata, kind: str, facts: dict[str, Any]
) -> Answer:
    path = task.folder / f"{kind}.png"
    with path.open("wb") as stream:
        encode_page(stream, pixels, mode, "PNG", metadata)
    return Answer(path, MEDIA_TYPES["PNG"], f"{PurePath(task.image.name).stem}-{kind}.png", facts)
