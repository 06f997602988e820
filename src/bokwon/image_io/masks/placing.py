"""Where a mask lies on its image: which way up it was drawn, and at which resolution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bokwon.errors import ArgumentError
from bokwon.image_io.orientation import Orientation, turn_of_mask
from bokwon.image_io.page import Page
from bokwon.types import Hole, Pixels

__all__ = ["MaskView", "Placed", "check_shape", "fit_hole", "place_mask"]

MaskView = Literal["auto", "upright", "stored"]
"""Which way up a mask was drawn: as viewers show the image, as its pixels are stored, or whichever fits."""

_ROUNDING = 1.5
"""Pixels by which the sides of one page at two resolutions may differ from the same shape."""
_TURNS = {
    Orientation.MIRRORED: "mirrored left to right",
    Orientation.UPSIDE_DOWN: "by 180 degrees",
    Orientation.FLIPPED: "mirrored top to bottom",
    Orientation.TRANSPOSED: "by 90 degrees and mirrored",
    Orientation.TURNED_RIGHT: "by 90 degrees clockwise",
    Orientation.TRANSVERSED: "by 90 degrees and mirrored",
    Orientation.TURNED_LEFT: "by 90 degrees counter-clockwise",
}


@dataclass(frozen=True, eq=False)
class Placed:
    """A mask on the stored pixels of its image.

    Attributes:
        pixels: Its samples, turned as the image's are stored.
        turn: What turned them.
        note: What was done to it, in words; empty for nothing.
        fits: Whether it has the image's size.
    """

    pixels: Pixels
    turn: Orientation
    note: str
    fits: bool = True


def place_mask(mask: Page, page: Page, *, view: MaskView, fit: bool, name: str) -> list[Placed]:
    """Return the ways in which a mask may lie on its image, the likeliest first: one, or two of the same size.

    Masks are drawn on what viewers show. One that only fits the pixels as stored follows those.

    Args:
        mask: The mask.
        page: The image.
        view: Which way up it was drawn.
        fit: Whether a mask of another resolution may be resized.
        name: What messages call the mask.

    Raises:
        ArgumentError: It does not fit.
    """
    stored = Orientation.UPRIGHT
    turn = mask.upright.then(page.upright.inverse)
    turns = {"auto": (turn, stored), "upright": (turn,), "stored": (stored,)}[view]
    if view == "auto" and (found := turn_of_mask(mask.size, page.size, page.upright, mask.upright)) is not None:
        turns = (found, stored) if mask.size == page.size else (found,)
    turns = tuple(dict.fromkeys(turns))
    asked = all(_has_shape(way.size(mask.size), page.size) for way in turns) and len(turns) > 1
    ways = [Placed(way.apply(mask.pixels), way, _note(way, turn, asked=asked)) for way in turns]
    exact = [way for way in ways if _size(way) == page.size]
    if exact:
        return exact
    fault = check_shape(mask.size, tuple(map(_size, ways)), page.size, fit=fit, name=name)
    same_shape = next(way for way in ways if _has_shape(_size(way), page.size))
    note = "; ".join(filter(None, (same_shape.note, f"{fault}, resized")))
    return [Placed(same_shape.pixels, same_shape.turn, note, fits=False)]


def check_shape(
    mask: tuple[int, int], ways: Sequence[tuple[int, int]], size: tuple[int, int], *, fit: bool, name: str
) -> str:
    """Check that a mask has the proportions of its image, and the size too unless it may be resized.

    Args:
        mask: Its width and height.
        ways: Sizes of the mask in the possible orientations.
        size: Width and height of the image.
        fit: Whether the mask may be resized.
        name: Name in messages.

    Returns:
        The difference of its size in words; empty if there is none.

    Raises:
        ArgumentError: It does not fit.
    """
    if size in ways:
        return ""
    shaped = next((way for way in ways if _has_shape(way, size)), None)
    # The message gives the size that viewers show: the author of the mask has not seen the stored pixels.
    seen = size if shaped in (None, mask) else size[::-1]
    sizes = "{} is {}x{} and the image {}x{} pixels".format(name, *mask, *seen)
    if shaped is None:
        raise ArgumentError(f"{sizes}: they do not have the same shape", "draw the mask on this very image")
    fault = _difference(mask, seen)
    if not fit:
        raise ArgumentError(f"{sizes}: {fault}", "add --fit-mask to resize it, or draw it on this very image")
    return fault


def _note(way: Orientation, turn: Orientation, *, asked: bool) -> str:
    if way is not Orientation.UPRIGHT:
        either = "; if it was drawn on the stored pixels, add --mask-view stored" if asked else ""
        return f"drawn upright, turned as the image's pixels are stored ({_TURNS[way]}){either}"
    if turn is not Orientation.UPRIGHT:
        return "it follows the image's pixels as stored, which viewers turn"
    return ""


def _size(way: Placed) -> tuple[int, int]:
    return way.pixels.shape[1], way.pixels.shape[0]


def _has_shape(size: tuple[int, int], wanted: tuple[int, int]) -> bool:
    """Return whether two sizes are of one page at two resolutions, or off by a pixel."""
    (width, height), (across, down) = size, wanted
    if abs(width - across) <= 1 and abs(height - down) <= 1:
        return True
    scale = math.sqrt(across * down / (width * height))
    slack = _ROUNDING * max(scale, 1.0)
    return abs(width * scale - across) <= slack and abs(height * scale - down) <= slack


def _difference(size: tuple[int, int], wanted: tuple[int, int]) -> str:
    """Say how a mask's size differs from the image's."""
    off = [
        f"one pixel {'wider' if side == 'width' else 'higher'}"
        if have > want
        else f"one pixel {'narrower' if side == 'width' else 'lower'}"
        for side, have, want in zip(("width", "height"), size, wanted, strict=True)
        if have != want
    ]
    if all(abs(have - want) <= 1 for have, want in zip(size, wanted, strict=True)):
        return f"it is {' and '.join(off)} than the image"
    scale = size[0] / wanted[0]
    return f"it is the same page at {scale:.4g} times the resolution"


def fit_hole(hole: Hole, size: tuple[int, int]) -> Hole:
    """Resize a hole by nearest neighbour. Every pixel that the hole touches becomes hole, so it never shrinks.

    Args:
        hole: (H, W).
        size: Width and height wanted.
    """
    for axis, wanted in ((0, size[1]), (1, size[0])):
        length = hole.shape[axis]
        place = np.arange(wanted, dtype=np.int64)
        first = place * length // wanted
        last = -(-(place + 1) * length // wanted)
        counts = np.cumsum(hole, axis=axis, dtype=np.int32)
        counts = np.concatenate([np.zeros_like(counts.take([0], axis=axis)), counts], axis=axis)
        hole = counts.take(last, axis=axis) > counts.take(first, axis=axis)
    return hole
