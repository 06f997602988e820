"""Aged paper: tone, fibre, laid lines, shading, stains of age, and real textures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bokwon.errors import ArgumentError, InputFileError
from bokwon.synthesis.noise import blur, smooth_noise
from bokwon.utilities.listing import list_files

__all__ = ["Paper", "list_textures", "render_paper", "texture_paper"]

# Tones in RGB. East Asian leaves: young and old hanji, browned mulberry paper, white facsimiles. Western ones:
# parchment, rag and wood-pulp paper.
_EAST = np.array(
    [
        (247, 245, 240), (250, 250, 249), (240, 233, 218), (236, 226, 205), (231, 218, 192), (228, 214, 186),
        (232, 205, 168), (221, 203, 170), (206, 184, 148), (224, 216, 200), (188, 164, 128),
    ],
    np.float32,
)  # fmt: skip
_WEST = np.array(
    [
        (228, 217, 200), (219, 213, 190), (204, 196, 180), (198, 192, 185), (230, 220, 183), (232, 230, 226),
        (241, 230, 212), (250, 249, 246), (210, 206, 200), (214, 200, 170), (236, 227, 208), (200, 188, 160),
    ],
    np.float32,
)  # fmt: skip


@dataclass(frozen=True)
class Paper:
    """Appearance of a leaf without writing.

    Attributes:
        tone: Mean colour, RGB in [0, 255].
        mottle: Standard deviation of the slow changes of tone, in grey levels.
        grain: Standard deviation of the finest fibre, in grey levels.
        fibres: Visible fibres per 100 x 100 pixels.
        laid: Depth of the mould's laid lines, in grey levels.
        shading: How much darker the darkest edge is, in grey levels.
        foxing: Brown spots per 1000 x 1000 pixels.
        show_through: Opacity of the writing on the back, in [0, 1].
    """

    tone: tuple[float, float, float] = (231.0, 221.0, 196.0)
    mottle: float = 4.0
    grain: float = 3.0
    fibres: float = 0.5
    laid: float = 0.0
    shading: float = 15.0
    foxing: float = 0.0
    show_through: float = 0.0

    @classmethod
    def draw(cls, rng: np.random.Generator, east: bool = True) -> Paper:
        """Draw the appearance of a leaf at random, East Asian or Western."""
        tones = _EAST if east else _WEST
        tone = tones[int(rng.integers(len(tones)))] + rng.normal(0, 1, 3) + rng.normal(0, 4)
        # Yellower or paler, never greener: what age does to paper runs along one line.
        tone += float(rng.normal(0, 3)) * np.array([0.35, 0.0, -1.0])
        red, green, blue = np.clip(tone, 90, 253).tolist()
        white = min(red, green, blue) > 240
        return cls(
            tone=(red, green, blue),
            mottle=float(rng.uniform(0.3, 1.2) if white else rng.gamma(3, 1.1)),
            grain=float(rng.uniform(0.3, 1.2) if white else rng.gamma(3, 0.8)),
            fibres=float(0 if white else rng.gamma(1.2, 0.5 if east else 0.15)),
            laid=float(rng.gamma(2, 0.7) if not white and rng.random() < 0.35 else 0),
            shading=float(rng.gamma(1.5, 3 if white else 8)),
            foxing=float(rng.gamma(1, 12) if rng.random() < (0.05 if white else 0.35) else 0),
            show_through=float(rng.uniform(0.04, 0.25) if rng.random() < (0.1 if white else 0.5) else 0),
        )


def render_paper(
    rng: np.random.Generator, height: int, width: int, paper: Paper, scale: float = 1.0
) -> NDArray[np.float32]:
    """Paint a leaf.

    Args:
        rng: Random generator.
        height: Rows.
        width: Columns.
        paper: How it looks.
        scale: Resolution: 1 where a character of the text is 30 pixels high.

    Returns:
        RGB `(height, width, 3)`, in grey levels around [0, 255], not yet clipped.
    """
    extent = float(max(height, width))
    level = smooth_noise(rng, height, width, extent / 3) + 0.7 * smooth_noise(rng, height, width, extent / 9)
    level += 0.5 * smooth_noise(rng, height, width, max(extent / 30, 8))
    level *= paper.mottle / 1.3
    # Fibre: fine noise, stretched both ways, the coarser part of it carrying less.
    fine = smooth_noise(rng, height, width, 1.0)
    scale = float(np.clip(scale, 0.6, 6))
    fine = 0.55 * fine + 0.7 * smooth_noise(rng, height, width, 1.6 * scale, 3.0 if scale < 1.5 else 1.5)
    fine += 0.6 * smooth_noise(rng, height, width, 4.0 * scale, 0.4 if scale < 1.5 else 0.8)
    if scale >= 1.5:
        # Between the finest grain and the fibre lies an octave that small pictures cannot show.
        fine += 0.5 * smooth_noise(rng, height, width, 2.0)
    level += paper.grain * fine
    if paper.fibres > 0:
        level += _fibres(rng, height, width, paper.fibres, scale)
    if paper.laid > 0:
        level += paper.laid * _laid_lines(rng, height, width, scale)
    level -= paper.shading * _shading(rng, height, width)
    # Paper yellows and browns where it darkens: blue falls faster than red.
    response = np.array([0.8, 1.0, 1.3], np.float32)
    image = np.asarray(cv2.merge([paper.tone[c] + response[c] * level for c in range(3)]), np.float32)
    if paper.foxing > 0:
        _add_foxing(rng, image, paper.foxing, scale)
    return image


def list_textures(folder: str | Path) -> list[Path]:
    """List the pictures of a folder that may serve as paper.

    Raises:
        FileAccessError: `folder` is no folder, or holds no picture.
    """
    return list_files(Path(folder), "photographs of blank paper")


def texture_paper(
    rng: np.random.Generator, height: int, width: int, files: list[Path]
) -> tuple[NDArray[np.float32], tuple[float, float, float]]:
    """Cut a leaf out of a photograph of real paper, randomly scaled, rotated and mirrored.

    Args:
        rng: Random generator.
        height: Rows.
        width: Columns.
        files: Photographs, as from `list_textures`.

    Returns:
        RGB `(height, width, 3)` in [0, 255], and its mean colour.

    Raises:
        ArgumentError: There is no file.
        InputFileError: The photograph cannot be read.
    """
    if not files:
        raise ArgumentError("no paper photograph given", "give a folder of pictures")
    image = _read_texture(str(files[int(rng.integers(len(files)))]))
    image = np.rot90(image, int(rng.integers(4)))
    if rng.random() < 0.5:
        image = image[:, ::-1]
    scale = max(height / image.shape[0], width / image.shape[1]) * float(rng.uniform(1.0, 1.6))
    # Small cuts come from the photograph's own scale where it is large enough.
    scale = max(scale, min(1.0, float(rng.uniform(0.4, 1.0))))
    rows, columns = max(1, int(height / scale)), max(1, int(width / scale))
    top = int(rng.integers(image.shape[0] - min(rows, image.shape[0]) + 1))
    left = int(rng.integers(image.shape[1] - min(columns, image.shape[1]) + 1))
    cut = np.ascontiguousarray(image[top : top + rows, left : left + columns])
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    leaf = np.asarray(cv2.resize(cut, (width, height), interpolation=method), np.float32)
    # Studio light on crumpled paper throws shadows as dark as ink: slow changes of light are kept within bounds.
    light = blur(np.ascontiguousarray(leaf.mean(-1)), max(height, width) / 40)
    mean, spread = float(light.mean()), float(light.std())
    if spread > _MOST_SHADING:
        leaf += ((_MOST_SHADING / spread - 1) * (light - mean))[..., None]
    red, green, blue = leaf.reshape(-1, 3).mean(0).tolist()
    return leaf, (red, green, blue)


# Standard deviation of the light on a photographed sheet, in grey levels.
_MOST_SHADING = 14.0


# Larger photographs are brought down to this many pixels a side, so that a folder of them fits into memory.
_MOST_TEXTURE = 2400


@lru_cache(maxsize=24)
def _read_texture(path: str) -> NDArray[np.uint8]:
    image = cv2.imread(path, cv2.IMREAD_COLOR)
    if image is None:
        raise InputFileError(f"{path} cannot be read as a picture", "remove it from the paper folder")
    part = _MOST_TEXTURE / max(image.shape)
    if part < 1:
        image = cv2.resize(image, None, fx=part, fy=part, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def _fibres(rng: np.random.Generator, height: int, width: int, density: float, scale: float) -> NDArray[np.float32]:
    # Gently bent threads, drawn with four fractional bits.
    count = int(rng.poisson(density * height * width / (1e4 * scale**2)))
    canvas = np.zeros((height, width), np.uint8)
    count = min(count, 20000)
    start = rng.random((count, 2)) * (width, height)
    angle = rng.uniform(0, 2 * np.pi, count)
    length = rng.gamma(3, 5, count) * scale
    bend = rng.normal(0, 0.7, count)
    steps = np.linspace(0, 1, 6)
    turned = angle[:, None] + bend[:, None] * steps
    x = start[:, :1] + np.cumsum(np.cos(turned), 1) * length[:, None] / 6
    y = start[:, 1:] + np.cumsum(np.sin(turned), 1) * length[:, None] / 6
    points = np.round(np.stack([x, y], -1) * 16).astype(np.int32)
    tones = rng.integers(70, 255, count)
    for group in range(3):
        chosen = list(points[group::3])
        if chosen:
            cv2.polylines(canvas, chosen, False, int(tones[group]), max(1, round(0.7 * scale)), cv2.LINE_AA, 4)
    field = np.asarray(canvas, np.float32) / 255
    # Dark bark fibres and light ones in patches.
    sign = smooth_noise(rng, height, width, 25.0 * scale)
    return np.asarray(field * sign * 7.0, np.float32)


def _laid_lines(rng: np.random.Generator, height: int, width: int, scale: float) -> NDArray[np.float32]:
    pitch = max(2.5, float(rng.uniform(2.5, 6.0)) * scale)
    phase = 0.8 * smooth_noise(rng, height, width, 120.0 * scale)
    upright = rng.random() < 0.4
    along = np.arange(width, dtype=np.float32)[None] if upright else np.arange(height, dtype=np.float32)[:, None]
    across = np.arange(height, dtype=np.float32)[:, None] if upright else np.arange(width, dtype=np.float32)[None]
    lines = np.sin(2 * np.pi * along / pitch + phase)
    # Chain lines: sparse, at right angles.
    gap = pitch * float(rng.uniform(14, 24))
    chain = np.exp(-(((across + 3 * phase) % gap - gap / 2) ** 2) / (2.0 * scale**2))
    return np.asarray(0.7 * lines - 1.5 * chain, np.float32)


def _shading(rng: np.random.Generator, height: int, width: int) -> NDArray[np.float32]:
    # Soil and light browning from the edges inwards, each edge with its own depth, and one slope for the lamp.
    x = np.linspace(0, 1, width, dtype=np.float32)
    y = np.linspace(0, 1, height, dtype=np.float32)
    depth, reach = rng.random(4) * (rng.random(4) < 0.6), rng.uniform(0.04, 0.3, 4)
    side = depth[0] * np.exp(-x / reach[0]) + depth[1] * np.exp(-(1 - x) / reach[1])
    head = depth[2] * np.exp(-y / reach[2]) + depth[3] * np.exp(-(1 - y) / reach[3])
    slope = rng.normal(0, 0.35, 2)
    field = side[None] + head[:, None] + slope[0] * (x - 0.5)[None] + slope[1] * (y - 0.5)[:, None]
    uneven = 1 + 0.3 * smooth_noise(rng, height, width, max(height, width) / 6)
    return np.asarray(field * uneven, np.float32)


def _add_foxing(rng: np.random.Generator, image: NDArray[np.float32], density: float, scale: float) -> None:
    height, width = image.shape[:2]
    # Spots may have their centre outside the leaf's cut.
    count = min(int(rng.poisson(density * (height + 40) * (width + 40) / (1e6 * scale**2))), 3000)
    spots = np.zeros((height, width), np.float32)
    for _ in range(count):
        radius = float(min(2 + rng.gamma(1.2, 5), 40)) * scale
        x, y = rng.uniform(-20, width + 20), rng.uniform(-20, height + 20)
        reach = int(2.5 * radius) + 2
        x0, x1 = max(0, int(x) - reach), min(width, int(x) + reach)
        y0, y1 = max(0, int(y) - reach), min(height, int(y) + reach)
        if x0 >= x1 or y0 >= y1:
            continue
        dx = (np.arange(x0, x1, dtype=np.float32) - x)[None]
        dy = (np.arange(y0, y1, dtype=np.float32) - y)[:, None]
        distance = np.sqrt(dx * dx + dy * dy)
        patch = float(rng.uniform(0.15, 0.9)) / (1 + np.exp((distance - radius) / (0.25 * radius + 0.5)))
        np.maximum(spots[y0:y1, x0:x1], patch, out=spots[y0:y1, x0:x1])
    spots *= np.clip(0.8 + 0.35 * smooth_noise(rng, height, width, 5.0 * scale), 0, 1.3)
    image -= spots[..., None] * np.array([28, 48, 62], np.float32)
