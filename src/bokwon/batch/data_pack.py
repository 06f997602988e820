"""Packs scans and masks of an archive into a data set for training and measuring: checked, without metadata."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from bokwon.batch.found_masks import DETECTED, picture_path
from bokwon.batch.mask_matching import (
    MaskFinder,
    Masks,
    folded,
    is_mask_of_neighbour,
    list_images,
    masks_of,
)
from bokwon.errors import ArgumentError, InputFileError
from bokwon.image_io.document import open_document
from bokwon.image_io.masks import MaskOptions, hole_of_mask
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.output_formats import encode_page, png_of
from bokwon.image_io.page import Page
from bokwon.image_io.reader import MAX_PIXELS, Source
from bokwon.types import Hole
from bokwon.utilities.atomic import make_folder, write_file
from bokwon.utilities.checksums import sha256_of, sha256_of_file
from bokwon.utilities.json_files import read_object
from bokwon.version import __version__

__all__ = ["CONTENTS", "Terms", "check_set", "pack_set"]

CONTENTS = "contents.json"
"""Name of the file that lists a set's pages and their checksums."""

_FORMAT = "bokwon data 1"
_FOLDERS = {
    "labelled": "NAME.png, and NAME_mask.png: white is damage",
    "sound": "pages without damage",
    "masks": "the masks alone",
    "detected": "what bokwon had found before the masks were corrected",
}
_TRAINING = (
    ("bokwon train --preset detect --out runs/detect --set 'scenes.pages=[\"sound\"]'", {"sound"}),
    ("bokwon train --preset document --images sound --masks masks --out runs/mine", {"sound", "masks"}),
)
"""Commands that train with a set, and the folders that they need."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Terms:
    """The terms under which a set is published.

    Attributes:
        licence: Name of the licence, such as CC-BY-4.0, or a sentence.
        holder: Who publishes it; may be empty.
        source: What the pages are, such as a collection and its shelf marks; may be empty.
    """

    licence: str
    holder: str = ""
    source: str = ""


def pack_set(
    scans: Path,
    out: Path,
    terms: Terms,
    *,
    masks: Path | None = None,
    sound: Path | None = None,
    restored: Path | None = None,
    recursive: bool = False,
    keep_names: bool = False,
    options: MaskOptions | None = None,
    say: Say = lambda text: None,
) -> dict[str, Any]:
    """Bundle scans and their masks.

    Every page becomes an upright PNG that holds only its samples and the colour profile. Pages whose mask is empty, and
    those of `sound`, are sound pages.

    Args:
        scans: Folder of scans.
        out: Folder of the set; it must be empty or not be there.
        terms: Licence and origin.
        masks: Folder of masks, named as for `bokwon restore --masks`; by default they lie beside the scans.
        sound: Folder of scans without damage.
        restored: Folder of `bokwon restore`, whose pictures NAME.detected.png show the damage found there.
        recursive: Whether to include the subfolders of all these folders.
        keep_names: Keep the files' names; by default pages are numbered, as names may be confidential.
        options: How masks are read.
        say: Called with a message for each page, and for each scan that is left out because it has no mask.

    Returns:
        What contents.json holds.

    Raises:
        ArgumentError: `out` is not empty, or no scan has a mask.
        BokwonError: A scan or mask cannot be read. The files written so far stay, without contents.json.
    """
    if not terms.licence.strip():
        raise ArgumentError("a set of data needs a licence", "name it with --licence, for example CC-BY-4.0")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ArgumentError(f"{out} is not an empty folder", "name a new folder")
    pages: list[dict[str, Any]] = []
    for folder, is_sound in [(scans, False), *([(sound, True)] if sound else [])]:
        others = [other for other in (out, masks, sound, restored) if other is not None and other != folder]
        names, beside = _scans(folder, recursive, others)
        given = beside if masks is None else list_images(masks, recursive=recursive).files
        finder = MaskFinder([] if is_sound else given, names)
        for scan in names:
            found = masks_of(finder, scan, masks or folder)
            if not found and not is_sound:
                say(f"{scan}: no mask, left out")
                continue
            for page, number, hole in _pages(folder / scan, found, options or MaskOptions()):
                name = f"{scan.stem}_p{number:03d}" if number else scan.stem
                stem = name if keep_names else f"page_{len(pages) + 1:04d}"
                if any(known["name"] == stem for known in pages):
                    raise ArgumentError(f"two scans are called {stem}", "rename one, or leave out --keep-names")
                detected = None if restored is None else _detected(restored, scan, number)
                pages.append(_write(out, stem, page, hole, detected))
                say(f"{scan}{f', page {number}' if number else ''}: {pages[-1]['kind']}, {stem}")
    if not pages:
        raise ArgumentError(f"no scan in {scans} has a mask", "name the folder of masks with --masks")
    if restored is not None and not any("corrected" in page for page in pages):
        say(f"{restored} holds no damage that bokwon found by itself: the set is without detections")
    write_file(out / "README.md", _readme(terms, pages))
    contents = {
        "format": _FORMAT,
        "licence": terms.licence,
        "holder": terms.holder,
        "source": terms.source,
        "written_by": f"bokwon {__version__}",
        "pages": pages,
    }
    write_file(out / CONTENTS, json.dumps(contents, indent=1, ensure_ascii=False) + "\n")
    return contents


def check_set(folder: Path) -> dict[str, Any]:
    """Compare the files of a set with its contents.json.

    Returns:
        What contents.json holds.

    Raises:
        InputFileError: A file is missing or was changed, or the folder is no set.
    """
    contents = read_object(folder / CONTENTS, "name a folder that `bokwon data pack` made")
    try:
        if contents["format"] != _FORMAT:
            raise InputFileError(f"{folder} has another format, {contents['format']}", "use the version that made it")
        files = {name: digest for page in contents["pages"] for name, digest in page["files"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise InputFileError(f"{folder / CONTENTS} is not the list of a set", "get the set again") from error
    for name, digest in files.items():
        path = folder / name
        if not path.is_file() or sha256_of_file(path) != digest:
            state = "was changed" if path.is_file() else "is missing"
            raise InputFileError(f"{path} {state}", "get the set again")
    return contents


def _scans(folder: Path, recursive: bool, without: Collection[Path]) -> tuple[list[PurePosixPath], list[PurePosixPath]]:
    """Return the scans of a folder, and the masks that lie beside them."""
    names = list_images(folder, recursive=recursive, without=without).files
    neighbours = {folded(name) for name in names}
    beside = [name for name in names if is_mask_of_neighbour(name, neighbours)]
    return sorted(set(names) - set(beside)), beside


def _pages(path: Path, masks: Masks, options: MaskOptions) -> Iterator[tuple[Page, int, Hole]]:
    """The pages of a file that have a mask, all of them where no masks are given: page, its number, hole.

    The number is 0 in a file of one page.
    """
    with open_document(Source.of(path), max_pixels=MAX_PIXELS) as document:
        for number in range(1, document.pages + 1):
            source = masks.pages.get(number) or masks.whole
            if masks and source is None:
                continue
            page = document.page(number)
            hole = np.zeros(page.pixels.shape[:2], bool)
            if source is not None:
                with open_document(source, max_pixels=MAX_PIXELS) as opened:
                    mask = opened.page(number if source is masks.whole and opened.pages > 1 else 1)
                hole = hole_of_mask(mask, page, options, name=source.name).hole
            yield page, number if document.pages > 1 else 0, hole


def _detected(restored: Path, scan: PurePosixPath, number: int) -> Path | None:
    """Where `bokwon restore` has left the mask that it found for a page."""
    found = picture_path(restored / scan, DETECTED, number, 2 if number else 1)
    return found if found.is_file() else None


def _write(out: Path, stem: str, page: Page, hole: Hole, detected: Path | None) -> dict[str, Any]:
    """Write a page into the set.

    Returns:
        Its entry in contents.json.
    """
    turn = page.upright
    pixels, mode = turn.apply(page.pixels), page.mode
    if mode == "CMYK":
        from bokwon.detection.detector import as_rgb

        pixels, mode = as_rgb(pixels, mode), "RGB"
    hole = turn.apply(hole)
    kind = "labelled" if hole.any() else "sound"
    profile = page.metadata.icc if page.mode != "CMYK" else None
    stream = io.BytesIO()
    encode_page(stream, pixels, mode, "PNG", Metadata(icc=profile))
    files = {f"{kind}/{stem}.png": stream.getvalue()}
    entry: dict[str, Any] = {"name": stem, "kind": kind, "width": hole.shape[1], "height": hole.shape[0]}
    if hole.any():
        mask = _mask_png(hole)
        files[f"{kind}/{stem}_mask.png"] = files[f"masks/{stem}.png"] = mask
        entry["damaged"] = round(float(hole.mean()), 6)
    if detected is not None:
        with open_document(Source.of(detected), max_pixels=MAX_PIXELS) as opened:
            found = turn.apply(opened.page(1).pixels) > 0
        files[f"detected/{stem}.png"] = _mask_png(found)
        entry["corrected"] = round(float((found != hole).mean()), 6)
    for name, content in files.items():
        make_folder((out / name).parent)
        write_file(out / name, content)
    entry["files"] = {name: sha256_of(content) for name, content in files.items()}
    return entry


def _mask_png(hole: Hole) -> bytes:
    # 8 bits: some programs cannot read masks of 1 bit.
    return png_of(np.where(hole, np.uint8(255), np.uint8(0)))


def _readme(terms: Terms, pages: list[dict[str, Any]]) -> str:
    labelled = sum(page["kind"] == "labelled" for page in pages)
    there = {name.split("/")[0] for page in pages for name in page["files"]}
    folders = "\n".join(f"| `{name}/` | {what} |" for name, what in _FOLDERS.items() if name in there)
    measured = "".join(f" --{name} {name}" for name in ("labelled", "sound") if name in there)
    training = [command for command, needed in _TRAINING if there >= needed]
    commands = "\n".join([f"bokwon evaluate-detect --out report{measured}", *training])
    return f"""# Damaged pages and their masks

{labelled} pages with damage, {len(pages) - labelled} sound pages.

| | |
|---|---|
| licence | {terms.licence} |
| given by | {terms.holder or "not told"} |
| source | {terms.source or "not told"} |

| folder | what |
|---|---|
{folders}

`bokwon data check FOLDER` compares all files with the checksums in `{CONTENTS}`.

```sh
{commands}
```
"""
