"""The table that says which mask belongs to which image: a CSV file, from whatever program."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bokwon.batch.mask_matching import folded
from bokwon.errors import InputFileError, accessing

__all__ = ["TableRow", "read_table"]

_COLUMNS = ("image", "mask", "page", "damage")
_DELIMITERS = ",;\t"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_FIX = "write a CSV file with the columns image,mask and, for images of several pages, page"


@dataclass(frozen=True)
class TableRow:
    """One line of a table of masks.

    Attributes:
        mask: The mask file.
        damage: What made its holes; empty if the table does not say.
    """

    mask: Path
    damage: str = ""


def read_table(path: Path) -> dict[PurePosixPath, dict[int, TableRow]]:
    """Read a table that says which mask belongs to which image.

    Tables of Excel are accepted: with backslashes, semicolons, a byte-order mark, and capitals or spaces in the header.

    Args:
        path: CSV with the columns `image`, relative to the folder of images, and `mask`, relative to the table. An
            optional column `page` holds the number of the page, or nothing for the whole image. An optional column
            `damage` holds the kind of damage, or nothing.

    Returns:
        For each image, by its `folded` name: page number to row, 0 for the whole image.

    Raises:
        FileAccessError: It cannot be read.
        InputFileError: It is not such a table.
    """
    masks: dict[PurePosixPath, dict[int, TableRow]] = {}
    text = _text(path)
    header = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=header.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        names = [name.strip().casefold() for name in next(rows, [])]
        if not {"image", "mask"} <= set(names):
            raise InputFileError(f"table of masks {path} lacks the columns image and mask", _FIX)
        for cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            row = {name: cell.strip() for name, cell in zip(names, cells, strict=False)}
            image, mask, page, damage = (row.get(name, "") for name in _COLUMNS)
            if not image or not mask or not (page.isdecimal() or not page):
                raise InputFileError(f"line {rows.line_num} of the table of masks {path} is incomplete", _FIX)
            pages = masks.setdefault(folded(PurePosixPath(image.replace("\\", "/"))), {})
            told = TableRow(_mask_file(path.parent, mask), damage)
            if pages.setdefault(int(page or 0), told) != told:
                raise InputFileError(f"table of masks {path} has two masks for {image}", "keep one of them")
    except csv.Error as error:
        raise InputFileError(f"table of masks {path} is not a CSV file: {error}", _FIX) from error
    return masks


def _text(path: Path) -> str:
    with accessing(f"table of masks {path} cannot be read: {{error}}", "check the path"):
        content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        encoding = "UTF-16" if content.startswith(_UTF16) else "CP949" if _is_cp949(content) else ""
        name = f", but probably in {encoding}" if encoding else ""
        command = f", or convert it: iconv -f {encoding} -t UTF-8 {path.name} > utf8.csv" if encoding else ""
        fix = f"save it in Excel as CSV UTF-8{command}"
        raise InputFileError(f"table of masks {path} is not a CSV file in UTF-8{name}", fix) from error


def _is_cp949(content: bytes) -> bool:
    try:
        content.decode("cp949")
    except UnicodeDecodeError:
        return False
    return True


def _mask_file(folder: Path, name: str) -> Path:
    """Return the file that a table names; names are compared as `folded` where there is no such file."""
    for written in (name, name.replace("\\", "/")):
        if (folder / written).exists():
            return folder / written
    path = folder / name.replace("\\", "/")
    wanted = folded(PurePosixPath(path.name))
    try:
        found = [other for other in path.parent.iterdir() if folded(PurePosixPath(other.name)) == wanted]
    except OSError:
        # What reads the mask says that it is not there.
        return path
    return found[0] if len(found) == 1 else path
