"""Any picture as 8-bit RGB."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

__all__ = ["to_rgb"]


def to_rgb(image: Image.Image) -> npt.NDArray[np.uint8]:
    """Convert any Pillow image to 8-bit RGB, upright, on a white background.

    Args:
        image: An opened image.

    Returns:
        uint8 (H, W, 3).
    """
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        # 16 bits as they are in scans; Pillow itself would clip them to 255.
        values = np.asarray(image).astype(np.float32)
        top = 65535.0 if float(values.max()) > 255 else 255.0
        gray = np.clip(values * (255 / top), 0, 255).round().astype(np.uint8)
        return np.repeat(gray[..., None], 3, -1)
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(image.convert("RGB"))
