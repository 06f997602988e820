"""Damage to the surface: folds, rubbing, flaking ink, scratches. The sheet stays; ink and surface are lost."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from bokwon.synthesis.damage.cracks import cracks
from bokwon.synthesis.damage.paths import Path, draw_path, wander
from bokwon.synthesis.damage.sheet import Mark, Sheet, blend, grain, outside_distance
from bokwon.synthesis.random_fields import Field, noise_field

__all__ = ["abrasion", "crease", "flaking", "scratch"]


def crease(rng: np.random.Generator, sheet: Sheet, coverage: float, strength: float) -> Mark:
    """Fold the sheet: straight folds or a web of cracks, bright where the surface broke, shaded along the ridge.

    Args:
        rng: Random generator.
        sheet: The sheet.
        coverage: Share of the image where the surface is lost, in (0, 1).
        strength: 0 faint folds, 1 deep ones.

    Returns:
        The folded sheet.
    """
    unit = sheet.unit
    # How far the surface flakes away on either side of a crack.
    breadth = max((0.3 + 0.65 * strength) * unit, 0.5)
    lines, ridges = cracks(rng, sheet.shape, unit, coverage, breadth)
    distance = outside_distance(lines > 127)
    # The loss is uneven: here a hair, there flakes beside the line, elsewhere the line closes again.
    loss = noise_field(rng, sheet.shape, 5 * unit + 1.5, 2) + 1.1 * noise_field(rng, sheet.shape, 34 * unit, 2)
    reach = breadth * np.clip(0.5 + 0.75 * loss, -0.6, 3.0)
    alpha = np.clip(reach - distance + 0.5, 0, 1).astype(np.float32)
    shaded = _ridge_light(sheet, ridges, strength)
    texture = 1 + 0.045 * grain(rng, sheet.shape)[..., None]
    bare = np.clip(sheet.core * texture, 0, 255)
    image = blend(shaded, np.asarray(bare, np.float32), np.asarray(alpha * (0.7 + 0.28 * strength), np.float32))
    # Dirt settles along the broken edge.
    soiled = np.exp(-((distance - reach) ** 2) / (0.5 * unit + 0.5) ** 2) * (distance > reach) * (alpha < 0.5)
    image *= (1 - 0.22 * strength * soiled * (loss > -1.4))[..., None].astype(np.float32)
    return Mark(image, alpha > 0.15)


def _ridge_light(sheet: Sheet, ridges: npt.NDArray[np.uint8], strength: float) -> npt.NDArray[np.float32]:
    """Brighten one flank of every fold and darken the other."""
    reach = max(2.6 * sheet.unit, 1.2)
    soft = cv2.GaussianBlur(ridges.astype(np.float32) / 255, (0, 0), reach)
    peak = 1 / (math.sqrt(2 * math.pi) * reach)
    slope = cv2.Sobel(soft, cv2.CV_32F, 1, 0) * sheet.light.right + cv2.Sobel(soft, cv2.CV_32F, 0, 1) * sheet.light.down
    tilt = np.clip(slope / 8 / peak * reach, -1.2, 1.2)
    return np.asarray(sheet.image * (1 + 0.17 * (0.35 + 0.65 * strength) * tilt[..., None]), np.float32)


def abrasion(rng: np.random.Generator, sheet: Sheet, coverage: float, strength: float) -> Mark:
    """Rub the surface off in patches of fine parallel streaks.

    Args:
        rng: Random generator.
        sheet: The sheet.
        coverage: Share of the image that is rubbed, in (0, 1).
        strength: 0 pales the ink, 1 takes the surface off.

    Returns:
        The rubbed sheet; a hole where more than half of what was there is gone.
    """
    unit = sheet.unit
    patch = noise_field(rng, sheet.shape, 130 * unit, 3)
    level = np.quantile(patch[::4, ::4], 1 - min(1.6 * coverage, 0.98))
    body = np.clip((patch - level) * 1.6, 0, 1.2).astype(np.float32)
    streaks = _streaks(rng, sheet.shape, unit)
    wear = body * (0.55 + 0.75 * strength) + 0.33 * (streaks - 0.4) * (body > 0)
    # Rubbing takes ink from the high fibres first.
    wear += 0.14 * grain(rng, sheet.shape)
    alpha = np.clip((wear - 0.28) * 1.9, 0, 1) * (body > 0)
    alpha = np.asarray(cv2.GaussianBlur(alpha.astype(np.float32), (0, 0), 0.5) * (0.62 + 0.36 * strength), np.float32)
    texture = 1 + (0.02 + 0.03 * strength) * grain(rng, sheet.shape) * (alpha > 0.02)
    bare = np.clip(sheet.paper * (1.0 + 0.03 * strength) * texture[..., None], 0, 255)
    return Mark(blend(sheet.image, np.asarray(bare, np.float32), alpha), alpha > 0.5)


def _streaks(rng: np.random.Generator, shape: tuple[int, int], unit: float) -> Field:
    """Noise drawn out along one direction, standard deviation about 1."""
    height, width = shape
    angle = rng.uniform(0, math.pi)
    diagonal = math.hypot(height, width)
    long, short = 70 * unit + 4, 1.1 * unit + 0.6
    rows, columns = int(diagonal / short) + 4, int(diagonal / long) + 4
    grid = rng.standard_normal((rows, columns), dtype=np.float32)
    cosine, sine = math.cos(angle), math.sin(angle)
    across = np.array([[cosine / long, sine / long, 0], [-sine / short, cosine / short, 0]], np.float64)
    across[:, 2] = np.array([columns / 2, rows / 2]) - across[:, :2] @ (width / 2, height / 2)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    drawn = cv2.warpAffine(grid, across, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(1.4 * drawn, np.float32)


def flaking(rng: np.random.Generator, sheet: Sheet, coverage: float, strength: float) -> Mark:
    """Remove flakes of ink or emulsion. Bare paper does not change.

    Args:
        rng: Random generator.
        sheet: The sheet.
        coverage: Share of the image to lose, in (0, 1); no more than is inked.
        strength: 0 leaves a ghost of the ink, 1 clean paper.

    Returns:
        The sheet with flakes gone.
    """
    height, width = sheet.shape
    unit = sheet.unit
    inked = cv2.dilate((sheet.ink > 0.18).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    flakes = noise_field(rng, sheet.shape, float(rng.uniform(5, 13)) * unit, 3)
    flakes += 1.2 * noise_field(rng, sheet.shape, 120 * unit, 2)
    # Flakes break along straight little edges: quantised noise gives the edge its corners.
    flakes += 0.35 * np.sign(noise_field(rng, sheet.shape, 4 * unit + 1.5, 1))
    here = flakes[inked]
    if here.size == 0:
        return Mark(sheet.image, np.zeros(sheet.shape, bool))
    share = min(coverage * height * width / here.size, 0.9)
    level = float(np.quantile(here[:: max(here.size // 100_000, 1)], 1 - share))
    alpha = np.clip((flakes - level) * 3.5 + 0.5, 0, 1) * inked
    alpha = cv2.GaussianBlur(alpha.astype(np.float32), (0, 0), 0.5)
    alpha = np.asarray(alpha * (0.74 + 0.25 * strength), np.float32)
    texture = 1 + 0.025 * grain(rng, sheet.shape)[..., None]
    bare = np.clip(sheet.paper * rng.uniform(0.95, 1.02) * texture, 0, 255)
    image = blend(sheet.image, np.asarray(bare, np.float32), alpha)
    # The edge of a thick layer of paint or emulsion throws a thin shadow.
    shift = np.array([[1, 0, 0.8 * unit * sheet.light.right], [0, 1, 0.8 * unit * sheet.light.down]], np.float64)
    cast = cv2.warpAffine(sheet.ink * (1 - alpha), shift, (width, height), borderMode=cv2.BORDER_REPLICATE)
    image *= (1 - 0.25 * strength * np.clip(cast, 0, 1) * alpha)[..., None]
    return Mark(image, alpha > 0.3)


def scratch(rng: np.random.Generator, sheet: Sheet, coverage: float, strength: float) -> Mark:
    """Scratch a photograph: long hairlines, mostly in bundles, with gaps; hairs and lint lie beside them.

    Args:
        rng: Random generator.
        sheet: The sheet.
        coverage: Share of the image to lose, in (0, 1).
        strength: 0 faint and thin, 1 bright and broad.

    Returns:
        The scratched sheet.
    """
    height, width = sheet.shape
    unit = sheet.unit
    canvas = np.zeros(sheet.shape, np.float32)
    target = coverage * height * width
    for _ in range(250):
        layer = np.zeros(sheet.shape, np.uint8)
        for path in _scratch_bundle(rng, sheet, strength):
            draw_path(layer, path)
        faintness = float(rng.uniform(0.45, 1.0))
        canvas = np.maximum(canvas, layer.astype(np.float32) * (faintness / 255))
        if np.count_nonzero(canvas > 0.2) >= target:
            break
    # The point did not press equally hard all the way: lines fade out and come back.
    uneven = np.clip(0.8 + 0.3 * noise_field(rng, sheet.shape, 3 * unit + 2, 2), 0.2, 1)
    uneven = uneven * np.clip(1.1 + 0.9 * noise_field(rng, sheet.shape, 30 * unit, 2), 0, 1)
    alpha = np.asarray(canvas * uneven * (0.55 + 0.45 * strength), np.float32)
    dark = rng.random() < 0.2
    tone = rng.uniform(15, 50) if dark else rng.uniform(225, 250)
    colour = np.clip(tone * np.array([1.0, 0.985, 0.95]) * np.ones(3), 0, 255).astype(np.float32)
    # A burr of pushed-up emulsion runs beside a deep scratch.
    burr = np.clip(cv2.GaussianBlur(alpha, (0, 0), 0.9 * unit + 0.5) - alpha, 0, 1)
    image = sheet.image * (1 + (0.3 if dark else -0.3) * strength * burr[..., None])
    return Mark(blend(np.asarray(image, np.float32), colour, alpha), alpha > 0.12)


def _scratch_bundle(rng: np.random.Generator, sheet: Sheet, strength: float) -> list[Path]:
    """A few nearly parallel lines, or one curled hair."""
    height, width = sheet.shape
    unit = sheet.unit
    start = rng.uniform(-0.1, 1.1, 2) * (width, height)
    breadth = max(float(rng.uniform(0.5, 1.0 + 1.6 * strength)) * unit, 1.0)
    if rng.random() < 0.2:
        return wander(
            rng,
            (float(start[0]), float(start[1])),
            float(rng.uniform(0, 2 * math.pi)),
            length=float(rng.uniform(15, 70)) * unit,
            step=1.5 * unit + 0.5,
            width=max(0.7 * unit, 1.0),
            bend=0.16,
        )
    heading = rng.uniform(0, 2 * math.pi)
    length = float(np.exp(rng.normal(math.log(120), 0.8))) * unit
    curve = rng.normal(0, 0.15)
    paths = []
    for _ in range(1 + int(rng.poisson(1.2))):
        count = max(int(length / (6 * unit + 1)), 4)
        share = np.linspace(0, 1, count)
        turn = heading + rng.normal(0, 0.03) + curve * share
        steps = np.stack([np.cos(turn), np.sin(turn)], 1) * (length * rng.uniform(0.5, 1) / count)
        offset = start + rng.normal(0, 7, 2) * unit
        fade = breadth * np.clip(np.sin(math.pi * np.clip(share + 0.12, 0, 1)) * 1.4, 0.3, 1)
        paths.append(Path(offset + np.cumsum(steps, 0), fade))
    return paths
