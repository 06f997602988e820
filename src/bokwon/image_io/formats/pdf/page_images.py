"""Which of the images that a PDF's page draws are the page's picture.

It is the largest of them, or the strips that a scanner cut it into. Stencils, which only say
where to put ink, are text and ornaments on top of a picture, or letters; a single one that covers the page is the scan
itself.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from bokwon.image_io.formats.pdf.content import Drawn

__all__ = ["find_picture"]

_FLAT = 16
"""An image with at most this many pixels is a background colour, not the picture of a page."""
_LOGO = 4.0
"""If a stencil covers this many times more of a page than a picture, the stencil is the scan."""
_WHOLE = 0.9
"""From this share on, a part of an area counts as all of it."""
_SLANT = 1e-3
"""Below this sine of the angle between rows and columns a matrix shows nothing."""
_MOST_STRIPS = 10_000
"""Of one page. No scanner cuts its rows apart."""


def find_picture(drawn: list[Drawn]) -> list[Drawn]:
    """Return the images that are a page's picture: none, one, or its strips from top to bottom.

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
    return coloured if over_a_picture or not stencils else stencils


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
    if not 2 <= len(items) <= _MOST_STRIPS or any(item.matrix is None for item in items):
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
