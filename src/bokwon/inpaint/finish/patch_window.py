"""A window of the page whose hole is made of parts of the page, or gets the texture of similar parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bokwon.inpaint.colour import PLANES, as_float, samples_to_light
from bokwon.inpaint.finish.exemplars import Exemplars
from bokwon.inpaint.finish.matches import Floats, Points, centres_of_known, grid_points, grown, padded
from bokwon.inpaint.finish.paper import gray_of
from bokwon.inpaint.finish.patch_search import PAD, STRIDE, SWEEPS, Search, descriptors, opponent_planes, sample
from bokwon.inpaint.finish.uncertain import clear_uncertain
from bokwon.inpaint.hole_depth import depth_in_hole, smoothstep
from bokwon.inpaint.tiling import Filled
from bokwon.inpaint.window import grow_window, shift_window
from bokwon.types import Hole, Pixels

__all__ = ["RADIUS", "REACH", "TooEarlyError", "Window"]

RADIUS = 3
"""Patches are squares of 2 * RADIUS + 1 pixels."""
ROUNDS: tuple[tuple[int, ...], ...] = ((-4, -2, 0, 2, 4), (-3, -1, 1, 3))
"""For each round, the rows and columns of a patch at which lightness is compared, pixels from its centre. The first
round uses a larger patch, which continues strokes; the second a smaller one, which makes them sharp."""
POOR, MANY = 12.0, 0.1
"""If more than the second (a share) of the patches differ from their matches by more than the first (root mean square,
levels of 255), there is a second round. Where a hole shows little but paper, one is enough."""
REACH = 96
"""Distance around a window in which known patches are sought, pixels. It is doubled if there are too few."""
LEAST = 256
RIM, DEEP = 6.0, 20.0
"""Distances from known pixels, pixels: where the rim of a hole ends, and where the hole is deep."""
SOFTNESS = 16.0
"""How fast the weight of a match falls with its difference, levels of 255."""
BORDER = 12
"""Margin around a window that is computed too, so that neighbouring windows agree, pixels."""
FINE = 2.0
"""Standard deviation of a Gaussian, pixels. Texture is what it smooths away."""
AROUND = 4.0
"""Standard deviation of the Gaussian over which the strength of a texture is measured, pixels."""
TOGETHER = 10.0
"""A larger piece of texture is copied from one place if that place is at most this much less similar than the best,
levels of 255. So texture has fewer breaks."""
LEAST_LACK = 0.01
"""A fill that lacks no more than this share of the texture's variance gets none."""
LIMIT = 2.0
"""Largest texture of a pixel, as a multiple of the strength around it. Larger values would show as specks."""
_MARGIN = RADIUS + 1


class TooEarlyError(Exception):
    """A window reaches beyond the part of the page that is filled."""


