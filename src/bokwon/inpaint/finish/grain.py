"""The grain of paper. With it a fill does not look smoother than the page around it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from bokwon.image_io.modes import missing_pixels
from bokwon.inpaint.colour import as_float, light_to_samples, lightness, put_samples, samples_to_light
from bokwon.inpaint.finish.background_estimate import BackgroundEstimate, estimate_background
from bokwon.inpaint.finish.blocks import at_window, normalized_convolution, windows
from bokwon.inpaint.hole_depth import smoothstep
from bokwon.types import Hole, Pixels

__all__ = ["Texture", "add_grain"]

_SIDE = 512
"""Side of the texture, pixels. The texture is periodic, so it repeats without a seam."""

_INK, _PAPER = 0.5, 0.85
"""Lightness as a share of the paper's. Up to the first a filled pixel counts as ink and gets no grain. From the second
on it counts as paper and gets all of it."""


class Texture:
    """A grain with the spectrum of the given patches, and with their correlation between channels.

    Args:
        patches: (n, h, w, C) pieces of grain of unit deviation.
        seed: Of the random phases.

    Source: Galerne, Gousseau and Morel, "Random Phase Textures: Theory and Synthesis", IEEE TIP 2011, section III
    (asymptotic discrete spot noise: white noise convolved with a spot. The spot here has the mean spectrum of all
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
        """Return the grain of a window of the page, (h, w, C). Its lightness has a standard deviation of 1."""
        rows, columns = (np.arange(span.start, span.stop) % _SIDE for span in window)
        return np.asarray(self._grain[rows[:, None], columns])


def _spots(patches: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the spot, (h, w, C, C): white noise convolved with it has the mean spectrum of the patches.

    At each frequency the spectra and cross-spectra of the channels form a matrix. The spot is its square root.
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


def add_grain(pixels: Pixels, mode: str, hole: Hole, *, seed: int = 0, concurrency: int = 1) -> None:
    """Add the grain of the surrounding paper to a fill, in place.

    In each block the standard deviation of the fill is raised to that of the paper. Only paper gets grain, ink gets
    none. A bilevel page has no grain and stays as it is.

    Args:
        pixels: Samples (H, W) or (H, W, C) of the filled page. Only those inside the hole are changed.
        mode: Their mode.
        hole: (H, W), what was filled.
        seed: Of the grain.
        concurrency: Number of threads, at least 1.
    """
    if mode == "1" or hole.all() or not hole.any():
        return
    around = estimate_background(
        pixels, missing_pixels(pixels, mode, hole), mode, near=hole, seed=seed, concurrency=concurrency
    )
    lack = _lack(
        around, estimate_background(pixels, ~hole, mode, near=hole, concurrency=concurrency, filled=True), hole
    )
    if not lack.any():
        return
    colour = normalized_convolution(around.colour, around.seen, 1.0, hole=hole)
    # Not the seed of `bokwon.inpaint.finish.background`: with the same one, both grains would add up in phase.
    texture = Texture(around.patches, seed=seed + 1)

    def add(window: tuple[slice, slice]) -> None:
        filled = as_float(samples_to_light(pixels[window], mode))
        paper = np.maximum(lightness(at_window(colour, window)), 1e-3)
        share = smoothstep(np.asarray(lightness(filled) / paper, np.float32), _INK, _PAPER)
        grained = filled + texture.at(window) * at_window(lack, window) * share
        inside = hole[window]
        put_samples(pixels[window], inside, light_to_samples(grained[inside], mode, pixels.dtype))

    with ThreadPoolExecutor(concurrency) as pool:
        list(pool.map(add, windows(hole)))


def _lack(around: BackgroundEstimate, fill: BackgroundEstimate, hole: Hole) -> NDArray[np.float32]:
    wanted = normalized_convolution(around.deviation, around.measured, 0.0, hole=hole)
    there = normalized_convolution(fill.deviation, fill.measured, 0.0, hole=hole)
    return np.asarray(np.sqrt(np.maximum(wanted**2 - there**2, 0.0)), np.float32)
