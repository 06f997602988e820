"""Pictures that are drawn where none are given: shading, shapes, stripes and letters."""

from __future__ import annotations

import functools

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from bokwon.synthesis.noise import smooth_noise

__all__ = ["draw_glyph", "draw_picture"]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SHAPES = 7


def draw_picture(rng: np.random.Generator, side: int) -> NDArray[np.uint8]:
    """Draw a picture: a shaded ground, overlapping shapes, some of them striped, and words.

    Args:
        rng: Random generator; the same state gives the same picture.
        side: Pixels.

    Returns:
        RGB (side, side, 3).
    """
    ground = np.stack([smooth_noise(rng, side, side, side / 3) for _ in range(3)], -1)
    pixels = 128 + 40 * ground + rng.uniform(-50, 50, 3)
    rows, columns = np.mgrid[0:side, 0:side]
    for _ in range(_SHAPES):
        shape = np.zeros((side, side), np.uint8)
        centre = rng.uniform(0, side, 2)
        if rng.random() < 0.5:
            axes = rng.uniform(0.16, 0.7, 2) * side
            cv2.ellipse(shape, (centre.tolist(), axes.tolist(), float(rng.uniform(0, 180))), 1, -1)
        else:
            corners = centre + rng.uniform(-0.4, 0.4, (4, 2)) * side
            cv2.fillPoly(shape, [cv2.convexHull(corners.astype(np.int32))], 1)
        colour = rng.uniform(20, 235, 3)
        angle, period = rng.uniform(0, np.pi), rng.uniform(5, 14)
        wave = np.sin((rows * np.sin(angle) + columns * np.cos(angle)) * 2 * np.pi / period)
        strength = rng.choice([0.0, 0.0, 45.0])
        inside = shape > 0
        pixels[inside] = (colour + strength * wave[..., None])[inside]
    pixels += rng.normal(0, 3, (side, side, 1))
    picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    brush = ImageDraw.Draw(picture)
    for _ in range(2):
        word = "".join(rng.choice(list(_LETTERS), int(rng.integers(3, 7))))
        place = tuple(float(value) for value in rng.uniform(0, 0.7 * side, 2))
        ink = tuple(int(value) for value in rng.integers(0, 256, 3))
        brush.text((place[0], place[1]), word, ink, font=_font(round(float(rng.uniform(12, 26)))))
    return np.asarray(picture, np.uint8)


def draw_glyph(rng: np.random.Generator, character: str, side: int) -> NDArray[np.uint8]:
    """Draw a character on a shaded ground, turned, moved and scaled at random; it may reach over the border.

    Args:
        rng: Random generator.
        character: One character.
        side: Pixels.

    Returns:
        Gray (side, side).
    """
    canvas = Image.new("L", (2 * side, 2 * side), 0)
    size = round(float(rng.uniform(0.75, 1.0)) * side)
    middle = side + rng.uniform(-0.2, 0.2, 2) * side
    ImageDraw.Draw(canvas).text((float(middle[0]), float(middle[1])), character, 255, font=_font(size), anchor="mm")
    turned = canvas.rotate(float(rng.uniform(-10, 10)), Image.Resampling.BILINEAR)
    half = side // 2
    coverage = np.asarray(turned.crop((half, half, half + side, half + side)), np.float32) / 255
    paper, ink = rng.uniform(0.6, 0.95), rng.uniform(0, 0.25)
    shaded = paper + 0.06 * smooth_noise(rng, side, side, side / 2)
    noisy = shaded + (ink - paper) * coverage + rng.normal(0, 0.05, (side, side))
    return np.asarray(np.clip(255 * noisy, 0, 255), np.uint8)


@functools.cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    # Pillow's own: it is the same on every machine.
    return ImageFont.load_default(size)
