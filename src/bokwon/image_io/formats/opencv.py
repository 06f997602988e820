"""OpenCV in the place of Pillow: 16-bit colour, for which Pillow has no mode, and 8-bit RGB, read faster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import InputFileError
from bokwon.types import Pixels

__all__ = ["decode_eight_bits", "decode_sixteen_bits", "encode"]


def decode_sixteen_bits(name: str, data: bytes, high_bytes: Pixels) -> NDArray[np.uint16]:
    """Decode a file of which Pillow returns only the high bytes, and compare both results.

    Args:
        name: Name in messages.
        data: The file.
        high_bytes: What Pillow gives, (H, W, 3 or 4) uint8.

    Raises:
        InputFileError: The two decoders do not agree.
    """
    decoded = _quietly(data, unchanged=True)
    channels = high_bytes.shape[-1]
    if decoded is not None and decoded.ndim == 3 and decoded.shape[-1] >= channels and decoded.dtype == np.uint16:
        order = [2, 1, 0, 3][:channels]
        pixels: NDArray[np.uint16] = np.ascontiguousarray(decoded[..., order])
        if pixels.shape == high_bytes.shape and np.array_equal(pixels >> 8, high_bytes):
            return pixels
    raise InputFileError(
        f"{name} stores 16-bit colour in a way that Pillow and OpenCV read differently",
        "save it as a 16-bit RGB PNG, or as TIFF with contiguous channels and unassociated alpha",
    )


def decode_eight_bits(data: bytes) -> NDArray[np.uint8] | None:
    """Decode a file to RGB of 8 bits, (H, W, 3), not turned upright; None if OpenCV does not read it.

    Args:
        data: The file.
    """
    import cv2

    decoded = _quietly(data, unchanged=False)
    return None if decoded is None else np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB, dst=decoded), np.uint8)


def _quietly(data: bytes, *, unchanged: bool) -> NDArray[Any] | None:
    import cv2

    # Where the switch is depends on OpenCV's release.
    log: Any = getattr(cv2.utils, "logging", cv2)
    level = log.getLogLevel()
    log.setLogLevel(0)
    flags = cv2.IMREAD_UNCHANGED if unchanged else cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    finally:
        log.setLogLevel(level)


def encode(extension: str, pixels: Pixels, settings: Sequence[int] = ()) -> bytes:
    """Encode gray, RGB or RGBA of 16 bits.

    Args:
        extension: That of the format, `.png` or `.tiff`.
        pixels: (H, W) or (H, W, 3 or 4) uint16.
        settings: OpenCV's, number and value in turn.
    """
    import cv2

    samples = np.ascontiguousarray(pixels)
    if samples.ndim == 3:
        samples = cv2.cvtColor(samples, cv2.COLOR_RGBA2BGRA if samples.shape[-1] == 4 else cv2.COLOR_RGB2BGR)
    done, encoded = cv2.imencode(extension, samples, settings)
    if not done:
        raise OSError(f"OpenCV could not encode the image as {extension[1:].upper()}")
    return encoded.tobytes()
