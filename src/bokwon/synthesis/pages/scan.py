"""Deformation of a page, and effects of a camera or scanner: blur, noise, tone, JPEG."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bokwon.synthesis.noise import smooth_noise

__all__ = ["Bend", "Scan", "capture", "move_boxes", "remap"]

Field = NDArray[np.float32]


@dataclass(frozen=True)
class Bend:
    """A slight turn about the middle plus smooth waves, coarse ones of the paper and fine ones of the hand.

    Attributes:
        angle: Turn in degrees, counter-clockwise.
        wave: Standard deviation of the slow displacement in pixels (a page that does not lie flat).
        warp: Standard deviation of the displacement that gives every character its own shape, in pixels.
        cell: Correlation length of that displacement in pixels.
    """

    angle: float = 0.0
    wave: float = 0.0
    warp: float = 0.0
    cell: float = 24.0

    def page_map(self, rng: np.random.Generator, height: int, width: int) -> tuple[Field, Field]:
        """Return where every pixel of the bent page comes from: x and y, each `(height, width)`."""
        turn = np.deg2rad(self.angle)
        cosine, sine = float(np.cos(turn)), float(np.sin(turn))
        x = np.arange(width, dtype=np.float32)[None] - (width - 1) / 2
        y = np.arange(height, dtype=np.float32)[:, None] - (height - 1) / 2
        map_x = np.asarray(cosine * x - sine * y + (width - 1) / 2, np.float32)
        map_y = np.asarray(sine * x + cosine * y + (height - 1) / 2, np.float32)
        if self.wave > 0:
            map_x += self.wave * smooth_noise(rng, height, width, max(height, width) / 2.5)
            map_y += self.wave * smooth_noise(rng, height, width, max(height, width) / 2.5)
        return map_x, map_y

    def writing_map(self, rng: np.random.Generator, page_map: tuple[Field, Field]) -> tuple[Field, Field]:
        """Return the same for what is written by hand or carved: the page's map, disturbed once more."""
        if self.warp <= 0:
            return page_map
        height, width = page_map[0].shape
        # The form of a character departs as a whole, its strokes a little more.
        parts = [(self.warp, self.cell), (0.22 * self.warp, max(3.0, 0.22 * self.cell))]
        if self.cell > 40:
            # Large characters show the roughness of the edge too.
            parts.append((0.14 * self.warp, 0.06 * self.cell))
        moved = []
        for axis in page_map:
            disturbed = axis.copy()
            for amount, cell in parts:
                disturbed += amount * smooth_noise(rng, height, width, cell)
            moved.append(disturbed)
        return moved[0], moved[1]


@dataclass(frozen=True)
class Scan:
    """How a page was digitised.

    Attributes:
        blur: Standard deviation of the blur in pixels.
        noise: Standard deviation of the sensor's noise in grey levels.
        quality: JPEG quality, 0 for none.
        mode: `colour`, `gray`, or `bitonal` (microfilm and photocopy facsimiles).
        gain: Factor of red, green and blue.
    """

    blur: float = 0.5
    noise: float = 2.0
    quality: int = 85
    mode: str = "colour"
    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)

    @classmethod
    def draw(cls, rng: np.random.Generator, bitonal: float = 0.04) -> Scan:
        """Draw the settings of a scanner. `bitonal` is the chance of a black and white copy."""
        red, green, blue = np.clip(rng.normal(1, 0.008, 3) * rng.normal(1, 0.02), 0.92, 1.05).tolist()
        return cls(
            blur=float(rng.uniform(0.3, 0.9)),
            noise=float(rng.gamma(2, 0.7)),
            quality=int(rng.integers(65, 97)) if rng.random() < 0.8 else 0,
            mode=str(rng.choice(["colour", "gray", "bitonal"], p=[0.9 - bitonal, 0.1, bitonal])),
            gain=(red, green, blue),
        )


def capture(rng: np.random.Generator, image: Field, scan: Scan) -> NDArray[np.uint8]:
    """Digitise a page.

    Args:
        rng: Random generator.
        image: RGB `(H, W, 3)` in grey levels around [0, 255].
        scan: The scanner.

    Returns:
        RGB `(H, W, 3)`.
    """
    height, width = image.shape[:2]
    if scan.blur > 0:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), scan.blur), np.float32)
    if scan.mode == "bitonal":
        return _copy_bitonal(rng, image)
    image = image * np.asarray(scan.gain, np.float32)
    if scan.noise > 0:
        # Mostly brightness, and a coarser noise of colour left by the sensor's interpolation.
        level = scan.noise * smooth_noise(rng, height, width, 1.0)
        tint = 0.4 * scan.noise * smooth_noise(rng, height, width, 2.0)
        image += cv2.merge([level + tint, level, level - tint])
    pixels = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    if scan.mode == "gray":
        gray = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        pixels = np.asarray(cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB), np.uint8)
    if scan.quality:
        packed = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, scan.quality])[1]
        pixels = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)[..., ::-1]
    return np.ascontiguousarray(pixels)


def move_boxes(boxes: NDArray[np.int64], source: tuple[Field, Field]) -> NDArray[np.int64]:
    """Move boxes with a deformed page.

    Args:
        boxes: Left, top, right, bottom, `(N, 4)`, within the page.
        source: Where every pixel of the bent page comes from, x and y, each `(H, W)`.

    Returns:
        Boxes around the bent ones, `(N, 4)`, within the page and at least one pixel wide and high.
    """
    map_x, map_y = source
    height, width = map_x.shape
    if not len(boxes):
        return boxes
    goal = np.stack([boxes[:, [0, 2, 2, 0]], boxes[:, [1, 1, 3, 3]]], -1).astype(np.float64)
    points = goal.copy()
    # The maps say where a pixel comes from; a few fixed-point steps turn that round.
    for _ in range(3):
        columns = np.clip(points[..., 0], 0, width - 1).astype(np.int64)
        rows = np.clip(points[..., 1], 0, height - 1).astype(np.int64)
        points[..., 0] = goal[..., 0] - (map_x[rows, columns] - columns)
        points[..., 1] = goal[..., 1] - (map_y[rows, columns] - rows)
    low = np.clip(np.floor(points.min(1) - 0.5), 0, (width - 1, height - 1))
    high = np.clip(np.ceil(points.max(1) + 0.5), low + 1, (width, height))
    return np.concatenate([low, high], axis=1).astype(np.int64)


def remap(layer: NDArray[np.uint8], source: tuple[Field, Field], outside: int = 0) -> Field:
    """Deform a layer of coverage, 0-255, by a map of source positions. Return coverage in [0, 1]."""
    bent = cv2.remap(layer, source[0], source[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=outside)
    return np.asarray(bent * np.float32(1 / 255), np.float32)


def _copy_bitonal(rng: np.random.Generator, image: Field) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    gray = image.mean(-1) + 2 * smooth_noise(rng, height, width, 1.3)
    level = np.clip(gray, 0, 255).astype(np.uint8)
    # Halfway between paper and ink, give or take the hand at the dial; a blank page has no ink to go by.
    split, _ = cv2.threshold(level, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    above, below = gray[level > split], gray[level <= split]
    paper = float(above.mean()) if above.size else float(gray.mean())
    ink = float(below.mean()) if below.size else paper
    threshold = (paper + min(ink, paper - 80)) / 2 + float(rng.normal(0, 6))
    crisp = np.clip((gray - threshold) * 0.12 + 0.5, 0, 1) * 255
    return np.repeat(crisp.astype(np.uint8)[..., None], 3, axis=-1)
