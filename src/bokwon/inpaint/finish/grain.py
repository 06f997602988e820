"""The grain of paper: what keeps a filled place from looking smoother than the page around it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bokwon.image_io.modes import missing_pixels
from bokwon.inpaint.color import as_float, light_to_samples, lightness, put_samples, samples_to_light
from bokwon.inpaint.distance import rise
from bokwon.inpaint.finish.background_estimate import Survey, survey
from bokwon.inpaint.finish.blocks import at_window, spread, windows
from bokwon.types import Hole, Pixels

__all__ = ["GrainChoice", "Texture", "add_grain"]

GrainChoice = Literal["auto", "off", "match"]
"""Whether what is filled is given the grain of the paper around it (`match`), or left as it was filled (`off`); `auto`
is `match` for models for pages."""

_SIDE = 512
"""Side of the texture, pixels; it goes on without a seam."""

_INK, _PAPER = 0.5, 0.85
"""Lightness, as a share of the paper's, up to which a filled pixel is ink and has no grain, and from which it is paper
and has all of it."""


class Texture:
    """A grain like that of the paper looked at: of the same spectrum, and of the same relation between the channels.

    Args:
        patches: (n, h, w, C) pieces of grain of unit deviation.
        seed: Which of all such textures.

    Source: Galerne, Gousseau and Morel, "Random Phase Textures: Theory and Synthesis", IEEE TIP 2011, section III
    (asymptotic discrete spot noise: white noise convolved with a spot; here with one that has the mean spectrum of all
    patches).
    """

    def __init__(self, patches: NDArray[np.float32], *, seed: int = 0) -> None:
        count, height, width, channels = patches.shape
        self._grain = np.zeros((_SIDE, _SIDE, channels), np.float32)
        if not count:
            return
        rng = np.random.default_rng(seed)
        spots = np.zeros((_SIDE, _SIDE, channels, channels))
        spots[:height, :width] = _spots(patches)
        noise = np.fft.rfft2(rng.standard_normal((_SIDE, _SIDE, channels)), axes=(0, 1))
        spectrum = np.einsum("hwij,hwj->hwi", np.fft.rfft2(spots, axes=(0, 1)), noise)
        grain = np.fft.irfft2(spectrum, (_SIDE, _SIDE), axes=(0, 1))
        self._grain = np.asarray(grain / max(float(grain.mean(axis=-1).std()), 1e-12), np.float32)

    def at(self, window: tuple[slice, slice]) -> NDArray[np.float32]:
        """Return the grain of a window of the page, (h, w, C), its lightness of unit deviation."""
        rows, columns = (np.arange(span.start, span.stop) % _SIDE for span in window)
        return np.asarray(self._grain[rows[:, None], columns])


def _spots(patches: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return what white noise is convolved with to have the patches' mean spectrum, (h, w, C, C).

    The channels' spectra and what they have in common are a matrix at each frequency; its square root is the spot.
    """
    _, height, width, _ = patches.shape
    # Without a window the seam between opposite sides of a patch would show as a cross of streaks.
    window = np.outer(np.hanning(height + 2)[1:-1], np.hanning(width + 2)[1:-1])[..., None]
    waves = np.fft.fft2(patches * window, axes=(1, 2))
    common = np.einsum("nhwi,nhwj->hwij", waves, waves.conj()) / len(patches)
    common[0, 0] = 0.0
    values, vectors = np.linalg.eigh(common)
    root = np.einsum("hwik,hwk,hwjk->hwij", vectors, np.sqrt(np.maximum(values, 0.0)), vectors.conj())
    return np.asarray(np.fft.fftshift(np.fft.ifft2(root, axes=(0, 1)).real, axes=(0, 1)))


def add_grain(
    pixels: Pixels, mode: str, hole: Hole, *, seed: int = 0, around: Survey | None = None, lanes: int = 1
) -> None:
    """Give what was filled the grain of the paper around it, in place.

    What the fill lacks of the paper's deviation is added, square by square, to what is paper in it and not to its ink.
    A bilevel page has no grain and stays as it is.

    Args:
        pixels: Samples (H, W) or (H, W, C) of the filled page; those inside the hole are written, no other is.
        mode: Their mode.
        hole: (H, W), what was filled.
        seed: Which of all grains that match.
        around: What `survey` told of the same page near the same hole, if it has been asked.
        lanes: How many windows are worked on at the same time, at least 1.
    """
    if mode == "1" or hole.all() or not hole.any():
        return
    if around is None:
        around = survey(pixels, missing_pixels(pixels, mode, hole), mode, near=hole, seed=seed, lanes=lanes)
    lack = _lack(around, survey(pixels, ~hole, mode, near=hole, lanes=lanes, filled=True), hole)
    if not lack.any():
        return
    colour = spread(around.colour, around.seen, 1.0, hole=hole)
    # Another than that of `bokwon.inpaint.finish.background`, or where its paper was put the two would add up in step.
    texture = Texture(around.patches, seed=seed + 1)

    def add(window: tuple[slice, slice]) -> None:
        filled = as_float(samples_to_light(pixels[window], mode))
        paper = np.maximum(lightness(at_window(colour, window)), 1e-3)
        share = rise(np.asarray(lightness(filled) / paper, np.float32), _INK, _PAPER)
        grained = filled + texture.at(window) * at_window(lack, window) * share
        inside = hole[window]
        put_samples(pixels[window], inside, light_to_samples(grained[inside], mode, pixels.dtype))

    with ThreadPoolExecutor(lanes) as pool:
        list(pool.map(add, windows(hole)))


def _lack(around: Survey, fill: Survey, hole: Hole) -> NDArray[np.float32]:
    wanted = spread(around.deviation, around.measured, 0.0, hole=hole)
    there = spread(fill.deviation, fill.measured, 0.0, hole=hole)
    return np.asarray(np.sqrt(np.maximum(wanted**2 - there**2, 0.0)), np.float32)
