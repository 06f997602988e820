"""Classes that the damage network tells apart, and what a label map may hold besides."""

from __future__ import annotations

from bokwon.types import DETECTOR_CLASSES

__all__ = ["CLASSES", "IGNORE", "NOT_DAMAGE"]

CLASSES: tuple[str, ...] = ("sound", "surroundings", *DETECTOR_CLASSES)
"""Meaning of the network's channels, in their order. The first two are no damage."""

NOT_DAMAGE = 254
"""Label of pixels that are no damage, but of which nobody knows whether they are sheet or surroundings."""

IGNORE = 255
"""Label of pixels that say nothing: changes too faint to be seen, soft rims."""
