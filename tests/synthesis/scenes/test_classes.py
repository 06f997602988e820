"""Numbers in label maps."""

from __future__ import annotations

import numpy as np

from bokwon.synthesis.scenes.classes import CLASSES, IGNORE, NOT_DAMAGE


def test_channels_of_models_and_labels_of_scenes_stay_what_they_are() -> None:
    assert CLASSES == (
        "sound",
        "surroundings",
        "missing paper",
        "tear",
        "crease",
        "scratch",
        "abrasion",
        "hiding stain",
        "readable stain",
        "film and dust",
    )


def test_the_other_labels_are_no_classes_and_fit_a_byte() -> None:
    assert len({*range(len(CLASSES)), NOT_DAMAGE, IGNORE}) == 12
    assert np.array([NOT_DAMAGE, IGNORE]).max() <= np.iinfo(np.uint8).max
