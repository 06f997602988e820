"""The Python interface: an image and a hole in, the restored image and what was done out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bokwon.errors import ArgumentError
from bokwon.image_io.masks import as_hole, check_hole, check_share, grow_hole
from bokwon.image_io.modes import from_pillow, mode_of_array, to_pillow
from bokwon.image_io.transparency import key_of_alpha, spread_alpha, with_key
from bokwon.inpaint.engines.base import Engine
from bokwon.inpaint.engines.opencv import OpenCVEngine
from bokwon.inpaint.engines.select import load
from bokwon.inpaint.fill import Progress, fill_hole, tiling_for
from bokwon.inpaint.finish.grain import add_grain
from bokwon.inpaint.finish.patches import match_patches
from bokwon.inpaint.ink import mark_ink
from bokwon.inpaint.models import Model, find_model
from bokwon.inpaint.runtime_facts import DEFAULT_FACTS
from bokwon.settings import RestoreSettings
from bokwon.types import Hole, Pixels
from bokwon.utilities.processes import available_cores
from bokwon.version import __version__

__all__ = ["Restoration", "Restorer"]

_CONCURRENCY = 4
"""How many windows are finished at the same time at most, each in some 50 MiB."""

ImageT = TypeVar("ImageT", bound="NDArray[Any] | Image.Image")


@dataclass(frozen=True, eq=False)
class Restoration(Generic[ImageT]):
    """A restored image, and how it was made.

    Attributes:
        image: The image with its hole filled. It has the kind, size, mode and depth of the input, and the same pixels
            outside the hole.
        hole: (H, W) bool, True where pixels were filled: the given hole, grown by `grow`.
        method: `model`, `telea` or `ns`.
        model: Name of the model; None for a classical method.
        sha256: Checksum of the model file; None for a classical method.
        engine: Name and version of the engine.
        tiles: Number of tiles that were run; 0 for an empty hole.
        version: Version of bokwon.
        notices: What the user should know, one sentence each.
    """

    image: ImageT
    hole: Hole
    method: str
    model: str | None
    sha256: str | None
    engine: str
    tiles: int
    version: str
    notices: tuple[str, ...]


class Restorer:
    """Restores images. The model is loaded once; use one object for many images.

    Args:
        settings: The settings. By default those of `bokwon restore` and `bokwon.restore`.

    Attributes:
        settings: The settings in use, with `auto` replaced by the chosen value in `precision`, `ink`, `grain` and
            `letters`.
        model: The model in use, possibly the int8 version; None for a classical method.
        sha256: Checksum of the model file; None for a classical method.
        engine: What fills the tiles.

    Raises:
        ArgumentError: No such model, or settings that the engine does not support.
        FileAccessError: The model file cannot be read.
        InputFileError: It is damaged, or not a model for bokwon.
    """

    def __init__(self, settings: RestoreSettings | None = None) -> None:
        settings = RestoreSettings() if settings is None else settings
        if not isinstance(settings, RestoreSettings):
            raise ArgumentError(f"settings is a {type(settings).__name__}", "pass RestoreSettings('photo', ...)")
        self.model: Model | None = None
        self.sha256: str | None = None
        self.engine: Engine
        # Engines start any number of threads that they are given.
        threads = None if settings.threads is None else min(settings.threads, available_cores())
        if settings.method == "model":
            self.model, self.sha256, self.engine, precision = load(
                find_model(settings.model),
                engine=settings.engine,
                precision=settings.precision,
                threads=threads,
                ensemble=settings.ensemble,
            )
            settings = replace(settings, precision=precision)
        else:
            self.engine = OpenCVEngine(settings.method, threads=threads)
        facts = self.model.facts if self.model else DEFAULT_FACTS
        self._bounded = facts.bounded
        self._has_ink = facts.for_pages or self.model is None
        self.settings = settings.resolved(for_pages=facts.for_pages)
        self._concurrency = min(threads or available_cores(), _CONCURRENCY)
        self._tiling = tiling_for(self.engine, settings.tile)

    def restore(
        self,
        image: ImageT,
        hole: NDArray[Any] | Image.Image,
        *,
        allow_large: bool = False,
        progress: Progress | None = None,
    ) -> Restoration[ImageT]:
        """Fill the holes of an image.

        Args:
            image: NumPy array: uint8 or uint16, (H, W) or (H, W, C) with gray, gray and alpha, RGB or RGBA channels
                (convert BGR images of OpenCV first), or bool (H, W). Or a Pillow image of mode 1, L, LA, P, PA, RGB,
                RGBA, CMYK or I;16; palettes come back as RGB.
            hole: (H, W), True where pixels are missing: bool, or uint8 with only 0 and 1 or only 0 and 255; or a Pillow
                image, which is read as the command reads mask files.
            allow_large: Whether more than 60 % of the image may be hole.
            progress: Called after each tile with the number of finished tiles and of all tiles.

        Returns:
            The restored image, of the same kind, and how it was made. The input is not changed.

        Raises:
            ArgumentError: The image or the hole cannot be used; the message says what to do.
        """
        changes: tuple[str, ...] = ()
        if isinstance(image, Image.Image):
            pixels, mode, changes = from_pillow(image)
        elif isinstance(image, np.ndarray):
            mode, pixels = mode_of_array(image), image.copy()
        else:
            raise ArgumentError(f"image is a {type(image).__name__}", "pass a NumPy array or a Pillow image")
        same_size = isinstance(hole, Image.Image) and hole.size == (pixels.shape[1], pixels.shape[0])
        known, notices = as_hole(hole, (pixels, mode) if same_size else None)
        notices += changes
        check_hole(known, (pixels.shape[1], pixels.shape[0]), name="the hole")
        if not known.any():
            notices += ("the hole is empty: the image comes back as it was",)
        elif not allow_large:
            fix = "if True means known in it, pass ~hole; to fill so much, pass allow_large=True"
            check_share(known, name="the hole", fix=fix)
        known = self.grown(known)
        key = _transparent_value(image, mode) if isinstance(image, Image.Image) else None
        if key is None:
            tiles = self.fill(pixels, mode, known, progress=progress)
        else:
            # A real alpha channel while it is filled, so that no filled pixel becomes transparent by accident.
            keyed = with_key(pixels, key)
            spread_alpha(keyed, known)
            tiles = self.fill(keyed, f"{mode}A", known, progress=progress)
            pixels = key_of_alpha(keyed, key)
        restored: Any = _like(image, pixels, mode) if isinstance(image, Image.Image) else pixels
        return Restoration(
            image=cast(ImageT, restored),
            hole=known,
            method=self.settings.method,
            model=self.model.name if self.model else None,
            sha256=self.sha256,
            engine=self.engine.description,
            tiles=tiles,
            version=__version__,
            notices=notices,
        )

    def grown(self, hole: Hole, *, name: str = "the hole") -> Hole:
        """Return the hole grown by the setting `grow`.

        Args:
            hole: (H, W).
            name: Name in messages.

        Raises:
            ArgumentError: The grown hole covers everything.
        """
        wide = grow_hole(hole, self.settings.grow)
        if wide.all():
            raise ArgumentError(
                f"{name}, grown by {self.settings.grow} pixels, covers everything, nothing is left to restore from",
                "grow it by less",
            )
        return wide

    def fill(
        self,
        pixels: Pixels,
        mode: str,
        hole: Hole,
        *,
        ink: NDArray[np.uint8] | None = None,
        progress: Progress | None = None,
    ) -> int:
        """Fill a hole in place, for callers that hold decoded pages. `restore` is built on it.

        Args:
            pixels: Samples of the page. Only those inside the hole are changed.
            mode: Their mode, a key of `bokwon.image_io.modes.MODES`.
            hole: (H, W) bool, of the page's size. Some pixel must be False.
            ink: (H, W), told where ink is made or left out, see `bokwon.inpaint.ink`. Models of photographs leave it
                as it is.
            progress: Called after each tile with the number of finished tiles and of all tiles.

        Returns:
            Number of tiles that were run.
        """
        if mode == "L" and pixels.ndim == 3:
            pixels = pixels[..., 0]
        tiles = fill_hole(
            pixels,
            mode,
            hole,
            self.engine,
            tiling=self._tiling,
            letters=self.settings.letters,
            bounded=self._bounded,
            progress=progress,
        )
        if not tiles:
            return tiles
        proposed = pixels[hole] if ink is not None and self._has_ink else None
        self._finish(pixels, mode, hole)
        if ink is not None and proposed is not None:
            mark_ink(ink, pixels, mode, hole, proposed)
        return tiles

    def _finish(self, pixels: Pixels, mode: str, hole: Hole) -> None:
        if self.settings.ink == "patches":
            match_patches(pixels, mode, hole, concurrency=self._concurrency)
        if self.settings.grain == "match":
            add_grain(pixels, mode, hole, concurrency=self._concurrency)


def _transparent_value(image: Image.Image, mode: str) -> NDArray[np.uint8] | None:
    """Return the value, channel by channel, that a Pillow image of gray or RGB calls transparent."""
    value = image.info.get("transparency")
    if image.mode != mode or mode not in ("L", "RGB") or not isinstance(value, (int, tuple)):
        return None
    key = np.atleast_1d(np.array(value))
    return key.astype(np.uint8) if len(key) == len(mode) and key.max() <= 255 else None


def _like(image: Image.Image, pixels: Pixels, mode: str) -> Image.Image:
    restored = to_pillow(pixels, mode, like=image.mode)
    restored.info = {key: value for key, value in image.info.items() if image.mode == mode or key != "transparency"}
    return restored
