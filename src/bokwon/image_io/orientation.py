"""The eight ways in which an image can be stored: turned by right angles, mirrored, or both."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import IntEnum
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Orientation", "turn_of_mask"]

ScalarT = TypeVar("ScalarT", bound=np.generic)

_MOST_SLANT = 20.0
"""Degrees. A picture drawn further away from every right angle has no upright view made of whole pixels."""


class Orientation(IntEnum):
    """What turns stored pixels into the upright view. The values are those of EXIF's tag 274.

    The eight orientations are a group: `then` composes two of them, and each has an `inverse`.

    Example:
        >>> Orientation.of_exif(6) is Orientation.TURNED_RIGHT
        True
        >>> Orientation.TURNED_RIGHT.apply(np.array([[1, 2, 3]]))
        array([[1],
               [2],
               [3]])
        >>> Orientation.TURNED_RIGHT.then(Orientation.TURNED_RIGHT).name
        'UPSIDE_DOWN'

    Source: EXIF 2.32 (CIPA DC-008-2019), section 4.6.4, tag Orientation.
    """

    UPRIGHT = 1
    """As stored."""
    MIRRORED = 2
    """Left and right change places."""
    UPSIDE_DOWN = 3
    """Turned by 180 degrees."""
    FLIPPED = 4
    """Top and bottom change places."""
    TRANSPOSED = 5
    """Rows become columns."""
    TURNED_RIGHT = 6
    """Turned by 90 degrees clockwise."""
    TRANSVERSED = 7
    """Rows become columns, and the result is turned by 180 degrees."""
    TURNED_LEFT = 8
    """Turned by 90 degrees counter-clockwise."""

    @classmethod
    def of_exif(cls, value: object) -> Orientation:
        """Return the orientation of an EXIF value. Values that EXIF does not define count as upright, as in viewers."""
        return cls(value) if isinstance(value, int) and value in _STEPS else cls.UPRIGHT

    @classmethod
    def of_rotation(cls, degrees: float) -> Orientation:
        """Return the turn by an angle, clockwise.

        Args:
            degrees: A multiple of 90, as in the entry /Rotate of a PDF page.

        Raises:
            ValueError: It is no multiple of 90.
        """
        turns: dict[float, Orientation] = {
            0: cls.UPRIGHT,
            90: cls.TURNED_RIGHT,
            180: cls.UPSIDE_DOWN,
            270: cls.TURNED_LEFT,
        }
        turn = turns.get(degrees % 360)
        if turn is None:
            raise ValueError(f"{degrees:g} degrees are no multiple of 90")
        return turn

    @classmethod
    def of_matrix(cls, a: float, b: float, c: float, d: float) -> Orientation | None:
        """Return how a picture stands on a page that draws it with a PDF transformation matrix.

        The first stored row lies at the top of the unit square, and y points up. A scan that was deskewed by a few
        degrees has the orientation of the nearest right angle.

        Args:
            a: With `b`, where the matrix takes the step (1, 0): along a stored row.
            b: See `a`.
            c: With `d`, where it takes the step (0, 1): up, from the last row to the first.
            d: See `c`.

        Returns:
            The orientation; None where the matrix shows nothing, or slants by more than 20 degrees.

        Source: ISO 32000-2:2020, sections 8.3 and 8.9.5.1.
        """
        sides = math.hypot(a, b) * math.hypot(c, d)
        if not math.isfinite(sides) or abs(a * d - b * c) <= 1e-3 * sides:
            return None
        transposed = abs(b) > abs(a)
        # Along a row, and up, on the axes of the page that they are nearest to.
        along, up = (b, c) if transposed else (a, d)
        least = math.cos(math.radians(_MOST_SLANT))
        if abs(along) < least * math.hypot(a, b) or abs(up) < least * math.hypot(c, d):
            return None
        # Rows that run up the page end at its top; a first row on the right becomes the last column.
        steps = (True, along > 0, up > 0) if transposed else (False, up < 0, along < 0)
        return _BY_STEPS[steps]

    @property
    def swaps_sides(self) -> bool:
        """Whether width and height change places."""
        return _STEPS[self][0]

    @property
    def inverse(self) -> Orientation:
        """What turns the upright view back into stored pixels."""
        return {
            Orientation.TURNED_RIGHT: Orientation.TURNED_LEFT,
            Orientation.TURNED_LEFT: Orientation.TURNED_RIGHT,
        }.get(self, self)

    def then(self, other: Orientation) -> Orientation:
        """Return the orientation that does this first and the other one after it."""
        transposed, rows, columns = _STEPS[self]
        again, more_rows, more_columns = _STEPS[other]
        if again:
            rows, columns = columns, rows
        return _BY_STEPS[transposed != again, rows != more_rows, columns != more_columns]

    def apply(self, samples: NDArray[ScalarT]) -> NDArray[ScalarT]:
        """Turn samples (H, W) or (H, W, C) of any type; the result may share their memory."""
        transposed, rows, columns = _STEPS[self]
        if transposed:
            samples = samples.swapaxes(0, 1)
        return samples[:: -1 if rows else 1, :: -1 if columns else 1]

    def size(self, size: Sequence[int]) -> tuple[int, int]:
        """Return width and height of the turned image, or height and width: in the order given."""
        first, second = size
        return (second, first) if self.swaps_sides else (first, second)


# Whether rows and columns change places first, and whether rows and columns are reversed after it.
_STEPS = {
    Orientation.UPRIGHT: (False, False, False),
    Orientation.MIRRORED: (False, False, True),
    Orientation.UPSIDE_DOWN: (False, True, True),
    Orientation.FLIPPED: (False, True, False),
    Orientation.TRANSPOSED: (True, False, False),
    Orientation.TURNED_RIGHT: (True, False, True),
    Orientation.TRANSVERSED: (True, True, True),
    Orientation.TURNED_LEFT: (True, True, False),
}
_BY_STEPS = {steps: orientation for orientation, steps in _STEPS.items()}


def turn_of_mask(
    mask_size: tuple[int, int], image_size: tuple[int, int], upright: Orientation, own: Orientation
) -> Orientation | None:
    """Return what turns the stored pixels of a mask so that they lie on the stored pixels of its image.

    A mask of the size of the upright view counts as drawn on that view. So where both views have one size, as for
    square images and those turned by 180 degrees, the upright view wins. A mask that fits only the stored size is
    not turned.

    Args:
        mask_size: Width and height of the mask as stored.
        image_size: Width and height of the image as stored.
        upright: What turns the stored image upright.
        own: What turns the stored mask upright.

    Returns:
        The turn; None where the mask fits neither view.
    """
    if own.size(mask_size) == upright.size(image_size):
        return own.then(upright.inverse)
    return Orientation.UPRIGHT if mask_size == image_size else None
