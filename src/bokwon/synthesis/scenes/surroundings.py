"""Surroundings of a sheet on a scanner or table, and marks on a sound page that are not damage."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from bokwon.synthesis.damage.sheet import grain
from bokwon.synthesis.random_fields import Field, noise_field, smooth_outline

__all__ = ["draw_surroundings", "illustrate", "mark_sound", "place_sheet"]

Pixels = NDArray[np.uint8]

# Painted initials and pictures: red lead, vermilion, azurite, ultramarine, verdigris, ochre, gold, white, black.
_PIGMENTS = np.array(
    [
        (196, 78, 48),
        (176, 38, 40),
        (70, 104, 150),
        (44, 62, 130),
        (62, 120, 84),
        (178, 132, 62),
        (208, 172, 84),
        (236, 230, 214),
        (40, 34, 34),
    ],
    np.float64,
)


def draw_surroundings(rng: np.random.Generator, shape: tuple[int, int], textures: list[Pixels]) -> Pixels:
    """Draw a scanner bed, cloth, table or coloured card, sometimes with a ruler or colour chart.

    Args:
        rng: Source of randomness.
        shape: (H, W), pixels.
        textures: uint8 (h, w, 3) pictures of surfaces, at least as large as `shape`.

    Returns:
        uint8 (H, W, 3).
    """
    height, width = shape
    kind = rng.random()
    if kind < 0.3:
        tone = rng.uniform(2, 45) * np.ones(3)
    elif kind < 0.5:
        tone = rng.uniform(215, 255) * np.ones(3)
    elif kind < 0.88:
        tone = rng.uniform(60, 225) * np.ones(3) + rng.normal(0, 6, 3)
    else:
        tone = rng.uniform(20, 235, 3) * 0.6 + rng.uniform(20, 235) * 0.4
    field = 1 + rng.uniform(0, 0.06) * noise_field(rng, shape, 200, 2) + rng.uniform(0, 0.03) * grain(rng, shape)
    if rng.random() < 0.2:
        # Cloth: two crossing waves.
        pitch, turn = rng.uniform(3, 9), rng.uniform(0, math.pi)
        rows, columns = np.mgrid[:height, :width].astype(np.float32)
        first = np.sin((columns * math.cos(turn) + rows * math.sin(turn)) * 2 * math.pi / pitch)
        second = np.sin((-columns * math.sin(turn) + rows * math.cos(turn)) * 2 * math.pi / pitch)
        field = field * (1 + rng.uniform(0.02, 0.12) * first * second)
    image = np.clip(tone * np.asarray(field)[..., None], 0, 255).astype(np.uint8)
    if rng.random() < 0.2 and textures:
        picture = textures[int(rng.integers(len(textures)))]
        y, x = (int(rng.integers(0, side - need + 1)) for side, need in zip(picture.shape, shape, strict=False))
        image = picture[y : y + height, x : x + width].copy()
    if rng.random() < 0.15:
        _draw_chart(rng, image)
    return np.asarray(image, np.uint8)


def _draw_chart(rng: np.random.Generator, image: Pixels) -> None:
    """Draw a ruler or a row of colour patches, in place."""
    height, width = image.shape[:2]
    x, y, pitch = int(rng.integers(0, width)), int(rng.integers(0, height)), int(rng.integers(5, 40))
    upright = rng.random() < 0.5
    ruler = rng.random() < 0.5
    for step in range(int(rng.integers(5, 40))):
        a = (x, y + step * pitch) if upright else (x + step * pitch, y)
        if ruler:
            long = int(pitch * (1.5 if step % 5 else 3))
            b = (a[0] + long, a[1]) if upright else (a[0], a[1] + long)
            cv2.line(image, a, b, (0, 0, 0) if image.mean() > 110 else (255, 255, 255), 1 + int(pitch > 15))
        else:
            colour = rng.integers(0, 256, 3).tolist()
            cv2.rectangle(image, a, (a[0] + pitch, a[1] + pitch), colour, -1)


def place_sheet(rng: np.random.Generator, shape: tuple[int, int], unit: float) -> Field:
    """Draw the outline of a sheet, with one or two edges in the window. It may be worn or torn.

    Args:
        rng: Source of randomness.
        shape: (H, W), pixels.
        unit: Length of 1/512 of the page's width, pixels.

    Returns:
        float32 (H, W), 1 on the sheet, 0 off it.
    """
    height, width = shape
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    turn = rng.normal(0, 0.03) if rng.random() < 0.8 else rng.uniform(-0.5, 0.5)
    inside = np.full(shape, np.inf, np.float32)
    first = int(rng.integers(4))
    for side in {first, (first + 1) % 4} if rng.random() < 0.4 else {first}:
        angle = turn + side * math.pi / 2
        along = (columns - width / 2) * math.cos(angle) + (rows - height / 2) * math.sin(angle)
        reach = rng.uniform(-0.15, 0.48) * (width if side % 2 == 0 else height)
        inside = np.minimum(inside, np.float32(reach) - along)
    wear = rng.random()
    if wear < 0.5:
        inside += rng.uniform(0.2, 1.2) * unit * noise_field(rng, shape, rng.uniform(10, 60) * unit, 3)
    if wear < 0.2:
        # A torn outline: pieces of the margin are missing. This counts as the shape of the sheet, not as a hole.
        torn = noise_field(rng, shape, rng.uniform(40, 140) * unit, 4)
        inside += rng.uniform(4, 20) * unit * np.minimum(torn, 0.3)
    return np.asarray(np.clip(inside + 0.5, 0, 1), np.float32)


def mark_sound(rng: np.random.Generator, image: Pixels, unit: float, behind: Pixels) -> Pixels:
    """Add marks to a page that are not damage: rules, blots, pen strokes, notes, a gutter, binder holes.

    Args:
        rng: Source of randomness.
        image: uint8 (H, W, 3).
        unit: Length of 1/512 of the page's width, pixels.
        behind: uint8 (H, W, 3), what shows through binder holes.

    Returns:
        uint8 (H, W, 3), a new picture.
    """
    out = image.copy()
    height, width = out.shape[:2]
    dark = np.percentile(out[::7, ::7].reshape(-1, 3), 2, axis=0) * rng.uniform(0.6, 1.3)
    ink = np.clip(dark if rng.random() < 0.7 else rng.uniform(0, 170, 3), 0, 255).tolist()
    if rng.random() < 0.3:
        for _ in range(int(rng.integers(1, 6))):
            a = (int(rng.integers(-50, width)), int(rng.integers(-50, height)))
            long = int(rng.uniform(20, 250) * unit)
            b = (a[0] + long, a[1]) if rng.random() < 0.5 else (a[0], a[1] + long)
            cv2.line(out, a, b, ink, max(1, round(rng.uniform(0.3, 1.3) * unit)), cv2.LINE_AA)
    if rng.random() < 0.25:
        layer = np.zeros(out.shape[:2], np.uint8)
        for _ in range(int(rng.integers(1, 7))):
            centre = rng.uniform(0, 1, 2) * (width, height)
            curve = smooth_outline(rng, centre, float(rng.uniform(0.8, 5.5)) * unit, roughness=float(rng.uniform(0, 1)))
            cv2.fillPoly(layer, [np.round(curve * 16).astype(np.int32)], 255, cv2.LINE_AA, shift=4)
        _lay(out, layer, ink, float(rng.uniform(0.6, 1)))
    if rng.random() < 0.2:
        layer = np.zeros(out.shape[:2], np.uint8)
        start, points = rng.uniform(0, 1, 2) * (width, height), []
        heading = rng.uniform(0, 2 * math.pi)
        for _ in range(int(rng.integers(6, 40))):
            points.append(start.copy())
            heading += rng.normal(0, 0.35)
            start = start + np.array([math.cos(heading), math.sin(heading)]) * rng.uniform(2, 9) * unit
        thick = max(1, round(rng.uniform(0.4, 1.6) * unit))
        cv2.polylines(layer, [np.round(np.array(points) * 16).astype(np.int32)], False, 255, thick, cv2.LINE_AA, 4)
        _lay(out, layer, ink, float(rng.uniform(0.4, 1)))
    if rng.random() < 0.12:
        # A pasted note or a mend: a patch of other paper with a straight or wavy edge.
        centre = rng.uniform(0, 1, 2) * (width, height)
        size = rng.uniform(15, 90, 2) * unit
        corners = cv2.boxPoints((centre.tolist(), size.tolist(), float(rng.normal(0, 8))))
        layer = np.zeros(out.shape[:2], np.uint8)
        cv2.fillPoly(layer, [np.round(corners * 16).astype(np.int32)], 255, cv2.LINE_AA, shift=4)
        paper = np.percentile(out[::7, ::7].reshape(-1, 3), 80, axis=0)
        texture = paper * rng.uniform(0.85, 1.08) + rng.normal(0, 6, 3) + 4 * grain(rng, (height, width))[..., None]
        _lay(out, layer, np.clip(texture, 0, 255), 1.0)
    if rng.random() < 0.15:
        # The gutter or the shadow of a curved page: darker towards a line.
        place = np.abs(np.arange(width) - rng.uniform(-0.1, 1.1) * width) / (rng.uniform(5, 50) * unit)
        shade = (1 - rng.uniform(0.2, 0.95) * np.exp(-place)).astype(np.float32)
        out = np.clip(out * shade[None, :, None], 0, 255).astype(np.uint8)
        if rng.random() < 0.5:
            out = np.ascontiguousarray(out.transpose(1, 0, 2)) if height == width else out
    if rng.random() < 0.06:
        x, gap, radius = rng.uniform(0.02, 0.98) * width, rng.uniform(60, 200) * unit, rng.uniform(3, 9) * unit
        layer = np.zeros(out.shape[:2], np.uint8)
        for number in range(3):
            y = rng.uniform(0, 0.3) * height + number * gap
            cv2.circle(layer, (round(16 * x), round(16 * y)), round(16 * radius), 255, -1, cv2.LINE_AA, 4)
        _lay(out, layer, behind, 1.0)
    return out


def illustrate(rng: np.random.Generator, image: Pixels, unit: float, picture: Pixels) -> Pixels:
    """Put a painted initial, an ornament or a picture on a page: colours that are not damage.

    Args:
        rng: Source of randomness.
        image: uint8 (H, W, 3).
        unit: Pixels of 1/512 of the page's width.
        picture: uint8 (H, W, 3), what a picture shows.

    Returns:
        uint8 (H, W, 3), a new picture.
    """
    out = image.copy()
    height, width = out.shape[:2]
    for _ in range(int(rng.choice([1, 2, 3], p=(0.6, 0.25, 0.15)))):
        centre = rng.uniform(0.05, 0.95, 2) * (width, height)
        sides = np.clip(np.exp(rng.normal(np.log(45), 0.7)) * rng.uniform(0.6, 1.6, 2), 8, 220) * unit
        layer = np.zeros(out.shape[:2], np.uint8)
        box = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * sides / 2 + centre
        outline = box if rng.random() < 0.6 else smooth_outline(rng, centre, float(sides[0] / 2), roughness=0.5)
        cv2.fillPoly(layer, [np.round(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, shift=4)
        if rng.random() < 0.35:
            # The letter itself: the middle is open.
            inner = (outline - centre) * rng.uniform(0.4, 0.8, 2) + centre + rng.normal(0, 0.1, 2) * sides
            cv2.fillPoly(layer, [np.round(inner * 16).astype(np.int32)], 0, cv2.LINE_AA, shift=4)
        content = _painting(rng, (height, width), unit) if rng.random() < 0.6 else np.roll(picture, height // 3, 0)
        _lay(out, layer, content, float(rng.uniform(0.75, 1)))
        if rng.random() < 0.6:
            frame = _PIGMENTS[int(rng.integers(len(_PIGMENTS)))] * rng.uniform(0.3, 1)
            thick = max(1, round(rng.uniform(0.5, 3) * unit))
            cv2.polylines(out, [np.round(outline * 16).astype(np.int32)], True, frame.tolist(), thick, cv2.LINE_AA, 4)
    return out


def _painting(rng: np.random.Generator, shape: tuple[int, int], unit: float) -> Field:
    """Draw fields of a few pigments with dark outlines: float32 (H, W, 3) in [0, 255]."""
    field = noise_field(rng, shape, float(rng.uniform(6, 40)) * unit, 2)
    steps = np.digitize(field, np.quantile(field[::5, ::5], np.linspace(0, 1, int(rng.integers(3, 6)))[1:-1]))
    chosen = _PIGMENTS[rng.permutation(len(_PIGMENTS))[: int(steps.max()) + 1]] * rng.uniform(0.7, 1.1)
    painted = chosen[steps] * (1 + 0.08 * noise_field(rng, shape, 3 * unit, 2))[..., None]
    if rng.random() < 0.6:
        edge = cv2.morphologyEx(steps.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
        painted[edge] *= rng.uniform(0.1, 0.6)
    return np.asarray(np.clip(painted, 0, 255), np.float32)


def _lay(image: Pixels, layer: Pixels, colour: object, opacity: float) -> None:
    alpha = layer.astype(np.float32)[..., None] * np.float32(opacity / 255)
    image[:] = np.clip(image * (1 - alpha) + np.asarray(colour, np.float32) * alpha, 0, 255).astype(np.uint8)
