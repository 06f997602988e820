"""A decoded page as the browser shows it: upright, 8-bit sRGB, cut into deep-zoom tiles."""

from __future__ import annotations

import io
import math
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ImageCms

from bokwon.image_io.modes import to_pillow
from bokwon.image_io.page import Page
from bokwon.types import Pixels

__all__ = ["TILE", "ShownPage", "encode_tile", "finest_level", "level_size"]

TILE = 512
"""Side of a tile in pixels; tiles do not overlap."""
_TRUE_LEVELS = 2
"""How many of the finest levels are sent without loss."""
_QUALITY = 90


def finest_level(size: tuple[int, int]) -> int:
    """Return the number of the level of full size. Level 0 is a single pixel."""
    return math.ceil(math.log2(max(size)))


def level_size(size: tuple[int, int], level: int) -> tuple[int, int]:
    """Return width and height of a level; each is half of the next finer one, rounded up."""
    step = 1 << (finest_level(size) - level)
    return -(-size[0] // step), -(-size[1] // step)


class ShownPage:
    """A decoded page with smaller copies, which are made when they are first asked for.

    Args:
        page: The page. After a change of its samples, call `update`.

    Attributes:
        page: The same.
        size: Width and height as viewers show it.
        lock: To be held while samples are changed.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.upright = page.upright
        self.size = self.upright.size(page.size)
        self.lock = threading.RLock()
        self._smaller: list[NDArray[np.uint8]] = []
        self._profile = _transform(page)

    @property
    def nbytes(self) -> int:
        """Bytes that the page takes, with all its smaller copies."""
        eight_bits = self.page.pixels.size
        return self.page.pixels.nbytes + eight_bits // 3

    def tile(self, level: int, column: int, row: int) -> NDArray[np.uint8] | None:
        """Return a tile, (h, w) or (h, w, 3); None where the page has none.

        Args:
            level: See `finest_level`.
            column: From the left, from 0.
            row: From the top, from 0.
        """
        if not 0 <= level <= finest_level(self.size):
            return None
        width, height = level_size(self.size, level)
        left, top = column * TILE, row * TILE
        if not (0 <= left < width and 0 <= top < height):
            return None
        return self.window(finest_level(self.size) - level, (left, top, left + TILE, top + TILE))

    def window(self, halvings: int, box: tuple[int, int, int, int]) -> NDArray[np.uint8]:
        """Return a part of the page, (h, w) or (h, w, 3), at a size that was halved several times.

        Args:
            halvings: 0 for full size.
            box: Left, top, right, bottom in pixels of that size; pixels outside the page are left out.
        """
        left, top, right, bottom = box
        with self.lock:
            samples = self.upright.apply(self._level(halvings))[top:bottom, left:right]
            return self._shown(np.ascontiguousarray(samples))

    def small(self, longest: int) -> NDArray[np.uint8]:
        """Return the whole page, scaled so that its longer side has at most the given number of pixels."""
        import cv2

        halvings = 0
        while max(self.size) >> (halvings + 1) >= longest:
            halvings += 1
        picture = self.window(halvings, (0, 0, *self.size))
        height, width = picture.shape[:2]
        scale = longest / max(height, width)
        if scale >= 1:
            return picture
        wanted = max(1, round(width * scale)), max(1, round(height * scale))
        return np.asarray(cv2.resize(picture, wanted, interpolation=cv2.INTER_AREA), np.uint8)

    def update(self, box: tuple[int, int, int, int]) -> None:
        """Update the smaller copies where samples were changed.

        Args:
            box: Left, top, right, bottom in stored pixels.
        """
        left, top, right, bottom = box
        with self.lock:
            above: Pixels = self.page.pixels
            for copy in self._smaller:
                left, top, right, bottom = left // 2, top // 2, -(-right // 2), -(-bottom // 2)
                copy[top:bottom, left:right] = _halved(above[2 * top : 2 * bottom, 2 * left : 2 * right])
                above = copy

    def _level(self, halvings: int) -> Pixels:
        while len(self._smaller) < halvings:
            self._smaller.append(_halved(self._smaller[-1] if self._smaller else self.page.pixels))
        return self._smaller[halvings - 1] if halvings else self.page.pixels

    def _shown(self, samples: Pixels) -> NDArray[np.uint8]:
        """Turn samples of the page's mode into gray or RGB for screens."""
        mode = self.page.mode
        if samples.dtype == np.bool_:
            samples = samples.astype(np.uint8) * np.uint8(255)
        elif samples.dtype == np.uint16:
            samples = (samples >> 8).astype(np.uint8)
        if mode in ("1", "L") and samples.ndim == 3:
            samples = samples[..., 0]
        opacity = None
        if mode in ("LA", "RGBA"):
            opacity = samples[..., -1:].astype(np.uint16)
            samples = np.ascontiguousarray(samples[..., 0] if mode == "LA" else samples[..., :3])
        plain = {"1": "L", "LA": "L", "RGBA": "RGB"}.get(mode, mode)
        if self._profile is not None:
            picture: Any = ImageCms.applyTransform(to_pillow(samples, plain), self._profile)
            samples = np.array(picture)
        elif plain == "CMYK":
            samples = np.array(to_pillow(samples, "CMYK").convert("RGB"))
        if opacity is None:
            return samples
        # On white, as on paper.
        colours = samples if samples.ndim == 3 else samples[..., None]
        mixed = (colours * opacity + 255 * (255 - opacity) + 127) // 255
        return mixed.astype(np.uint8) if samples.ndim == 3 else mixed[..., 0].astype(np.uint8)


def _halved(samples: Pixels) -> NDArray[np.uint8]:
    """Return samples at half the size, rounded up, of 8 bits: means of squares of 2 x 2 pixels."""
    import cv2

    if samples.dtype == np.bool_:
        samples = samples.astype(np.uint8) * np.uint8(255)
    height, width = samples.shape[:2]
    if height % 2 or width % 2:
        samples = cv2.copyMakeBorder(samples, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    half = cv2.resize(samples, (-(-width // 2), -(-height // 2)), interpolation=cv2.INTER_AREA)
    samples = np.asarray(half)
    return np.asarray(samples >> 8 if samples.dtype == np.uint16 else samples, np.uint8)


def _transform(page: Page) -> ImageCms.ImageCmsTransform | None:
    """Return what turns a page's colours into sRGB; None where they are it, or its profile cannot be used."""
    if not page.metadata.icc:
        return None
    plain = {"1": "L", "LA": "L", "RGBA": "RGB"}.get(page.mode, page.mode)
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(page.metadata.icc))
        if plain == "RGB" and ImageCms.getProfileDescription(profile).strip().lower().startswith("srgb"):
            return None
        return ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), plain, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        # Of another kind of colours than the page, or damaged: viewers show such a page without it, too.
        return None


def encode_tile(picture: NDArray[np.uint8], *, lossless: bool) -> tuple[bytes, str]:
    """Return a picture, (h, w) or (h, w, 3), as a file, and its media type: PNG, or JPEG of quality 90."""
    import cv2

    colours = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    if lossless:
        _, data = cv2.imencode(".png", colours, [cv2.IMWRITE_PNG_COMPRESSION, 1])
        return data.tobytes(), "image/png"
    _, data = cv2.imencode(".jpg", colours, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return data.tobytes(), "image/jpeg"


def is_true(size: tuple[int, int], level: int) -> bool:
    """Return whether tiles of a level are sent without loss."""
    return level > finest_level(size) - _TRUE_LEVELS