@dataclass
class Window:
    """A window of the page with its surroundings.

    Attributes:
        light: (h, w, C) in [0, 1], filled.
        known: (h, w), True where the page is known.
        usable: (h, w), True at centres of patches that are known as a whole.
        worked_on: (h, w), the hole in the window and in a margin around it.
        deep: (n, 1) for the n pixels of `worked_on`, 0 near the rim of a hole and 1 deep in it.
        inner: The window itself, as rows and columns of `light`.
        origin: Row and column of its first pixel in the page.
        planes: Groups of channels.
    """

    light: Floats
    known: Hole
    usable: Hole
    worked_on: Hole
    deep: Floats
    inner: tuple[slice, slice]
    origin: tuple[int, int]
    planes: tuple[tuple[int, ...], ...]

    @classmethod
    def around(
        cls, pixels: Pixels, mode: str, hole: Hole, missing: Hole, window: tuple[slice, slice], filled: Filled
    ) -> Window | None:
        """Return a window with enough known patches around, or None if the page has none.

        Raises:
            TooEarlyError: It reaches beyond what is filled.
        """
        reach = REACH
        farthest = max(max(steps) for steps in ROUNDS)
        while True:
            rows, columns = grow_window(window, reach, hole.shape)
            known = ~missing[rows, columns]
            usable = centres_of_known(known, farthest)
            whole = known.shape == hole.shape
            if np.count_nonzero(usable) >= LEAST or (whole and usable.any()):
                break
            if whole:
                return None
            reach *= 2
        if not filled.holds((rows, columns)):
            raise TooEarlyError
        origin = rows.start, columns.start
        near = grow_window(window, BORDER, hole.shape)
        worked_on = np.zeros(usable.shape, bool)
        worked_on[shift_window(near, origin)] = hole[near]
        deep = smoothstep(depth_in_hole(missing, near, round(DEEP))[hole[near]], RIM, DEEP)
        light = as_float(samples_to_light(pixels[rows, columns], mode))
        return cls(light, known, usable, worked_on, deep, shift_window(window, origin), origin, PLANES[mode])

    def matched(self) -> Floats:
        """Return the light of the window's hole, made of what is known, (n, C)."""
        rng = np.random.default_rng(self.origin)
        light = self.light.reshape(-1, self.light.shape[2])
        inside = np.flatnonzero(self.worked_on)
        # Deep in a hole nothing known is near, and only the fill could choose the places.
        shallow = np.flatnonzero(self.deep[:, 0] < 1.0)
        near = np.zeros_like(self.worked_on)
        near.reshape(-1)[inside[shallow]] = True
        strokes = Exemplars.of(self.light, self.known, near, self.origin, rng)
        share, likeness = np.zeros((2, len(inside), 1), np.float32)
        share[shallow] = strokes.share * np.minimum(2.0 * (1.0 - self.deep[shallow]), 1.0)
        likeness[shallow] = strokes.likeness
        light[inside[shallow]] += share[shallow] * (strokes.light - light[inside[shallow]])
        clear_uncertain(self.light, self.known, inside, self.deep, likeness)
        made = light[inside]
        rest = np.flatnonzero(share < 1.0)
        if len(rest):
            patched = self._patched(inside[rest], rng)
            made[rest] += (1.0 - share[rest]) * (patched - made[rest])
        return self._own(made, inside)

    def textured(self) -> Floats:
        """Return the light of the window's hole with the texture of similar known patches, (n, C).

        Patches are compared without their texture, so that smooth ones are not preferred. A pixel gets the texture of
        one place: a mean of several would have none. Its strength makes up for what the fill lacks.
        """
        import cv2

        inside = np.flatnonzero(self.worked_on)
        smooth: Floats = np.asarray(cv2.GaussianBlur(self.light, (9, 9), FINE), np.float32).reshape(self.light.shape)
        fine = self.light - smooth
        points = grid_points(grown(self.worked_on, STRIDE - 1), self.origin, STRIDE)
        channels = [np.ascontiguousarray(smooth[..., channel]) for channel in range(smooth.shape[2])]
        width = self.usable.shape[1]
        # An eighth of the places is more than enough, and takes less time to shuffle.
        places = np.flatnonzero(self.usable)[::8]
        rng = np.random.default_rng(self.origin)
        search = self._searched(
            opponent_planes(channels, self.planes), ROUNDS[0], points, places, rng, together=TOGETHER
        )
        number = np.empty(self.usable.size, np.intp)
        number[points] = np.arange(len(points))
        rows, columns = np.divmod(inside, width)
        # From each pixel to the point before it, in both directions.
        step = (rows + self.origin[0]) % STRIDE * width + (columns + self.origin[1]) % STRIDE
        texture = fine.copy().reshape(-1, fine.shape[2])
        texture[inside] = texture[search.sources[number[inside - step]] + step]
        there, wished = (
            cv2.GaussianBlur(gray_of(part * part), (17, 17), AROUND).reshape(-1)[inside]
            for part in (fine, texture.reshape(fine.shape))
        )
        most = LIMIT * np.sqrt(wished)[:, None]
        lack = 1 - there / np.maximum(wished, 1e-9)
        strength = np.sqrt(np.where(lack > LEAST_LACK, lack, 0))
        light = self.light.reshape(texture.shape)[inside]
        return self._own(light + strength[:, None] * np.clip(texture[inside], -most, most), inside)

    def _searched(
        self,
        opponents: list[Floats],
        steps: tuple[int, ...],
        points: Points,
        places: Points,
        rng: np.random.Generator,
        *,
        sources: Points | None = None,
        together: float = 0.0,
    ) -> Search:
        """Search for the most similar known patches.

        Args:
            opponents: What is compared, from `opponent_planes`.
            steps: Rows and columns at which it is compared, one of `ROUNDS`.
            points: (n,) centres of the fill's patches.
            places: Centres of known patches, of which a sample is compared with all of them.
            rng: Draws the sample, and where small moves go.
            sources: (n,) matches that the search starts from instead.
            together: As in `Search`.
        """
        width = self.usable.shape[1]
        values, offsets = descriptors(opponents, self.planes, steps)
        wanted = values[padded(points, width, PAD)[:, None] + offsets]
        search = Search(self.usable, self.origin, values, offsets, points, wanted, rng, together)
        if sources is None:
            search.compare_with(sample(values, offsets, places, width, rng))
        else:
            search.start_from(sources)
        for _ in range(SWEEPS):
            search.sweep()
        return search

    def _own(self, made: Floats, inside: Points) -> Floats:
        """Return what was made for the window itself, without the margin around it."""
        own = np.zeros_like(self.worked_on)
        own[self.inner] = True
        return made[own.reshape(-1)[inside]]

    def _patched(self, inside: Points, rng: np.random.Generator) -> Floats:
        """Return the light of some pixels, made of known patches, (n, C).

        Args:
            inside: (n,) pixels.
            rng: Draws the sample, and where small moves go.
        """
        import cv2

        chosen = np.zeros_like(self.usable)
        chosen.reshape(-1)[inside] = True
        points = grid_points(grown(chosen, RADIUS), self.origin, STRIDE)
        votes = _Votes(points, inside, self.usable.shape, self.origin)
        channels = [np.asarray(channel, np.float32) for channel in cv2.split(self.light)]
        # Only known pixels of the channels are read again; the hole's own light changes with every round.
        opponents = opponent_planes(channels, self.planes)
        places = np.flatnonzero(self.usable)
        sources: Points | None = None
        for steps in ROUNDS:
            search = self._searched(opponents, steps, points, places, rng, sources=sources)
            sources = search.sources
            weights = np.exp(-np.minimum(search.difference / (2 * SOFTNESS**2), 20.0))
            filled = votes.mean(channels, sources, weights)
            if np.mean(search.difference > POOR**2) <= MANY:
                break
            for plane, new in zip(opponents, opponent_planes(filled, self.planes), strict=True):
                plane.reshape(-1)[inside] = new
        return np.stack(filled, axis=-1)


