"""Which mask belongs to which image: by the names of files, or by a manifest.

A mask has the image's stem, with or without `-mask` behind it; a mask of one page of several has `_p003` behind the
stem. Where stems are shared (`a.png` and `a.tif`), a mask may be named after the whole file name: `a.png.png`.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from bokwon.errors import ArgumentError, FileAccessError, InputFileError
from bokwon.image_io.output_formats import EXTENSIONS
from bokwon.image_io.reader import Source
from bokwon.provenance.hole_list import CLASS_MAP
from bokwon.provenance.record import RECORD
from bokwon.utilities.listing import Listing, list_folder

__all__ = [
    "MaskFinder",
    "Masks",
    "TableRow",
    "composed",
    "is_image_name",
    "is_mask_of_neighbour",
    "list_images",
    "masks_of_pages",
    "read_manifest",
]

_SUFFIX = re.compile(r"(?P<stem>.+?)(?:[-_]mask)?(?:_p(?P<page>\d+))?(?:[-_]mask)?", re.DOTALL)
_PAGE_ALONE = re.compile(r"(?P<stem>.+)_p(?P<page>\d+)", re.DOTALL)
_MASK_ALONE = re.compile(r"(?P<stem>.+)[-_]mask", re.DOTALL)
_SAYS_MASK = re.compile(r"[-_]mask(_p\d+)?$")
_MULTIPAGE = (".tif", ".tiff", ".pdf")
_COLUMNS = ("image", "mask")


@dataclass(frozen=True)
class Masks:
    """The masks of one image file.

    Attributes:
        whole: A mask file for the whole image file, with as many pages.
        pages: Page number, from 1, to the mask of that page; they go before `whole`.
        damage: What made the holes, where a table tells it: kind by page number, 0 for `whole`.
    """

    whole: Source | None = None
    pages: Mapping[int, Source] = field(default_factory=dict)
    damage: Mapping[int, str] = field(default_factory=dict)

    @property
    def sources(self) -> tuple[Source, ...]:
        """All files of them."""
        return ((self.whole,) if self.whole else ()) + tuple(self.pages[number] for number in sorted(self.pages))

    def __bool__(self) -> bool:
        """Return whether there is any."""
        return self.whole is not None or bool(self.pages)


@dataclass(frozen=True)
class TableRow:
    """One line of a table of masks.

    Attributes:
        mask: The mask file.
        damage: What made its holes; empty if the table does not say.
    """

    mask: Path
    damage: str = ""


def is_image_name(path: Path) -> bool:
    """Return whether a file's extension is that of an image; what begins with a dot is none, nor is a class map."""
    name = path.name.lower()
    return path.suffix.lower() in EXTENSIONS and not name.startswith(".") and not name.endswith(CLASS_MAP)


def list_images(folder: Path, *, recursive: bool, without: Iterable[Path] = ()) -> Listing:
    """List the image files of a folder, in order of name; records of interventions are no folders of images.

    Args:
        folder: Where to look, see `bokwon.utilities.listing.list_folder`.
        recursive: Whether to look into its folders.
        without: Folders that are passed by.

    Raises:
        FileAccessError: The folder itself cannot be listed.
    """
    avoided = {path.resolve() for path in without}
    return list_folder(
        folder,
        is_image_name,
        enter=lambda path: recursive and not path.name.endswith(RECORD) and path.resolve() not in avoided,
    )


class MaskFinder:
    """Finds the masks of images among the files of a folder.

    Args:
        names: Paths of mask files, relative to their folder.
        images: Paths of all images, relative to theirs: a name that is one image's own is no page's of another.
    """

    def __init__(self, names: Iterable[PurePosixPath], images: Iterable[PurePosixPath] = ()) -> None:
        owned = {composed(key) for image in images for key in (image, image.with_suffix(""))}
        self._by_stem: dict[PurePosixPath, list[tuple[int, PurePosixPath]]] = {}
        self._unused = set(names)
        for name in sorted(self._unused):
            stem = composed(name.with_suffix(""))
            # A page's mask, and a name that happens to end like one.
            # The last is for an image whose own name ends in `_mask`.
            read = {(stem, 0), _without_suffix(stem), _without_suffix(stem, _PAGE_ALONE)}
            keys = {(stem, 0)} if stem in owned else read
            if (image := _of_mask(stem)) in owned:
                # It may itself end like a page's number.
                keys = {(image, 0)}
            for key, page in keys:
                self._by_stem.setdefault(key, []).append((page, name))

    def of(self, image: PurePosixPath) -> dict[int, PurePosixPath]:
        """Return the masks of an image: page number to file, 0 for the whole image.

        Raises:
            ArgumentError: Several files claim the same page.
        """
        asked = composed(image)
        candidates = self._by_stem.get(asked) or self._by_stem.get(asked.with_suffix("")) or []
        masks: dict[int, PurePosixPath] = {}
        for page, name in sorted(candidates):
            self._unused.discard(name)
            if page in masks:
                raise ArgumentError(f"{image} has two masks, {masks[page]} and {name}", "keep one of them")
            masks[page] = name
        return masks

    @property
    def unused(self) -> list[PurePosixPath]:
        """The masks no image has asked for."""
        return sorted(self._unused)


