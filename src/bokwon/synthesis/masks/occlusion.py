"""Holes as in the paper: occlusions and disocclusions between two consecutive frames."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from bokwon.synthesis.random_fields import Labels, level_set, noise_field, smooth_outline
from bokwon.types import Hole

__all__ = ["occlusion_mask", "occlusion_scene"]

Points = npt.NDArray[np.float64]
Affine = npt.NDArray[np.float64]
_TURN = np.linspace(0, 2 * np.pi, 36, endpoint=False)
_SQUARE = np.stack([np.cos(_TURN), np.sin(_TURN)], 1)
_SQUARE /= np.abs(_SQUARE).max(1)[:, None]
# Cosine and sine of orders 1 to 4 along an outline: how a soft body changes between the frames.
_SWELL = np.stack([[np.cos(order * _TURN), np.sin(order * _TURN)] for order in range(1, 5)])


@dataclass(frozen=True)
class _Scene:
    """Layers that move between two frames. Later layers cover earlier ones, and all cover the background.

    Attributes:
        first: Outlines in the first frame, (layers, 36, 2) of x, y, pixels.
        second: Outlines in the second frame.
        motions: Where points go from the first to the second frame, (1 + layers, 2, 3), the background's first.
    """

    first: Points
    second: Points
    motions: Affine


def occlusion_mask(rng: np.random.Generator, shape: tuple[int, int], least: int, most: int, target: int) -> Hole:
    """Draw a hole mask from occlusions between two frames of a scene, dilated until it has the wanted area.

    A `MaskGenerator`; arguments and result are described there.

    Source: Liu et al. 2018 (arXiv 1804.07723), section 4.1: occlusion masks between video frames, randomly dilated,
        rotated and cropped.
    """
    fraction = target / (shape[0] * shape[1])
    # Larger holes of the published set are also thicker; measured there, see docs/research/masks.md.
    usual = float(np.interp(fraction, (0, 0.46, 0.53, 1), (3.8, 10, 14, 16)))
    spread = float(np.interp(fraction, (0.3, 0.45), (0.45, 0.3)))
    reach = min(usual * math.exp(rng.normal(0, spread)), 36) / 512
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
    """Simulate layered shapes in smooth random motion, and mark what is hidden in one of two frames.

    Args:
        rng: Random generator.
        shape: (H, W), pixels.
        things: Mean number of moving things, at least 1; each has a few parts.

    Returns:
        uint8 (H, W), 255 where a point of one frame is hidden in the other, else 0.
    """
    scene = _scene(rng, shape, things)
    first, second = _paint(shape, scene.first), _paint(shape, scene.second)
    marks = np.zeros(shape, bool)
    _mark_hidden(marks, first, second, scene.first, scene.motions)
    if rng.random() < 0.6:
        inverse = np.stack([np.asarray(cv2.invertAffineTransform(m), np.float64) for m in scene.motions])
        _mark_hidden(marks, second, first, scene.second, inverse)
    hidden: Labels = np.where(marks, np.uint8(255), np.uint8(0))
    if rng.random() < 0.7:
        # Motion along an edge, or in a flat surface, is not visible and leaves gaps in the line.
        sure = noise_field(rng, shape, float(rng.uniform(0.04, 0.16)) * min(shape), octaves=2)
        hidden[sure < rng.uniform(-1.6, -0.1)] = 0
    _add_flow_noise(rng, hidden, scene.first)
    return hidden


def _paint(shape: tuple[int, int], outlines: Points) -> Labels:
    """Number of the topmost layer at each pixel, 0 for the background."""
    labels = np.zeros(shape, np.uint8)
    for number, outline in enumerate(np.round(outlines * 16).astype(np.int32), start=1):
        cv2.fillPoly(labels, [outline], number, lineType=cv2.LINE_8, shift=4)
    return labels


def _mark_hidden(marks: Hole, here: Labels, there: Labels, outlines: Points, motions: Affine) -> None:
    """Mark, in place, the pixels of every layer where the other frame shows something else."""
    height, width = marks.shape
    low = np.floor(outlines.min(1)).clip(0, (width, height)).astype(int).tolist()
    high = (np.ceil(outlines.max(1)) + 1).clip(0, (width, height)).astype(int).tolist()
    boxes = zip([[0, 0], *low], [[width, height], *high], strict=True)
    for number, ((left, top), (right, bottom)) in enumerate(boxes):
        if right <= left or bottom <= top:
            continue
        shifted = motions[number].copy()
        shifted[:, 2] += shifted[:, :2] @ (left, top)
        seen = cv2.warpAffine(
            there,
            shifted,
            (right - left, bottom - top),
            flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        window = (slice(top, bottom), slice(left, right))
        marks[window] |= (here[window] == number) & (seen != number)


def _scene(rng: np.random.Generator, shape: tuple[int, int], things: float) -> _Scene:
    """Return objects with parts before a background, seen by a moving camera."""
    height, width = shape
    side = float(min(shape))
    camera = _motion(rng, (width / 2, height / 2), 0.004 * side, 0.004)
    speed = math.exp(rng.normal(math.log(0.010), 0.9)) * side
    # Rotating and cropping the finished mask is the same as turning and moving the scene, but leaves edges crisp.
    tilt = rng.uniform(-np.pi, np.pi) if rng.random() < 0.5 else rng.normal(0, 0.1)
    outlines, motions, radii = [], [camera], []
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
        outlines.append(outline)
        motions.append(motion)
        radii.append(radius)
        for _ in range(int(rng.integers(0, 6)) if kind < 0.8 else 0):
            # Parts (a limb, a wheel, a window) sit on the thing and move a little on their own.
            spot = centre + (outline[rng.integers(len(outline))] - centre) * rng.uniform(0.1, 1.05)
            size = radius * float(rng.uniform(0.12, 0.6))
            if rng.random() < 0.65:
                part = smooth_outline(rng, spot, size, roughness=float(rng.uniform(0.1, 0.9)))
            else:
                part = _box(rng, spot, 2 * size, size * float(rng.uniform(0.2, 1.5)), tilt)
            outlines.append(part)
            motions.append(_compose(_motion(rng, spot, 0.6 * speed, 0.03), motion))
            radii.append(size)
    first, second = _move(rng, np.stack(outlines), np.stack(motions[1:]), np.array(radii)[:, None, None])
    return _Scene(first, second, np.stack(motions))


def _box(rng: np.random.Generator, centre: Points, length: float, breadth: float, tilt: float) -> Points:
    """Return the outline of a slightly skewed box, (36, 2), with as many points as a smooth outline."""
    skew = rng.normal(0, 0.06)
    turn = tilt + rng.normal(0, 0.12) + (np.pi / 2 if rng.random() < 0.5 else 0.0)
    cosine, sine = math.cos(turn), math.sin(turn)
    rotation = np.array([[cosine, sine], [-sine, cosine]])
    shape = np.array([[length / 2, skew * length / 2], [skew * breadth / 2, breadth / 2]])
    return np.asarray(_SQUARE @ (shape @ rotation) + centre)


def _move(rng: np.random.Generator, smooth: Points, motions: Affine, radii: Points) -> tuple[Points, Points]:
    """Give outlines an uneven edge and move them. Their shape changes a little between the frames."""
    count = len(smooth)
    uneven = 0.02 * radii * rng.uniform(0.2, 1.8, (count, 1, 1))
    first = smooth + uneven * rng.standard_normal(smooth.shape)
    second = first @ motions[:, :, :2].transpose(0, 2, 1) + motions[:, None, :, 2]
    # Each coordinate swells along a wave of its own phase.
    waves = _SWELL[rng.integers(4, size=count)]
    swell = 0.02 * radii * (rng.standard_normal((count, 2, 2)) @ waves).transpose(0, 2, 1)
    return first, second + swell


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


def _add_flow_noise(rng: np.random.Generator, hidden: Labels, outlines: Points) -> None:
    """Add specks around some outlines, in place, as where estimated motion is uncertain in real videos."""
    side = min(hidden.shape)
    points = outlines.reshape(-1, 2)
    anchors = points[rng.integers(len(points), size=int(rng.integers(1, 4)))]
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
            farther = max(2 * low, round(0.02 * high), 1)
            # Always below `high`; otherwise the search never ends on narrow images.
            middle = (low + high) // 2 if high < max(base.shape) else min(farther, high - 1)
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
    """Keep the base only where a smooth random field is lowest, in about the given share of the dilated area."""
    window = noise_field(rng, (base.shape[0], base.shape[1]), 0.6 * min(base.shape), octaves=2)
    values = np.sort(window[::3, ::3][dilated[::3, ::3]])
    if not len(values):
        return base
    part = np.where(window <= values[min(len(values) - 1, int(share * len(values)))], base, np.uint8(0))
    return part if part.any() else base
