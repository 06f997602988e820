"""Undamaged images, and fitting masks to them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bokwon.errors import FileAccessError, InputFileError
from bokwon.image_io.modes import alpha, to_pillow
from bokwon.image_io.reader import Source, read_page
from bokwon.types import Hole
from bokwon.utilities.listing import list_files

__all__ = ["SMALLEST", "fit_hole", "image_sizes", "list_images", "read_image", "window_of"]

SMALLEST = 11
"""Side of the smallest image that all figures can be measured on, pixels: the window of SSIM."""


def list_images(folder: Path) -> list[Path]:
    """Return the image files of a folder and of all below it, in the order of their names.

    Raises:
        FileAccessError: It is not a folder, or holds no image file.
    """
    # Sets of rendered pages keep masks of their ink beside the pages.
    return list_files(folder, "undamaged images", without=("ink",))


def image_sizes(images: Path, problems: list[str]) -> dict[str, tuple[int, int]]:
    """Return the width and height of every image of a folder, by name.

    Args:
        images: The folder.
        problems: Receives a sentence for each image that cannot be read.

    Raises:
        FileAccessError: It is not a folder, or holds no image that can be read.
    """
    sizes = {}
    for path in list_images(images):
        try:
            with Image.open(path) as image:
                sizes[path.relative_to(images).as_posix()] = image.size
        # Decoders can raise any exception on damaged files.
        except Exception as error:
            problems.append(f"image {path} cannot be read: {error}")
    if not sizes:
        raise FileAccessError(f"no image of {images} can be read", "; ".join(problems[:3]))
    return sizes


def window_of(size: tuple[int, int], shape: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the crop of an image that is paired with a mask.

    Args:
        size: Width and height of the image.
        shape: Height and width of the mask.

    Returns:
        Left, top, width, height. The crop has the size of the mask and lies in the middle of the image. Of a smaller
        image it is the largest centred crop with the proportions of the mask.
    """
    (width, height), (mask_height, mask_width) = size, shape
    # Fractions of integers, so that a square mask gives a square exactly.
    if width < mask_width or height < mask_height:
        if width * mask_height <= height * mask_width:
            crop_width, crop_height = width, max(1, round(width * mask_height / mask_width))
        else:
            crop_width, crop_height = max(1, round(height * mask_width / mask_height)), height
    else:
        crop_width, crop_height = mask_width, mask_height
    return (width - crop_width) // 2, (height - crop_height) // 2, crop_width, crop_height


def fit_hole(hole: Hole, size: tuple[int, int]) -> tuple[tuple[int, int, int, int], Hole]:
    """Fit a mask to an image.

    Args:
        hole: (H, W).
        size: Width and height of the image.

    Returns:
        The crop of the image, and the mask in the size of the crop. A larger mask is reduced by nearest neighbour.
    """
    window = window_of(size, (hole.shape[0], hole.shape[1]))
    _, _, width, height = window
    if (height, width) == hole.shape:
        return window, hole
    reduced = cv2.resize(hole.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    return window, reduced.astype(bool)


def read_image(path: Path) -> NDArray[np.uint8]:
    """Read an image as 8-bit RGB.

    Returns:
        (H, W, 3).

    Raises:
        FileAccessError: It cannot be opened.
        InputFileError: It is damaged, not an image, or transparent in places.
    """
    page = read_page(Source.of(path))
    pixels = page.pixels if page.pixels.dtype != np.uint16 else np.asarray(page.pixels >> 8, np.uint8)
    opacity = alpha(pixels, page.mode)
    if opacity is not None and opacity.min() < 255:
        raise InputFileError(f"{path} is transparent in places", "flatten it: the reference image must be opaque")
    return np.array(to_pillow(pixels, page.mode).convert("RGB"))
