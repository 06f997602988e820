"""Pictures small enough to be made on the spot, and runs of a few seconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch", reason="training needs PyTorch, which is in bokwon[train]")
pytest.importorskip("accelerate", reason="training needs accelerate, which is in bokwon[train]")

from bokwon.nn.unet import UNetConfig
from bokwon.training.config import DataConfig, LossConfig, OptimizerConfig, TrainConfig


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of six smooth pictures, two of them in a folder below."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for number in range(6):
        below = folder / "below" if number > 3 else folder
        below.mkdir(exist_ok=True)
        small = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(small).resize((80, 64), Image.Resampling.BICUBIC).save(below / f"{number}.png")
    return folder


@pytest.fixture
def tiny(pictures: Path) -> Callable[..., TrainConfig]:
    """Make a run of a network of 3 levels on 32 pixel crops; keywords change it."""

    def make(data: dict[str, Any] | None = None, **changes: Any) -> TrainConfig:
        values: dict[str, Any] = {
            "network": UNetConfig(levels=3, width=4),
            "data": DataConfig(**{"images": (str(pictures),), "crop": 32, "workers": 0, **(data or {})}),
            "loss": LossConfig(features="none"),
            "optimizer": OptimizerConfig(name="adam", learning_rate=2e-3, warmup=0, schedule="constant", ema=0.9),
            "steps": 6,
            "batch": 2,
            "precision": "fp32",
            "tensorboard": False,
        }
        return TrainConfig(**{**values, **changes})

    return make
