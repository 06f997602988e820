"""Scenes that are made once for all tests here, and a run on them of a second."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs PyTorch, which is in bokwon[train]")

from bokwon.nn.segmentation import SegmentationConfig
from bokwon.training.detection import DetectionConfig, ScenesConfig, make_scenes


@pytest.fixture(scope="session")
def scenes_config() -> ScenesConfig:
    """What `scenes` are made from."""
    return ScenesConfig(count=3, size=96)


@pytest.fixture(scope="session")
def scenes(scenes_config: ScenesConfig, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Files of three scenes of 96 pixels a side."""
    return make_scenes(scenes_config, tmp_path_factory.mktemp("scenes"))


@pytest.fixture
def tiny(scenes: list[Path]) -> DetectionConfig:
    """Three steps of a small network on `scenes`."""
    return DetectionConfig(
        network=SegmentationConfig(widths=(4, 6, 8), decoder=(4, 4, 6), context=(1,)),
        scenes=ScenesConfig(folder=str(scenes[0].parent), count=3, size=96),
        steps=3,
        batch=2,
        crop=64,
        precision="fp32",
        workers=0,
        save_every=2,
    )
