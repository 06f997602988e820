"""Sheets of pictures of a training step: one row for each image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
import torch.nn.functional as F
from torch import Tensor

from bokwon.nn.losses.terms import make_composite

__all__ = ["mask_sheet", "picture_sheet"]

Pixels: TypeAlias = npt.NDArray[np.uint8]

_SHOWN = 4
_SIDE, _MASK_SIDE = 256, 128
_GAP, _HEAD = 4, 20
_HOLE = (0.85, 0.1, 0.35)
"""A colour that is rare on paper and in photographs."""


def picture_sheet(image: Tensor, valid: Tensor, output: Tensor) -> Pixels:
    """Show input, output, composite and truth beside each other.

    Args:
        image: (N, 3, H, W) in [0, 1], the truth. The first four are shown.
        valid: (N, 1, H, W), 1 where a pixel is known.
        output: (N, 3, H, W).

    Returns:
        uint8 (H', W', 3), a row for each image; holes of the input are red.
    """
    image, valid, output = (part[:_SHOWN].detach().float().cpu() for part in (image, valid, output))
    hole = image.new_tensor(_HOLE).view(1, 3, 1, 1).expand_as(image)
    output = output.clamp(0, 1)
    columns = {
        "input": make_composite(hole, image, valid),
        "output": output,
        "composite": make_composite(output, image, valid),
        "truth": image,
    }
    return _sheet({name: _pixels(column, _SIDE, "area") for name, column in columns.items()})


def mask_sheet(valid: Tensor, masks: Mapping[str, Tensor]) -> Pixels:
    """Show how the holes of the mask close from layer to layer.

    Args:
        valid: (N, 1, H, W), 1 where a pixel is known. The first four are shown.
        masks: Masks (N, 1, h, w) by the layer that hands them on, in order.

    Returns:
        uint8 (H', W', 3), a row for each mask, black in holes; the mask of each layer is drawn in its own
        pixels, enlarged.
    """
    columns = {"input": valid, **masks}
    return _sheet({name: _pixels(column[:_SHOWN], _MASK_SIDE, "nearest") for name, column in columns.items()})


def _pixels(images: Tensor, side: int, how: str) -> list[Pixels]:
    images = images.detach().float().cpu()
    if how == "nearest" or images.shape[2] > side:
        images = F.interpolate(images, (side, side), mode=how)
    images = images.expand(-1, 3, -1, -1).permute(0, 2, 3, 1)
    pixels: npt.NDArray[np.uint8] = (images * 255).round().numpy().astype(np.uint8)
    return list(pixels)


def _sheet(columns: Mapping[str, Sequence[Pixels]]) -> Pixels:
    first = next(iter(columns.values()))
    height, width = first[0].shape[:2]
    size = (_HEAD + len(first) * (height + _GAP), len(columns) * (width + _GAP) + _GAP, 3)
    # Neither black nor white, so that masks and pages stand out.
    sheet = np.full(size, 96, np.uint8)
    for number, (name, column) in enumerate(columns.items()):
        left = _GAP + number * (width + _GAP)
        cv2.putText(sheet, name, (left, _HEAD - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255,) * 3, 1, cv2.LINE_AA)
        for row, picture in enumerate(column):
            top = _HEAD + row * (height + _GAP)
            sheet[top : top + height, left : left + width] = picture
    return sheet
