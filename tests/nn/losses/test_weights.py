"""Definitions of the terms: the published weights, frozen and checked."""

from __future__ import annotations

import dataclasses
import pickle

import pytest

from bokwon.errors import ArgumentError
from bokwon.nn.losses import PAPER, PRESETS, REIMPLEMENTATION, LossDefinition


def test_the_published_weights() -> None:
    assert PAPER.weights == {"valid": 1, "hole": 6, "perceptual": 0.05, "style_out": 120, "style_comp": 120, "tv": 0.1}
    assert REIMPLEMENTATION.weights == {"valid": 1, "hole": 6, "tv": 2, "perceptual": 0.05, "style": 240}
    assert PRESETS == {"paper": PAPER, "reimplementation": REIMPLEMENTATION}


def test_presets_cannot_be_changed_by_accident() -> None:
    PAPER.weights["tv"] = 5
    assert PAPER.weights["tv"] == 0.1
    with pytest.raises(dataclasses.FrozenInstanceError):
        PAPER.tv_region = "composite"  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(REIMPLEMENTATION)) == REIMPLEMENTATION
    assert dataclasses.asdict(REIMPLEMENTATION)["default_weights"] == REIMPLEMENTATION.default_weights


def test_definitions_are_checked() -> None:
    with pytest.raises(ArgumentError, match="tv_region is 'all'"):
        dataclasses.replace(PAPER, tv_region="all")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="name each once: hole, perceptual, style, tv, valid"):
        dataclasses.replace(PAPER, joint_style=True)
    with pytest.raises(ArgumentError, match="weights name valid, valid"):
        LossDefinition("hole", True, False, (("valid", 1.0), ("valid", 1.0)))
