"""Draws windows of pages and photographs, with damage of known place and class or without damage."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bokwon.synthesis.damage.damage import apply_damage
from bokwon.synthesis.damage.shapes import rips
from bokwon.synthesis.damage.sheet import grain
from bokwon.synthesis.random_fields import Field, noise_field, smooth_outline
from bokwon.synthesis.scenes.classes import CLASSES, IGNORE, NOT_DAMAGE
from bokwon.synthesis.scenes.sources import Sources
from bokwon.synthesis.scenes.surroundings import draw_surroundings, illustrate, mark_sound, place_sheet
from bokwon.types import DamageClass

__all__ = ["Scene", "draw_scene"]

Pixels = NDArray[np.uint8]
Labels = NDArray[np.uint8]

_LABEL = {name: number for number, name in enumerate(CLASSES)}
# Least change of a pixel that counts as visible, gray levels.
_SEEN = 14
# Kinds of generated damage: how often, and the usual share of a window.
_KINDS: dict[str, tuple[float, float, float]] = {
    "insect": (2.5, 0.004, 0.08),
    "crease": (2.0, 0.003, 0.025),
    "burn": (0.8, 0.01, 0.12),
    "abrasion": (1.2, 0.02, 0.2),
    "flaking": (0.8, 0.004, 0.05),
    "mould": (1.0, 0.002, 0.04),
    "stain": (1.2, 0.05, 0.4),
    "tape": (0.7, 0.03, 0.2),
    "scratch": (1.8, 0.001, 0.015),
    "clean_hole": (3.0, 0.0, 0.0),
    "rip": (1.5, 0.0, 0.0),
    "smudge": (1.5, 0.0, 0.0),
    "film": (1.0, 0.0, 0.0),
}
# Kinds of film damage that are dust, hairs and scratches, and how often each is drawn.
_FILMS = {"hair": 0.28, "lint": 0.2, "dirt": 0.14, "spots": 0.1, "sprinkles": 0.08, "scratches": 0.2}
# Class of the network for each class of the generator, where it is a hole.
_CLASS_OF = {
    "insect": "missing paper",
    "burn": "missing paper",
    "crease": "crease",
    "abrasion": "abrasion",
    "flaking": "abrasion",
    "mould": "hiding stain",
    "tape": "hiding stain",
    "scratch": "scratch",
}


@dataclass(frozen=True)
class Scene:
    """A window and its ground truth.

    Attributes:
        image: uint8 (S, S, 3), RGB.
        labels: uint8 (S, S): numbers of `CLASSES`, `NOT_DAMAGE` or `IGNORE`.
        clean: uint8 (S, S, 3), the same window without damage.
        source: File or style that the window was cut from.
    """

    image: Pixels
    labels: Labels
    clean: Pixels
    source: str


def draw_scene(rng: np.random.Generator, sources: Sources, size: int = 448, damaged: bool | None = None) -> Scene:
    """Draw a window.

    Args:
        rng: Source of randomness.
        sources: Pictures to draw from.
        size: Side of the window, pixels.
        damaged: Whether the window has damage. By default 60 % of windows have.

    Returns:
        The window.
    """
    base = sources.draw(rng, size)
    if damaged is None:
        damaged = bool(rng.random() < 0.6)
    image, unit = base.image, base.unit
    behind = draw_surroundings(rng, (size, size), sources.textures)
    pictorial = base.kind == "photo"
    if base.kind != "photo" and rng.random() < 0.5:
        image = mark_sound(rng, image, unit, behind)
    if base.kind != "photo" and rng.random() < 0.2:
        image = illustrate(rng, image, unit, sources.draw(rng, size).image)
    labels = np.full((size, size), NOT_DAMAGE if base.kind == "scan" else _LABEL["sound"], np.uint8)
    sheet = place_sheet(rng, (size, size), unit) if rng.random() < 0.4 else None
    other = sources.draw(rng, size).image
    beneath = _beneath(rng, image, behind, other)
    names: list[str] = []
    if damaged:
        weights = {k: v[0] for k, v in _KINDS.items()}
        if pictorial:
            weights.update(insect=0.5, scratch=4.0, crease=4.0, film=6.0, burn=0.3)
        keys = [key for key in weights if key != "film" or sources.has_films]
        chance = np.array([weights[k] for k in keys])
        names = [
            str(n)
            for n in rng.choice(keys, int(rng.choice([1, 2, 3], p=(0.5, 0.35, 0.15))), False, chance / chance.sum())
        ]
    clean = image
    for name in sorted(set(names) - {"film"}, key=list(_KINDS).index):
        image = _damage(rng, image, labels, name, unit, beneath, sources)
    if sheet is not None:
        clean = _lay_down(copy.deepcopy(rng), clean, labels.copy(), sheet, behind, unit)
        image = _lay_down(rng, image, labels, sheet, behind, unit)
    if "film" in names:
        image = _film(rng, image, labels, sources, pictorial)
    return Scene(image, labels, clean, base.name)


def _beneath(rng: np.random.Generator, image: Pixels, behind: Pixels, other: Pixels) -> Pixels:
    """Draw what is visible through holes: mostly what the sheet lies on, or the next leaf of the same book."""
    chance = rng.random()
    if chance < 0.45:
        return behind
    if chance < 0.65:
        # The next leaf looks like this one, but its lines lie elsewhere, and it is darker.
        shift = tuple(rng.integers(image.shape[0] // 7, image.shape[0] * 6 // 7, 2))
        return np.asarray(np.roll(image, shift, (0, 1)) * rng.uniform(0.82, 0.98), np.uint8)
    if chance < 0.7:
        return np.asarray(other * rng.uniform(0.8, 1.0), np.uint8)
    if chance < 0.82:
        # Plain paper: the tone of this sheet without its ink, a little lighter or darker.
        tone = np.percentile(image[::7, ::7].reshape(-1, 3), 70, axis=0) * rng.uniform(0.8, 1.08) + rng.normal(0, 5, 3)
    else:
        tone = (rng.uniform(225, 255) if rng.random() < 0.5 else rng.uniform(0, 60)) * np.ones(3)
    texture = 1 + rng.uniform(0, 0.02) * grain(rng, image.shape[:2])[..., None]
    return np.asarray(np.clip(tone * texture, 0, 255), np.uint8)


def _damage(
    rng: np.random.Generator,
    image: Pixels,
    labels: Labels,
    name: str,
    unit: float,
    beneath: Pixels,
    sources: Sources,
) -> Pixels:
    """Apply one kind of damage. The labels are changed in place."""
    shape = labels.shape
    if name in ("clean_hole", "rip"):
        if name == "rip":
            alpha = np.zeros(shape, np.float32)
            while not alpha.any():
                alpha = rips(rng, (shape[0], shape[1]), unit, 1.5)
        else:
            alpha = _opening(rng, (shape[0], shape[1]), unit)
        return _cut(rng, image, labels, alpha, unit, beneath, "tear" if name == "rip" else "missing paper")
    if name == "smudge":
        return _smudge(rng, image, labels, unit, sources)
    _, low, high = _KINDS[name]
    done = apply_damage(image, rng, [name], coverage=(low, high), background=beneath, unit=unit)
    change = np.abs(done.image.astype(np.int16) - image).max(2)
    touched = done.classes == DamageClass[name.upper()]
    if name == "stain":
        seen = touched & (change > _SEEN)
        labels[touched & ~seen & (labels != _LABEL["surroundings"])] = IGNORE
        labels[seen] = _LABEL["readable stain"]
        return done.image
    labels[touched & ~done.hole] = IGNORE
    if name == "tape":
        labels[touched & ~done.hole & (change > _SEEN)] = _LABEL["readable stain"]
    through = name in ("insect", "burn")
    lost = done.hole & (through | (change > _SEEN))
    labels[done.hole & ~lost] = IGNORE
    labels[lost] = _LABEL[_CLASS_OF[name]]
    return done.image


def _opening(rng: np.random.Generator, shape: tuple[int, int], unit: float) -> Field:
    """Holes with clean edges: slits, round holes, cut-outs, bites at the edge."""
    layer = np.zeros(shape, np.uint8)
    for _ in range(int(rng.choice([1, 2, 4], p=(0.6, 0.25, 0.15)))):
        centre = rng.uniform(0.05, 0.95, 2) * shape[::-1]
        size = min(float(np.exp(rng.normal(np.log(14), 0.7))), 40.0) * unit
        kind = rng.random()
        if kind < 0.3:
            # A slit: a thin triangle.
            turn = rng.uniform(0, 2 * np.pi)
            axis = np.array([np.cos(turn), np.sin(turn)])
            side = np.array([-axis[1], axis[0]])
            wide = rng.uniform(0.15, 0.5)
            points = np.stack(
                [
                    centre + 2 * size * axis,
                    centre - size * axis + wide * size * side,
                    centre - size * axis - wide * size * side,
                ]
            )
        elif kind < 0.5:
            points = smooth_outline(rng, centre, size, roughness=0.1)
        elif kind < 0.6:
            sides = (rng.uniform(0.7, 3, 2) * size).tolist()
            corners = cv2.boxPoints((centre.tolist(), sides, float(rng.uniform(0, 90))))
            points = np.asarray(corners, np.float64)
        else:
            points = smooth_outline(rng, centre, size, roughness=float(rng.uniform(0.3, 1)))
        cv2.fillPoly(layer, [np.round(points * 16).astype(np.int32)], 255, cv2.LINE_AA, shift=4)
    soft = cv2.GaussianBlur(layer.astype(np.float32) / 255, (0, 0), float(rng.uniform(0.3, 1)))
    if rng.random() < 0.5:
        soft = np.clip((soft - 0.5) * 1.5 + 0.5 + 0.2 * noise_field(rng, shape, 3 * unit, 2) * (soft > 0.02), 0, 1)
    return np.asarray(soft, np.float32)


def _cut(
    rng: np.random.Generator,
    image: Pixels,
    labels: Labels,
    alpha: Field,
    unit: float,
    beneath: Pixels,
    label: str,
) -> Pixels:
    """Open the sheet, so that its background is visible, with or without a rim and a shadow."""
    below = beneath.astype(np.float32)
    if rng.random() < 0.6:
        reach = rng.uniform(0.5, 3) * unit
        shift = np.array([[1, 0, rng.uniform(-1, 1) * reach], [0, 1, rng.uniform(-1, 1) * reach]])
        cover = cv2.warpAffine(1 - alpha, shift, alpha.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
        below *= (1 - rng.uniform(0.2, 0.8) * cv2.GaussianBlur(cover, (0, 0), max(0.6 * reach, 0.4)))[..., None]
    top = image.astype(np.float32)
    if rng.random() < 0.5:
        rim = cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.5, 2) * unit) * (1 - alpha)
        shade = rng.uniform(-0.6, 0.25) * np.clip(2 * rim, 0, 1)
        labels[np.abs(shade) > 0.05] = IGNORE
        top *= 1 + shade[..., None]
    labels[(alpha > 0.02) & (alpha <= 0.3)] = IGNORE
    labels[alpha > 0.3] = _LABEL[label]
    return np.asarray(np.clip(top + (below - top) * alpha[..., None], 0, 255), np.uint8)


def _smudge(rng: np.random.Generator, image: Pixels, labels: Labels, unit: float, sources: Sources) -> Pixels:
    """Cover an area larger than a blot with black, paint, dirt or glue, which hides the content."""
    shape = (labels.shape[0], labels.shape[1])
    if sources.has_films and rng.random() < 0.45:
        film = sources.film(rng, ("dots", "smut", "stain"))
        side = int(rng.uniform(60, 300) * unit)
        alpha = _scatter(rng, film, side, shape)
    else:
        layer = np.zeros(shape, np.uint8)
        for _ in range(int(rng.integers(1, 4))):
            centre = rng.uniform(0, 1, 2) * shape[::-1]
            curve = smooth_outline(rng, centre, float(rng.uniform(9, 35)) * unit, roughness=float(rng.uniform(0.2, 1)))
            cv2.fillPoly(layer, [np.round(curve * 16).astype(np.int32)], 255, cv2.LINE_AA, shift=4)
        soft = cv2.GaussianBlur(layer.astype(np.float32) / 255, (0, 0), rng.uniform(0.4, 5) * unit)
        rough = rng.uniform(0.1, 0.6) * noise_field(rng, shape, rng.uniform(2, 14) * unit, 3)
        alpha = np.clip((soft - 0.5) * rng.uniform(2, 8) + 0.5 + rough * (soft > 0.05), 0, 1)
        if rng.random() < 0.3:
            alpha = np.where(grain(rng, shape) > rng.uniform(-2.5, -0.8), alpha, 0)
    dark = rng.random() < 0.8
    tone = rng.uniform(0, 80) if dark else rng.uniform(180, 250)
    colour = tone * np.array([1, rng.uniform(0.75, 1.05), rng.uniform(0.5, 1.05)])
    texture = np.clip(colour * (1 + rng.uniform(0, 0.25) * noise_field(rng, shape, 5 * unit, 3))[..., None], 0, 255)
    done = np.clip(image + (texture - image) * np.asarray(alpha)[..., None], 0, 255).astype(np.uint8)
    change = np.abs(done.astype(np.int16) - image).max(2)
    labels[(alpha > 0.1) & (change > 6)] = IGNORE
    labels[cv2.GaussianBlur(np.asarray(alpha, np.float32), (0, 0), 1.0) > 0.65] = _LABEL["hiding stain"]
    return np.asarray(done)


def _scatter(rng: np.random.Generator, film: Pixels, side: int, shape: tuple[int, int]) -> Field:
    """Place an image of film damage in a window, rotated and scaled: float32 (H, W), coverage."""
    scale = side / film.shape[0]
    turn = rng.uniform(0, 2 * np.pi)
    a, b = scale * np.cos(turn), scale * np.sin(turn)
    centre = rng.uniform(0.1, 0.9, 2) * shape[::-1]
    half = np.array(film.shape[::-1]) / 2
    matrix = np.array([[a, -b, 0], [b, a, 0]])
    matrix[:, 2] = centre - matrix[:, :2] @ half
    soft = cv2.GaussianBlur(film, (0, 0), max(0.45 / scale, 0.01)) if scale < 0.8 else film
    laid = cv2.warpAffine(soft, matrix, shape[::-1], flags=cv2.INTER_LINEAR)
    return np.asarray(np.asarray(laid, np.float32) / 255, np.float32)


def _film(rng: np.random.Generator, image: Pixels, labels: Labels, sources: Sources, pictorial: bool) -> Pixels:
    """Add dust, hairs, lint and scratches of the sheet, the glass or the film."""
    shape = (labels.shape[0], labels.shape[1])
    bright = bool(rng.random() < (0.7 if pictorial else 0.3))
    for _ in range(int(rng.choice([1, 2, 4], p=(0.5, 0.3, 0.2)))):
        kind = str(rng.choice(list(_FILMS), p=list(_FILMS.values())))
        alpha = _scatter(rng, sources.film(rng, (kind,)), int(rng.uniform(220, 800)), shape)
        alpha = alpha * np.float32(rng.uniform(0.5, 1.0))
        tone = rng.uniform(215, 255) if bright else rng.uniform(5, 70)
        done = np.clip(image + (tone - image) * alpha[..., None], 0, 255).astype(np.uint8)
        change = np.abs(done.astype(np.int16) - image).max(2)
        sound = (labels == _LABEL["sound"]) | (labels == NOT_DAMAGE) | (labels == _LABEL["surroundings"])
        labels[sound & (alpha > 0.05) & (change > 4)] = IGNORE
        seen = (alpha > 0.25) & (change > 1.5 * _SEEN)
        labels[seen & (labels != _LABEL["missing paper"])] = _LABEL[
            "scratch" if kind == "scratches" else "film and dust"
        ]
        image = done
    return image


def _lay_down(
    rng: np.random.Generator, image: Pixels, labels: Labels, sheet: Field, behind: Pixels, unit: float
) -> Pixels:
    """Place the sheet on its surroundings."""
    below = behind.astype(np.float32)
    if rng.random() < 0.6:
        reach = rng.uniform(1, 6) * unit
        shift = np.array([[1, 0, rng.uniform(-1, 1) * reach], [0, 1, rng.uniform(-1, 1) * reach]])
        cover = cv2.GaussianBlur(
            cv2.warpAffine(sheet, shift, sheet.shape[::-1], borderMode=cv2.BORDER_REPLICATE), (0, 0), reach
        )
        below *= (1 - rng.uniform(0.1, 0.6) * cover)[..., None]
    top = image.astype(np.float32)
    if rng.random() < 0.3:
        edge = 1 - cv2.GaussianBlur(sheet, (0, 0), rng.uniform(1, 12) * unit)
        top *= 1 - (rng.uniform(0.1, 0.6) * np.clip(2 * edge, 0, 1))[..., None]
    labels[sheet <= 0.5] = _LABEL["surroundings"]
    rim = (sheet > 0.02) & (sheet < 0.98)
    damaged = (labels > 1) & (labels != NOT_DAMAGE)
    labels[rim] = np.where(damaged[rim], IGNORE, NOT_DAMAGE)
    return np.asarray(np.clip(below + (top - below) * sheet[..., None], 0, 255), np.uint8)
