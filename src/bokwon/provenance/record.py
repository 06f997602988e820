"""The record of an intervention: what was changed, by what, on what evidence, and what was there before.

A record is a folder `OUTPUT.record` beside the output: `record.json`, and for each restored page its hole, its evidence
map, the samples that were replaced and, if asked for, a picture of the evidence.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, Literal

import numpy as np

from bokwon.errors import FileAccessError, InputFileError, accessing
from bokwon.image_io.page import Page
from bokwon.image_io.reader import Source, read_page
from bokwon.types import Hole
from bokwon.utilities.atomic import write_file
from bokwon.utilities.checksums import sha256_of_file

__all__ = [
    "FORMAT",
    "INPUT",
    "OF_A_PAGE",
    "RECORD",
    "RECORD_FILE",
    "check_record",
    "find_input",
    "free_folder",
    "has_record",
    "note_undone",
    "page_file",
    "put_back",
    "read_hole",
    "read_json",
    "read_record",
    "record_folder",
    "set_aside",
    "undone_sha256",
]

PageFile = Literal["hole", "evidence", "ink", "original", "overlay"]

RECORD = ".record"
"""How the name of a folder ends that holds the record of an intervention."""
RECORD_FILE = "record.json"
"""A record's first file; a folder without it is none."""
FORMAT = 2
"""Of records that are written."""
_READABLE = (1, 2)
_UNDONE = "undone.json"
"""Says what an output became when its restoration was taken back."""
OF_A_PAGE = re.compile(r"(hole|evidence|ink|original|overlay)_p\d{3,}\.(png|npz)|undone\.json|input")
"""Names of a record's other files."""
INPUT = "input"
"""A copy of the whole input. It is kept if the output replaced the input and JPEG changed pixels outside the holes."""


def read_json(path: Path) -> Any:
    """Read a file of a record. Names that are not UTF-8 keep their bytes, as they were written.

    Raises:
        OSError: It cannot be read.
        ValueError: It is not JSON.
    """
    return json.loads(path.read_text(encoding="utf-8", errors="surrogateescape"))


def page_file(kind: PageFile, number: int) -> str:
    """Return the name of a record's file of a page: its hole, evidence map, ink map, original samples, or picture."""
    return f"{kind}_p{number:03}.{'npz' if kind == 'original' else 'png'}"


def read_hole(folder: Path, number: int, *, max_pixels: int) -> Hole:
    """Return which pixels of a page were filled, as stored.

    Args:
        folder: The record's folder.
        number: Number of the page.
        max_pixels: A larger picture is refused.

    Raises:
        BokwonError: It cannot be read.
    """
    source = Source.of(folder / page_file("hole", number))
    return np.asarray(read_page(source, max_pixels=max_pixels).pixels.astype(bool))


def record_folder(target: Path) -> Path:
    """Return the folder of an output's record."""
    return target.with_name(target.name + RECORD)


def has_record(target: Path) -> bool:
    """Return whether a record lies beside an output."""
    try:
        return (record_folder(target) / RECORD_FILE).is_file()
    except OSError:
        # Where its name would be too long, for one.
        return False


def check_record(target: Path) -> None:
    """Make sure that a record may lie beside an output, before any work is done for it.

    Raises:
        FileAccessError: Its name is too long, or it cannot be looked up.
    """
    folder = record_folder(target)
    fix = "shorten the output's name, or leave out --record"
    with accessing(f"record {folder.name} cannot lie beside the output: {{error}}", fix):
        folder.exists()


def note_undone(folder: Path, target: Path) -> None:
    """Note in a record that its restoration was undone.

    Raises:
        FileAccessError: It cannot be written.
    """
    content = {"output": {"file": target.name, "sha256": sha256_of_file(target)}}
    write_file(folder / _UNDONE, json.dumps(content, ensure_ascii=False))


