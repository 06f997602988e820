"""The pictures and facts of one restored file for the treatment report, in `report_files/OUTPUT/` beside the outputs.

The pictures are drawn while the file is restored, when its pages are decoded anyway. `pictures.json` is written last.
It has the checksum of the output, so pictures of an earlier output are never shown.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bokwon.batch.mask_matching import REPORT_FILES
from bokwon.batch.treatment.pictures import PageDrawing, PagePictures, Region
from bokwon.errors import BokwonError
from bokwon.image_io.document import open_document
from bokwon.image_io.reader import MAX_PIXELS, Source
from bokwon.provenance.hole_list import Damage
from bokwon.provenance.record import put_back, read_hole, read_record, record_folder
from bokwon.types import Hole
from bokwon.utilities.atomic import make_folder, write_file
from bokwon.utilities.checksums import sha256_of_file

__all__ = [
    "FilePictures",
    "draw_from_record",
    "forget_pictures",
    "pictures_folder",
    "read_pictures",
    "save_page",
    "save_pictures",
    "strip_name",
]

_FILE = "pictures.json"
_FORMAT = 1


@dataclass(frozen=True)
class FilePictures:
    """What the report shows of one restored file.

    Attributes:
        sha256: Checksum of the output that the pictures show.
        document_pages: How many pages the file has.
        pages: The pages that were filled, without the pictures themselves.
    """

    sha256: str
    document_pages: int
    pages: tuple[PagePictures, ...]


def pictures_folder(outputs: Path, output: str) -> Path:
    """Return where the pictures of an output lie; `output` is its path relative to the folder of outputs."""
    return outputs / REPORT_FILES / output


def strip_name(page: int, number: int) -> str:
    """Return the name of a picture: number 0 shows the page, the others its regions."""
    return f"p{page:03}-{number}.jpg"


def save_page(folder: Path, pictures: PagePictures) -> PagePictures:
    """Write the pictures of a page.

    Args:
        folder: See `pictures_folder`.
        pictures: What was drawn.

    Returns:
        The same object without the pictures.

    Raises:
        FileAccessError: They cannot be written.
    """
    make_folder(folder)
    for number, strip in enumerate(pictures.strips):
        write_file(folder / strip_name(pictures.page, number), strip, sync=False)
    return replace(pictures, strips=())


def save_pictures(folder: Path, pictures: FilePictures) -> None:
    """Write `pictures.json`, which describes the pictures of a file. Call it after the output is written.

    Raises:
        FileAccessError: It cannot be written.
    """
    write_file(folder / _FILE, json.dumps({"pictures": _FORMAT, **asdict(pictures)}, ensure_ascii=False), sync=False)


def forget_pictures(folder: Path) -> None:
    """Remove the pictures of an earlier output."""
    shutil.rmtree(folder, ignore_errors=True)


def read_pictures(folder: Path, sha256: str | None) -> FilePictures | None:
    """Read the facts about the pictures of an output.

    Args:
        folder: See `pictures_folder`.
        sha256: Checksum of the output.

    Returns:
        None if they are missing, unreadable, or belong to another output.
    """
    try:
        told = json.loads((folder / _FILE).read_text(encoding="utf-8", errors="surrogateescape"))
        if told["pictures"] != _FORMAT or told["sha256"] != sha256:
            return None
        return FilePictures(str(told["sha256"]), int(told["document_pages"]), tuple(map(_page, told["pages"])))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _page(told: dict[str, Any]) -> PagePictures:
    regions = tuple(Region(**{**region, "box": tuple(region["box"])}) for region in told["regions"])
    return PagePictures(**{**told, "size": tuple(told["size"]), "regions": regions, "strips": ()})


def draw_from_record(folder: Path, target: Path) -> FilePictures | None:
    """Draw the pictures of an output from its record, if it was restored without them.

    Args:
        folder: Where they are written.
        target: The output.

    Returns:
        None where there is no record, or it does not fit the output.
    """
    try:
        record_at, record = read_record(record_folder(target))
        sha256 = sha256_of_file(target)
        if record["output"]["sha256"] != sha256:
            return None
        forget_pictures(folder)
        drawn: list[PagePictures] = []
        most = max([MAX_PIXELS, *(page["size"][0] * page["size"][1] for page in record["pages"].values())])
        with open_document(Source.of(target), max_pixels=most) as document:
            for number, told in sorted(record["pages"].items()):
                after = document.page(number)
                before = replace(after, pixels=after.pixels.copy())
                put_back(record_at, number, document.pages, before)
                hole = read_hole(record_at, number, max_pixels=most)
                pictures = PageDrawing(before, hole, _damage_of(told["holes"], hole)).finish(after, number)
                drawn.append(save_page(folder, pictures))
            found = FilePictures(sha256, document.pages, tuple(drawn))
        save_pictures(folder, found)
    except (BokwonError, OSError, KeyError, TypeError, ValueError):
        # The report says that there are no pictures. What is wrong with a record is told by `bokwon undo`.
        return None
    return found


def _damage_of(holes: Sequence[dict[str, Any]], hole: Hole) -> Damage:
    """Return what a record tells of the damage, as a map: the smallest hole counts where boxes overlap."""
    names = tuple(sorted({str(one["damage"]) for one in holes if one.get("damage")}))
    if not names:
        return Damage()
    classes, percent = np.zeros(hole.shape, np.uint8), np.zeros(hole.shape, np.uint8)
    for one in holes:
        left, top, width, height = one["box"]
        place = slice(top, top + height), slice(left, left + width)
        classes[place][hole[place]] = names.index(str(one["damage"])) + 1 if one.get("damage") else 0
        percent[place][hole[place]] = round(100 * (one.get("confidence") or 0))
    return Damage("record", classes=classes, names=names, confidence=percent if percent.any() else None)
