"""What a PDF's page draws: its images and where they stand, and which of them are the page's picture.

A page's picture is the largest image that it draws, or the strips that a scanner cut it into. Stencils, which only say
where to put ink, are text and ornaments on top of a picture, or letters; a single one that covers the page is the scan
itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Drawn", "drawn_images", "find_picture"]

_DEEPEST_FORM = 8
_MOST_FORMS = 10_000
_FLAT = 16
"""An image of no more pixels is a colour behind the page and no picture of it."""
_LOGO = 4.0
"""A stencil that covers so many times more of a page than a picture is the scan, and the picture stands on it."""
_WHOLE = 0.9
"""From this share on, a part of an area counts as all of it."""
_SLANT = 1e-3
"""Below this sine of the angle between rows and columns a matrix shows nothing."""


@dataclass(frozen=True)
class Drawn:
    """An image that a page draws.

    Attributes:
        image: The image object; None for one that lies within the page's content.
        matrix: Where it stands: from the unit square to the page. None where the content does not make sense.
    """

    image: Any
    matrix: Any

    @property
    def is_stencil(self) -> bool:
        """Whether it has no colours of its own."""
        return bool(self.image.get("/ImageMask", False))

    @property
    def pixels(self) -> int:
        """Width times height."""
        return int(self.image.Width) * int(self.image.Height)

    @property
    def area(self) -> float:
        """How much of the page it covers, in the page's units; 0 where that is not known."""
        if self.matrix is None:
            return 0.0
        a, b, c, d, _, _ = (float(value) for value in self.matrix.shorthand)
        return abs(a * d - b * c)

    @property
    def frame(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Its top left corner, and the steps from pixel to pixel along a row and from row to row, on the page."""
        a, b, c, d, e, f = (float(value) for value in self.matrix.shorthand)
        down = np.array([c, d])
        return np.array([e, f]) + down, np.array([a, b]) / int(self.image.Width), -down / int(self.image.Height)


def drawn_images(pikepdf: Any, page: Any) -> list[Drawn]:
    """Return the images that a page draws, those of forms too, in order.

    What resources name beside them is drawn by other pages that share them, or by none.

    Args:
        pikepdf: The library that opened the PDF.
        page: A page of its.
    """
    return list(_drawn(pikepdf, page, page.resources, pikepdf.Matrix(), iter(range(_MOST_FORMS))))


def _drawn(
    pikepdf: Any, content: Any, resources: Any, matrix: Any, budget: Iterator[int], depth: int = 0
) -> Iterator[Drawn]:
    named = resources.get("/XObject") or {}
    saved = []
    for instruction in pikepdf.parse_content_stream(content):
        operator, operands = str(instruction.operator), instruction.operands
        if operator == "q":
            saved.append(matrix)
        elif operator == "Q" and saved:
            matrix = saved.pop()
        elif operator == "cm":
            # Not pikepdf's own stack of matrices: its version 10.17 multiplies them the wrong way round.
            matrix = _multiplied(pikepdf, operands, matrix)
        elif operator == "INLINE IMAGE":
            yield Drawn(None, matrix)
        elif operator == "Do" and operands and str(operands[0]) in named:
            item = named[str(operands[0])]
            kind = str(item.get("/Subtype"))
            if kind == "/Image":
                yield Drawn(item, matrix)
            elif kind == "/Form" and depth < _DEEPEST_FORM:
                # Forms that draw forms that draw forms: a small file could keep one busy for ever.
                if next(budget, None) is None:
                    raise ValueError(f"a page draws more than {_MOST_FORMS} forms")
                inner = _multiplied(pikepdf, item.get("/Matrix", [1, 0, 0, 1, 0, 0]), matrix)
                yield from _drawn(pikepdf, item, item.get("/Resources", resources), inner, budget, depth + 1)


def _multiplied(pikepdf: Any, numbers: Any, matrix: Any) -> Any:
    """Return a matrix that first does what the numbers say; None if they say nothing."""
    try:
        return None if matrix is None else pikepdf.Matrix(*(float(number) for number in numbers)) @ matrix
    except (TypeError, ValueError):
        return None


def find_picture(drawn: list[Drawn]) -> list[Any]:
    """Return the image objects that are a page's picture: none, one, or its strips from top to bottom.

    Args:
        drawn: What the page draws.
    """
    images = [item for item in drawn if item.image is not None]
    images = [item for item in images if item.pixels > _FLAT] or images
    coloured = _scan([item for item in images if not item.is_stencil])
    every_stencil = [item for item in images if item.is_stencil]
    stencils = _scan(every_stencil)
    # Those of many are letters.
    if _area(stencils) < _WHOLE * _area(every_stencil):
        stencils = []
    over_a_picture = coloured and _area(stencils) < _LOGO * _area(coloured)
    chosen = coloured if over_a_picture or not stencils else stencils
    return [item.image for item in chosen]


def _area(items: list[Drawn]) -> float:
    return sum(item.area for item in items)


def _scan(items: list[Drawn]) -> list[Drawn]:
    """Return the largest of the images that cover most of the page, or the strips that it is one of."""
    if not items:
        return []
    most = max(item.area for item in items)
    largest = max((item for item in items if item.area >= _WHOLE * most), key=lambda item: item.pixels)
    return _stacked([item for item in items if item.image.Width == largest.image.Width]) or [largest]


def _stacked(items: list[Drawn]) -> list[Drawn]:
    """Return images of one width from top to bottom if each begins where the one above ends; otherwise none."""
    if len(items) < 2 or any(item.matrix is None for item in items):
        return []
    _, right, down = items[0].frame
    axes = np.stack([right, down], axis=1)
    if abs(np.linalg.det(axes)) <= _SLANT * np.linalg.norm(right) * np.linalg.norm(down):
        return []
    ordered = sorted(items, key=lambda item: float(item.frame[0] @ down))
    for above, below in pairwise(ordered):
        corner, along, step = above.frame
        gap = below.frame[0] - corner - int(above.image.Height) * step
        skew = int(above.image.Width) * (below.frame[1] - along)
        # In pixels. Producers round: less than one is no gap.
        if np.abs(np.linalg.solve(axes, np.stack([gap, skew], axis=1))).max() >= 1.0:
            return []
    return ordered