def undone_sha256(target: Path) -> str | None:
    """Return the checksum an output had when its restoration was taken back; None where that was never done."""
    try:
        content = read_json(record_folder(target) / _UNDONE)
        return str(content["output"]["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def find_input(folder: Path, record: dict[str, Any], target: Path) -> Path | None:
    """Return the file that was restored, as it was then: kept in the record, or still where it was.

    Args:
        folder: The record's folder.
        record: What `read_record` returned.
        target: The output. The record tells the path of the input relative to the folder of the output.
    """
    told = record.get("input")
    if not isinstance(told, dict):
        return None
    for path in (folder / INPUT, target.resolve().parent / str(told.get("path", "")), Path(str(told.get("file", "")))):
        with suppress(OSError, ValueError):
            if path.is_file() and sha256_of_file(path) == told.get("sha256"):
                return path
    return None


def set_aside(target: Path) -> Path | None:
    """Give the record beside an output another name, if it is that of another output than the one that is there now.

    Returns:
        Its new place; None if it stays, or there is none.

    Raises:
        FileAccessError: It cannot be moved.
    """
    if not has_record(target):
        return None
    folder = record_folder(target)
    try:
        if read_record(folder)[1]["output"]["sha256"] == sha256_of_file(target):
            return None
    except InputFileError:
        # The record is unreadable, so we cannot tell which output it belongs to.
        return None
    free = free_folder(target)
    with accessing(f"record {folder} cannot be moved: {{error}}", "check its rights"):
        folder.replace(free)
    return free


def free_folder(target: Path) -> Path:
    """Return a name for a record that is set aside: `OUTPUT.N.record`, the first that is free."""
    names = (f"{target.name}.{number}{RECORD}" for number in count(1))
    return next(path for path in map(target.with_name, names) if not path.exists())


def read_record(path: Path) -> tuple[Path, dict[str, Any]]:
    """Read a record.

    Args:
        path: Its folder, or the `record.json` in it.

    Returns:
        Its folder and what `record.json` says.

    Raises:
        FileAccessError: It cannot be read.
        InputFileError: It is no record.
    """
    folder = path if path.is_dir() else path.parent
    try:
        record = read_json(folder / RECORD_FILE if path.is_dir() else path)
        if record["record"] not in _READABLE or not isinstance(record["pages"], list):
            raise ValueError("it is of another kind")
        if not isinstance(record["output"]["sha256"], str):
            raise TypeError("it names no output")
        pages = {int(page["page"]): {**page, "size": _size(page["size"])} for page in record["pages"]}
        return folder, {**record, "pages": pages}
    except OSError as error:
        lacks = path.is_dir() and isinstance(error, FileNotFoundError)
        reason = f"it holds no {RECORD_FILE}" if lacks else error.strerror
        raise FileAccessError(f"record {path} cannot be read: {reason}", _instead_of(path)) from error
    except (ValueError, KeyError, TypeError) as error:
        reason = "its text is not JSON" if isinstance(error, json.JSONDecodeError) else str(error)
        raise InputFileError(f"{path} is no record of bokwon's: {reason}", _instead_of(path)) from error


def _instead_of(path: Path) -> str:
    """Return what to name in place of a path that is no record; often it is the restored file beside one."""
    return f"name {record_folder(path)}" if has_record(path) else "name an OUTPUT.record folder"


def _size(told: Any) -> tuple[int, int]:
    width, height = (int(side) for side in told)
    if width < 1 or height < 1:
        raise ValueError("it tells of a page without pixels")
    return width, height


def put_back(folder: Path, number: int, pages: int, page: Page) -> None:
    """Restore the original samples of a page, in place.

    Args:
        folder: The record's folder.
        number: Number of the page.
        pages: Number of pages of the output.
        page: The page of the output.

    Raises:
        InputFileError: The stored samples are damaged, or of another page.
    """
    fix = "name the record that was made with this very output"
    try:
        hole = read_hole(folder, number, max_pixels=page.size[0] * page.size[1])
        with np.load(folder / page_file("original", number), allow_pickle=False) as stored:
            samples = stored["samples"]
    # Zip and NumPy each have their own exceptions for damage.
    except Exception as error:
        raise InputFileError(f"record {folder} lacks what page {number} was: {error}", fix) from error
    expected = (int(np.count_nonzero(hole)), *page.pixels.shape[2:])
    if hole.shape != page.pixels.shape[:2] or samples.dtype != page.pixels.dtype or samples.shape != expected:
        raise InputFileError(f"record {folder} is of another image than page {number} of {pages}", fix)
    page.pixels[hole] = samples
