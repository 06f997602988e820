"""Files of a folder that are left alone, and why."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from bokwon.batch.mask_matching import is_found_picture
from bokwon.image_io.formats.table import HEAD_BYTES, format_of_content
from bokwon.image_io.source import RAW_FIX, foreign_kind
from bokwon.provenance.hole_list import CLASS_MAP
from bokwon.provenance.origin import ORIGIN_FILE

__all__ = ["left_files"]

_RAW_EXTENSIONS = (
    *(".3fr", ".arw", ".cr2", ".cr3", ".dcr", ".dng", ".erf", ".iiq", ".kdc"),
    *(".mos", ".nef", ".nrw", ".orf", ".pef", ".raf", ".rw2", ".sr2", ".srw"),
)
"""Extensions of raw files of cameras, most of which look like TIFF."""


def left_files(folder: Path, names: Iterable[PurePosixPath]) -> tuple[tuple[str, str], ...]:
    """Return each file with the reason why it is left alone, without bokwon's own notes on downloads.

    Args:
        folder: The folder of images.
        names: Files that no image's name has, relative to it.
    """
    return tuple((str(name), _reason(folder / name)) for name in names if name.name != ORIGIN_FILE)


def _reason(path: Path) -> str:
    if path.name.lower().endswith(CLASS_MAP):
        return "it is the class map of a mask"
    if is_found_picture(path.name):
        return "it shows what damage was found"
    if path.name.startswith("."):
        return "its name begins with a dot"
    try:
        if not path.is_file():
            return "it is not a regular file"
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    if not head:
        return "it is empty"
    if path.suffix.lower() in _RAW_EXTENSIONS:
        return f"it is a camera's raw file: {RAW_FIX}"
    if foreign := foreign_kind(head):
        kind, fix = foreign
        return f"it is {kind}, which bokwon does not read: {fix}"
    found = format_of_content(head)
    if found is not None and found.extensions:
        return f"its content is {found.name}, but its name is not: rename it to end in {found.extensions[0]}"
    return "its extension is not that of an image"
