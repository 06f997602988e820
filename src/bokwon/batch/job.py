"""The job for one image file, as plain values that can be sent to any process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bokwon.batch.mask_matching import Masks
from bokwon.errors import ArgumentError
from bokwon.image_io.formats import EXTENSIONS
from bokwon.image_io.masks import MaskOptions
from bokwon.image_io.output_formats import format_of
from bokwon.image_io.reader import MAX_PIXELS, Source
from bokwon.types import READABLE

if TYPE_CHECKING:
    from bokwon.batch.treatment.pictures import PagePictures

__all__ = ["Job", "Options", "Outcome"]


@dataclass(frozen=True)
class Options:
    """How files are read and written, the same for all files of a run.

    Attributes:
        masks: How mask files are read.
        overwrite: Whether existing targets are replaced.
        max_pixels: Larger images are refused before they are decoded.
        pages: Which pages of a file to restore, such as `3-end`; all by default.
        missing_pages: Whether files may lack some of these pages, as files of a folder may.
        record: Whether to leave a record of the intervention beside each output.
        overlay: Whether the record has pictures of the evidence.
        mark: Whether outputs with filled pixels say so in their XMP.
        find: Least confidence of damage that is found and filled on files without a mask. None: no damage is sought.
    """

    masks: MaskOptions = field(default_factory=MaskOptions)
    overwrite: bool = True
    max_pixels: int = MAX_PIXELS
    pages: str | None = None
    missing_pages: bool = False
    record: bool = False
    overlay: bool = False
    mark: bool = True
    find: float | None = None


@dataclass(frozen=True)
class Job:
    """One file to restore.

    Attributes:
        source: The image.
        masks: Its masks. Without any, the image is copied as it is.
        target: The file to write; None for standard output.
        format: The format to write. By default that of the target's extension, or PNG on standard output.
        options: The rest.
        pictures: Folder for the pictures of the treatment report; None for none.
        update: Pages of the target, as an earlier restoration of this source left it, that stay as they are, and so
            does what its record says of them. None makes all of the target anew.
    """

    source: Source
    masks: Masks
    target: Path | None
    format: str | None = None
    options: Options = Options()
    pictures: Path | None = None
    update: frozenset[int] | None = None

    @property
    def output_format(self) -> str:
        """The format to write.

        Raises:
            ArgumentError: The target's extension is not that of a format, or contradicts `format`.
        """
        if self.target is None:
            return self.format or "PNG"
        named = EXTENSIONS.get(self.target.suffix.lower()) if self.format else format_of(self.target)
        if self.format and named not in (None, self.format):
            raise ArgumentError(
                f"{self.target} is named like {named} and the format asked for is {self.format}",
                "leave out --format, or name the output after it",
            )
        return self.format or str(named)


@dataclass(frozen=True)
class Outcome:
    """What was done with one file.

    Attributes:
        pages: Number of pages.
        restored: How many of them had holes, which were filled.
        tiles: Number of tiles that were run.
        hole: Pixels that were filled.
        pixels: Pixels of the pages with holes.
        readings: Each mask of a filled page, and how it was read.
        searched: Whether damage was sought because there was no mask.
        regions_filled: Number of filled regions for each kind of damage.
        regions_left: How many were found and left.
        pictures: What the treatment report shows of each filled page.
        materials: What each filled page was filled as: `page`, `photo` or `rubbing`; empty for a classical method.
    """

    pages: int
    restored: int
    tiles: int
    hole: int
    pixels: int
    readings: tuple[tuple[str, str], ...] = ()
    searched: bool = False
    regions_filled: Mapping[str, int] = field(default_factory=dict)
    regions_left: Mapping[str, int] = field(default_factory=dict)
    pictures: tuple[PagePictures, ...] = ()
    materials: tuple[str, ...] = ()

    @property
    def uncertain(self) -> bool:
        """Whether damage was found and none of it is sure enough to be filled. Readable stains alone do not count."""
        return not self.restored and bool(self.regions_left.keys() - {READABLE})
