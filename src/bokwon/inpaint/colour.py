"""Integer samples to the network's float RGB and back; which channels of a mode are filled together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokwon.types import Pixels

__all__ = [
    "PLANES",
    "Light",
    "as_float",
    "eight_bits",
    "from_network",
    "largest",
    "light_to_samples",
    "lightness",
    "put_samples",
    "samples_to_light",
    "to_network",
]

Light = NDArray[Any]
"""Samples as an engine sees them: uint8 or uint16 (H, W, C), bright is large, no alpha."""

PLANES: dict[str, tuple[tuple[int, ...], ...]] = {
    "1": ((0,),),
    "L": ((0,),),
    "LA": ((0,),),
    "RGB": ((0, 1, 2),),
    "RGBA": ((0, 1, 2),),
    # The coloured inks and black are filled separately, so that their split stays that of the print around the hole.
    "CMYK": ((0, 1, 2), (3,)),
}
"""Groups of channels that are filled as one picture, by mode. Alpha is in none: it is never changed."""

_QUOTIENTS = np.arange(256, dtype=np.float32) / np.float32(255)
# Rec. 601, the weights Pillow's own conversion to gray has.
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def largest(pixels: Pixels) -> int:
    """Return the sample value of full scale: 255, 65535, or 1 for 1-bit samples."""
    return 1 if pixels.dtype == np.bool_ else int(np.iinfo(pixels.dtype).max)


def samples_to_light(pixels: Pixels, mode: str) -> Light:
    """Return the samples as an engine sees them: (H, W, C), bright is large, no alpha, 8 or 16 bits.

    Args:
        pixels: Samples (H, W) or (H, W, C).
        mode: Their mode.
    """
    if mode == "1":
        return np.multiply(pixels[..., None], 255, dtype=np.uint8)
    stacked = pixels[..., None] if pixels.ndim == 2 else pixels
    if mode == "CMYK":
        # Ink is dark where the sample is large; the network knows bright paper.
        return np.asarray(largest(pixels) - stacked, pixels.dtype)
    return stacked[..., :-1] if mode in ("LA", "RGBA") else stacked


def eight_bits(light: Light) -> NDArray[np.uint8]:
    """Return light with 8 bits a sample, for what looks no closer."""
    return np.asarray(light if light.dtype == np.uint8 else light >> 8, np.uint8)


def as_float(light: Light) -> NDArray[np.float32]:
    """Return light in [0, 1], float32."""
    if light.dtype == np.uint8 and light.ndim == 3:
        import cv2

        # A table of 256 quotients is three times as fast as the quotients of all samples.
        return np.asarray(cv2.LUT(light, _QUOTIENTS), np.float32).reshape(light.shape)
    return np.asarray(light.astype(np.float32) / np.float32(np.iinfo(light.dtype).max))


def lightness(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of the channels of light, (H, W, C) to (H, W)."""
    import cv2

    channels = light.shape[-1]
    if channels == 1:
        return light[..., 0]
    # Ten times as fast as NumPy's mean over a last axis that is short.
    return np.asarray(cv2.transform(light, np.full((1, channels), 1.0 / channels, np.float32)), np.float32)


def light_to_samples(light: NDArray[np.float32], mode: str, dtype: np.dtype[Any]) -> Pixels:
    """Turn filled light back into samples, rounded to the nearest.

    Args:
        light: (..., C) in [0, 1]; what lies outside is clipped.
        mode: Mode of the samples.
        dtype: Their type: bool, uint8 or uint16.

    Returns:
        Samples (..., C), alpha not among them.
    """
    clipped = np.clip(light, 0.0, 1.0)
    if mode == "1":
        return np.asarray(clipped >= 0.5)
    if mode == "CMYK":
        clipped = 1.0 - clipped
    return np.asarray(np.rint(clipped * np.float32(np.iinfo(dtype).max)), dtype)


def put_samples(pixels: Pixels, hole: NDArray[np.bool_] | tuple[NDArray[np.intp], ...], samples: Pixels) -> None:
    """Write samples into the hole of a page; its alpha stays.

    Args:
        pixels: Samples (H, W) or (H, W, C); those outside the hole are not touched.
        hole: (H, W), N pixels; or rows and columns of the N pixels.
        samples: (N, C) from `light_to_samples`.
    """
    if pixels.ndim == 2:
        pixels[hole] = samples[..., 0]
    else:
        pixels[..., : samples.shape[-1]][hole] = samples


def to_network(light: Light, missing: NDArray[np.bool_]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Make the two inputs of a model file.

    Here, and where OpenVINO is given samples as they are, `hole` turns into `valid`.

    Args:
        light: (H, W, 1) or (H, W, 3) samples; gray is repeated to RGB.
        missing: (H, W), True where pixels are missing.

    Returns:
        `image` (1, 3, H, W) in [0, 1], zero where missing, and `valid` (1, 1, H, W), 1 where known.
    """
    valid = (~missing).astype(np.float32)
    image = np.empty((3, *missing.shape), np.float32)
    white = np.float32(np.iinfo(light.dtype).max)
    # Plane by plane: no copy of the image is made on the way.
    for channel in range(light.shape[-1]):
        np.divide(light[..., channel], white, out=image[channel])
        image[channel] *= valid
    image[light.shape[-1] :] = image[0]
    return image[None], valid[None, None]


def from_network(image: NDArray[np.float32], channels: int) -> NDArray[np.float32]:
    """Turn a model's output into light.

    Args:
        image: (1, 3, H, W).
        channels: 3, or 1 for the luma.

    Returns:
        (H, W, channels), not clipped.
    """
    light = image[0].transpose(1, 2, 0)
    return np.asarray((light @ _LUMA)[..., None] if channels == 1 else light, np.float32)
