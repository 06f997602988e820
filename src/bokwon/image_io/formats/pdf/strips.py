"""A PDF's page whose picture was cut into strips, each an image of its own, as some scanners write them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bokwon.errors import InputFileError
from bokwon.image_io.formats.pdf.image_object import ANEW, PdfPicture
from bokwon.image_io.modes import check_pixels
from bokwon.image_io.page import Page

__all__ = ["PdfStrips"]


class PdfStrips:
    """Strips of one width that are read and changed as one picture.

    Args:
        strips: From top to bottom.
        name: What messages call the page.
        max_pixels: Refuse more pixels in all, before decoding them.
    """

    def __init__(self, strips: list[PdfPicture], name: str, *, max_pixels: int) -> None:
        self._strips = strips
        self._name = name
        self._max_pixels = max_pixels

    @property
    def size(self) -> tuple[int, int]:
        """Width, height of all strips together."""
        sizes = [strip.size for strip in self._strips]
        return sizes[0][0], sum(height for _, height in sizes)

    def read(self) -> Page:
        """Decode the strips and put them together.

        Raises:
            InputFileError: As `PdfPicture.read`, or they have different modes.
            MissingDependencyError: They take a decoder that is not installed.
        """
        check_pixels(self._name, self.size, self._max_pixels)
        pages = [strip.read() for strip in self._strips]
        if len({(page.mode, page.pixels.dtype) for page in pages}) > 1:
            raise InputFileError(f"{self._name} is cut into images of different modes", ANEW)
        notice = f"{self._name} is cut into {len(pages)} images: they are taken for one picture, from top to bottom"
        said = dict.fromkeys(notice for page in pages for notice in page.notices)
        # What is said of encoding with loss holds if a single one is.
        like = next((page for page in pages if page.format == "JPEG"), pages[0])
        warnings = tuple(dict.fromkeys(warning for page in pages for warning in page.warnings))
        pixels = np.concatenate([page.pixels for page in pages])
        return replace(like, pixels=pixels, notices=(*said, notice), warnings=warnings)

    @property
    def parts(self) -> list[PdfPicture]:
        """The strips, from top to bottom."""
        return self._strips

    def changes(self, page: Page) -> list[tuple[PdfPicture, Page]]:
        """Return the strips that a changed picture changes, each with its part of it.

        Raises:
            InputFileError: A strip that changes stands in two places.
        """
        changed = []
        top = 0
        for strip in self._strips:
            # Decoded once more: kept from the first time, it would be the page in memory twice.
            was = strip.read()
            height = len(was.pixels)
            pixels = page.pixels[top : top + height]
            top += height
            if np.array_equal(pixels, was.pixels):
                continue
            if sum(strip.key == other.key for other in self._strips) > 1:
                raise InputFileError(f"{self._name} draws one image in several places", ANEW)
            changed.append((strip, replace(was, pixels=np.ascontiguousarray(pixels))))
        return changed
