"""Which mask belongs to which image, by the names of files.

A mask has the image's stem, with or without `-mask` or `_mask` behind it; a mask of one page of several has `_p003` or
`_mask003` behind the stem. Where stems are shared (`a.png` and `a.tif`), a mask may be named after the whole file name:
`a.png.png`. Capitals do not count, unless two images differ in them alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from bokwon.errors import ArgumentError
from bokwon.image_io.formats import EXTENSIONS
from bokwon.image_io.reader import Source
from bokwon.provenance.hole_list import CLASS_MAP
from bokwon.provenance.record import RECORD
from bokwon.utilities.listing import Listing, list_folder

__all__ = [
    "REPORT_FILES",
    "REPORT_PAGE",
    "STATE",
    "MaskFinder",
    "Masks",
    "expected_names",
    "folded",
    "is_found_picture",
    "is_image_name",
    "is_mask_of_neighbour",
    "list_images",
    "masks_beside",
    "masks_of",
    "masks_of_pages",
]

REPORT_PAGE, REPORT_FILES = "report.html", "report_files"
"""Names of the treatment report and of the folder of its pictures, in a folder of outputs."""
STATE = ".bokwon"
"""Name of the folder that the page in the browser keeps its state in; it holds no images to restore."""

_ANY_CASE = re.DOTALL | re.IGNORECASE
_SUFFIX = re.compile(r"(?P<stem>.+?)(?:[-_]mask)?(?:_p(?P<page>\d+))?(?:[-_]mask(?P<number>\d*))?", _ANY_CASE)
_PAGE_ALONE = re.compile(r"(?P<stem>.+)_p(?P<page>\d+)", _ANY_CASE)
_MASK_ALONE = re.compile(r"(?P<stem>.+)[-_]mask", _ANY_CASE)
_SAYS_MASK = re.compile(r"[-_]mask(\d+|_p\d+)?$", re.IGNORECASE)
_FOUND = re.compile(r"\.(detected|uncertain)(_p\d{3,})?\.png$")
_MULTIPAGE = (".tif", ".tiff", ".pdf")


@dataclass(frozen=True)
class Masks:
    """The masks of one image file.

    Attributes:
        whole: A mask file for the whole image file, with as many pages.
        pages: Page number, from 1, to the mask of that page. They take precedence over `whole`.
        damage: Kind of damage by page number, 0 for `whole`, as far as a table names it.
    """

    whole: Source | None = None
    pages: Mapping[int, Source] = field(default_factory=dict)
    damage: Mapping[int, str] = field(default_factory=dict)

    @property
    def sources(self) -> tuple[Source, ...]:
        """All mask files."""
        return ((self.whole,) if self.whole else ()) + tuple(self.pages[number] for number in sorted(self.pages))

    def __bool__(self) -> bool:
        """Return whether there is any."""
        return self.whole is not None or bool(self.pages)


def is_found_picture(name: str) -> bool:
    """Return whether a file's name is that of a picture of found damage: `.detected.png` or `.uncertain.png`."""
    return _FOUND.search(name.lower()) is not None


def is_image_name(path: Path) -> bool:
    """Return whether a file's extension is that of an image.

    What begins with a dot is none, nor are class maps, nor `.detected.png` and `.uncertain.png`, which tell what damage
    bokwon found.
    """
    name = path.name.lower()
    if name.startswith(".") or name.endswith(CLASS_MAP) or is_found_picture(name):
        return False
    return path.suffix.lower() in EXTENSIONS


def list_images(folder: Path, *, recursive: bool, without: Iterable[Path] = ()) -> Listing:
    """List the image files of a folder, in order of name.

    Records of interventions and the pictures of a treatment report are no images to restore.

    Args:
        folder: Where to look, see `bokwon.utilities.listing.list_folder`.
        recursive: Whether to include its subfolders.
        without: Folders to leave out.

    Raises:
        FileAccessError: The folder itself cannot be listed.
    """
    avoided = {path.resolve() for path in without}
    return list_folder(
        folder,
        is_image_name,
        enter=lambda path: recursive and not _is_ours(path) and path.resolve() not in avoided,
    )


def _is_ours(folder: Path) -> bool:
    """Return whether bokwon has made a folder beside the outputs of an earlier run."""
    of_report = folder.name == REPORT_FILES and (folder.parent / REPORT_PAGE).is_file()
    return of_report or folder.name == STATE or folder.name.endswith(RECORD)


class MaskFinder:
    """Finds the masks of images among the files of a folder.

    Args:
        names: Paths of mask files, relative to their folder.
        images: Paths of all images, relative to their folder. A mask whose name fits an image is not taken as a page of
            another.
    """

    def __init__(self, names: Iterable[PurePosixPath], images: Iterable[PurePosixPath] = ()) -> None:
        images = tuple(images)
        self._exact = _differ_in_capitals(images)
        owned = {self._key(key) for image in images for key in (image, image.with_suffix(""))}
        self._by_stem: dict[PurePosixPath, list[tuple[int, PurePosixPath]]] = {}
        self._unused = set(names)
        for name in sorted(self._unused):
            stem = composed(name.with_suffix(""))
            # A page's mask, and a name that happens to end like one.
            # The last is for an image whose own name ends in `_mask`.
            read = {(stem, 0), _without_suffix(stem), _without_suffix(stem, _PAGE_ALONE)}
            keys = {(stem, 0)} if self._key(stem) in owned else read
            if (image := _of_mask(stem)) is not None and self._key(image) in owned:
                # It may itself end like a page's number.
                keys = {(image, 0)}
            for key, page in {(self._key(key), page) for key, page in keys}:
                self._by_stem.setdefault(key, []).append((page, name))

    def _key(self, name: PurePosixPath) -> PurePosixPath:
        key = folded(name)
        return composed(name) if key in self._exact else key

    def of(self, image: PurePosixPath) -> dict[int, PurePosixPath]:
        """Return the masks of an image: page number to file, 0 for the whole image.

        Raises:
            ArgumentError: Several files claim the same page.
        """
        by_name, by_stem = self._key(image), self._key(image.with_suffix(""))
        candidates = self._by_stem.get(by_name) or self._by_stem.get(by_stem) or []
        masks: dict[int, PurePosixPath] = {}
        for page, name in sorted(candidates):
            self._unused.discard(name)
            if page in masks:
                raise ArgumentError(f"{image} has two masks, {masks[page]} and {name}", "keep one of them")
            masks[page] = name
        return masks

    @property
    def unused(self) -> list[PurePosixPath]:
        """The masks that no image uses."""
        return sorted(self._unused)


