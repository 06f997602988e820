"""How far the evidence of each filled pixel lies: at which level of the network the shrinking mask first reaches it.

A partial convolution calls a window known as soon as one pixel in it is, so holes shrink from layer to layer. Which
layer closes them depends on the mask and the kernels alone, and needs no network.

Source: Liu et al., ECCV 2018, equation 2 (the update of the mask).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import InputFileError
from bokwon.inpaint.models import Model
from bokwon.inpaint.residual_scale import dense_evidence
from bokwon.inpaint.runtime_facts import LowPass
from bokwon.types import Hole

__all__ = ["KERNELS", "Encoder", "encoder_of", "evidence_levels", "shrink_hole"]

KERNELS = (7, 5, 5, 3, 3, 3, 3)
"""Kernel sizes of an encoder of seven layers, which counts where no model says its own; every layer strides by 2."""

_FIRST, _REST = KERNELS[:3], 3
_MOST_LAYERS = 16


@dataclass(frozen=True)
class Encoder:
    """The layers that shrink a mask.

    Attributes:
        kernels: Odd kernel sizes, one for each layer.
        source: Where the kernel sizes come from, in words.
        dense: Selects the known pixels that count as evidence; None for all of them. Networks with a low-pass ignore
            pixels that are nearly alone in a hole.
    """

    kernels: tuple[int, ...] = KERNELS
    source: str = "default: no model says its own"
    dense: LowPass | None = None


def encoder_of(model: Model | None) -> Encoder:
    """Return the encoder that a model's card describes.

    A card may have `kernels`, at the top level or under `network`: a list of odd numbers. Otherwise it has the `levels`
    of a `PConvUNet`, whose kernels are 7, 5, 5 and then 3. The model's `RuntimeFacts` say whether lone pixels are
    evidence.

    Args:
        model: The model; None for a classical method.

    Raises:
        InputFileError: The card's entry has an invalid value.
    """
    if model is None:
        return Encoder(source="default: a classical method has no layers")
    card = model.card or {}
    network = card.get("network", card.get("architecture"))
    network = network if isinstance(network, Mapping) else {}
    kernels: Any = network.get("kernels", card.get("kernels"))
    dense = model.facts.lowpass
    if kernels is not None:
        fit = isinstance(kernels, list) and 0 < len(kernels) <= _MOST_LAYERS
        if not fit or not all(type(size) is int and 0 < size < 100 and size % 2 for size in kernels):
            raise InputFileError(
                f"the card of model {model.name} has kernels that are no list of odd numbers", "export the model anew"
            )
        return Encoder(tuple(kernels), "kernels on the model's card", dense)
    levels = network.get("levels")
    if type(levels) is int and 0 < levels <= _MOST_LAYERS:
        sizes = (*_FIRST, *[_REST] * levels)[:levels]
        return Encoder(sizes, f"{levels} levels on the model's card, with the kernels of a PConvUNet", dense)
    lack = "has no card" if model.card is None else "has a card that does not tell"
    return Encoder(source=f"default: model {model.name} {lack}", dense=dense)


def shrink_hole(missing: Hole, kernels: tuple[int, ...] = KERNELS, *, dense: LowPass | None = None) -> list[Hole]:
    """Return the pixels that are still missing after each layer.

    Args:
        missing: (H, W), True where pixels are missing.
        kernels: Odd kernel sizes, one for each layer.
        dense: Removes known pixels that are nearly alone in a hole; None keeps them.

    Returns:
        One array for each layer. Each side is half that of the array before, rounded up.
    """
    import cv2

    found = []
    known = (dense_evidence(~missing, dense) if dense else ~missing).astype(np.uint8)
    for size in kernels:
        # What lies beyond the border is missing, as in the network.
        grown = cv2.dilate(known, np.ones((size, size), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
        known = np.ascontiguousarray(np.asarray(grown, np.uint8)[::2, ::2])
        found.append(known == 0)
    return found


def evidence_levels(
    missing: Hole, kernels: tuple[int, ...] = KERNELS, *, dense: LowPass | None = None
) -> NDArray[np.uint8]:
    """Return for each pixel the first layer in which it is known.

    Args:
        missing: (H, W), True where pixels are missing.
        kernels: Odd kernel sizes, one for each layer.
        dense: As in `shrink_hole`.

    Returns:
        (H, W): 0 where known, 1 to the number of layers where a layer reaches the pixel, one more where none does.
    """
    levels = np.zeros(missing.shape, np.uint8)
    levels[missing] = len(kernels) + 1
    waiting = missing.copy()
    for level, still in enumerate(shrink_hole(missing, kernels, dense=dense), 1):
        step = 1 << level
        at_full_size = still.repeat(step, axis=0)[: missing.shape[0]].repeat(step, axis=1)[:, : missing.shape[1]]
        levels[waiting & ~at_full_size] = level
        waiting &= at_full_size
    return levels
