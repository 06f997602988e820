"""Seals of collectors and stamps of offices."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from bokwon.synthesis.pages.canvas import Canvas
from bokwon.synthesis.pages.writer import Writer

__all__ = ["stamp_seal"]

_SIGNS = "之印信藏書章堂齋金李朴文山玉"


def stamp_seal(rng: np.random.Generator, canvas: Canvas, writer: Writer, height: float, width: float) -> None:
    """Draw a seal on a page of `height` x `width` pixels: a square with four characters, or the oval of an office."""
    side = int(np.clip(writer.size * float(rng.uniform(1.8, 4.5)), 24, 0.35 * min(height, width) + 24))
    square = "hanja" in writer.hand.fonts and (writer.hand.style.vertical or rng.random() < 0.3)
    image = _square_seal(rng, writer, side) if square else _oval_stamp(rng, side)
    turn = cv2.getRotationMatrix2D((image.shape[1] / 2, image.shape[0] / 2), float(rng.normal(0, 4)), 1.0)
    turned = cv2.warpAffine(image, turn, (image.shape[1], image.shape[0]), flags=cv2.INTER_LINEAR)
    x, y = rng.uniform(0.08, 0.92, 2).tolist()
    canvas.stamp(np.asarray(turned, np.uint8), x * width, y * height)


def _square_seal(rng: np.random.Generator, writer: Writer, side: int) -> NDArray[np.uint8]:
    # Drawn large and brought down to size, so that strokes and border are smooth.
    large = 240
    border, cell = int(rng.integers(8, 18)), 92
    image = np.zeros((large, large), np.uint8)
    cv2.rectangle(image, (border, border), (large - border, large - border), 255, border)
    font = writer.hand.fonts["hanja"][0]
    signs = [sign for sign in _SIGNS if font.inks(sign)]
    for place in range(4 if signs else 0):
        sign, _, _ = font.glyph(signs[int(rng.integers(len(signs)))], 90)
        # Seal script fills its square, in strokes of even thickness.
        body = cv2.dilate(cv2.resize(sign, (cell - 12, cell - 8)), np.ones((int(rng.integers(3, 8)),) * 2, np.uint8))
        y, x = 28 + (place % 2) * cell + 4, 28 + (1 - place // 2) * cell + 6
        image[y : y + body.shape[0], x : x + body.shape[1]] = body
    if rng.random() < 0.35:
        inside = image[border:-border, border:-border]
        inside[:] = 255 - inside
    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def _oval_stamp(rng: np.random.Generator, side: int) -> NDArray[np.uint8]:
    large, middle = 320, 160
    image = np.zeros((large, large), np.uint8)
    squeeze = float(rng.uniform(0.62, 1.0))
    for part, thick in ((0.92, 6), (0.84, 3), (0.5, 3)):
        axes = (int(middle * part), int(middle * part * squeeze))
        cv2.ellipse(image, (middle, middle), axes, 0, 0, 360, 255, thick, cv2.LINE_AA)
    # A ring of short strokes, like a legend that is too small to be read.
    for angle in np.arange(0, 2 * np.pi, 0.13).tolist():
        for _ in range(2):
            direction = angle + float(rng.normal(0, 0.03))
            near, far = float(rng.uniform(0.56, 0.64)), float(rng.uniform(0.68, 0.77))
            ends = [
                (int(middle * (1 + part * np.cos(direction))), int(middle * (1 + part * squeeze * np.sin(direction))))
                for part in (near, far)
            ]
            cv2.line(image, ends[0], ends[1], 255, 5, cv2.LINE_AA)
    cv2.circle(image, (middle, middle), int(0.16 * large * squeeze), 255, 5, cv2.LINE_AA)
    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
