"""Marks left on the sheet: mould, water stains, tape. Most leave the text under them readable."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from bokwon.synthesis.damage.shapes import area_limits, colonies
from bokwon.synthesis.damage.sheet import Mark, Sheet, blend, grain, multiply, outside_distance
from bokwon.synthesis.random_fields import Field, level_set, noise_field

__all__ = ["mould", "stain", "tape"]

Colour = tuple[float, float, float]


def mould(rng: np.random.Generator, sheet: Sheet, coverage: float, strength: float) -> Mark:
    """Grow colonies of mould: dark cores in specks and clusters, each in a tinted halo.

    Args:
        rng: Random generator.
        sheet: The sheet.
        coverage: Share of the image under the cores, in (0, 1).
        strength: 0 tinted specks, 1 opaque black ones.

    Returns:
        The mouldy sheet; a hole where the cores hide what is under them.
    """
    unit = sheet.unit
    size = float(rng.uniform(0.7, 1.7)) * unit
    # About half of a core is dense enough to hide what is under it.
    drawn = colonies(rng, sheet.shape, size, unit, min(1.6 * coverage, 0.95))
    soft = cv2.GaussianBlur(drawn, (0, 0), 0.5 * size + 0.4)
    body = np.clip(soft * (1.3 + 0.55 * noise_field(rng, sheet.shape, 2.2 * size + 1.5, 2)), 0, 1)
    halo = cv2.GaussianBlur(drawn, (0, 0), 3.2 * size + 1) + 0.8 * cv2.GaussianBlur(drawn, (0, 0), 9 * size + 1)
    # Transmission of the fresh and of the dried pigment: green-black, brown-black, violet or rose.
    tints: list[Colour] = [(0.42, 0.46, 0.38), (0.5, 0.4, 0.3), (0.5, 0.4, 0.5), (0.72, 0.5, 0.5)]
    tint = tints[int(rng.choice(4, p=(0.4, 0.35, 0.15, 0.1)))]
    image = multiply(sheet.image, (tint[0] ** 0.35, tint[1] ** 0.35, tint[2] ** 0.35), np.asarray(halo, np.float32))
    opacity = np.asarray(np.clip(body * (0.5 + 0.75 * strength), 0, 1), np.float32)
    felt = 1 + 0.12 * grain(rng, sheet.shape)
    pigment = np.array(tint, np.float32) ** 2 * np.float32(255 * (0.75 - 0.4 * strength))
    colour = np.clip(pigment * felt[..., None], 0, 255).astype(np.float32)
    image = blend(image, colour, np.asarray(0.95 * opacity, np.float32))
    return Mark(image, opacity > 0.6)


def stain(rng: np.random.Generator, sheet: Sheet, coverage: float, strength: float) -> Mark:
    """Wet the sheet: a tinted area whose edge carries a dark tide line, and older ones inside it.

    Args:
        rng: Random generator.
        sheet: The sheet.
        coverage: Share of the image that was wet, in (0, 1).
        strength: 0 a faint tint, 1 a brown stain with hard tide lines.

    Returns:
        The stained sheet; nothing of it is a hole.
    """
    height, width = sheet.shape
    unit = sheet.unit
    rows, columns = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None]
    field = np.full(sheet.shape, np.float32(4 * max(height, width)))
    for _ in range(int(rng.choice([1, 2, 3], p=(0.6, 0.3, 0.1)))):
        # Water comes in at an edge more often than it drips onto the middle.
        x, y = rng.uniform(0, 1, 2) * (width, height)
        if rng.random() < 0.6:
            x, y = (x, float(rng.choice([-0.1, 1.1])) * height) if rng.random() < 0.5 else (-0.1 * width, y)
        stretch = math.exp(rng.normal(0, 0.4))
        field = np.minimum(field, np.hypot((columns - x) * stretch, (rows - y) / stretch))
    field += noise_field(rng, sheet.shape, 110 * unit, 3) * np.float32(24 * unit)
    field += noise_field(rng, sheet.shape, 13 * unit + 2, 2) * np.float32(2.0 * unit)
    field = np.asarray(field, np.float32)
    amount = np.zeros(sheet.shape, np.float32)
    for share in (1.0, *sorted(rng.uniform(0.25, 0.9, int(rng.integers(0, 3))), reverse=True)):
        amount += _tide(rng, field, coverage * float(share), unit, strength)
    amount *= 1 + 0.05 * noise_field(rng, sheet.shape, 9 * unit + 2, 2)
    tints: list[Colour] = [(0.80, 0.68, 0.48), (0.84, 0.74, 0.58), (0.74, 0.66, 0.55), (0.82, 0.64, 0.42)]
    wet = np.asarray(np.clip(amount * 1.5, 0, 1), np.float32)
    # Ink that can dissolve creeps a little.
    bled = cv2.GaussianBlur(sheet.image, (0, 0), 0.5 * unit + 0.4)
    image = blend(sheet.image, np.asarray(bled, np.float32), np.asarray(wet * 0.55 * strength, np.float32))
    image = multiply(image, tints[int(rng.integers(4))], amount)
    return Mark(image, np.zeros(sheet.shape, bool))


def _tide(rng: np.random.Generator, field: Field, coverage: float, unit: float, strength: float) -> Field:
    """Return the deposit of one wetting: a thin film inside, and a line of dirt at its edge."""
    wet = level_set(field, *area_limits(coverage, (field.shape[0], field.shape[1])))
    inside, outside = outside_distance(~wet), outside_distance(wet)
    carried = np.clip(0.9 + 0.5 * noise_field(rng, (field.shape[0], field.shape[1]), 70 * unit, 2), 0.1, 2)
    film = np.clip(inside / (1.2 * unit + 0.5), 0, 1) * (0.10 + 0.22 * strength)
    line = np.exp(-inside / (2.2 * unit + 0.6)) + 0.45 * np.exp(-inside / (9 * unit + 1))
    front = np.where(wet, line, np.exp(-outside / (0.5 * unit + 0.4)))
    return np.asarray(film * wet * (0.7 + 0.3 * carried) + front * carried * (0.18 + 0.42 * strength), np.float32)


def tape(rng: np.random.Generator, sheet: Sheet, coverage: float, strength: float) -> Mark:
    """Stick strips of tape on: yellowed and see-through, or opaque paper.

    Args:
        rng: Random generator.
        sheet: The sheet.
        coverage: Share of the image to cover, in (0, 1).
        strength: 0 clear tape, 1 tape brown with age.

    Returns:
        The taped sheet; only opaque tape makes a hole.
    """
    height, width = sheet.shape
    unit = sheet.unit
    image = sheet.image
    hole = np.zeros(sheet.shape, bool)
    covered = np.zeros(sheet.shape, bool)
    opaque = rng.random() < 0.25
    broad = float(rng.uniform(26, 52)) * unit
    for _ in range(40):
        area = _strip(rng, sheet, broad)
        image = _stick(rng, image, area, unit, strength, opaque)
        covered |= area[0] > 0.5
        if opaque:
            hole |= area[0] > 0.05
        if np.count_nonzero(covered) >= 0.8 * coverage * height * width:
            break
    return Mark(image, hole)


def _strip(rng: np.random.Generator, sheet: Sheet, broad: float) -> tuple[Field, Field, Field]:
    """Coverage of one strip, 0 to 1, and where each pixel lies along and across it, pixels."""
    height, width = sheet.shape
    unit = sheet.unit
    length = broad * float(rng.uniform(1.5, 7))
    angle = rng.choice([0, math.pi / 2]) + rng.normal(0, 0.08) if rng.random() < 0.8 else rng.uniform(0, math.pi)
    x, y = rng.uniform(0, 1, 2) * (width, height)
    columns, rows = np.arange(width, dtype=np.float32)[None] - x, np.arange(height, dtype=np.float32)[:, None] - y
    along = columns * math.cos(angle) + rows * math.sin(angle)
    across = -columns * math.sin(angle) + rows * math.cos(angle)
    pitch = max(2.2 * unit, 2.0)
    # The teeth of the dispenser, or a cut.
    teeth = np.abs((across / pitch) % 1 - 0.5) * pitch if rng.random() < 0.65 else 0.08 * across
    inside = np.minimum(length / 2 - np.abs(along) + teeth, broad / 2 - np.abs(across))
    cover = np.clip(inside + 0.5, 0, 1)
    return tuple(np.asarray(v, np.float32) for v in (cover, along, across))  # type: ignore[return-value]


def _stick(
    rng: np.random.Generator,
    image: npt.NDArray[np.float32],
    strip: tuple[Field, Field, Field],
    unit: float,
    strength: float,
    opaque: bool,
) -> npt.NDArray[np.float32]:
    cover, _, across = strip
    shape = (cover.shape[0], cover.shape[1])
    cloud = noise_field(rng, shape, 22 * unit, 3)
    if opaque:
        tone = np.array([214, 196, 158], np.float32) * np.float32(rng.uniform(0.82, 1.08))
        crepe = 1 + 0.02 * grain(rng, shape) + 0.02 * cloud
        body = np.clip(tone * crepe[..., None], 0, 255).astype(np.float32)
        image = blend(image, body, np.asarray(0.985 * cover, np.float32))
    else:
        # Old adhesive yellows, most along the edges where air gets in, and lets fewer contrasts through.
        edge = np.exp(-outside_distance(cover < 0.5) / (3.5 * unit))
        amount = cover * (0.35 + 1.05 * strength) * np.clip(0.85 + 0.18 * cloud + 0.5 * edge, 0, 2)
        veil = np.array([238, 222, 178], np.float32)
        image = blend(image, veil, np.asarray(0.16 * cover * (0.5 + strength), np.float32))
        image = multiply(image, (0.90, 0.77, 0.50), np.asarray(amount, np.float32))
        bubbles = np.clip(noise_field(rng, shape, 6 * unit + 2, 2) - 1.25, 0, 1) * cover
        image = np.clip(image + 14 * bubbles[..., None], 0, 255)
        gloss = np.exp(-(((across / (5 * unit)) + rng.uniform(-3, 3)) ** 2)) * cover * rng.uniform(0, 16)
        image = np.clip(image + gloss[..., None], 0, 255)
    shadow = np.exp(-outside_distance(cover > 0.5) / (0.9 * unit + 0.4)) * (1 - cover)
    rim = np.exp(-outside_distance(cover < 0.5) / (0.6 * unit + 0.4)) * cover
    return np.asarray(image * (1 - 0.16 * shadow - 0.12 * rim)[..., None], np.float32)
