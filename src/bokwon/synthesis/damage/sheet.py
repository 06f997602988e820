"""The sheet before damage: its paper, its ink, the background behind it, and light on edges."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from bokwon.synthesis.random_fields import Field, Image
from bokwon.types import Hole

__all__ = ["Background", "Light", "Mark", "Sheet", "blend", "cut_through", "grain", "multiply", "outside_distance"]

Background = Literal["leaf", "paper", "black", "white"]


@dataclass(frozen=True)
class Light:
    """Direction of the light of the scanner or camera.

    Attributes:
        right: Horizontal part of the direction in which shadows fall, -1 to 1.
        down: Vertical part, -1 to 1.
        hardness: 0 a soft box, 1 a bare lamp.
    """

    right: float
    down: float
    hardness: float


@dataclass(frozen=True)
class Sheet:
    """A page or photograph with its paper, background and light.

    Attributes:
        image: float32 (H, W, 3), RGB, 0 to 255.
        paper: float32 (H, W, 3): the surface as it looks without ink, estimated.
        behind: float32 (H, W, 3): what shows where the sheet is gone.
        light: Where light comes from.
        unit: Pixels of 1/512 of the depicted page's width; sizes of damage are multiples of it.
    """

    image: Image
    paper: Image
    behind: Image
    light: Light
    unit: float

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W), pixels."""
        return self.image.shape[0], self.image.shape[1]

    @property
    def ink(self) -> Field:
        """Ink density of each pixel relative to the paper: float32 (H, W), from 0 (none) to 1 (black)."""
        page, pixels = (cv2.transform(x, np.full((1, 3), 1 / 3, np.float32)) for x in (self.paper, self.image))
        dark = (page - pixels) / np.maximum(page, 32.0)
        return np.asarray(np.clip(dark, 0, 1), np.float32)

    @property
    def core(self) -> Image:
        """Colour below a broken surface, (H, W, 3): fibres paler than the page, or the white base of a photograph."""
        pictorial = float(np.clip(4 * self.ink[::4, ::4].mean() - 0.8, 0, 1))
        share = np.float32(0.45 + 0.35 * pictorial)
        return np.asarray((1 - share) * self.paper + share * np.array([243, 239, 230], np.float32), np.float32)


@dataclass(frozen=True)
class Mark:
    """The result of one kind of damage.

    Attributes:
        image: float32 (H, W, 3), the sheet after it.
        hole: bool (H, W), where what was there is lost.
    """

    image: Image
    hole: Hole


def prepare_sheet(
    image: npt.NDArray[np.uint8],
    rng: np.random.Generator,
    background: Background | tuple[int, int, int] | npt.NDArray[np.uint8] | None,
    unit: float,
) -> Sheet:
    """Prepare an image for damage: estimate its paper and choose its background.

    Args:
        image: uint8 (H, W, 3), RGB.
        rng: Random generator.
        background: What shows through: `leaf` (the next page, text and all), `paper` (a plain backing sheet), `black`,
            `white`, an RGB colour, or an image, uint8 (H, W, 3), RGB; None draws one.
        unit: Length of 1/512 of the page's width, pixels.

    Returns:
        The sheet.
    """
    pixels = image.astype(np.float32)
    paper = _paper(pixels)
    drawn: Background = ("leaf", "paper", "black", "white")[int(rng.choice(4, p=(0.4, 0.25, 0.2, 0.15)))]
    angle = rng.normal(0.25 * math.pi, 0.5)
    light = Light(math.cos(angle), math.sin(angle), float(rng.uniform(0.3, 1)))
    return Sheet(pixels, paper, _behind(rng, pixels, paper, drawn if background is None else background), light, unit)


