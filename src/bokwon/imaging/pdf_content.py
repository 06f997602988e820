"""What a PDF's page draws: its images and where they stand, and which of them are the page's picture.

A page's picture is the largest image that it draws, or the strips that a scanner cut it into. Stencils, which only say
where to put ink, are text and ornaments on top of a picture; without one, a single stencil is the scan itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Drawn", "drawn_images", "find_picture"]

_DEEPEST_FORM = 4
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
    def kind(self) -> tuple[Any, ...]:
        """What strips of one picture have in common."""
        keys = ("/Width", "/BitsPerComponent", "/Filter", "/Decode")
        return self.is_stencil, *(_plain(self.image.get(key)) for key in keys)

    @property
    def frame(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Its top left corner, and the steps from pixel to pixel along a row and from row to row, on the page."""
        a, b, c, d, e, f = (float(value) for value in self.matrix.shorthand)
        down = np.array([c, d])
        return np.array([e, f]) + down, np.array([a, b]) / int(self.image.Width), -down / int(self.image.Height)


def _plain(value: Any) -> Any:
    return value.unparse() if hasattr(value, "unparse") else value


def drawn_images(pikepdf: Any, page: Any) -> list[Drawn]:
    """Return the images that a page draws, those of forms too, in order.

    What resources name beside them is drawn by other pages that share them, or by none.

    Args:
        pikepdf: The library that opened the PDF.
        page: A page of its.
    """
    return list(_drawn(pikepdf, page, page.resources, pikepdf.Matrix()))


def _drawn(pikepdf: Any, content: Any, resources: Any, matrix: Any, depth: int = 0) -> Iterator[Drawn]:
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
        elif operator == "Do" and str(operands[0]) in named:
            item = named[str(operands[0])]
            kind = str(item.get("/Subtype"))
            if kind == "/Image":
                yield Drawn(item, matrix)
            elif kind == "/Form" and depth < _DEEPEST_FORM:
                inner = _multiplied(pikepdf, item.get("/Matrix", [1, 0, 0, 1, 0, 0]), matrix)
                yield from _drawn(pikepdf, item, item.get("/Resources", resources), inner, depth + 1)


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
    coloured = [item for item in images if not item.is_stencil]
    candidates = coloured or images
    if not candidates:
        return []
    largest = max(candidates, key=lambda item: item.pixels)
    strips = _stacked([item for item in candidates if item.kind == largest.kind])
    if strips:
        return [item.image for item in strips]
    # Several stencils are letters.
    alone = all(item.image.objgen == largest.image.objgen for item in candidates)
    return [largest.image] if coloured or alone else []


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
