"""Classes of the damage network, and the other values of a label map."""

from __future__ import annotations

from bokwon.types import DETECTOR_CLASSES

__all__ = ["CLASSES", "IGNORE", "NOT_DAMAGE"]

CLASSES: tuple[str, ...] = ("sound", "surroundings", *DETECTOR_CLASSES)
"""Meaning of the network's channels, in their order. The first two are no damage."""

NOT_DAMAGE = 254
"""Label of pixels that are not damage, but may belong to the sheet or to its surroundings."""

IGNORE = 255
"""Label of pixels that are ignored: invisible changes and soft rims."""
