"""Restoring with found and with true masks, on scenes whose figures are known."""

from __future__ import annotations

import numpy as np
import pytest

from bokwon.detection.detector import Damage
from bokwon.evaluation.detection.restoring import restore_scene, true_hole
from bokwon.inpaint.restorer import Restorer
from bokwon.settings import RestoreSettings
from bokwon.synthesis.scenes.classes import CLASSES, IGNORE
from bokwon.synthesis.scenes.scene import Scene

HOLE = np.s_[20:30, 20:30]


@pytest.fixture(scope="module")
def restorer() -> Restorer:
    return Restorer(RestoreSettings(method="telea"))


def scene() -> Scene:
    """Gray, with a black hole of 100 pixels."""
    clean = np.full((64, 64, 3), 128, np.uint8)
    image, labels = clean.copy(), np.zeros((64, 64), np.uint8)
    image[HOLE], labels[HOLE] = 0, CLASSES.index("missing paper")
    return Scene(image, labels, clean, "here")


def found(hole: np.ndarray) -> Damage:
    return Damage(hole, hole.astype(np.uint8), hole.astype(np.float32), ())


def test_the_true_mask_covers_the_rim() -> None:
    labels = scene().labels.copy()
    labels[16:20, 20:30] = IGNORE
    labels[50:60, 50:60] = IGNORE
    hole = true_hole(labels)
    assert hole[16:31, 20:30].all()
    assert not hole[50:60, 50:60].any()
    assert not hole[33:, :].any()


def test_a_whole_mask_restores_as_the_true_one_does_and_half_a_mask_less(restorer: Restorer) -> None:
    whole = restore_scene(scene(), found(true_hole(scene().labels)), restorer)
    assert whole is not None
    assert whole.true == whole.found > 40
    # Black for gray of 128: 20 log10(255 / 128).
    assert whole.damaged == pytest.approx(5.99, abs=0.01)
    half = np.zeros((64, 64), bool)
    half[18:25, 18:32] = True
    partly = restore_scene(scene(), found(half), restorer)
    assert partly is not None
    assert partly.damaged < partly.found < partly.true


def test_nothing_found_leaves_the_damage(restorer: Restorer) -> None:
    nothing = restore_scene(scene(), found(np.zeros((64, 64), bool)), restorer)
    assert nothing is not None
    assert nothing.found == nothing.damaged


def test_scenes_without_damage_do_not_count(restorer: Restorer) -> None:
    sound = scene()
    sound.labels[:] = 0
    assert restore_scene(sound, found(np.zeros((64, 64), bool)), restorer) is None
