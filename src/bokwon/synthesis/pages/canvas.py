"""A window of a page, on which letters, rules and stamps are drawn. It records the place of every character."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from bokwon.synthesis.pages.fonts import Font

__all__ = ["Box", "Canvas", "Character"]

#: Left, top, right, bottom in pixels, right and bottom exclusive.
Box = tuple[int, int, int, int]
Points = Sequence[tuple[float, float]]

# OpenCV takes coordinates with this many fractional bits.
_BITS = 4


@dataclass(frozen=True)
class Character:
    """One character on a page.

    Attributes:
        text: The character, or a cluster of conjoining jamo.
        box: Left, top, right, bottom in pixels, right and bottom exclusive.
    """

    text: str
    box: Box


@dataclass
class Canvas:
    """Layers of coverage, 0-255, for the part of a page that a window shows.

    Attributes:
        height: Rows of the window.
        width: Columns of the window.
        left: Left edge of the window on the page.
        top: Upper edge of the window on the page.
        load: How full of ink the brush, pen or type is, in [0, 1]; noted with every character that is written.
        layers: `black` and `red` writing, printed `rules`, pale `ruling` of the paper and `seals`, each
            `(height, width)`.
        loads: The load at every pixel, 255 where nothing else is known, `(height, width)`.
        characters: What was written and is seen, in reading order.
        text: The same as one string, with the spaces and line breaks between.
    """

    height: int
    width: int
    left: float = 0.0
    top: float = 0.0
    load: float = 1.0
    layers: dict[str, NDArray[np.uint8]] = field(default_factory=dict)
    loads: NDArray[np.uint8] | None = None
    characters: list[Character] = field(default_factory=list)
    text: str = ""

    def layer(self, name: str) -> NDArray[np.uint8]:
        """Return a layer, empty when first asked for."""
        if name not in self.layers:
            self.layers[name] = np.zeros((self.height, self.width), np.uint8)
        return self.layers[name]

    def sees(self, left: float, top: float, right: float, bottom: float) -> bool:
        """Return whether a rectangle of the page overlaps the window."""
        inside_x = right > self.left and left < self.left + self.width
        return inside_x and bottom > self.top and top < self.top + self.height

    def put(self, font: Font, character: str, x: float, y: float, size: int, layer: str = "black") -> None:
        """Write a character with its ink centred on (x, y) of the page."""
        image, _, _ = font.glyph(character, size)
        self._write(image, character, x - image.shape[1] / 2, y - image.shape[0] / 2, layer)

    def put_at_pen(
        self, font: Font, character: str, x: float, y: float, size: int, layer: str = "black", slant: float = 0.0
    ) -> None:
        """Write a character with the pen at x on the base line y of the page, leaning by the tangent `slant`."""
        image, left, top = font.glyph(character, size, slant)
        self._write(image, character, x + left, y + top, layer)

    def carve(self, font: Font, character: str, x: float, y: float, size: int, layer: str = "black") -> None:
        """Cut a character out of a black area, its ink centred on (x, y) of the page."""
        image, _, _ = font.glyph(character, size)
        self._write(image, character, x - image.shape[1] / 2, y - image.shape[0] / 2, layer, carve=True)

    def space(self) -> None:
        """Note a space between words, unless the line has just begun."""
        if self.text and not self.text[-1].isspace():
            self.text += " "

    def end_line(self) -> None:
        """Note the end of a line or column."""
        self.text = self.text.rstrip(" ")
        if self.text and self.text[-1] != "\n":
            self.text += "\n"

    def polyline(self, points: Points, thickness: float, layer: str = "rules") -> None:
        """Draw a line through points of the page, its thickness in pixels."""
        # A line thinner than a pixel covers less of it.
        strength = int(np.clip(255 * thickness, 60, 255)) if thickness < 1 else 255
        line = [self._fixed(points)]
        cv2.polylines(self.layer(layer), line, False, strength, max(1, round(thickness)), cv2.LINE_AA, _BITS)

    def polygon(self, points: Points, layer: str = "rules") -> None:
        """Fill a polygon of points of the page."""
        cv2.fillPoly(self.layer(layer), [self._fixed(points)], 255, cv2.LINE_AA, _BITS)

    def stamp(self, image: NDArray[np.uint8], x: float, y: float, layer: str = "seals") -> None:
        """Draw an image of coverage on the page, centred at (x, y)."""
        corner = (round(x - self.left - image.shape[1] / 2), round(y - self.top - image.shape[0] / 2))
        box, part = self._clip(image, *corner)
        if part.size:
            target = self.layer(layer)[box[1] : box[3], box[0] : box[2]]
            np.maximum(target, part, out=target)

    def _fixed(self, points: Points) -> NDArray[np.int32]:
        moved = np.array(points, np.float64) - (self.left, self.top)
        # Points far outside would overflow the fixed-point coordinates.
        reach = 4.0 * max(self.width, self.height) + 1000
        return np.asarray(np.round(np.clip(moved, -reach, reach) * 2**_BITS), np.int32)

    def _write(
        self, image: NDArray[np.uint8], character: str, x: float, y: float, layer: str, carve: bool = False
    ) -> None:
        box, part = self._clip(image, round(x - self.left), round(y - self.top))
        if not part.size:
            return
        left, top, right, bottom = box
        target = self.layer(layer)[top:bottom, left:right]
        if carve:
            np.minimum(target, 255 - part, out=target)
        else:
            np.maximum(target, part, out=target)
        if self.load < 1:
            if self.loads is None:
                self.loads = np.full((self.height, self.width), 255, np.uint8)
            self.loads[top:bottom, left:right] = int(255 * self.load)
        # A character counts as written when at least half of it lies inside the window.
        if part.size >= 0.5 * image.size:
            self.characters.append(Character(character, box))
            self.text += character

    def _clip(self, image: NDArray[np.uint8], x: int, y: int) -> tuple[Box, NDArray[np.uint8]]:
        height, width = image.shape
        left, top = max(x, 0), max(y, 0)
        right, bottom = max(min(x + width, self.width), left), max(min(y + height, self.height), top)
        return (left, top, right, bottom), image[top - y : bottom - y, left - x : right - x]
