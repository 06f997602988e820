"""A loaded model or classical method, with the tiling and the finish that belong to it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bokwon.errors import ArgumentError, InputFileError
from bokwon.inpaint.engines.base import Engine
from bokwon.inpaint.engines.opencv import OpenCVEngine
from bokwon.inpaint.engines.select import load
from bokwon.inpaint.fill import Progress, fill_hole, tiling_for
from bokwon.inpaint.finish.grain import add_grain
from bokwon.inpaint.finish.patches import PatchMatching
from bokwon.inpaint.finish.rules import draw_rules
from bokwon.inpaint.ink import mark_ink
from bokwon.inpaint.models import Model, find_int8, find_model
from bokwon.inpaint.runtime_facts import DEFAULT_FACTS, TILES
from bokwon.inpaint.tiling import Tiling
from bokwon.settings import MODELS, Material, RestoreSettings
from bokwon.types import Hole, Pixels
from bokwon.utilities.processes import available_cores

__all__ = ["Filler", "settings_of"]

_CONCURRENCY = 4
"""Most tiles and windows that are filled and finished at the same time. Each window takes about 50 MiB."""


@dataclass(frozen=True, eq=False)
class Filler:
    """Fills holes with one model or classical method. Make it with `Filler.load`.

    Attributes:
        settings: The settings, with `auto` replaced by the chosen values.
        model: The model in use, possibly the int8 version; None for a classical method.
        sha256: Checksum of the model file; None for a classical method.
        engine: What fills the tiles.
        bounded: Whether fills are limited to the lightest known value around them.
        has_ink: Whether fills may have ink: False for models of photographs.
        tiling: How pages are cut.
        concurrency: How many windows are finished at the same time, beside tiles that are being filled or after them.
    """

    settings: RestoreSettings
    model: Model | None
    sha256: str | None
    engine: Engine
    bounded: bool
    has_ink: bool
    tiling: Tiling
    concurrency: int

    @classmethod
    def load(cls, settings: RestoreSettings, size: tuple[int, int] | None = None) -> Filler:
        """Load the model or the classical method that settings name, or the model of their material.

        Args:
            settings: The settings.
            size: Width and height of the expected page: for one of several tiles the engine is loaded otherwise.

        Raises:
            ArgumentError: No such model, one that finds damage, or settings that the engine does not support.
            FileAccessError: The model file cannot be read.
            InputFileError: It is damaged, or not a model for bokwon.
        """
        model: Model | None = None
        sha256: str | None = None
        engine: Engine
        # Engines start any number of threads that they are given.
        threads = None if settings.threads is None else min(settings.threads, available_cores())
        if settings.method == "model":
            of_material = MODELS["page" if settings.material == "auto" else settings.material]
            named = find_model(of_material if settings.model is None else settings.model)
            if "classes" in (named.card or {}):
                raise ArgumentError(
                    f"model {named.name} finds damage and does not fill it",
                    "name a model that fills, such as document",
                )
            model, sha256, engine, precision = load(
                named,
                engine=settings.engine,
                precision=settings.precision,
                threads=threads,
                ensemble=settings.ensemble,
                several=size is not None and max(size) > (settings.tile or max(TILES.values())),
            )
            settings = replace(settings, precision=precision)
        else:
            engine = OpenCVEngine(settings.method, threads=threads)
        facts = model.facts if model else DEFAULT_FACTS
        return cls(
            settings.resolved(
                for_pages=facts.for_pages, for_photographs=model is not None and model.name == MODELS["photo"]
            ),
            model,
            sha256,
            engine,
            facts.bounded,
            facts.for_pages or model is None,
            tiling_for(engine, settings.tile),
            min(threads or available_cores(), _CONCURRENCY),
        )

    def fill(
        self,
        pixels: Pixels,
        mode: str,
        hole: Hole,
        progress: Progress | None = None,
        *,
        ink: NDArray[np.uint8] | None = None,
    ) -> int:
        """Fill a hole in place, and finish it.

        Args:
            pixels: Samples (H, W), or (H, W, C) of a mode with several channels.
            mode: Their mode.
            hole: (H, W). Some pixel must be False.
            progress: Called after each tile with the number of finished tiles and of all tiles.
            ink: (H, W), receives where ink was made or left out, see `bokwon.inpaint.ink`. Changed only if `has_ink`.

        Returns:
            Number of tiles that were run.
        """
        pool = ThreadPoolExecutor(self.concurrency)
        patches = None
        ink_patches = self.settings.ink == "patches"
        if ink_patches or self.settings.grain == "copy":
            patches = PatchMatching(pixels, mode, hole, pool, self.concurrency, texture_only=not ink_patches)
        try:
            tiles = fill_hole(
                pixels,
                mode,
                hole,
                self.engine,
                tiling=self.tiling,
                letters=self.settings.letters,
                bounded=self.bounded,
                progress=progress,
                pool=pool,
                # The top of the page is finished while the rest is filled: no core waits for the last tile.
                complete=patches.advance if patches and self.concurrency > 1 else None,
            )
            if not tiles:
                return tiles
            proposed = pixels[hole] if ink is not None and self.has_ink else None
            if patches is not None:
                patches.write()
            if ink_patches:
                draw_rules(pixels, mode, hole)
        finally:
            if patches is not None:
                patches.stop()
            pool.shutdown(cancel_futures=True)
        if self.settings.grain == "match":
            add_grain(pixels, mode, hole, concurrency=self.concurrency)
        if ink is not None and proposed is not None:
            mark_ink(ink, pixels, mode, hole, proposed)
        return tiles


def settings_of(asked: RestoreSettings, material: Material) -> RestoreSettings:
    """Return the settings for the pages of one material, where each page's material is chosen."""
    if asked.precision == "int8" and material == "photo":
        try:
            find_int8(find_model(MODELS[material]))
        except InputFileError:
            # The user did not ask for this model.
            asked = replace(asked, precision="float32")
    return replace(asked, material=material)
