"""Holes as the paper made them: what moving things hide or uncover between two consecutive frames."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from bokwon.synthesis.fields import Hole, Labels, level_set, noise_field, smooth_outline

__all__ = ["occlusion_mask", "occlusion_scene"]

Points = npt.NDArray[np.float64]
Affine = npt.NDArray[np.float64]
_TURN = np.linspace(0, 2 * np.pi, 36, endpoint=False)
_SQUARE = np.stack([np.cos(_TURN), np.sin(_TURN)], 1)
_SQUARE /= np.abs(_SQUARE).max(1)[:, None]
# Cosine and sine of orders 1 to 4 along an outline: how a soft body changes between the frames.
_SWELL = np.stack([wave(order * _TURN) for order in range(1, 5) for wave in (np.cos, np.sin)])


@dataclass(frozen=True)
class _Layer:
    """One moving thing: its outline in both frames and where its points go, (2, 3), from the first to the second."""

    first: Points
    second: Points
    motion: Affine


def occlusion_mask(rng: np.random.Generator, shape: tuple[int, int], least: int, most: int, target: int) -> Hole:
    """Draw a hole mask from occlusions between two frames of a scene, dilated until it has the wanted area.

    Args:
        rng: Source of randomness.
        shape: (H, W), pixels.
        least: Fewest hole pixels allowed.
        most: Most hole pixels allowed.
        target: Hole pixels aimed at.

    Returns:
        bool (H, W), True = hole, with a count in [least, most].

    Source: Liu et al. 2018 (arXiv 1804.07723), section 4.1: occlusion masks between video frames, randomly dilated,
        rotated and cropped.
    """
    fraction = target / (shape[0] * shape[1])
    # Larger holes of the published set are also thicker; measured there, see docs/masks.md.
    usual = float(np.interp(fraction, (0, 0.46, 0.53, 1), (3.8, 10, 14, 16)))
    reach = min(usual * math.exp(rng.normal(0, 0.45)), 36) / 512
    # The scene needs no more than 256 pixels: what it leaves of a line is dilated by several pixels anyway.
    shrink = max(min(shape) / 256, 1.0)
    small = (max(round(shape[0] / shrink), 1), max(round(shape[1] / shrink), 1))
    kernel = np.ones((2 * round(reach * min(small)) + 1,) * 2, np.uint8)
    wanted = fraction * small[0] * small[1]
    base = np.zeros(small, np.uint8)
    for _ in range(5):
        base |= occlusion_scene(rng, small, 2.2 + 6 * fraction)
        dilated = cv2.dilate(base, kernel)
        area = cv2.countNonZero(dilated)
        if area >= 0.75 * wanted:
            break
    if not area:
        base[int(rng.integers(small[0])), int(rng.integers(small[1]))] = 255
    if area > 1.15 * wanted:
        base = _keep_part(rng, base, dilated > 0, wanted / area)
    if shrink > 1:
        smooth = cv2.resize(base, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
        base = np.asarray(cv2.threshold(smooth, min(127, int(smooth.max()) - 1), 255, cv2.THRESH_BINARY)[1], np.uint8)
    return _grow(rng, base, least, most, target)


def occlusion_scene(rng: np.random.Generator, shape: tuple[int, int], things: float = 3) -> Labels:
    """Simulate layered shapes in smooth random motion and mark what one of two frames hides of the other.

    Args:
        rng: Source of randomness.
        shape: (H, W), pixels.
        things: Mean number of moving things, at least 1; each has a few parts.

    Returns:
        uint8 (H, W), 255 where a point of one frame is hidden in the other, else 0.
    """
    layers = _scene(rng, shape, things)
    first, second = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    for number, layer in enumerate(layers[1:], start=1):
        _fill(first, layer.first, number)
        _fill(second, layer.second, number)
    marks = np.zeros(shape, bool)
    for number, layer in enumerate(layers):
        _mark_hidden(marks, first, second, number, layer.first, layer.motion)
    if rng.random() < 0.65:
        for number, layer in enumerate(layers):
            _mark_hidden(marks, second, first, number, layer.second, _inverse(layer.motion))
    hidden: Labels = np.where(marks, np.uint8(255), np.uint8(0))
    if rng.random() < 0.7:
        # Motion along an edge, or none to see in a flat surface, leaves gaps in the line.
        sure = noise_field(rng, shape, float(rng.uniform(0.04, 0.16)) * min(shape), octaves=2)
        hidden[sure < rng.uniform(-1.6, -0.1)] = 0
    _add_flow_noise(rng, hidden, layers[1:])
    return hidden


def _mark_hidden(hidden: Hole, here: Labels, there: Labels, number: int, outline: Points, motion: Affine) -> None:
    """Set, in place, the pixels of a layer that it covers in one frame while something else does in the other."""
    height, width = hidden.shape
    left, right = max(math.floor(outline[:, 0].min()), 0), min(math.ceil(outline[:, 0].max()) + 1, width)
    top, bottom = max(math.floor(outline[:, 1].min()), 0), min(math.ceil(outline[:, 1].max()) + 1, height)
    if right <= left or bottom <= top:
        return
    shifted = motion.copy()
    shifted[:, 2] += motion[:, :2] @ (left, top)
    seen = cv2.warpAffine(
        there,
        shifted,
        (right - left, bottom - top),
        flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    window = (slice(top, bottom), slice(left, right))
    hidden[window] |= (here[window] == number) & (seen != number)


def _scene(rng: np.random.Generator, shape: tuple[int, int], things: float) -> list[_Layer]:
    """Things with parts before a background, seen by a moving camera; the background comes first."""
    height, width = shape
    side = float(min(shape))
    camera = _motion(rng, (width / 2, height / 2), 0.004 * side, 0.004)
    corners = np.array([[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1]], float)
    layers = [_Layer(corners, corners, camera)]
    speed = math.exp(rng.normal(math.log(0.010), 0.9)) * side
    # Rotating and cropping the finished mask is the same as turning and moving the scene, but leaves edges crisp.
    tilt = rng.uniform(-np.pi, np.pi) if rng.random() < 0.5 else rng.normal(0, 0.1)
    for _ in range(1 + int(rng.poisson(max(things - 1, 0.0)))):
        centre = rng.uniform(-0.1, 1.1, 2) * (width, height)
        kind = rng.random()
        if kind < 0.55:
            radius = min(math.exp(rng.normal(math.log(0.17), 0.6)), 0.6) * side
            outline = smooth_outline(rng, centre, radius, roughness=float(rng.uniform(0.1, 0.9)))
        else:
            length = float(rng.uniform(0.2, 1.3)) * side
            breadth = float(rng.uniform(0.25, 1.0)) * length if kind < 0.8 else float(rng.uniform(0.01, 0.06)) * side
            outline = _box(rng, centre, length, breadth, tilt)
            radius = math.sqrt(length * breadth) / 2
        motion = _compose(_motion(rng, centre, speed, 0.02), camera)
        layers.append(_move(rng, outline, motion, radius))
        for _ in range(int(rng.integers(0, 6)) if kind < 0.8 else 0):
            # Parts (a limb, a wheel, a window) sit on the thing and move a little on their own.
            spot = outline[rng.integers(len(outline))]
            spot = centre + (spot - centre) * rng.uniform(0.1, 1.05)
            size = radius * float(rng.uniform(0.12, 0.6))
            if rng.random() < 0.65:
                part = smooth_outline(rng, spot, size, roughness=float(rng.uniform(0.1, 0.9)))
            else:
                part = _box(rng, spot, 2 * size, size * float(rng.uniform(0.2, 1.5)), tilt)
            own = _compose(_motion(rng, spot, 0.6 * speed, 0.03), motion)
            layers.append(_move(rng, part, own, size))
    return layers


def _box(rng: np.random.Generator, centre: Points, length: float, breadth: float, tilt: float) -> Points:
    """Outline of a slightly skewed box, (36, 2), as many points as a smooth outline has."""
    skew = rng.normal(0, 0.06)
    turn = tilt + rng.normal(0, 0.12) + (np.pi / 2 if rng.random() < 0.5 else 0.0)
    cosine, sine = math.cos(turn), math.sin(turn)
    rotation = np.array([[cosine, sine], [-sine, cosine]])
    shape = np.array([[length / 2, skew * length / 2], [skew * breadth / 2, breadth / 2]])
    return np.asarray(_SQUARE @ (shape @ rotation) + centre)


def _move(rng: np.random.Generator, smooth: Points, motion: Affine, radius: float) -> _Layer:
    """Give an outline an uneven edge and move it; it also changes its shape a little on the way."""
    amount = 0.02 * radius * rng.uniform(0.2, 1.8)
    outline = smooth + amount * rng.standard_normal(smooth.shape)
    after = outline @ motion[:, :2].T + motion[:, 2]
    swell = 0.02 * (rng.standard_normal((2, 2)) @ _SWELL[2 * int(rng.integers(4)) :][:2])
    return _Layer(outline, after + swell.T * radius, motion)


def _motion(rng: np.random.Generator, centre: Points | tuple[float, float], step: float, turn: float) -> Affine:
    """Affine motion between two frames, (2, 3): a shift of about `step` pixels, a slight turn and zoom."""
    angle, zoom, right, down = rng.normal(0, (turn, 0.7 * turn, step, step)).tolist()
    cosine, sine = (1 + zoom) * math.cos(angle), (1 + zoom) * math.sin(angle)
    x, y = float(centre[0]), float(centre[1])
    return np.array(
        [[cosine, -sine, x - cosine * x + sine * y + right], [sine, cosine, y - sine * x - cosine * y + down]]
    )


def _compose(outer: Affine, inner: Affine) -> Affine:
    whole = outer[:, :2] @ inner
    whole[:, 2] += outer[:, 2]
    return whole


def _inverse(motion: Affine) -> Affine:
    return np.asarray(cv2.invertAffineTransform(motion), np.float64)


def _fill(labels: Labels, outline: Points, value: int) -> None:
    cv2.fillPoly(labels, [np.round(outline * 16).astype(np.int32)], value, lineType=cv2.LINE_8, shift=4)


def _add_flow_noise(rng: np.random.Generator, hidden: Labels, layers: list[_Layer]) -> None:
    """Add specks around some outlines, in place: where estimated motion is unsure in real footage."""
    side = min(hidden.shape)
    outline = np.concatenate([layer.first for layer in layers])
    anchors = outline[rng.integers(len(outline), size=int(rng.integers(1, 4)))]
    count = int(min(rng.gamma(0.5, 14), 80))
    spread = rng.uniform(0.03, 0.15) * side
    specks = anchors[rng.integers(len(anchors), size=count)] + rng.normal(0, spread, (count, 2))
    columns, rows = np.round(specks).astype(int).T
    inside = (rows >= 0) & (rows < hidden.shape[0]) & (columns >= 0) & (columns < hidden.shape[1])
    hidden[rows[inside], columns[inside]] = 255


def _grow(rng: np.random.Generator, base: Labels, least: int, most: int, target: int) -> Hole:
    """Dilate the base until it has the wanted area: by rounded boxes or, less often, by discs."""
    if rng.random() < 0.85:
        broad, tall = (2 * round(v) + 1 for v in (rng.uniform(0.6, 3.5, 2) * min(base.shape) / 512).tolist())
        base = np.asarray(cv2.dilate(base, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (broad, tall))), np.uint8)
        aspect = math.exp(rng.normal(0, 0.2))
        low, high = 0, max(base.shape)
        best, miss = base, abs(cv2.countNonZero(base) - target)
        while high - low > 1 and miss > 0.04 * target:
            middle = (low + high) // 2 if high < max(base.shape) else max(2 * low, round(0.02 * high), 1)
            grown = _dilate_by_box(base, middle, aspect)
            area = cv2.countNonZero(grown)
            low, high = (middle, high) if area < target else (low, middle)
            if abs(area - target) < miss:
                best, miss = grown, abs(area - target)
        if least <= cv2.countNonZero(best) <= most:
            return np.asarray(best > 0)
    distance = cv2.distanceTransform(255 - base, cv2.DIST_L2, cv2.DIST_MASK_3)
    return level_set(np.asarray(distance, np.float32), least, most, target)


def _dilate_by_box(base: Labels, reach: int, aspect: float) -> Labels:
    size = (2 * round(reach * aspect) + 1, 2 * round(reach / aspect) + 1)
    return np.asarray(cv2.dilate(base, cv2.getStructuringElement(cv2.MORPH_RECT, size)), np.uint8)


def _keep_part(rng: np.random.Generator, base: Labels, dilated: Hole, share: float) -> Labels:
    """Keep the base only where a smooth random field is lowest, in about that share of the dilated area."""
    window = noise_field(rng, (base.shape[0], base.shape[1]), 0.6 * min(base.shape), octaves=2)
    values = np.sort(window[::3, ::3][dilated[::3, ::3]])
    if not len(values):
        return base
    part = np.where(window <= values[min(len(values) - 1, int(share * len(values)))], base, np.uint8(0))
    return part if part.any() else base
