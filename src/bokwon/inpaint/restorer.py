"""The Python interface: takes an image and a hole, returns the restored image and how it was made."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bokwon.errors import ArgumentError
from bokwon.image_io.masks import as_hole, check_hole, check_share, grow_hole
from bokwon.image_io.modes import from_pillow, like_pillow, mode_of_array
from bokwon.image_io.transparency import key_of_alpha, spread_alpha, transparent_value, with_key
from bokwon.inpaint.engines.base import Engine
from bokwon.inpaint.fill import Progress
from bokwon.inpaint.filler import Filler, settings_of
from bokwon.inpaint.material import classify, negative
from bokwon.inpaint.models import Model
from bokwon.inpaint.restoration import Identity, ImageT, Restoration
from bokwon.settings import MODELS, Material, RestoreSettings
from bokwon.types import Hole, Pixels
from bokwon.version import __version__

__all__ = ["Choice", "Restorer"]

_IDLE_PAGES = 16
"""A model that more pages in a row did not need is unloaded. Loading it again takes less than filling one page."""


@dataclass(frozen=True, eq=False)
class Choice:
    """What fills one page, and why.

    Attributes:
        restorer: The restorer of that material.
        material: What the page is filled as; None for a classical method.
        sure: Whether the choice needs no check by a person.
        why: The reason, in a few words.
    """

    restorer: Restorer
    material: Material | None
    sure: bool
    why: str


class Restorer:
    """Restores images. Models are loaded once; use one object for many images.

    If the material is chosen for each page, a model is loaded when the first page needs it, and unloaded when many
    pages in a row have not needed it. `model`, `sha256` and `engine` are then those for pages.

    Args:
        settings: The settings. By default those of `bokwon restore` and `bokwon.restore`.
        loaded: Called with the restorer of one material after its model was loaded.

    Raises:
        ArgumentError: No such model, or settings that the engine does not support.
        FileAccessError: The model file cannot be read.
        InputFileError: It is damaged, or not a model for bokwon.
    """

    def __init__(
        self, settings: RestoreSettings | None = None, *, loaded: Callable[[Restorer], None] | None = None
    ) -> None:
        settings = RestoreSettings() if settings is None else settings
        if not isinstance(settings, RestoreSettings):
            raise ArgumentError(f"settings is a {type(settings).__name__}", "pass RestoreSettings('photo', ...)")
        self._asked = settings
        self._on_load = loaded or (lambda _: None)
        self._lock = Lock()
        # By name of the model: a restorer of one material, and how many pages in a row did not need it.
        self._restorers: dict[str, Restorer] = {}
        self._idle: dict[str, int] = {}
        self._identities: dict[str, Identity] = {}
        self._ahead: Future[Filler] | None = None
        self._loaded = None if settings.chooses_material else Filler.load(settings)
        if self._loaded is not None:
            self._on_load(self)

    def load_ahead(self, size: tuple[int, int] | None) -> None:
        """Start to load the model for pages in another thread. Errors are raised when the model is first used.

        Args:
            size: Width and height of the page that is being read; None if they are not known.
        """
        with self._lock:
            if self._loaded is None and self._ahead is None and MODELS["page"] not in self._restorers:
                thread = ThreadPoolExecutor(1)
                self._ahead = thread.submit(Filler.load, settings_of(self._asked, "page"), size)
                thread.shutdown(wait=False)

    @property
    def settings(self) -> RestoreSettings:
        """The settings in use, with `auto` replaced by the chosen value in `precision`, `ink`, `grain` and `letters`.

        If the material is chosen for each page, the settings as given.
        """
        return self._asked if self._loaded is None else self._loaded.settings

    @property
    def model(self) -> Model | None:
        """The model in use, possibly the int8 version; None for a classical method."""
        return self._own.model

    @property
    def sha256(self) -> str | None:
        """Checksum of the model file; None for a classical method."""
        return self._own.sha256

    @property
    def engine(self) -> Engine:
        """What fills the tiles."""
        return self._own.engine

    @property
    def material(self) -> Material | None:
        """What images are filled as, by the settings or the model's card; None for a classical method."""
        model, asked = self._own.model, self.settings.material
        if model is None:
            return None
        if asked == "auto":
            return "page" if model.facts.for_pages else "photo"
        return asked

    @property
    def _own(self) -> Filler:
        return self.of("page")._own if self._loaded is None else self._loaded

    def of(self, material: Material) -> Restorer:
        """Return the restorer of one material, with its model loaded; this object if the settings leave no choice.

        Args:
            material: What the images show.

        Raises:
            BokwonError: As for the class.
        """
        if self._loaded is not None:
            return self
        with self._lock:
            return self._of(material)

    def _of(self, material: Material) -> Restorer:
        name = MODELS[material]
        found = self._restorers.get(name)
        if found is None:
            if self._ahead is None or name != MODELS["page"]:
                found = Restorer(settings_of(self._asked, material), loaded=self._on_load)
            else:
                ahead, self._ahead = self._ahead, None
                found = copy(self)
                found._loaded = ahead.result()
                found._asked = found._loaded.settings
                self._on_load(found)
            self._restorers[name] = found
            self._idle[name] = 0
        if found.material == material:
            return found
        # The same model, used in another way.
        twin = copy(found)
        twin._loaded = replace(found._own, settings=replace(found.settings, material=material))
        return twin

    def choose(self, pixels: Pixels, mode: str, hole: Hole) -> Choice:
        """Choose what fills a page: by its material, unless the settings name a model, a material or a method.

        Args:
            pixels: Samples of the page. Those inside the hole do not count.
            mode: Their mode.
            hole: (H, W).

        Raises:
            BokwonError: As for the class.
        """
        if self._loaded is not None:
            why = "the model is for it" if self._asked.material == "auto" else "asked for"
            return Choice(self, self.material, True, why if self.material else "")
        found = classify(pixels, mode, hole)
        with self._lock:
            chosen = self._of(found.material)
            used = MODELS[found.material]
            for name in self._idle:
                self._idle[name] = 0 if name == used else self._idle[name] + 1
            for name in [name for name, pages in self._idle.items() if pages > _IDLE_PAGES]:
                del self._restorers[name], self._idle[name]
        return Choice(chosen, found.material, found.sure, found.why)

    def identities(self) -> tuple[Identity, ...]:
        """Return what determines the pixels of a fill: one entry for each material that pages may be filled as.

        Raises:
            BokwonError: As for the class; every model that may be needed is loaded.
        """
        if self._loaded is not None:
            return (Identity(self.sha256, self.engine.description, self.settings.of_pixels()),)
        for material in MODELS:
            if material not in self._identities:
                (self._identities[material],) = self.of(material).identities()
        return tuple(self._identities.values())

    def used(self) -> tuple[Restorer, ...]:
        """Return the restorers, of one material each, whose models are loaded."""
        return (self,) if self._loaded is not None else tuple(self._restorers.values())

    def pinned(self) -> RestoreSettings:
        """Return the settings with the precision that this machine chose, so that other machines use the same."""
        if self._loaded is not None:
            return self._loaded.settings
        return replace(self._asked, precision=self.of("page").settings.precision)

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
        key = transparent_value(image, mode) if isinstance(image, Image.Image) else None
        choice = self.choose(pixels, mode, known)
        restorer = choice.restorer
        if not choice.sure and known.any():
            notices += (f"{choice.why}: filled as a page; if it is a photograph, pass material='photo'",)
        if key is None:
            tiles = restorer.fill(pixels, mode, known, progress=progress)
        else:
            # A real alpha channel while it is filled, so that no filled pixel becomes transparent by accident.
            keyed = with_key(pixels, key)
            spread_alpha(keyed, known)
            tiles = restorer.fill(keyed, f"{mode}A", known, progress=progress)
            pixels = key_of_alpha(keyed, key)
        restored: Any = like_pillow(image, pixels, mode) if isinstance(image, Image.Image) else pixels
        return Restoration(
            image=cast(ImageT, restored),
            hole=known,
            method=self.settings.method,
            model=restorer.model.name if restorer.model else None,
            sha256=restorer.sha256,
            engine=restorer.engine.description,
            tiles=tiles,
            version=__version__,
            notices=notices,
            material=choice.material,
            material_reason=choice.why,
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
            ink: (H, W), receives where ink was made or left out, see `bokwon.inpaint.ink`. Not changed by models of
                photographs.
            progress: Called after each tile with the number of finished tiles and of all tiles.

        Returns:
            Number of tiles that were run.
        """
        if self._loaded is None:
            return self.choose(pixels, mode, hole).restorer.fill(pixels, mode, hole, ink=ink, progress=progress)
        if mode == "L" and pixels.ndim == 3:
            pixels = pixels[..., 0]
        if self.settings.material == "rubbing":
            # White on black becomes what the model and the finish know: black on white.
            with negative(pixels, mode):
                return self._loaded.fill(pixels, mode, hole, progress, ink=ink)
        return self._loaded.fill(pixels, mode, hole, progress, ink=ink)
