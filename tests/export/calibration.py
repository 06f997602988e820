"""A small network and images with holes, to round to 8 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from PIL import Image

from bokwon.export.calibrate import Example
from bokwon.nn.unet import PConvUNet

__all__ = ["examples", "network"]


def network(base: str = "pullpush", *, width: int = 8, levels: int = 4, **options: Any) -> PConvUNet:
    """A small network whose normalisation has seen images, as a trained one's has."""
    torch.manual_seed(3)
    made = PConvUNet(levels=levels, width=width, base=base, **options)
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.ndim == 1:
                parameter.add_(torch.randn_like(parameter) * 0.3)
        for _ in range(20):
            made(torch.rand(2, 3, 64, 64), (torch.rand(2, 1, 64, 64) > 0.2).float())
    return made.eval()


def examples(count: int = 12, size: int = 96) -> list[Example]:
    """Smooth pictures with holes of every kind: thin, wide, and all but everything."""
    rng = np.random.default_rng(5)
    found = []
    for number in range(count):
        small = Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).resize((size, size))
        valid = np.ones((1, size, size), np.float32)
        side = 6 + number * size // (2 * count)
        top, left = rng.integers(0, size - side, 2)
        valid[:, top : top + side, left : left + side] = 0
        valid *= rng.random((1, size, size)) > 0.1
        found.append((np.asarray(small, np.float32).transpose(2, 0, 1) / 255, valid))
    return found