def composed(name: PurePosixPath) -> PurePosixPath:
    """Return a name in Unicode's composed form (NFC): some systems write an accent as a character of its own."""
    return PurePosixPath(unicodedata.normalize("NFC", str(name)))


def folded(name: PurePosixPath) -> PurePosixPath:
    """Return a name as it is compared: `composed`, and whatever its capitals."""
    return PurePosixPath(str(composed(name)).casefold())


def _differ_in_capitals(images: Iterable[PurePosixPath]) -> frozenset[PurePosixPath]:
    """Return the names, `folded`, that images share which differ in capitals."""
    spelled: dict[PurePosixPath, set[PurePosixPath]] = {}
    for image in images:
        for name in (image, image.with_suffix("")):
            spelled.setdefault(folded(name), set()).add(composed(name))
    return frozenset(key for key, names in spelled.items() if len(names) > 1)


def is_mask_of_neighbour(name: PurePosixPath, images: Collection[PurePosixPath]) -> bool:
    """Return whether a file among images is the mask of one of them.

    Only a name that says so is taken for one: `-mask` or `_mask` behind the stem, with or without a number, or a page's
    number behind the stem of a file of several pages.

    Args:
        name: The file.
        images: The names of it and its neighbours, `folded`.
    """
    name = folded(name)
    whole = _of_mask(name.with_suffix(""))
    if whole is not None and any(whole.with_name(whole.name + suffix) in images for suffix in EXTENSIONS):
        return True
    stem, page = _without_suffix(name.with_suffix(""))
    if stem.name == name.stem:
        return False
    says_mask = _SAYS_MASK.search(name.stem) is not None
    # A mask that is called so may bear the whole name of its image: `a.png_mask.png`, where there is an `a.tif` too.
    suffixes = ("", *EXTENSIONS) if says_mask else _MULTIPAGE if page else ()
    return any(stem.with_name(stem.name + suffix) in images for suffix in suffixes)


def _of_mask(stem: PurePosixPath) -> PurePosixPath | None:
    """Return the name before `-mask` or `_mask`, with whatever page's number it ends in; None for other names."""
    match = _MASK_ALONE.fullmatch(stem.name)
    return stem.with_name(match["stem"]) if match else None


def _without_suffix(stem: PurePosixPath, suffix: re.Pattern[str] = _SUFFIX) -> tuple[PurePosixPath, int]:
    match = suffix.fullmatch(stem.name)
    if match is None:
        return stem, 0
    number = match["page"] or match.groupdict().get("number")
    return stem.with_name(match["stem"]), int(number or 0)


def expected_names(image: PurePosixPath) -> str:
    """Say which names the mask of an image may have."""
    return f"{image.stem}.png, {image.stem}-mask.png or {image.stem}_mask.png for {image.name}"


def masks_beside(image: Path) -> Masks:
    """Return the masks beside an image, possibly none.

    Raises:
        ArgumentError: There are two for one page.
        FileAccessError: The folder cannot be listed.
    """
    names = list_images(image.parent, recursive=False).files
    neighbours = {folded(name) for name in names} | {folded(PurePosixPath(image.name))}
    masks = [name for name in names if is_mask_of_neighbour(name, neighbours) and name.name != image.name]
    return masks_of(MaskFinder(masks, set(names) - set(masks)), PurePosixPath(image.name), image.parent)


def masks_of_pages(image: Path, folder: Path) -> Masks:
    """Return the masks that belong to one image file, from a folder.

    Raises:
        ArgumentError: There are none, or two for one page.
        FileAccessError: The folder cannot be listed.
    """
    names = list_images(folder, recursive=False).files
    masks = masks_of(MaskFinder(names, [PurePosixPath(image.name)]), PurePosixPath(image.name), folder)
    if not masks:
        holds = f" (it holds {', '.join(map(str, names[:3]))}{' ...' * (len(names) > 3)})" if names else ""
        fix = f"name them {image.stem}_p001.png and so on, or {image.stem}.png for all pages"
        raise ArgumentError(f"folder {folder} holds no masks of {image.name}{holds}", fix)
    return masks


def masks_of(finder: MaskFinder, image: PurePosixPath, folder: Path) -> Masks:
    """Return the masks of one image, possibly none.

    Args:
        finder: Knows the masks.
        image: The image, relative to the folder of images.
        folder: Folder of the masks.

    Raises:
        ArgumentError: There are two for one page.
    """
    pages = {page: Source.of(folder / name) for page, name in finder.of(image).items()}
    return Masks(pages.pop(0, None), pages)
