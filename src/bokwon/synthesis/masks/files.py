"""The files of a mask set: 1-bit PNG in one folder for each cell, a manifest, and a marker of an incomplete set."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bokwon.errors import OutputExistsError, accessing
from bokwon.synthesis.masks.bins import Cell
from bokwon.types import Hole
from bokwon.utilities.atomic import write_file

__all__ = ["close_set", "mask_record", "open_set", "save_mask", "writing_into"]


def mask_record(file: str, hole: Hole, cell: Cell, kind: str, seed: list[int] | None) -> dict[str, Any]:
    """Return a mask's line of the manifest.

    Args:
        file: The mask's file, relative to the set's folder.
        hole: bool (H, W), True = hole.
        cell: Its cell.
        kind: Its kind.
        seed: What `numpy.random.default_rng` takes to draw it again; None if it was not drawn here.

    Returns:
        What JSON can hold.
    """
    ratio = np.count_nonzero(hole) / hole.size
    return {"file": file, "kind": kind, "ratio": round(ratio, 6), "bin": cell.bin, "border": cell.border, "seed": seed}


def save_mask(path: Path, hole: Hole) -> None:
    """Write a mask as 1-bit PNG, white = hole. The file is complete, or not written at all.

    Args:
        path: The file; its folder is made if missing.
        hole: bool (H, W), True = hole.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # OpenCV writes 1-bit PNG in half the time that Pillow takes.
    options = [cv2.IMWRITE_PNG_BILEVEL, 1, cv2.IMWRITE_PNG_COMPRESSION, 4]
    _, png = cv2.imencode(".png", hole.astype(np.uint8) * np.uint8(255), options)
    write_file(path, png.tobytes(), sync=False)


def open_set(out: Path, source: dict[str, Any]) -> bool:
    """Mark a folder as an unfinished set: it has a file `INCOMPLETE` until `close_set`.

    Args:
        out: Folder of the set; made if missing.
        source: The settings of the set, kept in `settings.json` and compared with those of an existing set.

    Returns:
        True if the same set is there and complete.

    Raises:
        OutputExistsError: The folder holds another set, or other files.
        FileAccessError: The folder cannot be written.
    """
    settings, mark = out / "settings.json", out / "INCOMPLETE"
    with writing_into(out):
        out.mkdir(parents=True, exist_ok=True)
        if not settings.exists():
            if any(path != mark for path in out.iterdir()):
                raise OutputExistsError(f"{out} holds other files", "name an empty or a new folder")
            mark.touch()
            write_file(settings, json.dumps(source, indent=1) + "\n")
            return False
        try:
            there = json.loads(settings.read_text(encoding="utf-8"))
        except ValueError as error:
            raise OutputExistsError(f"{settings} is damaged", "name a new folder, or remove this one") from error
    if there != source:
        raise OutputExistsError(
            f"{out} holds another set of masks", "name a new folder, or the options this one was made with"
        )
    return not mark.exists()


def close_set(out: Path, records: list[dict[str, Any]]) -> None:
    """Write the manifest, and remove the marker.

    Args:
        out: Folder of the set.
        records: One record a mask.

    Raises:
        FileAccessError: The folder cannot be written.
    """
    with writing_into(out):
        write_file(out / "manifest.jsonl", "".join(json.dumps(record) + "\n" for record in records))
        (out / "manifest.jsonl.part").unlink(missing_ok=True)
        (out / "INCOMPLETE").unlink(missing_ok=True)


def writing_into(out: Path) -> AbstractContextManager[None]:
    """Return a context that reports a folder which cannot be written as a `FileAccessError`."""
    return accessing(f"cannot write to {out}: {{error}}", "name a folder you may write to, on a disk with free space")
