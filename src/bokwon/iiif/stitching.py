"""Stitches the tiles of an image together."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from bokwon.errors import InputFileError
from bokwon.iiif.image_service import Tile
from bokwon.image_io.metadata import Metadata
from bokwon.image_io.page import Page
from bokwon.types import Pixels

__all__ = ["stitch"]

_FIX = "run the command again; if it happens again, ask those who run the server"


def stitch(tiles: Iterable[tuple[Tile, Page]], width: int, height: int, name: str) -> Page:
    """Return the image that the tiles cover, with their colour profile.

    Gray tiles among colour tiles become RGB. Only one tile is in memory besides the image.

    Args:
        tiles: Each tile with its pixels; together they cover the image.
        width: Width of the image, pixels.
        height: Height of the image, pixels.
        name: Name of the image, for messages.

    Raises:
        InputFileError: A tile does not have the requested size, or the mode of the others.
    """
    samples: Pixels | None = None
    mode, metadata = "", Metadata()
    for tile, page in tiles:
        if page.size != (tile.width, tile.height):
            told, wanted = "x".join(map(str, page.size)), f"{tile.width}x{tile.height}"
            raise InputFileError(f"{tile.url} has {told} pixels instead of {wanted}", _FIX)
        if samples is None:
            samples = np.zeros((height, width, *page.pixels.shape[2:]), page.pixels.dtype)
            mode, metadata = page.mode, Metadata(icc=page.metadata.icc)
        piece = page.pixels
        if page.mode != mode and {mode, page.mode} == {"L", "RGB"} and piece.dtype == samples.dtype:
            if mode == "L":
                samples, mode = np.repeat(samples[..., None], 3, axis=2), "RGB"
                metadata = Metadata(icc=page.metadata.icc)
            else:
                piece = np.repeat(piece[..., None], 3, axis=2)
        elif page.mode != mode or piece.dtype != samples.dtype:
            raise InputFileError(f"the tiles of {name} are of different kinds ({mode} and {page.mode})", _FIX)
        samples[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width] = piece
    if samples is None:
        raise InputFileError(f"{name} has no tiles", _FIX)
    return Page(samples, mode, "PNG", metadata)
