"""Measures how much worse a restoration is with the found mask than with the true mask."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bokwon.detection.detector import Damage
from bokwon.detection.kinds import FILLED
from bokwon.evaluation.measure.metrics import hole_psnr
from bokwon.inpaint.restorer import Restorer
from bokwon.synthesis.scenes.classes import CLASSES, IGNORE
from bokwon.synthesis.scenes.scene import Scene

__all__ = ["RestoredScene", "restore_scene", "true_hole"]

# Fewer damaged pixels than this tell little about a fill.
_FEWEST = 50
# How far the soft rim of damage reaches, pixels.
_RIM = 4


@dataclass(frozen=True)
class RestoredScene:
    """A scene restored twice.

    Attributes:
        true: PSNR in the damaged pixels with the true mask, dB.
        found: The same with the mask that was found.
        damaged: The same before anything is restored.
    """

    true: float
    found: float
    damaged: float


def restore_scene(scene: Scene, damage: Damage, restorer: Restorer) -> RestoredScene | None:
    """Restore a scene with the true mask and with the one that was found.

    Args:
        scene: The scene.
        damage: What was found in it.
        restorer: Fills the holes.

    Returns:
        The figures, in the damaged pixels that are to be filled; None if there are almost none, or too few other
        pixels are left to restore from.
    """
    damaged = np.isin(scene.labels, [CLASSES.index(kind) for kind in FILLED])
    hole = true_hole(scene.labels)
    if damaged.sum() < _FEWEST or hole.mean() > 0.6 or damage.hole.mean() > 0.6:
        return None
    true = restorer.restore(scene.image, hole).image
    found = restorer.restore(scene.image, damage.hole).image if damage.hole.any() else scene.image
    return RestoredScene(*(hole_psnr(image, scene.clean, damaged) for image in (true, found, scene.image)))


def true_hole(labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return the hole that a careful person would draw: the damage to fill, and its soft rim.

    Args:
        labels: uint8 (H, W), numbers of `CLASSES`, `NOT_DAMAGE` or `IGNORE`.
    """
    damaged = np.isin(labels, [CLASSES.index(kind) for kind in FILLED])
    near = cv2.dilate(damaged.astype(np.uint8), np.ones((2 * _RIM + 1,) * 2, np.uint8)) > 0
    rim = cv2.dilate(damaged.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return np.asarray(damaged | rim | (near & (labels == IGNORE)))
