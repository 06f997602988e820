"""Kinds of damage that are found, and what the network's channels mean."""

from __future__ import annotations

from bokwon.errors import ArgumentError
from bokwon.types import DETECTOR_CLASSES, READABLE

__all__ = ["AREAS", "FILLED", "KINDS", "LINES", "SMALL", "choose_kinds", "curve_name"]

KINDS: tuple[str, ...] = DETECTOR_CLASSES
"""Names of all kinds; the number of a kind in a map of kinds is its place here, from 1."""

FILLED: tuple[str, ...] = tuple(kind for kind in KINDS if kind != READABLE)
"""Kinds that are filled unless the caller chooses others."""

LINES: tuple[str, ...] = ("tear", "crease", "scratch", "film and dust")
"""Kinds that are narrow and long, which are judged along their length."""

AREAS: tuple[str, ...] = ("missing paper", "abrasion", "hiding stain")
"""Kinds that cover an area."""

SMALL = 1000
"""Area of a bold letter, pixels of the working size. Smaller areas are less certain, because they may be writing."""


def curve_name(kind: str, area: float) -> str:
    """Return the name, in a detector's card, of the curve that turns scores of such regions into confidence.

    Args:
        kind: One of `KINDS`.
        area: Pixels of the working size.
    """
    return "small " + kind if kind in AREAS and area < SMALL else kind


def choose_kinds(kinds: tuple[str, ...] | None) -> tuple[str, ...]:
    """Check names of kinds.

    Args:
        kinds: Names out of `KINDS`, with hyphens or spaces; None stands for `FILLED`.

    Returns:
        The names in the order of `KINDS`.

    Raises:
        ArgumentError: A name is unknown, or there is none.
    """
    if kinds is None:
        return FILLED
    kinds = tuple(kind.replace("-", " ") for kind in kinds)
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown or not kinds:
        names = ", ".join(kind.replace(" ", "-") for kind in KINDS)
        raise ArgumentError(
            f"there is no kind of damage {unknown[0]!r}" if unknown else "no kind of damage is named",
            f"choose from {names}",
        )
    return tuple(kind for kind in KINDS if kind in kinds)
