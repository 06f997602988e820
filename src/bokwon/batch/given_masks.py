"""The masks that somebody gave for the pages of one file."""

from __future__ import annotations

from contextlib import ExitStack

from bokwon.batch.job import Job
from bokwon.batch.page_holes import PageHole, Tell
from bokwon.errors import ArgumentError, InputFileError
from bokwon.image_io.document import Document
from bokwon.image_io.masks import check_shape, hole_of_mask
from bokwon.image_io.masks.zones import open_mask
from bokwon.image_io.modes import bit_depth
from bokwon.image_io.orientation import Orientation
from bokwon.image_io.page import Page
from bokwon.image_io.reader import Source
from bokwon.provenance.hole_list import Damage, read_damage

__all__ = ["GivenMasks"]


class GivenMasks:
    """The masks of a file's pages; see `bokwon.batch.page_holes.HoleSource`.

    Args:
        job: The file and its masks.
        pages: Number of pages.
        wanted: Which of them are to be restored.
        opened: Closes the mask file.
        tell: Told how each mask is read.

    Raises:
        ArgumentError: The masks are of other pages.
        BokwonError: The mask file cannot be read.
    """

    def __init__(self, job: Job, pages: int, wanted: frozenset[int], opened: ExitStack, tell: Tell) -> None:
        self._masks = job.masks
        self._options = job.options
        self._wanted = wanted
        self._tell = tell
        self._document: Document | None = None
        self._places: dict[int, int] = {}
        if (whole := job.masks.whole) is not None:
            self._document = opened.enter_context(self._opened(whole))
            self._places = self._matched(self._document.pages, pages, whole.name)
        strangers = sorted(number for number in job.masks.pages if number > pages or number < 1)
        if strangers:
            name = job.masks.pages[strangers[0]].name
            raise ArgumentError(f"mask {name} is for a page that the image, with {pages}, has not", "rename the mask")

    def _opened(self, source: Source) -> Document:
        white = self._options.masks.white_is_hole
        return open_mask(source, max_pixels=self._options.max_pixels, white_is_hole=white)

    def _matched(self, found: int, pages: int, name: str) -> dict[int, int]:
        """Return the page of the mask for each page: one for each page, or one for each that --pages names."""
        if found == pages:
            return {number: number for number in range(1, pages + 1)}
        if self._options.pages and found == len(self._wanted):
            return {number: place for place, number in enumerate(sorted(self._wanted), 1)}
        raise ArgumentError(
            f"mask {name} has {found} page{'s' * (found > 1)} and the image {pages}",
            "give a mask with one page for each page of the image or each page that --pages names, "
            "or one file for each page, named like NAME_p003.png",
        )

    def has(self, number: int) -> bool:
        """Return whether a page has a mask; see `HoleSource.has`."""
        return number in self._wanted and (number in self._masks.pages or number in self._places)

    def check_size(self, number: int, size: tuple[int, int] | None) -> None:
        """Refuse a mask of another size by the headers of both; see `HoleSource.check_size`."""
        if size is None or not 0 < size[0] * size[1] <= self._options.max_pixels:
            # That is what is wrong then.
            return
        source = self._masks.pages.get(number)
        if source is not None:
            with self._opened(source) as single:
                mask, name = single.size(1) if single.pages == 1 else None, source.name
        elif self._document is not None and self._masks.whole is not None:
            mask, name = self._document.size(self._places[number]), self._masks.whole.name
        else:
            return
        if mask is not None and all(mask):
            # Which way up they are is known once both are decoded.
            ways = tuple(dict.fromkeys((mask, mask[::-1])))
            check_shape(mask, ways, size, fit=self._options.masks.fit, name=f"mask {name}")

    def of(self, page: Page, number: int, name: str) -> PageHole | None:
        """Return the hole of a page's mask; see `HoleSource.of`."""
        tell = self._tell
        mask, mask_name = self._read(number)
        for warning in mask.warnings:
            tell("warning", warning)
        given = hole_of_mask(mask, page, self._options.masks, name=f"mask {mask_name}")
        tell("detail", f"{name}: {_summary(page)}, hole {given.share:.2%}")
        if not given.hole.any():
            tell("warning", f"mask {mask_name} has no hole: the image is returned unchanged")
            return None
        told = f"mask {mask_name}: {given.said}: {given.share:.2%} of {name} will be filled"
        tell("detail" if given.plain else "note", told)
        return PageHole(given.hole, mask_name, given.said, "given", lambda: self._damage(page, number, given.turn))

    def _read(self, number: int) -> tuple[Page, str]:
        source = self._masks.pages.get(number)
        if source is not None:
            with self._opened(source) as single:
                if single.pages > 1:
                    raise InputFileError(
                        f"{source.name} holds {single.pages} pages", "split it into one file for each page"
                    )
                return single.page(1), source.name
        if self._document is None or self._masks.whole is None:
            raise RuntimeError(f"page {number} has no mask")
        place, name = self._places[number], self._masks.whole.name
        return self._document.page(place), name if self._document.pages == 1 else f"{name}, page {place}"

    def _damage(self, page: Page, number: int, turn: Orientation) -> Damage:
        source = self._masks.pages.get(number) or self._masks.whole
        if source is None:
            raise RuntimeError(f"page {number} has no mask")
        kind = self._masks.damage.get(number if number in self._masks.pages else 0)
        # A class map has the pages of its mask, which may be those alone that are wanted.
        place = number if number in self._masks.pages else self._places[number]
        return read_damage(source, place, page.size, kind, self._options.max_pixels, turn=turn)


def _summary(page: Page) -> str:
    return f"{page.format}, {page.size[0]}x{page.size[1]}, {page.mode}, {bit_depth(page.pixels)} bits"
