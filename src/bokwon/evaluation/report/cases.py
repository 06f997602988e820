"""Single pairs for the report: their choice, and their images with the hole outlined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bokwon.types import Hole

__all__ = ["Case", "choose_cases", "detail_window", "outline"]

_OUTLINE = (214, 32, 64)
_DETAIL = 128


@dataclass(frozen=True)
class Case:
    """A pair that the report shows.

    Attributes:
        title: Why.
        number: Number of the pair.
    """

    title: str
    number: int


def choose_cases(pairs: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[Case]:
    """Choose the best, median and worst pair of the first method, and those where it gains and loses most.

    Args:
        pairs: Records with `number` and `methods`.
        names: The methods, the one of interest first.

    Returns:
        Cases, each pair at most once.
    """
    first, others = names[0], names[1:]

    def own(pair: Mapping[str, Any]) -> float:
        return float(pair["methods"][first]["hole_psnr"])

    def gain(pair: Mapping[str, Any]) -> float:
        return own(pair) - max(float(pair["methods"][name]["hole_psnr"]) for name in others)

    wanted: list[tuple[str, Any]] = []
    if others:
        ranked = sorted(pairs, key=gain)
        text = f"{first} against the best other method of the pair"
        wanted += [
            (f"Largest gain of {text}", ranked[::-1]),
            (f"Median gain of {text}", _from_middle(ranked)),
            (f"Largest loss of {text}", ranked),
        ]
    ranked = sorted(pairs, key=own)
    wanted += [
        (f"Best in-hole PSNR of {first}", ranked[::-1]),
        (f"Median in-hole PSNR of {first}", _from_middle(ranked)),
        (f"Worst in-hole PSNR of {first}", ranked),
    ]
    cases: list[Case] = []
    for title, ordered in wanted:
        taken = {case.number for case in cases}
        free = [pair["number"] for pair in ordered if pair["number"] not in taken]
        if free:
            cases.append(Case(title, int(free[0])))
    return cases


def _from_middle(ranked: Sequence[Any]) -> list[Any]:
    middle = len(ranked) // 2
    order = sorted(range(len(ranked)), key=lambda place: abs(place - middle))
    return [ranked[place] for place in order]


def detail_window(hole: Hole) -> tuple[slice, slice]:
    """Return the window to enlarge: a place where about half is hole.

    Args:
        hole: (H, W).

    Returns:
        Rows and columns, 128 x 128 pixels or the image where it is smaller.
    """
    height, width = (min(_DETAIL, side) for side in hole.shape)
    share = cv2.boxFilter(hole.astype(np.float32), -1, (width, height), anchor=(0, 0), borderType=cv2.BORDER_CONSTANT)
    valid = share[: hole.shape[0] - height + 1, : hole.shape[1] - width + 1]
    top, left = np.unravel_index(int(np.abs(valid - 0.5).argmin()), valid.shape)
    return slice(int(top), int(top) + height), slice(int(left), int(left) + width)


def outline(image: NDArray[np.uint8], hole: Hole, scale: float) -> NDArray[np.uint8]:
    """Return an image, enlarged or reduced, with the edge of the hole as a thin line.

    Args:
        image: (H, W, 3).
        hole: (H, W).
        scale: Factor of enlargement.
    """
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    method = cv2.INTER_NEAREST if scale >= 1 else cv2.INTER_AREA
    drawn = np.ascontiguousarray(cv2.resize(image, size, interpolation=method))
    grown = cv2.resize(hole.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    contours, _ = cv2.findContours(grown, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(drawn, contours, -1, _OUTLINE, 1)
    return np.asarray(drawn, np.uint8)
