"""Rules: the straight lines of frames and between columns. One that enters a hole on both sides is drawn through it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokwon.image_io.modes import missing_pixels
from bokwon.inpaint.colour import as_float, eight_bits, light_to_samples, put_samples, samples_to_light
from bokwon.inpaint.finish.paper import gray_of, paper_of
from bokwon.inpaint.hole_depth import smoothstep
from bokwon.types import Hole, Pixels

__all__ = ["End", "Rule", "draw_rules", "find_rules"]

HALF = 2
"""Side of a square, pixels. Rules are sought in a smaller page that keeps the darkest pixel of each square."""
LENGTH = 66
"""Least length of a rule on each side of a hole, pixels. Hardly any stroke of a letter is as long and straight."""
LONGEST = 384
"""Widest gap that is closed, pixels."""
THICK = 22
"""Rules are thinner than this, pixels. Both lengths are an odd number of squares, because OpenCV moves the result of an
opening by an even number."""
INK = 0.4
"""All along `LENGTH`, a rule is darker than its paper by at least this share."""
RIM = 8
"""A line that comes this near to a hole, pixels, ends there. Scans are soft, and masks are larger than the damage."""
STRAIGHT, LEAN = 1.5, 0.1
"""Nine tenths of a rule lie within the first distance of a straight line, pixels. The second is the largest slope of
that line, columns for each row."""
APART, DRIFT = 2.0, 0.01
"""Largest distance between the lines of the two ends in the middle of the gap: pixels, plus pixels for each pixel of
the gap."""
LIKE = 1.6
"""One end is at most this many times as wide, and as dark, as the other."""
MISSING = 0.8
"""Least share of the gap, along the rule, that is missing. If more is known, the page itself shows what is there."""
BESIDE, FADE = 1.0, 1.5
"""Width of the strip on each side of a rule that is copied too, and width over which it fades into the fill, pixels."""
CLEARED, STRAY = 4, 0.88
"""The fill may have drawn the rule at another place. So, for this many pixels beside the copied strip, a pixel darker
than this share of the lighter copy is replaced by that copy."""
SEAM = 6
"""Half the length over which the copies of the two ends fade into each other, pixels."""

_BAND = 1024


@dataclass(frozen=True)
class End:
    """A piece of an upright line next to a hole, `LENGTH` pixels long.

    Attributes:
        start: Its first row.
        place: Column of its middle at that row.
        slope: Columns for each row.
        width: Pixels across.
        ink: How much darker than the paper it is, as a share.
    """

    start: int
    place: float
    slope: float
    width: float
    ink: float

    @property
    def stop(self) -> int:
        """One past its last row."""
        return self.start + LENGTH

    def at(self, row: Any) -> Any:
        """Return the column of its middle at a row, or at an array of rows, also beyond its ends."""
        return self.place + self.slope * (row - self.start)


@dataclass(frozen=True)
class Rule:
    """A rule that a hole interrupts.

    Attributes:
        turned: Whether it runs along the rows of the page. Then its ends are given in the transposed page.
        before: Its end above the hole.
        after: Its end below.
    """

    turned: bool
    before: End
    after: End


def draw_rules(pixels: Pixels, mode: str, hole: Hole) -> None:
    """Draw rules through the holes of a page, in place. They are copied from their own ends beside the hole.

    Args:
        pixels: Samples (H, W) or (H, W, C) of the filled page. Only those inside the hole are changed.
        mode: Their mode; a bilevel page stays as it is.
        hole: (H, W), what was filled.
    """
    if mode != "1":
        for rule in find_rules(pixels, mode, missing_pixels(pixels, mode, hole)):
            page, inside = (array.swapaxes(0, 1) if rule.turned else array for array in (pixels, hole))
            _draw(page, mode, inside, rule.before, rule.after)


def find_rules(pixels: Pixels, mode: str, missing: Hole) -> list[Rule]:
    """Find the rules that holes interrupt: lines on both sides of a hole that lie on one straight line.

    Args:
        pixels: Samples (H, W) or (H, W, C).
        mode: Their mode.
        missing: (H, W), True where the page is not known.
    """
    import cv2

    ink = _ink(pixels, mode, missing)
    side = THICK // HALF
    thin = np.asarray(
        cv2.subtract(ink, cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((side, side), np.uint8))), np.uint8
    )
    upright = [Rule(False, *pair) for pair in _pairs(thin, missing)]
    return upright + [Rule(True, *pair) for pair in _pairs(np.ascontiguousarray(thin.T), missing.T)]


def _ink(pixels: Pixels, mode: str, missing: Hole) -> NDArray[np.uint8]:
    """Return how much darker than its paper the darkest pixel of each square is, 255 for black. Missing ones are 0."""
    import cv2

    height, width = missing.shape
    dark, gone = np.empty((2, -(-height // HALF), -(-width // HALF)), np.uint8)
    for top in range(0, height, _BAND):
        band = slice(top, top + _BAND)
        light = eight_bits(samples_to_light(pixels[band], mode))
        channels = light.shape[2]
        gray = np.asarray(cv2.transform(light, np.full((1, channels), 1 / channels)), np.uint8).reshape(light.shape[:2])
        half = slice(top // HALF, (top + _BAND) // HALF)
        dark[half] = 255 - _largest(255 - gray)
        gone[half] = _largest(missing[band].view(np.uint8))
    # `paper_of` removes what is dark. So missing squares are black here, and do not count as paper.
    paper = paper_of(np.where(gone, 0, dark).astype(np.float32))
    share = 255 * np.clip(1 - dark / np.maximum(paper, 1), 0, 1)
    return np.where(gone, 0, share).astype(np.uint8)


def _largest(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the largest value of each square."""
    padded = np.pad(values, [(0, -side % HALF) for side in values.shape], mode="edge")
    by_row = np.maximum(padded[::HALF], padded[1::HALF])
    return np.asarray(np.maximum(by_row[:, ::HALF], by_row[:, 1::HALF]), np.uint8)


