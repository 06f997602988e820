"""The features of each encoder layer for one image, for `bokwon explain`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from bokwon.errors import ArgumentError
from bokwon.nn.lowpass import dense_evidence, masked_lowpass, masked_rms
from bokwon.training.checkpoint import load_network

__all__ = ["MAX_PIXELS", "encoder_features"]

MAX_PIXELS = 4_000_000
"""The features of a larger image would take more memory than a figure is worth."""


def encoder_features(weights: Path, image: NDArray[np.float32], hole: NDArray[np.bool_]) -> list[NDArray[np.float32]]:
    """Run the encoder of a network.

    Args:
        weights: A model file or a .safetensors file with its card beside it, or a checkpoint.
        image: (H, W, 3) in [0, 1]; values in the hole are ignored.
        hole: (H, W), True where pixels are missing.

    Returns:
        For each layer its features (C, h, w). Each side is half that of the layer before, rounded up. They are zero
        where the layer saw no known pixel.

    Raises:
        ArgumentError: The image is larger than `MAX_PIXELS`, or the network has no partial convolutions.
        BokwonError: The weights cannot be read.
    """
    if hole.size > MAX_PIXELS:
        raise ArgumentError(
            f"the image has {hole.size / 1e6:.1f} megapixels, too many for its features", "cut a piece out of it"
        )
    network = load_network(weights)[0].eval()
    config = network.config
    if config.layer != "partial":
        raise ArgumentError(
            f"{weights.name} has layers without masks (network.layer={config.layer!r})", "leave out --features"
        )
    border = (0, -hole.shape[1] % config.multiple, 0, -hole.shape[0] % config.multiple)
    valid = F.pad(torch.from_numpy(~hole).float()[None, None], border)
    pixels = F.pad(torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))[None], border) * valid
    if config.base != "none":
        valid = dense_evidence(valid)
        pixels = pixels * valid
        residual = (pixels - masked_lowpass(pixels, valid)) * valid
        pixels = residual / masked_rms(residual, valid)
    elif config.normalizes:
        pixels = network.normalize(pixels) * valid
    found = []
    height, width = hole.shape
    with torch.no_grad():
        features, mask = pixels, valid
        for encode in network.encoder:
            features, mask = encode(features, mask)
            height, width = -(-height // 2), -(-width // 2)
            found.append(features[0, :, :height, :width].numpy())
    return found
