"""Irregular hole masks of an exact area, with or without holes at the border."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from bokwon.errors import ArgumentError
from bokwon.synthesis.masks.blobs import blob_mask
from bokwon.synthesis.masks.document_shapes import document_mask
from bokwon.synthesis.masks.grid import grid_mask
from bokwon.synthesis.masks.occlusion import occlusion_mask
from bokwon.synthesis.masks.protocols import MaskGenerator
from bokwon.synthesis.masks.squares import square_mask
from bokwon.synthesis.masks.strokes import stroke_mask
from bokwon.types import Hole

__all__ = ["KINDS", "Border", "Kind", "border_width", "check_mask", "make_mask", "touches_border"]

Border = Literal["both", "touching", "inner"]
Kind = Literal["occlusion", "strokes", "blobs", "mixed", "document", "square", "grid"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_MAKERS: dict[str, MaskGenerator] = {
    "occlusion": occlusion_mask,
    "strokes": stroke_mask,
    "blobs": blob_mask,
    "document": document_mask,
    "square": square_mask,
    "grid": grid_mask,
}
_SHARES = {"occlusion": 0.5, "strokes": 0.3, "blobs": 0.2}
_WHOLE_RANGE = (0.01, 0.6)
_GRID_RANGE = (0.7, 0.99)
"""From every second pixel known in both directions to every tenth."""


def border_width(size: tuple[int, int]) -> int:
    """Return the width of the border frame: the paper's 50 px at 512, in proportion to the shorter side.

    Args:
        size: (H, W), pixels.

    Returns:
        Pixels, at least 1.
    """
    return max(1, round(50 * min(size) / 512))


def touches_border(hole: Hole) -> bool:
    """Return whether a hole reaches into the border frame.

    Args:
        hole: bool (H, W), True = hole.

    Returns:
        True if a hole pixel lies within `border_width` pixels of an edge.
    """
    frame = border_width((hole.shape[0], hole.shape[1]))
    return bool(hole[:frame].any() or hole[-frame:].any() or hole[:, :frame].any() or hole[:, -frame:].any())


def make_mask(
    rng: np.random.Generator,
    size: tuple[int, int] = (512, 512),
    kind: str = "mixed",
    ratio: tuple[float, float] | None = None,
    border: Border = "both",
) -> Hole:
    """Draw one irregular hole mask.

    Args:
        rng: Random generator; the same state gives the same mask.
        size: (H, W), pixels.
        kind: `occlusion` (what moving things hide between two frames, as in the paper), `strokes` (free-form brush),
            `blobs` (thresholded noise), `mixed` (one of these, or two laid over each other), `document` (shapes of
            document damage: tunnels, torn edges, cracks, burns, mould, lost patches), `square` (one square) or `grid`
            (all but a grid of pixels, for super-resolution).
        ratio: Half-open interval (low, high] of the hole's share of the image, in [0, 1]; by default (0.01, 0.6], and
            (0.7, 0.99] for a grid.
        border: `touching`: a hole reaches into the border frame (50 px at 512); `inner`: none does; `both`: no matter.

    Returns:
        bool (H, W), True = hole. Its ratio lies in the interval.

    Raises:
        ArgumentError: The kind or border is unknown, a side is below 1, or no mask of this size can have such a ratio.
    """
    usual = _GRID_RANGE if kind == "grid" else _WHOLE_RANGE
    least, most = check_mask(size, kind, ratio or usual, border)
    target = int(rng.integers(least, most + 1))
    if border != "inner":
        hole = _draw(rng, kind, size, least, most, target)
        return _push_to_border(rng, hole) if border == "touching" and not touches_border(hole) else hole
    frame = border_width(size)
    hole = np.zeros(size, bool)
    inside = (size[0] - 2 * frame, size[1] - 2 * frame)
    hole[frame:-frame, frame:-frame] = _draw(rng, kind, inside, least, most, target)
    return hole


def check_mask(size: tuple[int, int], kind: str, ratio: tuple[float, float], border: str) -> tuple[int, int]:
    """Refuse arguments that are impossible for a mask.

    Args:
        size: (H, W), pixels.
        kind: Kind of mask.
        ratio: Half-open interval (low, high] of the hole's share of the image.
        border: Border class.

    Returns:
        Fewest and most hole pixels such a mask has, both inclusive.

    Raises:
        ArgumentError: As `make_mask`.
    """
    if kind not in KINDS:
        raise ArgumentError(f"unknown kind of mask {kind!r}", f"choose one of {', '.join(KINDS)}")
    if border not in get_args(Border):
        raise ArgumentError(f"unknown border class {border!r}", f"choose one of {', '.join(get_args(Border))}")
    height, width = size
    if height < 1 or width < 1:
        raise ArgumentError(f"a mask cannot be {width}x{height} pixels", "give a size of at least 1")
    low, high = ratio
    if not 0 <= low < high <= 1:
        raise ArgumentError(
            f"hole ratio ({low}, {high}] is not an interval in [0, 1]", "give two numbers, the lower first"
        )
    pixels = height * width
    least, most = int(low * pixels), int(high * pixels) + 1
    while least / pixels <= low:
        least += 1
    while most / pixels > high:
        most -= 1
    frame = border_width(size)
    room = max(height - 2 * frame, 0) * max(width - 2 * frame, 0) if border == "inner" else pixels
    most = min(most, room)
    if least > most:
        place = f" inside the {frame} px border" if border == "inner" else ""
        raise ArgumentError(
            f"no {width}x{height} mask has a hole ratio in ({low}, {high}]{place}",
            "ask for a wider interval, a larger size or another border class",
        )
    return least, most


def _draw(rng: np.random.Generator, kind: str, shape: tuple[int, int], least: int, most: int, target: int) -> Hole:
    if kind != "mixed":
        return _MAKERS[kind](rng, shape, least, most, target)
    first, second = (str(k) for k in rng.choice(list(_SHARES), 2, p=list(_SHARES.values())))
    if first == second or rng.random() < 0.6 or target < 64:
        return _MAKERS[first](rng, shape, least, most, target)
    # The two overlap; drawn a little too large each, their union mostly lands in the interval.
    part = int(target * rng.uniform(0.25, 0.75))
    areas = (part, int((target - part) * (1 + 0.5 * part / max(shape[0] * shape[1], 1))))
    one, two = (
        _MAKERS[maker](
            rng, shape, max(1, int(0.95 * area)), min(max(1, int(1.05 * area) + 1), shape[0] * shape[1]), area
        )
        for maker, area in zip((first, second), areas, strict=True)
    )
    hole = one | two
    return hole if least <= np.count_nonzero(hole) <= most else _MAKERS[first](rng, shape, least, most, target)


def _push_to_border(rng: np.random.Generator, hole: Hole) -> Hole:
    """Shift a mask towards one edge until it touches the border frame. Its shape and area do not change."""
    rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
    top, bottom = int(rows[0]), hole.shape[0] - 1 - int(rows[-1])
    left, right = int(columns[0]), hole.shape[1] - 1 - int(columns[-1])
    frame = border_width((hole.shape[0], hole.shape[1]))
    depth = int(rng.integers(0, frame))
    edge = int(np.argmin([top, bottom, left, right]))
    shift = [(depth - top, 0), (bottom - depth, 0), (0, depth - left), (0, right - depth)][edge]
    return np.roll(hole, shift, (0, 1))
