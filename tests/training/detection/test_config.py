"""Configurations of the damage detector: the preset, files, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from bokwon.errors import ArgumentError
from bokwon.training.detection import DetectionConfig, ScenesConfig
from bokwon.training.load_config import load, override, preset


def test_the_preset_is_what_a_file_changes(tmp_path: Path) -> None:
    chosen = preset("detect")
    assert isinstance(chosen, DetectionConfig)
    assert chosen.network.classes == 10
    (tmp_path / "mine.toml").write_text('kind = "detection"\nsteps = 7\n')
    mine = load(tmp_path / "mine.toml")
    assert isinstance(mine, DetectionConfig)
    assert (mine.steps, mine.crop) == (7, chosen.crop)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ("crop=100", "crop is 100"),
        ("crop=480", "more than a scene's 448 pixels"),
        ("steps=0", "steps is 0"),
        ("keep=0", "keep is 0"),
        ("ema=1.0", "ema is out of range"),
        ("line_weight=0.0", "line_weight"),
        ("learning_rate=0.0", "learning_rate"),
        ("workers=-1", "workers"),
        ("scenes.count=0", r"scenes\.count is 0"),
        ("scenes.size=63", r"scenes\.size 63"),
    ],
)
def test_values_out_of_range_are_refused_by_name(wrong: str, word: str) -> None:
    with pytest.raises(ArgumentError, match=word) as caught:
        override(DetectionConfig(), [wrong])
    assert caught.value.fix


def test_the_least_that_can_be_asked_for_is_taken() -> None:
    least = DetectionConfig(scenes=ScenesConfig(count=1, size=64), steps=1, batch=1, crop=64, warmup=0, ema=0.0)
    assert (least.crop, least.scenes.size) == (64, 64)
