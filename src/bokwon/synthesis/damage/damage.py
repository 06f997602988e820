"""Damage of documents and photographs: the hole, its cause, and the look of the scan."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from bokwon.errors import ArgumentError
from bokwon.synthesis.damage.marks import mould, stain, tape
from bokwon.synthesis.damage.missing_paper import burn, insect, tear
from bokwon.synthesis.damage.sheet import Background, Mark, Sheet, prepare_sheet
from bokwon.synthesis.damage.surface import abrasion, crease, flaking, scratch
from bokwon.types import DAMAGE_KINDS, Hole

__all__ = ["KINDS", "DamageRecord", "Damaged", "apply_damage"]


_Maker = Callable[[np.random.Generator, Sheet, float, float], Mark]
# In the order in which they happen to a sheet: later damage covers or cuts earlier damage.
_MAKERS: dict[str, _Maker] = {
    "flaking": flaking,
    "abrasion": abrasion,
    "stain": stain,
    "mould": mould,
    "crease": crease,
    "scratch": scratch,
    "tape": tape,
    "burn": burn,
    "insect": insect,
    "tear": tear,
}
# How often each occurs when the kinds are drawn, and its usual share of the image.
_USUAL: dict[str, tuple[float, tuple[float, float]]] = {
    "insect": (3, (0.005, 0.10)),
    "tear": (2, (0.01, 0.15)),
    "crease": (2, (0.004, 0.03)),
    "burn": (1, (0.01, 0.15)),
    "abrasion": (2, (0.03, 0.25)),
    "flaking": (2, (0.005, 0.08)),
    "mould": (1.5, (0.003, 0.05)),
    "stain": (2, (0.05, 0.45)),
    "tape": (0.8, (0.03, 0.15)),
    "scratch": (1, (0.002, 0.02)),
}
KINDS: tuple[str, ...] = tuple(kind for kind in DAMAGE_KINDS if kind in _MAKERS)
"""Names of the kinds that can be drawn, in the order of their classes."""

# Three times the luminance of RGB (ITU-R BT.601).
_LUMINANCE = np.array([[0.299, 0.587, 0.114]] * 3, np.float32)
# A change of two grey levels is neither seen nor found in a scan; such pixels are left as they were.
_VISIBLE = 2.5


@dataclass(frozen=True)
class DamageRecord:
    """One kind of damage that was applied.

    Attributes:
        kind: Its name.
        strength: How severe, in [0, 1].
        coverage: Target share of the image, in (0, 1).
        hole: Share of the image that became hole, in [0, 1].
        touched: Share of the image that was changed, including the hole, in [0, 1].
    """

    kind: str
    strength: float
    coverage: float
    hole: float
    touched: float


@dataclass(frozen=True)
class Damaged:
    """A damaged image and its ground truth.

    Attributes:
        image: uint8 (H, W, 3), RGB; equal to the input wherever `classes` is 0.
        hole: bool (H, W), True where the content is lost. `classes` is not 0 there.
        classes: uint8 (H, W), values of `DamageClass`. Where several overlap, the last one counts.
        records: The kinds of damage in the order in which they were applied.
    """

    image: npt.NDArray[np.uint8]
    hole: Hole
    classes: npt.NDArray[np.uint8]
    records: tuple[DamageRecord, ...]


def apply_damage(
    image: npt.NDArray[np.uint8],
    rng: np.random.Generator,
    kinds: Iterable[str] | None = None,
    *,
    coverage: float | tuple[float, float] | None = None,
    strength: float | tuple[float, float] = (0.2, 1.0),
    background: Background | tuple[int, int, int] | npt.NDArray[np.uint8] | None = None,
    unit: float | None = None,
) -> Damaged:
    """Add synthetic damage to a page or photograph.

    Args:
        image: uint8 (H, W, 3), RGB.
        rng: Random generator; the same state gives the same damage.
        kinds: Names from `KINDS`; all of them are applied. None draws one to three.
        coverage: Target share of the image for each kind, in (0, 1), or an interval to draw it from. None draws a value
            that is usual for the kind. It is the share of lost pixels; for stains and tape the covered area. Flaking
            removes at most the ink.
        strength: How severe, in [0, 1], or an interval to draw it from.
        background: What is visible through holes: `leaf` (the next page), `paper` (a backing sheet), `black`, `white`,
            an RGB colour, or an image, uint8 (H, W, 3), RGB. None draws one of the first four.
        unit: Length of 1/512 of the page's width, pixels; all sizes of damage are in proportion to it. By default the
            shorter side / 512. Set it if the image is a crop of a page.

    Returns:
        The damaged image, its hole mask, its class map, and a record of the damage.

    Raises:
        ArgumentError: The image has the wrong type or shape, a kind is unknown, or a number is out of range.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ArgumentError(
            f"damage needs a uint8 image of shape (H, W, 3), not {image.dtype} {image.shape}", "convert it to 8-bit RGB"
        )
    if unit is not None and not 0 < unit < 1000:
        raise ArgumentError(f"unit {unit} is not a number of pixels", "give the page's width in pixels / 512")
    _check_background(background, image.shape)
    chosen = _choose(rng, kinds)
    sheet = prepare_sheet(image, rng, background, unit or max(min(image.shape[:2]) / 512, 0.25))
    hole = np.zeros(sheet.shape, bool)
    classes = np.zeros(sheet.shape, np.uint8)
    # A grey scan shows grey damage.
    grey = (
        cv2.norm(image[..., 0], image[..., 1], cv2.NORM_INF)
        <= 2
        >= cv2.norm(image[..., 1], image[..., 2], cv2.NORM_INF)
    )
    records = []
    for kind in chosen:
        share = _draw(rng, coverage if coverage is not None else _USUAL[kind][1], "coverage", 1e-6, 0.95)
        severity = _draw(rng, strength, "strength", 0.0, 1.0)
        mark = _MAKERS[kind](rng, sheet, share, severity)
        worn = np.clip(cv2.transform(mark.image, _LUMINANCE) if grey else mark.image, 0, 255)
        touched = mark.hole | (_largest(cv2.absdiff(worn, sheet.image)) > _VISIBLE)
        classes[touched] = DAMAGE_KINDS[kind].damage_class
        hole |= mark.hole
        after = np.where(touched[..., None], worn, sheet.image)
        sheet = replace(sheet, image=np.asarray(after, np.float32))
        records.append(DamageRecord(kind, severity, share, float(mark.hole.mean()), float(touched.mean())))
    result = np.where(classes[..., None] > 0, np.rint(sheet.image).astype(np.uint8), image)
    return Damaged(result, hole, classes, tuple(records))


