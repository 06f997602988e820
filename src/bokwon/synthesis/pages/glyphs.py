"""Draws single characters of font files, with a cache: most are needed again, in another size."""

from __future__ import annotations

import mmap
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ImageFont, features

__all__ = ["Glyph", "advance", "draw", "load", "render"]

#: Coverage `(h, w)`, 0-255, cut to its ink, and the offset of its left and upper edge from the pen on the base line.
Glyph = tuple[NDArray[np.uint8], int, int]

# Coverage above which a pixel counts as ink when a glyph is cut to its ink.
_INK = 64
# Glyphs are drawn in these em sizes, and brought down to the one that is asked for.
_MASTERS = (32, 64, 128, 256)


@lru_cache(maxsize=256)
def load(path: str, index: int, size: int, shaped: bool = False) -> ImageFont.FreeTypeFont:
    """Open a face in an em size; `shaped` composes clusters of conjoining jamo."""
    engine = ImageFont.Layout.RAQM if shaped else ImageFont.Layout.BASIC
    try:
        return ImageFont.truetype(path, size, index=index, layout_engine=engine)
    except OSError:
        # FreeType maps the file into memory. If there is too little, it only says that the format is unknown. So the
        # file is mapped again, which raises the true error.
        with Path(path).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ):
            raise


@lru_cache(maxsize=4096)
def render(path: str, index: int, character: str, size: int) -> Glyph:
    """Draw a character in an em size. It has 0 x 0 pixels if it has no ink or cannot be composed."""
    shaped = len(character) > 1
    if shaped and not features.check("raqm"):
        return _empty()
    mask, (left, top) = load(path, index, size, shaped).getmask2(character, mode="L", anchor="ls")
    width, height = mask.size
    if not width or not height:
        return _empty()
    return _trim(np.asarray(mask, np.uint8).reshape(height, width), int(left), int(top))


@lru_cache(maxsize=4096)
def draw(path: str, index: int, character: str, size: int, slant: float = 0.0) -> Glyph:
    """Scale a character down from a larger drawing, with a slant to the right (tangent)."""
    master = next((master for master in _MASTERS if master >= size), size)
    image, left, top = render(path, index, character, master)
    if not image.size:
        return image, left, top
    if master != size:
        part = size / master
        extent = (max(1, round(image.shape[1] * part)), max(1, round(image.shape[0] * part)))
        image = np.asarray(cv2.resize(image, extent, interpolation=cv2.INTER_AREA), np.uint8)
        left, top = round(left * part), round(top * part)
        peak = int(image.max())
        if peak < 2 * _INK:
            # Hairlines far thinner than a pixel would be cut off as if there were none.
            image = np.asarray(np.minimum(image * (2 * _INK / max(peak, 1)), 255), np.uint8)
    if slant:
        # Sheared about the base line, with room on both sides for what leans out.
        reach = int(np.ceil(abs(slant) * max(abs(top), abs(top + image.shape[0])))) + 1
        matrix = np.array([[1, -slant, reach - slant * top], [0, 1, 0]], np.float32)
        image = np.asarray(cv2.warpAffine(image, matrix, (image.shape[1] + 2 * reach, image.shape[0])), np.uint8)
        left -= reach
    return _trim(image, left, top)


def advance(path: str, index: int, character: str, size: int) -> float:
    """Return how far the pen moves after a character, in pixels."""
    return _advance_em(path, index, character) * size


@lru_cache(maxsize=65536)
def _advance_em(path: str, index: int, character: str) -> float:
    return float(load(path, index, 64, len(character) > 1).getlength(character)) / 64


def _empty() -> Glyph:
    return np.zeros((0, 0), np.uint8), 0, 0


def _trim(image: NDArray[np.uint8], left: int, top: int) -> Glyph:
    _, ink = cv2.threshold(image, _INK, 255, cv2.THRESH_BINARY)
    x, y, width, height = cv2.boundingRect(ink)
    if not width:
        return _empty()
    cut = image[y : y + height, x : x + width].copy()
    # Shared by all who ask for this glyph.
    cut.flags.writeable = False
    return cut, left + x, top + y