def _paper(pixels: Image) -> Image:
    """Return the smoothed brightest third of each neighbourhood: paper between ink, or light tones of a photograph."""
    height, width = pixels.shape[:2]
    cell = max(min(height, width) // 24, 1)
    small = cv2.resize(pixels, (max(width // 2, 1), max(height // 2, 1)), interpolation=cv2.INTER_AREA)
    rows, columns = max(height // cell, 1), max(width // cell, 1)
    # A maximum of slightly blurred pixels stands for a high quantile, at a fraction of the cost.
    bright = cv2.dilate(cv2.blur(small, (3, 3)), np.ones((cell // 2 * 2 + 1,) * 2, np.uint8))
    coarse = cv2.blur(cv2.resize(bright, (columns, rows), interpolation=cv2.INTER_AREA), (5, 5))
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(0.97 * smooth, 0, 255), np.float32)


def _behind(
    rng: np.random.Generator,
    pixels: Image,
    paper: Image,
    background: Background | tuple[int, int, int] | npt.NDArray[np.uint8],
) -> Image:
    if isinstance(background, np.ndarray):
        return background.astype(np.float32)
    shape = (pixels.shape[0], pixels.shape[1])
    if background == "leaf":
        shift = (int(rng.integers(shape[0])), int(rng.integers(shape[1])))
        return np.asarray(np.roll(pixels, shift, (0, 1)) * rng.uniform(0.82, 0.97), np.float32)
    texture = 1 + 0.02 * grain(rng, shape)[..., None]
    if background == "paper":
        tone = paper.mean((0, 1)) * rng.uniform(0.8, 1.05) + rng.normal(0, 4, 3)
        return np.asarray(np.clip(tone.astype(np.float32) * texture, 0, 255), np.float32)
    colour = {"black": rng.uniform(4, 28), "white": rng.uniform(238, 253)}.get(str(background), 0.0)
    flat = np.full(3, colour, np.float32) if isinstance(background, str) else np.asarray(background, np.float32)
    return np.asarray(np.clip(flat * texture, 0, 255), np.float32)


def grain(rng: np.random.Generator, shape: tuple[int, int]) -> Field:
    """Draw the fine unevenness of paper: fibres a few pixels long over single-pixel noise.

    Args:
        rng: Random generator.
        shape: (H, W), pixels.

    Returns:
        float32 (H, W), mean about 0, standard deviation about 1.
    """
    noise = rng.standard_normal(shape, dtype=np.float32)
    fibres = cv2.blur(noise, (5, 1)) + cv2.blur(noise, (1, 5))
    return np.asarray(0.5 * noise + 1.1 * fibres, np.float32)


def blend(image: Image, colour: Image | npt.NDArray[np.float32], alpha: Field) -> Image:
    """Cover an image with a colour.

    Args:
        image: float32 (H, W, 3).
        colour: float32 (H, W, 3) or (3,).
        alpha: float32 (H, W), 0 keeps the image, 1 shows the colour.

    Returns:
        float32 (H, W, 3).
    """
    return np.asarray(image + (colour - image) * alpha[..., None], np.float32)


def multiply(image: Image, colour: tuple[float, float, float], amount: Field) -> Image:
    """Tint an image as a transparent dye does.

    Args:
        image: float32 (H, W, 3).
        colour: Share of red, green and blue light that the full dye lets through.
        amount: float32 (H, W), thickness of the dye; 1 is full.

    Returns:
        float32 (H, W, 3).
    """
    density = np.log(np.asarray(colour, np.float32))
    return np.asarray(image * np.exp(density * amount[..., None]), np.float32)


def outside_distance(mask: Hole) -> Field:
    """Return the distance of each pixel from a mask.

    Args:
        mask: bool (H, W).

    Returns:
        float32 (H, W), pixels, 0 inside; the larger side's length everywhere if the mask is empty.
    """
    if not mask.any():
        return np.full(mask.shape, max(mask.shape), np.float32)
    return np.asarray(cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5), np.float32)


def cut_through(sheet: Sheet, alpha: Field, depth: float) -> Image:
    """Draw the background where the sheet is missing, with the shadow of the edge.

    Args:
        sheet: The sheet; its image is what the hole is cut into.
        alpha: float32 (H, W), 1 where the sheet is gone, fractions along the edge.
        depth: Distance from the sheet to what lies behind it, pixels; it sets how far the shadow falls.

    Returns:
        float32 (H, W, 3).
    """
    reach = max(depth, 0.5)
    shift = np.array([[1, 0, reach * sheet.light.right], [0, 1, reach * sheet.light.down]], np.float64)
    cover = cv2.warpAffine(1 - alpha, shift, sheet.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    sigma = reach * (1.1 - 0.6 * sheet.light.hardness)
    shadow = cv2.GaussianBlur(cover, (0, 0), max(sigma, 0.5))
    # A soft contact shadow lies all around; the cast one to the side away from the light.
    contact = cv2.GaussianBlur(1 - alpha, (0, 0), max(0.8 * reach, 0.5))
    dim = 1 - np.clip(0.6 * shadow + 0.35 * contact, 0, 0.92)
    return blend(sheet.image, np.asarray(sheet.behind * dim[..., None], np.float32), alpha)