def _ends(ink: NDArray[np.uint8], missing: Hole) -> tuple[list[End], list[End]]:
    """Return the upright lines that end at a hole: those above a hole, and those below."""
    import cv2

    length = LENGTH // HALF
    # A line may lean, so it is looked for one square to the left and right too. Beyond the page there is no ink.
    wide = cv2.dilate(ink, np.ones((1, 3), np.uint8))
    long = cv2.morphologyEx(wide, cv2.MORPH_OPEN, np.ones((length, 1), np.uint8), borderValue=0)
    count, parts, stats, _ = cv2.connectedComponentsWithStats((long >= 255 * INK).astype(np.uint8))
    above, below = list[End](), list[End]()
    for number in range(1, count):
        left, top, width, height = (int(value) for value in stats[number, :4])
        for last, ends in ((True, above), (False, below)):
            start = top + (height - length if last else 0)
            window = slice(start, start + length), slice(left, left + width)
            end = _fitted(np.where(parts[window] == number, ink[window], 0), start, left)
            if end and _touches(end, missing, last):
                ends.append(end)
    return above, below


def _fitted(ink: NDArray[np.uint8], top: int, left: int) -> End | None:
    """Fit a straight line to the ink of a window whose first square is given; None if the ink is not straight."""
    weights = ink.astype(np.float64)
    total = weights.sum(axis=1)
    if not total.all():
        return None
    rows = np.arange(len(weights))
    middle = (weights @ np.arange(weights.shape[1])) / total
    slope, place = np.polyfit(rows, middle, 1)
    off = np.quantile(np.abs(middle - place - slope * rows), 0.9)
    if off * HALF > STRAIGHT or abs(slope) > LEAN:
        return None
    darkest = weights.max(axis=1)
    # From squares to pixels. The middle of a square lies half a pixel after its first pixel.
    return End(
        HALF * top,
        HALF * (left + place) + (HALF - 1) / 2,
        float(slope),
        float(HALF * np.median(total / darkest)),
        float(np.median(darkest) / 255),
    )


def _touches(end: End, missing: Hole, last: bool) -> bool:
    """Return whether a hole begins within `RIM` of an end, after its last row or before its first."""
    rows = np.arange(end.stop, end.stop + RIM) if last else np.arange(end.start - RIM, end.start)
    rows = rows[(rows >= 0) & (rows < len(missing))]
    columns = np.clip(np.rint(end.at(rows)).astype(np.intp), 0, missing.shape[1] - 1)
    return bool(missing[rows, columns].any())


def _pairs(ink: NDArray[np.uint8], missing: Hole) -> list[tuple[End, End]]:
    """Return the upright lines that continue beyond a hole: the end above it, and the nearest end below that fits."""
    found = []
    above, below = _ends(ink, missing)
    for before in above:
        for after in sorted(below, key=lambda end: end.start):
            if before.stop < after.start <= before.stop + LONGEST and _go_on(before, after, missing):
                found.append((before, after))
                break
    return found