class _Votes:
    """Which patches cover each pixel of a hole.

    Args:
        points: (n,) centres of patches.
        inside: (m,) pixels of the hole.
        shape: Height and width of the window.
        origin: Row and column of its first pixel in the page.
    """

    def __init__(self, points: Points, inside: Points, shape: tuple[int, ...], origin: tuple[int, int]) -> None:
        height, width = shape
        wide = width + 2 * _MARGIN
        # The number `len(points)` means that there is no patch.
        numbers = np.full((height + 2 * _MARGIN) * wide, len(points), np.int32)
        numbers[padded(points, width, _MARGIN)] = np.arange(len(points), dtype=np.int32)
        rows, columns = np.divmod(inside, width)
        # The steps to the first centre that covers a pixel.
        down = (RADIUS - origin[0] - rows) % STRIDE - RADIUS
        across = (RADIUS - origin[1] - columns) % STRIDE - RADIUS
        self._steps = down * width + across
        place = padded(inside, width, _MARGIN) + down * wide + across
        self._patches = []
        for i in range(0, 2 * RADIUS + 1, STRIDE):
            for j in range(0, 2 * RADIUS + 1, STRIDE):
                covering = numbers[place + (i * wide + j)]
                covering[(down + i > RADIUS) | (across + j > RADIUS)] = len(points)
                self._patches.append((i * width + j, covering))

    def mean(self, channels: list[Floats], sources: Points, weights: Floats) -> list[Floats]:
        """Return the mean of what the patches bring to each pixel, (m,) for each channel.

        Args:
            channels: Those of the window, each (h, w). One array of all channels would take twice as long.
            sources: (n,) centres of the known patches that are brought.
            weights: (n,).
        """
        planes = [channel.reshape(-1) for channel in channels]
        # Where there is no patch, the weight is 0, and any source will do.
        sources, weights = np.append(sources, sources[:1]), np.append(weights, np.float32(0))
        weight, *total = np.zeros((1 + len(planes), len(self._steps)))
        for step, covering in self._patches:
            # With `clip`, NumPy does not check bounds, which saves a third of the time.
            place = sources.take(covering, mode="clip")
            place -= self._steps
            place -= step
            share = weights.take(covering, mode="clip")
            weight += share
            for plane, channel in zip(planes, total, strict=True):
                channel += plane.take(place, mode="clip") * share
        return [np.asarray(channel / weight, np.float32) for channel in total]