def composed(name: PurePosixPath) -> PurePosixPath:
    """Return a name in Unicode's composed form (NFC): some systems write an accent as a character of its own."""
    return PurePosixPath(unicodedata.normalize("NFC", str(name)))


def is_mask_of_neighbour(name: PurePosixPath, images: Collection[PurePosixPath]) -> bool:
    """Return whether a file among images is the mask of one of them.

    Only a name that says so is taken for one: `-mask` or `_mask` behind the stem, or a page's number behind the stem of
    a file of several pages.

    Args:
        name: The file.
        images: The names of it and its neighbours, `composed`.
    """
    name = composed(name)
    whole = _of_mask(name.with_suffix(""))
    if whole is not None and any(whole.with_name(whole.name + suffix) in images for suffix in EXTENSIONS):
        return True
    stem, page = _without_suffix(name.with_suffix(""))
    if stem.name == name.stem:
        return False
    says_mask = _SAYS_MASK.search(name.stem) is not None
    suffixes = EXTENSIONS if says_mask else _MULTIPAGE if page else ()
    return any(stem.with_name(stem.name + suffix) in images for suffix in suffixes)


def _of_mask(stem: PurePosixPath) -> PurePosixPath | None:
    """Return the name before `-mask` or `_mask`, with whatever page's number it ends in; None for other names."""
    match = _MASK_ALONE.fullmatch(stem.name)
    return stem.with_name(match["stem"]) if match else None


def _without_suffix(stem: PurePosixPath, suffix: re.Pattern[str] = _SUFFIX) -> tuple[PurePosixPath, int]:
    match = suffix.fullmatch(stem.name)
    if match is None:
        return stem, 0
    return stem.with_name(match["stem"]), int(match["page"] or 0)


def masks_of_pages(image: Path, folder: Path) -> Masks:
    """Return the masks of one image file among those of a folder.

    Raises:
        ArgumentError: There are none, or two for one page.
        FileAccessError: The folder cannot be listed.
    """
    finder = MaskFinder(list_images(folder, recursive=False).files, [PurePosixPath(image.name)])
    found = finder.of(PurePosixPath(image.name))
    if not found:
        fix = f"name them {image.stem}_p001.png and so on"
        raise ArgumentError(f"folder {folder} holds no masks of {image.name}", fix)
    pages = {page: Source.of(folder / name) for page, name in found.items()}
    return Masks(pages.pop(0, None), pages)


def read_manifest(path: Path) -> dict[PurePosixPath, dict[int, TableRow]]:
    """Read a table that says which mask belongs to which image.

    Args:
        path: CSV with the columns `image`, relative to the folder of images, and `mask`, relative to the table. A
            column `page`, if there is one, holds the page's number, or nothing for the whole image; a column `damage`
            holds what made the holes, or nothing.

    Returns:
        Image, its name `composed`, to its masks: page number to row, 0 for the whole image.

    Raises:
        FileAccessError: It cannot be read.
        InputFileError: It is not such a table.
    """
    fix = "write a CSV file with the columns image,mask and, for images of several pages, page"
    masks: dict[PurePosixPath, dict[int, TableRow]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            table = csv.DictReader(stream)
            if not set(_COLUMNS) <= set(table.fieldnames or ()):
                raise InputFileError(f"manifest {path} lacks the columns image and mask", fix)
            for row in table:
                image, mask, page, damage = (row.get(key) or "" for key in (*_COLUMNS, "page", "damage"))
                if not image or not mask or not (page.isdecimal() or not page):
                    raise InputFileError(f"line {table.line_num} of manifest {path} is not whole", fix)
                pages = masks.setdefault(composed(PurePosixPath(image.replace("\\", "/"))), {})
                told = TableRow(path.parent / mask, damage.strip())
                if pages.setdefault(int(page or 0), told) != told:
                    raise InputFileError(f"manifest {path} has two masks for {image}", "keep one of them")
    except OSError as error:
        raise FileAccessError(f"manifest {path} cannot be read: {error.strerror}", "check the path") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputFileError(f"manifest {path} is not a CSV file in UTF-8: {error}", fix) from error
    return masks