def _largest(difference: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Return the largest of three channels, several times faster than NumPy's maximum along a short axis."""
    red, green, blue = cv2.split(difference)
    return np.asarray(cv2.max(cv2.max(red, green), blue), np.float32)


def _choose(rng: np.random.Generator, kinds: Iterable[str] | None) -> list[str]:
    if kinds is None:
        names = list(_USUAL)
        weights = np.array([_USUAL[name][0] for name in names])
        count = int(rng.choice([1, 2, 3], p=(0.45, 0.35, 0.2)))
        wanted = {str(name) for name in rng.choice(names, count, replace=False, p=weights / weights.sum())}
    else:
        wanted = {kinds} if isinstance(kinds, str) else set(kinds)
        unknown = sorted(wanted - set(KINDS))
        if unknown or not wanted:
            raise ArgumentError(
                f"unknown kind of damage {unknown[0]!r}" if unknown else "no kind of damage is named",
                f"choose from {', '.join(KINDS)}",
            )
    return [kind for kind in _MAKERS if kind in wanted]


def _draw(rng: np.random.Generator, value: float | tuple[float, float], name: str, least: float, most: float) -> float:
    low, high = value if isinstance(value, tuple) else (value, value)
    if not least <= low <= high <= most:
        raise ArgumentError(f"{name} {value} is out of range", f"give a number, or two, from {least:g} to {most:g}")
    # Small shares are as common as large ones on a logarithmic scale: most damage is slight.
    if name == "coverage":
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))
    return float(rng.uniform(low, high))


def _check_background(
    background: Background | tuple[int, int, int] | npt.NDArray[np.uint8] | None, shape: tuple[int, ...]
) -> None:
    if isinstance(background, np.ndarray):
        if background.shape != shape or background.dtype != np.uint8:
            raise ArgumentError(
                f"the background is {background.dtype} {background.shape}, the image uint8 {shape}",
                "give a background of the image's size, 8-bit RGB",
            )
        return
    named = background in ("leaf", "paper", "black", "white", None)
    coloured = isinstance(background, tuple) and len(background) == 3 and all(0 <= v <= 255 for v in background)
    if not named and not coloured:
        raise ArgumentError(
            f"unknown background {background!r}", "give leaf, paper, black, white or three numbers from 0 to 255"
        )
