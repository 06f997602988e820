"""Damage that goes through the sheet: insects, tears, fire. The background shows, in the shadow of the edge."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bokwon.synthesis.damage.shapes import burnt_area, rips, torn_off, tunnels
from bokwon.synthesis.damage.sheet import Mark, Sheet, blend, cut_through, grain, multiply, outside_distance
from bokwon.synthesis.random_fields import noise_field

__all__ = ["burn", "insect", "tear"]


def insect(rng: np.random.Generator, sheet: Sheet, coverage: float, strength: float) -> Mark:
    """Add insect tunnels and exit holes. Often the facing half has the same pattern, mirrored.

    Args:
        rng: Random generator.
        sheet: The sheet.
        coverage: Share of the image to lose, in (0, 1).
        strength: 0 grazes the surface here and there, 1 goes deep through many leaves.

    Returns:
        The sheet with tunnels.
    """
    alpha, bore = tunnels(rng, sheet.shape, sheet.unit, coverage)
    # Some stretches are only grazed: the surface is gone, thinned paper remains.
    depth = noise_field(rng, sheet.shape, 9 * bore, 2)
    grazed = np.clip((depth - (0.2 + 1.3 * strength)) * 4, 0, 1).astype(np.float32)
    thinned = np.asarray(sheet.paper * (0.93 + 0.025 * grain(rng, sheet.shape)[..., None]), np.float32)
    rim = np.exp(-outside_distance(alpha > 0.5) / (0.35 * sheet.unit + 0.7))
    rim *= np.clip(0.6 + 0.5 * noise_field(rng, sheet.shape, 6 * bore, 1), 0, 1.2)
    browned = multiply(sheet.image, (0.72, 0.62, 0.48), np.asarray(0.9 * rim * (alpha < 1), np.float32))
    opened = cut_through(replace(sheet, image=browned), alpha, (1.0 + 2.4 * strength) * sheet.unit)
    return Mark(blend(opened, thinned, np.asarray(alpha * grazed, np.float32)), alpha > 0.05)


def tear(rng: np.random.Generator, sheet: Sheet, coverage: float, strength: float) -> Mark:
    """Tear off edges and corners, with a rim of bare fibres, and add rips.

    Args:
        rng: Random generator.
        sheet: The sheet.
        coverage: Share of the image to lose, in (0, 1).
        strength: 0 worn edges, 1 a broad rim of fibres and a deep shadow.

    Returns:
        The torn sheet.
    """
    unit = sheet.unit
    open_rips = rips(rng, sheet.shape, unit, 0.4 + 0.8 * strength)
    alpha = np.maximum(torn_off(rng, sheet.shape, unit, coverage), open_rips)
    # The printed side tears further back than the core: a band of bare fibres follows the edge, here broad, there none.
    breadth = np.clip(noise_field(rng, sheet.shape, 45 * unit, 2) * 4 + 1.5, 0.3, 9) * (0.4 + strength) * unit
    breadth += np.clip(noise_field(rng, sheet.shape, 3 * unit + 1, 1), -1, 1) * 0.8 * unit
    distance = outside_distance(alpha > 0.5)
    fibres = np.clip((breadth - distance) / (0.5 * unit + 0.8) + 0.5, 0, 1).astype(np.float32)
    texture = 1 + 0.05 * grain(rng, sheet.shape) * (0.6 + 0.8 * strength)
    core = np.clip(sheet.core * texture[..., None], 0, 255).astype(np.float32)
    bare = blend(sheet.image, core, np.asarray(fibres * 0.92, np.float32))
    opened = cut_through(replace(sheet, image=bare), alpha, (1.2 + 2.5 * strength) * unit)
    return Mark(opened, (alpha > 0.05) | (fibres > 0.25))


def burn(rng: np.random.Generator, sheet: Sheet, coverage: float, strength: float) -> Mark:
    """Burn the sheet: a hole, a charred rim, and paper scorched brown around it.

    Args:
        rng: Random generator.
        sheet: The sheet.
        coverage: Share of the image to lose to hole and char, in (0, 1).
        strength: 0 a narrow scorch, 1 a wide one with much char.

    Returns:
        The burnt sheet; scorched text stays readable and is no hole.
    """
    unit = sheet.unit
    charred = burnt_area(rng, sheet.shape, unit, coverage)
    # Inside the charred area the sheet is gone except for a brittle rim.
    inward = outside_distance(~charred)
    edge = np.float32((2.5 + 5 * strength) * unit)
    rim = edge * np.clip(1 + 0.5 * noise_field(rng, sheet.shape, 14 * unit, 3), 0.25, 3)
    alpha = np.clip(inward - rim + 0.5, 0, 1).astype(np.float32)
    outward = outside_distance(charred) * np.clip(1 + 0.22 * noise_field(rng, sheet.shape, 50 * unit, 3), 0.6, 2)
    reach = np.float32((10 + 34 * strength) * unit)
    scorch = np.exp(-((outward / reach) ** 1.2)) + 0.8 * np.exp(-outward / (0.22 * reach))
    scorched = multiply(sheet.image, (0.70, 0.50, 0.29), np.asarray(1.25 * scorch, np.float32))
    char = np.clip(1 - outside_distance(charred) / (1.5 * unit + 1), 0, 1)
    ash = np.clip(24 + 9 * grain(rng, sheet.shape) + 10 * noise_field(rng, sheet.shape, 5 * unit + 2, 2), 3, 110)
    soot = ash[..., None] * np.array([1.0, 0.92, 0.85], np.float32)
    black = blend(scorched, np.asarray(soot, np.float32), np.asarray(0.96 * char, np.float32))
    opened = cut_through(replace(sheet, image=black), alpha, (1.5 + 2 * strength) * unit)
    return Mark(opened, charred | (char > 0.35))