def _go_on(before: End, after: End, missing: Hole) -> bool:
    """Return whether two ends belong to one rule, with a hole between them."""
    gap = after.start - before.stop
    middle = before.stop + gap / 2
    ratios = np.array([before.width / after.width, before.ink / after.ink])
    if abs(before.at(middle) - after.at(middle)) > APART + DRIFT * gap or np.maximum(ratios, 1 / ratios).max() > LIKE:
        return False
    rows = np.arange(before.stop, after.start)
    columns = np.rint(np.interp(rows, *_between(before, after))).astype(np.intp)
    return bool(missing[rows, np.clip(columns, 0, missing.shape[1] - 1)].mean() >= MISSING)


def _between(before: End, after: End) -> tuple[list[float], list[float]]:
    """Return rows and columns of the points that the rule goes through on its way from one end to the other."""
    rows = [float(before.stop), float(after.start)]
    return rows, [float(before.at(rows[0])), float(after.at(rows[1]))]


def _refined(end: End, gray: NDArray[np.float32], origin: tuple[int, int]) -> End:
    """Fit an end again, to pixels instead of squares: a copy that is a third of a pixel off would be paler.

    Args:
        end: The end.
        gray: (h, w), a window of the page around it.
        origin: Row and column of the window's first pixel.
    """
    rows = np.arange(LENGTH)
    part = gray[end.start - origin[0] :][:LENGTH]
    off = np.arange(part.shape[1]) - (end.at(end.start + rows)[:, None] - origin[1])
    near = np.abs(off) <= end.width / 2 + BESIDE
    ink = np.where(near, part.max(axis=1, keepdims=True, where=near, initial=0) - part, 0)
    middle = (ink * off).sum(axis=1) / np.maximum(ink.sum(axis=1), 1e-6)
    slope, shift = np.polyfit(rows, np.clip(middle, -1, 1), 1)
    return replace(end, place=end.place + float(shift), slope=end.slope + float(slope))


def _draw(pixels: Pixels, mode: str, hole: Hole, before: End, after: End) -> None:
    """Copy the two ends of an upright rule into the gap between them. Each is mirrored until it fills the gap."""
    import cv2

    half = (before.width + after.width) / 4 + BESIDE
    reach = int(half + FADE + CLEARED) + 2
    columns = [before.at(before.start), after.at(after.stop), *_between(before, after)[1]]
    left, right = max(int(min(columns)) - reach, 0), min(int(max(columns)) + reach + 2, hole.shape[1])
    window = slice(before.start, after.stop), slice(left, right)
    light = as_float(np.ascontiguousarray(samples_to_light(pixels[window], mode)))
    before, after = (_refined(end, gray_of(light), (before.start, left)) for end in (before, after))
    rows = np.arange(window[0].start, window[0].stop, dtype=np.float32)[:, None]
    off = np.arange(left, right, dtype=np.float32) - np.interp(rows, *_between(before, after)).astype(np.float32)
    copies = []
    for end, past in ((before, rows - before.stop), (after, after.start - 1 - rows)):
        # The copied row of the end: it moves away from the hole, then back again, and so on.
        turn = np.mod(past, 2 * LENGTH)
        inward = np.minimum(turn, 2 * LENGTH - 1 - turn)
        row = end.stop - 1 - inward if end is before else end.start + inward
        column = np.asarray(end.at(row) + off - left, np.float32)
        copies.append(
            cv2.remap(
                light,
                column,
                np.broadcast_to(np.asarray(row - window[0].start, np.float32), column.shape).copy(),
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            ).reshape(light.shape)
        )
    near = np.abs(off) < half + FADE + CLEARED
    inside = hole[window] & near & (rows >= before.stop - RIM) & (rows < after.start + RIM)
    lighter = np.maximum(*copies)
    stray = gray_of(light) < STRAY * gray_of(lighter)
    # What goes on beyond the surroundings of the rule is a stroke or a rule that crosses it, and stays.
    count, parts = cv2.connectedComponents(stray.astype(np.uint8))
    crosses = np.zeros(count, bool)
    crosses[parts[stray & ~near]] = True
    crossing = crosses[parts][..., None]
    beside = np.where(stray[..., None], lighter, light)
    share = smoothstep(np.asarray(rows - (before.stop + after.start - 1) / 2, np.float32), -SEAM, SEAM)
    # Beside the rule the lighter copy is taken: a letter that touches one end is not copied.
    own = np.abs(off)[..., None] <= half - BESIDE
    drawn = np.where(own, copies[0] + share * (copies[1] - copies[0]), lighter)
    made = beside + (1 - smoothstep(np.abs(off), half, half + FADE)) * (drawn - beside)
    made = np.where(crossing, np.minimum(light, made), made)
    put_samples(pixels[window], inside, light_to_samples(made[inside], mode, pixels.dtype))
