"""Reads the facts of a record, once for all export forms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from bokwon.errors import ArgumentError, InputFileError
from bokwon.provenance.hole_list import connected_holes
from bokwon.provenance.record import page_file, read_hole, read_record
from bokwon.types import Hole

__all__ = ["Facts", "PageFacts", "Region", "outline_of", "read_facts"]

_FIX = "name an OUTPUT.record folder that `bokwon restore --record` has written"


@dataclass(frozen=True)
class Region:
    """A connected hole that was filled.

    Attributes:
        box: Left, top, width and height, pixels as stored.
        area: Pixels.
        outline: Corners (x, y) of a polygon around it.
        evidence: The farthest evidence level.
        damage: Kind of damage, of `bokwon.types.DAMAGE_KINDS` or `DETECTOR_CLASSES`; None where it is not known.
        confidence: Of the detector, in [0, 1]; None if the mask was given.
        shape: Name of the shape of its outline.
    """

    box: tuple[int, int, int, int]
    area: int
    outline: tuple[tuple[int, int], ...]
    evidence: int
    damage: str | None
    confidence: float | None
    shape: str


@dataclass(frozen=True)
class PageFacts:
    """A page that was filled.

    Attributes:
        number: From 1.
        size: Width and height.
        mask: Name of the mask.
        origin: `given` or `found`.
        filled: Pixels that were filled.
        regions: The holes, the largest first; 10,000 at most.
    """

    number: int
    size: tuple[int, int]
    mask: str
    origin: str
    filled: int
    regions: tuple[Region, ...]


@dataclass(frozen=True)
class Facts:
    """The facts of a record.

    Attributes:
        folder: The record.
        input: The file that was restored, as the command named it.
        input_sha256: Its checksum.
        output: The restored file, beside the record.
        output_sha256: Its checksum.
        output_format: Its format, by bokwon's name.
        time: When it was restored, ISO 8601 in UTC.
        version: Of bokwon.
        method: What filled the holes.
        model: Name of the model; None for a classical method.
        model_sha256: Its checksum.
        engine: The engine that ran the model.
        levels: Number of network layers over which evidence is measured.
        pages: The pages that were filled, in order.
        origin: Where the input was downloaded from, and its terms of use; see `bokwon.provenance.origin.origin_of`.
            None if it was not downloaded by bokwon.
    """

    folder: Path
    input: PurePath
    input_sha256: str
    output: Path
    output_sha256: str
    output_format: str
    time: str
    version: str
    method: str
    model: str | None
    model_sha256: str | None
    engine: str
    levels: int
    pages: tuple[PageFacts, ...]
    origin: Mapping[str, Any] | None = None

    @property
    def tool(self) -> str:
        """Name of the software and method, for display."""
        return f"bokwon {self.version}, " + (f"model {self.model}" if self.model else f"method {self.method}")

    def single_page(self, form: str) -> PageFacts:
        """Return the only page.

        Args:
            form: The form to write, named in the error message.

        Raises:
            ArgumentError: There are several.
        """
        if len(self.pages) != 1:
            numbers = ", ".join(str(page.number) for page in self.pages)
            raise ArgumentError(f"{form} holds one page, but {self.folder} has pages {numbers}", "choose one: --page")
        return self.pages[0]


def read_facts(path: Path, page: int | None = None) -> Facts:
    """Read a record.

    Args:
        path: Its folder, or the `record.json` in it.
        page: Only this page; by default all.

    Raises:
        ArgumentError: It does not contain the page.
        FileAccessError: It cannot be read.
        InputFileError: It is damaged, or not a record.
    """
    folder, record = read_record(path)
    folder = folder.absolute()
    try:
        facts = _facts(folder, record)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputFileError(f"record {path} is damaged: it lacks {error}", _FIX) from error
    if page is None:
        return facts
    chosen = tuple(item for item in facts.pages if item.number == page)
    if not chosen:
        numbers = ", ".join(str(item.number) for item in facts.pages)
        raise ArgumentError(f"record {path} has no page {page}", f"choose from {numbers}")
    return replace(facts, pages=chosen)


def _facts(folder: Path, record: dict[str, Any]) -> Facts:
    return Facts(
        folder,
        PurePath(record["input"]["file"]),
        str(record["input"]["sha256"]),
        folder.with_name(record["output"]["file"]),
        str(record["output"]["sha256"]),
        str(record["settings"]["format"]),
        str(record["time"]),
        str(record["bokwon"]),
        str(record["method"]),
        record["model"],
        record["model_sha256"],
        str(record["engine"]),
        len(record["kernels"]),
        tuple(_page(folder, number, page) for number, page in sorted(record["pages"].items())),
        dict(record["origin"]) if record.get("origin") else None,
    )


def _page(folder: Path, number: int, page: dict[str, Any]) -> PageFacts:
    size, holes = page["size"], page["holes"]
    hole = read_hole(folder, number, max_pixels=size[0] * size[1])
    if hole.shape != size[::-1]:
        raise ValueError(f"the holes of page {number}: {page_file('hole', number)} has another size")
    regions = tuple(_regions(number, hole, holes))
    origin = str(page.get("mask_origin", "given"))
    return PageFacts(number, size, str(page["mask"]), origin, int(np.count_nonzero(hole)), regions)


def _regions(number: int, hole: Hole, told: list[dict[str, Any]]) -> Iterator[Region]:
    found = list(connected_holes(hole))
    if [list(box) for box, _ in found] != [entry["box"] for entry in told]:
        raise ValueError(f"the holes of page {number}: {page_file('hole', number)} shows other holes")
    for (box, inside), entry in zip(found, told, strict=True):
        yield Region(
            box,
            int(entry["area"]),
            outline_of(inside, (box[0], box[1])),
            int(entry["evidence"]),
            entry["damage"],
            entry.get("confidence"),
            str(entry["derived_shape"]),
        )


def outline_of(inside: Hole, corner: tuple[int, int] = (0, 0)) -> tuple[tuple[int, int], ...]:
    """Return the corners (x, y) of a polygon around a connected hole, along the edges of its pixels.

    Args:
        inside: (h, w), the hole within its box.
        corner: Left and top of the box.
    """
    import cv2

    # Contours join the middles of pixels. Of pixels twice as large, these round to the edges of the single ones.
    doubled = inside.astype(np.uint8).repeat(2, axis=0).repeat(2, axis=1)
    contours, _ = cv2.findContours(doubled, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    points = (np.asarray(contours[0]).reshape(-1, 2) + 1) // 2 + corner
    return tuple((int(x), int(y)) for x, y in points)
