"""Lines that wander, branch and break: tunnels of insects, cracks, scratches, rips."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["Path", "draw_path", "edge_point", "wander"]


@dataclass(frozen=True)
class Path:
    """A line with a width that varies along it.

    Attributes:
        points: float64 (n, 2) of x, y, pixels.
        widths: float64 (n,), pixels.
    """

    points: npt.NDArray[np.float64]
    widths: npt.NDArray[np.float64]


def wander(
    rng: np.random.Generator,
    start: tuple[float, float],
    heading: float,
    *,
    length: float,
    step: float,
    width: float,
    bend: float,
    jitter: float = 0.0,
    width_spread: float = 0.25,
    branching: float = 0.0,
    taper: bool = False,
) -> list[Path]:
    """Draw a line that keeps its direction for a while, and its branches.

    Args:
        rng: Random generator.
        start: (x, y), pixels.
        heading: First direction, radians.
        length: Length of the main line, pixels; branches are shorter.
        step: Length of its pieces, pixels.
        width: Mean width, pixels.
        bend: Standard deviation of the lasting change of direction per step, radians.
        jitter: Standard deviation of the passing change of direction per step, radians.
        width_spread: How much the width varies along the line, as a share.
        branching: Chance of a branch per step.
        taper: Whether lines grow thin towards their ends.

    Returns:
        The main line first, then its branches.
    """
    count = max(int(length / step), 2)
    turns = rng.standard_normal(count) * bend
    drift = np.convolve(turns, 0.8 ** np.arange(12))[:count]
    headings = heading + np.cumsum(drift) * 0.5 + rng.standard_normal(count) * jitter
    moves = step * np.stack([np.cos(headings), np.sin(headings)], 1)
    points = np.concatenate([[start], np.asarray(start) + np.cumsum(moves, 0)])
    swell = np.convolve(rng.standard_normal(count + 5), np.ones(5) / math.sqrt(5), "valid")[: count + 1]
    widths = width * np.exp(width_spread * swell)
    if taper:
        widths = widths * np.linspace(1, 0.15, count + 1)
    paths = [Path(points, widths)]
    if branching <= 0 or length < 4 * step:
        return paths
    for index in np.flatnonzero(rng.random(count) < branching):
        side = 1 if rng.random() < 0.5 else -1
        paths += wander(
            rng,
            (float(points[index, 0]), float(points[index, 1])),
            float(headings[index]) + side * rng.uniform(0.5, 1.3),
            length=length * rng.uniform(0.15, 0.5),
            step=step,
            width=width * rng.uniform(0.5, 0.95),
            bend=bend,
            jitter=jitter,
            width_spread=width_spread,
            branching=branching * 0.5,
            taper=taper,
        )
    return paths


def draw_path(canvas: npt.NDArray[np.uint8], path: Path) -> None:
    """Draw a path with round ends, in place.

    Args:
        canvas: uint8 (H, W); drawn with 255, with smooth edges.
        path: The line.
    """
    # OpenCV's smooth lines jump in width by two pixels at a time; quadrilaterals with round joints have any width.
    # Their smooth edge reaches 0.7 pixels further than their corners say.
    steps = np.diff(path.points, axis=0)
    lengths = np.maximum(np.hypot(steps[:, 0], steps[:, 1]), 1e-6)[:, None]
    half = np.maximum(path.widths[:-1, None] / 2 - 0.7, 0.0)
    aside = np.stack([-steps[:, 1], steps[:, 0]], 1) / lengths * half
    start, end = path.points[:-1], path.points[1:]
    corners = np.stack([start + aside, end + aside, end - aside, start - aside], 1)
    quads = np.round(corners * 16).astype(np.int32)
    joints = np.round(path.points * 16).astype(int).tolist()
    for index, quad in enumerate(quads):
        if path.widths[index] < 2:
            cv2.line(canvas, joints[index], joints[index + 1], 255, 1, lineType=cv2.LINE_AA, shift=4)
            continue
        cv2.fillConvexPoly(canvas, quad, 255, cv2.LINE_AA, shift=4)
        radius = round(float(half[index, 0]) * 16)
        cv2.circle(canvas, joints[index], radius, 255, -1, cv2.LINE_AA, shift=4)
        cv2.circle(canvas, joints[index + 1], radius, 255, -1, cv2.LINE_AA, shift=4)


def edge_point(
    rng: np.random.Generator, shape: tuple[int, int], inset: float = 0.0
) -> tuple[tuple[float, float], float]:
    """Draw a point on the edge of the image and a direction inwards.

    Args:
        rng: Random generator.
        shape: (H, W), pixels.
        inset: How far inside the edge, pixels.

    Returns:
        (x, y), and the heading straight away from that edge, radians.
    """
    height, width = shape
    place = rng.random()
    side = int(rng.choice(4, p=np.array([width, width, height, height]) / (2 * (width + height))))
    return [
        ((place * width, inset), math.pi / 2),
        ((place * width, height - inset), -math.pi / 2),
        ((inset, place * height), 0.0),
        ((width - inset, place * height), math.pi),
    ][side]
