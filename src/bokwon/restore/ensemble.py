"""The mean of what a model makes of several views of a tile, which is nearer to the truth than each of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from bokwon.imaging.color import Light
from bokwon.imaging.tiles import GRID
from bokwon.restore.engines import ModelEngine

__all__ = ["ENSEMBLES", "SIZES", "EnsembleChoice", "MirroredEngine", "SizesEngine", "ensemble_of"]

EnsembleChoice = Literal[1, 2, 4, "sizes"]
"""The tile as it is; also mirrored; also both upside down; or as it is and enlarged, which letters are read in."""

ENSEMBLES: dict[str, EnsembleChoice] = {str(choice): choice for choice in get_args(EnsembleChoice)}
"""The choices by what is written for them."""

SIZES = (1.0, 2.0**0.5, 2.0)
"""How many times as large `sizes` looks at a tile."""

_AS_IT_IS, _TURNED = slice(None), slice(None, None, -1)
_FLIPS = (
    (_AS_IT_IS, _AS_IT_IS),
    (_AS_IT_IS, _TURNED),
    (_TURNED, _AS_IT_IS),
    (_TURNED, _TURNED),
)
_KNOWN = 0.999
"""An enlarged pixel is known if as much of what it is interpolated from is: all but what is lost to rounding."""


def ensemble_of(engine: ModelEngine, ensemble: EnsembleChoice) -> ModelEngine:
    """Return an engine that fills with a mean of views.

    Args:
        engine: What runs the model.
        ensemble: Of which views; 1 gives the engine itself.
    """
    if ensemble == "sizes":
        return SizesEngine(engine)
    return engine if ensemble == 1 else MirroredEngine(engine, ensemble)


class _MeanEngine(ModelEngine):
    """Passes on what it is of the engine that it asks several times."""

    def __init__(self, engine: ModelEngine, what: str) -> None:
        super().__init__(engine._name)
        self._engine = engine
        self.description = f"{engine.description}, mean of {what}"
        self.precision, self.scaled, self.lanes = engine.precision, engine.scaled, engine.lanes
        self.tile, self.square, self.reach = engine.tile, engine.square, engine.reach

    def _look(self, light: Light, missing: NDArray[np.bool_], contrast: float) -> NDArray[np.float32]:
        # Each as it would be written: what is whiter than white counts as white.
        return np.clip(self._engine._run(light, missing, contrast), 0.0, 1.0)


class MirroredEngine(_MeanEngine):
    """Fills with the mean of mirrored views, in as many times the time.

    For pictures: mirrored letters are none that a model for documents has seen.

    Args:
        engine: What runs the model.
        views: How many, 2 or 4.

    Source: Timofte, Rothe, Van Gool, "Seven ways to improve example-based single image super resolution", CVPR 2016,
        section 3.5, there with rotations as well.
    """

    def __init__(self, engine: ModelEngine, views: int) -> None:
        super().__init__(engine, f"{views} views")
        self._views = views

    def shared(self, sizes: Sequence[tuple[int, int]]) -> ModelEngine:
        """Return the like of it for a page of several tiles; see `ModelEngine.shared`."""
        return MirroredEngine(self._engine.shared(sizes), self._views)

    def _run(self, light: Light, missing: NDArray[np.bool_], contrast: float) -> NDArray[np.float32]:
        total = np.zeros((1, 3, *missing.shape), np.float32)
        for rows, columns in _FLIPS[: self._views]:
            total += self._look(light[rows, columns], missing[rows, columns], contrast)[..., rows, columns]
        total /= self._views
        return total


class SizesEngine(_MeanEngine):
    """Fills with the mean of what a model makes of a tile as it is, 1.4 and 2 times as large, in 7 times the time.

    For writing: what is thin for the network in one size is broad in another. Where the views disagree about a stroke
    the mean is fainter, where they agree it is as dark as theirs.

    Args:
        engine: What runs the model.
    """

    def __init__(self, engine: ModelEngine) -> None:
        super().__init__(engine, f"{len(SIZES)} sizes")
        # So that the largest view takes no more memory than a tile does otherwise.
        self.tile = max(engine.tile // int(SIZES[-1]) // GRID * GRID, 2 * GRID)

    def shared(self, sizes: Sequence[tuple[int, int]]) -> ModelEngine:
        """Return the like of it for a page of several tiles; see `ModelEngine.shared`."""
        return SizesEngine(self._engine.shared([_enlarged(size, factor) for size in sizes for factor in SIZES]))

    def _run(self, light: Light, missing: NDArray[np.bool_], contrast: float) -> NDArray[np.float32]:
        total = self._look(light, missing, contrast)
        for factor in SIZES[1:]:
            total += self._look_closer(light, missing, contrast, factor)
        total /= len(SIZES)
        return total

    def _look_closer(
        self, light: Light, missing: NDArray[np.bool_], contrast: float, factor: float
    ) -> NDArray[np.float32]:
        import cv2

        (height, width), (tall, wide) = missing.shape, _enlarged(missing.shape, factor)
        # What is missing is in no pixel that counts as known.
        known = cv2.resize((~missing).astype(np.float32), (wide, tall), interpolation=cv2.INTER_LINEAR) > _KNOWN
        if not known.any():
            return self._look(light, missing, contrast)
        larger = cv2.resize(light, (wide, tall), interpolation=cv2.INTER_LINEAR).reshape(tall, wide, -1)
        filled = self._look(larger, ~known, contrast)[0].transpose(1, 2, 0)
        smaller = cv2.resize(np.ascontiguousarray(filled), (width, height), interpolation=cv2.INTER_AREA)
        return np.asarray(smaller.transpose(2, 0, 1)[None], np.float32)


def _enlarged(size: tuple[int, ...], factor: float) -> tuple[int, int]:
    return round(size[0] * factor), round(size[1] * factor)
